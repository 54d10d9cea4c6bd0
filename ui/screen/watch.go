package screen

import (
	"github.com/politicalsphere/sop/runbook/run"
)

// Watch is where a person looks on the watch: which chart, and where its crosshair is.
type Watch struct {
	Focus  int
	Cursor float64
	cross  bool
}

// View draws the watch.
func (v *Watch) View(f Frame) []string { return nil }

// Turn goes n charts on.
func (v *Watch) Turn(f Frame, n int) { v.Focus += n }

// Cross moves the crosshair.
func (v *Watch) Cross(f Frame, n int) { v.cross = true }

// Uncross takes the crosshair away; false when there was none.
func (v *Watch) Uncross() bool {
	was := v.cross
	v.cross = false
	return was
}

// Value is the value under the crosshair.
func (v *Watch) Value(f Frame) string { return "" }

// WatchStep is the watch that is under way, else the last one.
func WatchStep(s run.State) string {
	best := ""
	for step := range run.Steps(s.Plan) {
		w, ok := s.Watches[step.ID]
		if ok && (best == "" || w.Ended.IsZero() || w.From.After(s.Watches[best].From) && !s.Watches[best].Ended.IsZero()) {
			best = step.ID
		}
	}
	return best
}
