package runbook

// Plan is a runbook with everything filled in: what a run executes. It is a value that nobody changes.
type Plan struct {
	Runbook     *Runbook            // every ${…} of phases, rollback, components and environments filled in; every Phase.Environment named
	Inputs      map[string]string   // resolved, defaults included
	Environment string              // the run's target (-e)
	Metrics     map[string][]Metric // by environment, filled in, in the order of the file
	Digest      string              // SHA-256 of the merged file (hex)
}

// Env returns the environment of that name; the zero value when there is none.
func (p *Plan) Env(name string) Environment {
	e, _ := p.Runbook.Environments.Get(name)
	return e
}

// Component returns the component of that name.
func (p *Plan) Component(name string) (Component, bool) { return p.Runbook.Components.Get(name) }

// Waves are the deploy's waves by component names; a deploy that names none has all components in one.
func (p *Plan) Waves(d *Deploy) [][]string {
	if len(d.Waves) > 0 {
		return d.Waves
	}
	return [][]string{p.Runbook.Components.Keys()}
}
