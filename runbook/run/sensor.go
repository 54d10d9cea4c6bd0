package run

import (
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Law: one root failure is told once. A sensor that does not answer makes every box that asks it unknown, and a step
// may say which others fail with it (inhibits). Those are consequences: they are folded under their root and do not
// ring, but they keep the gate shut like any other.

// Sensor is one thing that checks ask, and whether it answers.
type Sensor struct {
	Name  Safe
	Feeds []CheckRef // the live checks that ask it, in the order of the steps
	Blind []CheckRef // those of them that got no answer last time; empty: it is well
	Since time.Time  // since when it does not answer; zero when it does
	Heard time.Time  // last answer; zero: never
	Why   Safe       // what was heard instead of an answer
}

// Sensors are the sensors of the live checks, in the order of the steps. It follows from the looks alone: a sensor is
// ill as long as the last look of one of its checks got no answer.
func (s State) Sensors() []Sensor {
	var list []Sensor
	for ref, c := range s.feeding() {
		if c.Result.Sensor == "" {
			continue
		}
		i := slices.IndexFunc(list, func(x Sensor) bool { return x.Name == c.Result.Sensor })
		if i < 0 {
			i = len(list)
			list = append(list, Sensor{Name: c.Result.Sensor})
		}
		list[i].take(ref, c)
	}
	return list
}

func (x *Sensor) take(ref CheckRef, c CheckState) {
	x.Feeds = append(x.Feeds, ref)
	if c.Heard.After(x.Heard) {
		x.Heard = c.Heard
	}
	if c.Ill.IsZero() {
		return
	}
	x.Blind = append(x.Blind, ref)
	if x.Why == "" {
		x.Why = c.Result.Summary
	}
	if x.Since.IsZero() || c.Ill.Before(x.Since) {
		x.Since = c.Ill
	}
}

// feeding yields the checks that count for the health of sensors: those of live steps, also while they are suspended,
// since a sensor that is ill then is still ill.
func (s State) feeding() func(yield func(CheckRef, CheckState) bool) {
	return func(yield func(CheckRef, CheckState) bool) {
		for step, phase := range s.stepsInPlace() {
			if !s.liveAt(step, phase) {
				continue
			}
			for i, c := range s.Steps[step.ID].Checks {
				if !yield(CheckRef{Step: step.ID, Index: i}, c) {
					return
				}
			}
		}
	}
}

// liveAt tells whether the checks of a step are looked at now, in whatever part of the runbook it stands.
func (s State) liveAt(step runbook.Step, phase int) bool {
	if phase < 0 {
		return s.Rollback != nil && s.Rollback.Stage != TakenBack && !s.Steps[step.ID].Na
	}
	return !s.Only && s.live(step, phase)
}

// Root is what a folded box is a consequence of: a sensor, or another step.
type Root struct {
	Sensor Safe   // name of the ill sensor; empty: it is a step
	Step   string // id of the step that inhibits it; empty: it is a sensor
	Why    Safe   // what is wrong with the root
}

// Folded tells whether a box is only a consequence of one root: several boxes are unknown since one sensor does not
// answer, or a step that inhibits it is failed, unknown, drifted or conflicted itself. Of a chain the first link is
// the root. A folded box keeps its gate shut all the same.
func (s State) Folded(step string) (root Root, ok bool) {
	for range len(s.Steps) + 1 { // lint lets no circle through; a runbook that was not linted ends here
		next, more := s.foldedBy(step)
		if !more {
			break
		}
		root, ok = next, true
		if step = next.Step; step == "" {
			break
		}
	}
	return root, ok
}

// foldedBy is the next link.
func (s State) foldedBy(id string) (Root, bool) {
	status := s.StepStatus(id)
	if !troubled(status) && status != Stale {
		return Root{}, false
	}
	if root, ok := s.foldedBySensor(id, status); ok {
		return root, true
	}
	if by := s.inhibitor(id); by != "" {
		return Root{Step: by, Why: s.Observed(by)}, true
	}
	return Root{}, false
}

// inhibitor is the first live step in trouble that names this one as a consequence; empty when there is none.
func (s State) inhibitor(id string) string {
	for step, phase := range s.stepsInPlace() {
		if slices.Contains(step.Inhibits, id) && step.ID != id && s.liveAt(step, phase) && troubled(s.statusOf(step, phase)) {
			return step.ID
		}
	}
	return ""
}

// troubled tells whether a step in this state inhibits others.
func troubled(s Status) bool {
	switch s {
	case Failed, Unknown, Drifted, Conflicted:
		return true
	}
	return false
}

// foldedBySensor: a step that is unknown, only because one sensor is ill that more than one step asks in vain.
func (s State) foldedBySensor(id string, status Status) (Root, bool) {
	if status != Unknown {
		return Root{}, false
	}
	name := Safe("")
	for _, c := range s.Steps[id].Checks {
		switch {
		case c.Shown() != Unknown:
		case c.Ill.IsZero() || c.Result.Sensor == "" || name != "" && name != c.Result.Sensor:
			return Root{}, false
		default:
			name = c.Result.Sensor
		}
	}
	if name == "" {
		return Root{}, false
	}
	for ref, c := range s.feeding() {
		if ref.Step != id && c.Result.Sensor == name && !c.Ill.IsZero() {
			return Root{Sensor: name, Why: c.Result.Summary}, true
		}
	}
	return Root{}, false
}

// sensorLull is how long a sensor must have answered before its next silence rings again.
const sensorLull = time.Minute

// sensorWords tell of a look at which a sensor went silent or answered again; ok means that the look itself needs no
// more words, since all that it shows is that.
func (s State) sensorWords(v CheckChanged, at time.Time) (text string, loud, ok bool) {
	before := s.Steps[v.Step].Checks[v.Index]
	name := v.Result.Sensor
	blind, healed := 0, before.Healed
	for ref, c := range s.feeding() {
		if c.Result.Sensor != name || ref == (CheckRef{Step: v.Step, Index: v.Index}) {
			continue
		}
		if !c.Ill.IsZero() {
			blind++
		}
		if c.Healed.After(healed) {
			healed = c.Healed
		}
	}
	switch {
	case name == "":
		return "", false, false
	case v.Result.Ill && blind == 0 && before.Ill.IsZero():
		return string(name) + " does not answer: " + string(v.Result.Summary), healed.IsZero() || at.Sub(healed) > sensorLull, true
	case v.Result.Ill:
		return "", false, true
	case !before.Ill.IsZero() && blind == 0 && isGood(v.Status):
		return string(name) + " answers again", false, true
	case !before.Ill.IsZero() && isGood(v.Status):
		return "", false, true
	}
	return "", false, false
}
