package runbook

// Choice is what the operator chose at the start of a run.
type Choice struct {
	Inputs      map[string]string // --set key=value
	Environment string            // -e; empty: the only environment, or else the last that a phase names
	Context     string            // --context; refused when the run spans environments
	Namespace   string            // -n; refused when the run spans environments
	Run         string            // id of the run, for ${run.id}; may be empty when only checking
	Operator    string            // who runs it, for ${run.operator}
}

// Resolve checks the choice against the document and fills in every ${…}. It returns every problem at once; the Plan
// is nil when any of them is an error.
func Resolve(doc *Document, c Choice) (*Plan, []Problem) {
	return nil, nil
}
