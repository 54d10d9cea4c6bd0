package screen

// Report is where a person looks in the report.
type Report struct{ Top int }

// View draws the report.
func (v *Report) View(f Frame) []string { return nil }
