package report

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// rollbackPhase is the phase that the lines of the rollback procedure are told under.
const rollbackPhase = "Rollback"

// steps tells every box; those of the rollback procedure only when R was pressed.
func (t *teller) steps() {
	for _, ph := range t.s.Plan.Runbook.Phases {
		for _, section := range ph.Sections {
			for _, step := range section.Steps {
				t.r.Steps = append(t.r.Steps, t.box(ph.Title, section.Title, step))
			}
		}
	}
	if rb := t.s.Plan.Runbook.Rollback; rb != nil && t.s.Rollback != nil {
		for _, step := range rb.Steps {
			t.r.Steps = append(t.r.Steps, t.box(rollbackPhase, "", step))
		}
	}
}

func (t *teller) box(phase, section string, step runbook.Step) Step {
	st := t.s.Steps[step.ID]
	b := Step{
		Phase: phase, Section: section, ID: step.ID, Title: step.Title, Status: t.s.StepStatus(step.ID), Observed: t.s.Observed(step.ID),
		Optional: !step.IsRequired(), Manual: step.IsManual(), Action: step.Action(),
		Attested: st.Attested, Override: st.Override, Deferral: st.Deferral,
	}
	b.LastFall, b.Falls = t.s.LastFall(step.ID)
	gate := t.atGate(step.ID)
	if gate != nil {
		b.Gate = &AtGate{At: gate.at, Status: gate.Status}
	}
	for i, c := range st.Checks {
		check := Check{
			Kind: step.Verify[i].Kind, Status: c.Shown(), Summary: c.Result.Summary, Since: c.Since, Seen: c.Seen,
			Sensor: c.Result.Sensor, Pin: c.Result.Pin, Flapping: c.History.Flapping, Evidence: c.Result.Evidence,
		}
		if gate != nil && i < len(gate.Checks) {
			check.take(gate.Checks[i])
		}
		b.Checks = append(b.Checks, check)
		b.Evidence = append(b.Evidence, c.Result.Evidence...)
	}
	return b
}

// shown is a box in a snapshot, with the time of its gate.
type shown struct {
	run.BoxFact
	at time.Time
}

// atGate is what the last gate's snapshot says of a box; nil when no gate had it.
func (t *teller) atGate(step string) (last *shown) {
	for _, g := range t.r.Gates {
		for _, box := range g.Snapshot {
			if box.Step == step {
				last = &shown{box, g.At}
			}
		}
	}
	return last
}

// take takes over a look that only a gate's snapshot tells of: it showed the same once more.
func (c *Check) take(fact run.CheckFact) {
	if fact.Seen.After(c.Seen) && fact.Status == c.Status {
		c.Seen = fact.Seen
		if fact.Observed != "" {
			c.Summary = fact.Observed
		}
	}
}
