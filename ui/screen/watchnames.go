package screen

// Names are the titles of the metrics in the order of Focus, as they stand above their charts.
func (v *Watch) Names(f Frame) []string {
	s := v.prepare(f)
	names := make([]string, len(s.metrics))
	for i, m := range s.metrics {
		names[i] = s.titleOf(m.Name)
	}
	return names
}
