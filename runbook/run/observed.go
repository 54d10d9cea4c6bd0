package run

import "time"

// Observed is what a step shows beside its title: the worst of its checks, or how far its action is.
func (s State) Observed(id string) Safe {
	step, phase, ok := s.place(id)
	if !ok {
		return ""
	}
	if step.Action() != "" {
		if text := s.actionText(step); text != "" {
			return text
		}
	}
	st := s.Steps[id]
	worst, text := -1, Safe("")
	for i, c := range st.Checks {
		if c.Seen.IsZero() {
			continue
		}
		if s.suspended(step, i, phase) {
			return c.suspendedWords()
		}
		if sev := c.Shown().severity(); sev > worst {
			worst, text = sev, c.words()
		}
	}
	if text != "" && s.statusOf(step, phase) == Pending && s.early(step, phase) {
		deploy, _ := s.deployBefore(step, phase)
		return MakeSafe(string(text)+"; counts once "+deploy.Title+" is done", 600)
	}
	return text
}

// suspendedWords say that a check is put off; a sensor that is ill meanwhile is still said.
func (c CheckState) suspendedWords() Safe {
	const text = "judged again when the components no longer move"
	if c.Ill.IsZero() {
		return text
	}
	return MakeSafe(text+"; "+string(c.Result.Sensor)+" did not answer: "+string(c.Result.Summary), 400)
}

// words are what a check saw last; of one that flaps, that too.
func (c CheckState) words() Safe {
	if !c.History.Flapping || !isGood(c.Status) || c.Stale {
		return c.Result.Summary
	}
	return MakeSafe("flapping, good now and trusted from "+c.CalmAt().UTC().Format("15:04:05")+" if it stays so: "+string(c.Result.Summary), 600)
}

// LastSeen is when the oldest of a step's checks was last looked at; zero when one never was, or there is none.
func (s State) LastSeen(id string) time.Time {
	var oldest time.Time
	for i, c := range s.Steps[id].Checks {
		if c.Seen.IsZero() {
			return time.Time{}
		}
		if i == 0 || c.Seen.Before(oldest) {
			oldest = c.Seen
		}
	}
	return oldest
}
