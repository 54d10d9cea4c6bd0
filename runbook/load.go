package runbook

// Document is a loaded runbook: what a run freezes.
type Document struct {
	Runbook   *Runbook
	Data      []byte              // the runbook and its site files as one canonical YAML file; it loads again to the same Runbook
	Digest    string              // SHA-256 of Data, in hex
	Positions map[string]Position // where each value was written, by path such as "phases[0].sections[1].steps[2].id"
}

// Load reads a runbook and the site files over it, in order, and lints the result. It returns every problem of all
// files at once. The Document is nil when any of them is an error.
func Load(kinds []Kind, src Source, sites ...Source) (*Document, []Problem) {
	return nil, nil
}
