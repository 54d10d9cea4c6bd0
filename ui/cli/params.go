package cli

import "github.com/politicalsphere/sop/runbook"

// stepDoc is one step in `sop show -o json`.
type stepDoc struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Text     string   `json:"text,omitempty"`
	Why      string   `json:"why,omitempty"`
	How      string   `json:"how,omitempty"`
	Required bool     `json:"required"`
	Checks   []string `json:"checks"`
	Action   string   `json:"action,omitempty"`
	ByHand   bool     `json:"byHand"`
}

type phaseDoc struct {
	ID          string    `json:"id"`
	Title       string    `json:"title"`
	Environment string    `json:"environment,omitempty"`
	Steps       []stepDoc `json:"steps"`
}

func (a *app) showJSON(doc *runbook.Document) error {
	rb := doc.Runbook
	phases := make([]phaseDoc, 0, len(rb.Phases))
	for _, ph := range rb.Phases {
		p := phaseDoc{ID: ph.ID, Title: ph.Title, Environment: ph.Environment, Steps: []stepDoc{}}
		for _, section := range ph.Sections {
			p.Steps = append(p.Steps, stepDocs(section.Steps)...)
		}
		phases = append(phases, p)
	}
	rollback := []stepDoc{}
	if rb.Rollback != nil {
		rollback = stepDocs(rb.Rollback.Steps)
	}
	return a.writeJSON(map[string]any{
		"name": rb.Metadata.Name, "title": rb.Metadata.Title, "version": rb.Metadata.Version, "digest": doc.Digest,
		"inputs": rb.Inputs.Keys(), "environments": rb.Environments.Keys(), "components": rb.Components.Keys(),
		"metrics": rb.Metrics.Keys(), "phases": phases, "rollback": rollback,
	})
}

func stepDocs(steps []runbook.Step) []stepDoc {
	docs := make([]stepDoc, 0, len(steps))
	for _, s := range steps {
		d := stepDoc{
			ID: s.ID, Title: s.Title, Text: s.Text, Why: s.Why, How: s.How, Required: s.IsRequired(),
			Checks: []string{}, Action: s.Action(), ByHand: s.IsManual(),
		}
		for _, c := range s.Verify {
			d.Checks = append(d.Checks, c.Kind)
		}
		docs = append(docs, d)
	}
	return docs
}
