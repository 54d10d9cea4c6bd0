package report

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Law: a report leaves nothing out that its journal holds, and invents nothing. What it cannot read it says.

// teller follows a run from event to event.
type teller struct {
	r      *Report
	s      run.State
	stood  map[string][]run.TriggerState // by environment, before the last change
	marks  map[string][]run.ChartMark    // by environment; a State keeps those of the last baseline only
	points map[string][]run.Sample
	bases  map[string]run.Baseline
	took   map[string]run.Safe // warnings of components that took, in this rollback
	redone map[string]int      // how often somebody undid the undo of a component
	settle run.Safe            // why the rollback ended as it did
}

// Of tells a run.
func Of(src Source) Report {
	r := Report{
		Run: src.Run, Tripped: []string{}, Components: []Component{}, Steps: []Step{}, Log: []Line{},
		Head: src.Journal.Head, Journal: src.Journal, Flaw: src.Flaw,
	}
	for _, e := range src.Events {
		r.begin(e)
	}
	if src.Plan == nil {
		r.bare(src.Events)
		return r
	}
	t := &teller{
		r: &r, s: run.New(src.Run, src.Plan), stood: map[string][]run.TriggerState{}, marks: map[string][]run.ChartMark{},
		points: map[string][]run.Sample{}, bases: map[string]run.Baseline{}, took: map[string]run.Safe{}, redone: map[string]int{},
	}
	for i, e := range src.Events {
		if err := t.take(e); err != nil {
			r.Flaw = run.MakeSafe(fmt.Sprintf("the telling stops at event %d (%s): %v", i+1, e.Event.Kind(), err), 500)
			break
		}
	}
	t.end()
	return r
}

// begin reads off what needs no plan.
func (r *Report) begin(e run.Stamped) {
	r.Last = e.At
	switch v := e.Event.(type) {
	case run.RunStarted:
		r.Runbook, r.Digest, r.Inputs, r.Environment = v.Runbook, v.Digest, v.Inputs, v.Environment
		r.Operator, r.Auto, r.Practice, r.Started = v.Operator, v.Auto, v.Practice, e.At
	case run.RunResumed:
		r.Resumptions = append(r.Resumptions, Resumption{By: v.Operator, Last: v.Last, At: e.At})
	case run.Finished:
		r.Outcome, r.Verdict, r.Reason, r.Ended = v.Outcome, v.Verdict, v.Reason, e.At
	}
}

// bare tells a run whose runbook is not at hand: what its records are called, and nothing that has to be looked up.
func (r *Report) bare(events []run.Stamped) {
	for _, e := range events {
		if _, often := e.Event.(run.SampleTaken); often {
			continue
		}
		text := e.Event.Kind()
		if data, err := json.Marshal(e.Event); err == nil && string(data) != "{}" {
			text += " " + string(data)
		}
		r.Log = append(r.Log, Line{At: e.At, By: e.Actor, Kind: e.Event.Kind(), Text: run.MakeSafe(text, 400)})
	}
	r.Open = r.Ended.IsZero()
	r.settleOutcome(nil)
}

// take goes on by one event. An event that does not fit the runbook, which only a forged journal has, is an error.
func (t *teller) take(e run.Stamped) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it does not fit the runbook: %v", p)
		}
	}()
	before := t.s
	t.before(e)
	t.s.Log = nil
	t.s = run.Apply(t.s, e)
	for _, l := range t.s.Log {
		t.r.Log = append(t.r.Log, Line{At: l.At, By: who(before, e), Kind: e.Event.Kind(), Text: l.Text, Loud: l.Loud})
	}
	t.rollout(before, e)
	t.watch(before, e)
	t.rest(before, e)
	return nil
}

// before keeps what the event is about to replace.
func (t *teller) before(e run.Stamped) {
	if v, again := e.Event.(run.ActionStarted); again {
		if act, ok := t.act(v.Step); ok {
			t.r.Acts = append(t.r.Acts, act)
		}
	}
	if _, again := e.Event.(run.RollbackPressed); !again {
		return
	}
	if t.s.Rollback != nil {
		t.r.Earlier = append(t.r.Earlier, t.receipt())
	}
	t.took, t.redone, t.settle = map[string]run.Safe{}, map[string]int{}, ""
}

// rest takes gates, overrides and the rollback.
func (t *teller) rest(before run.State, e run.Stamped) {
	switch v := e.Event.(type) {
	case run.GateOpened:
		t.r.Gates = append(t.r.Gates, Gate{
			Phase: v.Phase, Title: t.phaseTitle(v.Phase), By: who(before, e), At: e.At, Opened: true, Hash: v.Hash, Whole: v.Whole, Cut: v.Cut,
			Matches: hashOf(v.Snapshot) == v.Hash, Snapshot: v.Snapshot,
		})
	case run.GateRefused:
		g := Gate{Phase: v.Phase, Title: t.phaseTitle(v.Phase), By: who(before, e), At: e.At}
		for _, id := range v.Blocking {
			g.Blocking = append(g.Blocking, t.stepTitle(id))
		}
		t.r.Gates = append(t.r.Gates, g)
	case run.StepOverridden:
		t.r.Overrides = append(t.r.Overrides, Override{
			Step: v.Step, Title: t.stepTitle(v.Step), By: e.Actor, At: e.At, Status: v.Status, Value: v.Value, Reason: v.Reason,
		})
	case run.OverrideVoided:
		for i := range slices.Backward(t.r.Overrides) {
			if o := &t.r.Overrides[i]; o.Step == v.Step && o.Voided.IsZero() {
				o.Voided, o.Why = e.At, v.Why
				break
			}
		}
	case run.UndoTook:
		t.took[v.Component] = v.Warning
	case run.UndoneAgain:
		t.redone[v.Component]++
	case run.RollbackDone:
		t.settle = v.Why
	}
}

// who caused an event. A gate opens by itself when the last fresh look is in, for who pressed the key.
func who(before run.State, e run.Stamped) string {
	switch e.Event.(type) {
	case run.GateOpened, run.GateRefused:
		if before.Gate != nil {
			return before.Gate.By
		}
	}
	return e.Actor
}

// end reads off the last State what a run came to.
func (t *teller) end() {
	r, s := t.r, t.s
	meta := s.Plan.Runbook.Metadata
	r.Title, r.Version = meta.Title, meta.Version
	r.Open = s.Ended.IsZero()
	if r.Verdict == "" || r.Open {
		r.Verdict = s.RunVerdict()
	}
	if tripped := s.Tripped(); tripped != nil {
		r.Tripped = tripped
	}
	r.settleOutcome(s.Rollback)
	r.Components = ComponentsOf(s)
	t.steps()
	t.acts()
	t.watches()
	t.charts()
	t.closeSpans()
	if s.Rollback != nil {
		receipt := t.receipt()
		r.Rollback = &receipt
	}
}

// settleOutcome names the outcome of a run that has none yet as the other commands do: a person is needed.
func (r *Report) settleOutcome(rb *run.RollbackState) {
	if r.Verdict == "" {
		r.Verdict = run.VerdictNone
	}
	switch {
	case r.Outcome != "":
	case rb != nil && rb.Stage == run.Restored:
		r.Outcome = run.RolledBack
	default:
		r.Outcome = run.NeedsPerson
	}
}

// ComponentsOf lists what the components came to in the environment that was rolled back, or else in the run's target.
func ComponentsOf(s run.State) []Component {
	env := s.Plan.Environment
	if s.Rollback != nil && !s.Rollback.Burnt.IsZero() {
		env = s.Rollback.Env
	}
	list := []Component{}
	for name, c := range s.Plan.Runbook.Components.All() {
		item := Component{Name: name, To: c.Image, State: run.Untouched}
		if state, ok := s.Envs[env].Components[name]; ok && state.Stage != "" {
			item.State = state.Stage
		}
		for _, p := range s.Envs[env].Pins {
			if p.Component == name {
				item.From = p.Image
			}
		}
		list = append(list, item)
	}
	return list
}

func (t *teller) phaseTitle(id string) string {
	for _, ph := range t.s.Plan.Runbook.Phases {
		if ph.ID == id {
			return ph.Title
		}
	}
	return id
}

func (t *teller) stepTitle(id string) string {
	for step := range run.Steps(t.s.Plan) {
		if step.ID == id {
			return step.Title
		}
	}
	return id
}

// hashOf is the hash of a snapshot as the law makes it.
func hashOf(snapshot []run.BoxFact) string {
	data, err := json.Marshal(snapshot)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// later is the later of two instants.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
