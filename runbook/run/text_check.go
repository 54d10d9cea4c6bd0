package run

import (
	"fmt"
	"maps"
	"time"
)

// checkWords say what a look changed. What rings, rings once: not for what follows from a root that rang already, not
// for every turn of a box that flaps, and not when a look only confirms what was known.
func (s State) checkWords(v CheckChanged, at time.Time) (text string, loud bool) {
	if text, loud, ok := s.sensorWords(v, at); ok {
		return text, loud
	}
	st := s.Steps[v.Step]
	before, title := st.Checks[v.Index], s.title(v.Step)
	root := s.inhibitor(v.Step)
	rings := before.Status != v.Status && !before.History.Flapping && root == ""
	follows := ""
	if root != "" {
		follows = " (follows from " + s.title(root) + ")"
	}
	switch {
	case before.beginsToFlap(v.Status, v.Result, at):
		return fmt.Sprintf("%s flaps: %d changes within %s, now %s: %s", title, flapTurns, flapWindow, v.Status, v.Result.Summary), true
	case v.Status == Failed && st.Attested != nil:
		return fmt.Sprintf("%s contradicts the hand tick of %s: %s", title, st.Attested.By, v.Result.Summary), before.Status != Failed
	case v.Status == Failed && !before.Passed.IsZero():
		return fmt.Sprintf("%s drifted: %s%s", title, v.Result.Summary, follows), rings
	case v.Status == Failed || v.Status == Unknown:
		return fmt.Sprintf("%s %s: %s%s", title, v.Status, v.Result.Summary, follows), false
	case before.Status == Failed || before.Status == Unknown || before.Stale:
		left := s.released(v, at)
		return fmt.Sprintf("%s %s again: %s%s", title, v.Status, v.Result.Summary, left), left != ""
	}
	return "", false
}

// released names the steps that a look leaves on their own: what stood as the consequence of a root which is good again
// is no consequence any more, and rings now if it is still bad.
func (s State) released(v CheckChanged, at time.Time) string {
	step, _, _ := s.place(v.Step)
	if len(step.Inhibits) == 0 || !troubled(s.StepStatus(v.Step)) {
		return ""
	}
	after := s
	after.Steps = maps.Clone(s.Steps)
	v.apply(&after, at)
	if troubled(after.StepStatus(v.Step)) {
		return ""
	}
	var left []string
	for _, id := range step.Inhibits {
		if _, folded := after.Folded(id); !folded && troubled(after.StepStatus(id)) {
			left = append(left, s.title(id))
		}
	}
	if len(left) == 0 {
		return ""
	}
	return "; not yet: " + join(left, 3)
}
