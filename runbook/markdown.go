package runbook

// Markdown returns the runbook as the page that people know: the procedure's own headings and checkbox lines.
func Markdown(rb *Runbook) string {
	return ""
}
