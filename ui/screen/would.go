package screen

import (
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// wouldRollBack is what R would do now.
func wouldRollBack(f Frame) []string {
	th, s := f.Theme, f.State
	env := writtenEnvironment(s)
	var lines []string
	if s.Rollback != nil {
		lines = append(lines, cell(th.Warn, " the rollback was taken back; what was frozen stays frozen until "+f.Keys.Key(keys.Resume)+" resumes it", f.W), "")
	}
	pins := touched(s, env)
	if len(pins) == 0 {
		why := "Nothing was written by this run yet: there is nothing to undo."
		lines = append(lines, wrapped(th.Title, why, 1, f.W)...)
		if env == "" || len(s.Envs[env].Pins) == 0 {
			return append(lines, wrapped(th.Dim, "Once a deploy has pinned what runs, its exact targets stand here.", 1, f.W)...)
		}
		pins = s.Envs[env].Pins
		lines = append(lines, "", cell(th.Dim, " pinned, and not moved yet:", f.W))
	} else {
		lines = append(lines, wouldHead(f, env)...)
	}
	for _, p := range slices.Backward(pins) {
		c := s.Envs[env].Components[p.Component]
		word, look := componentWord(th, c)
		if s.Only {
			word, look = "stands", th.Dim // what it was moved to, and how far, this run does not know
		}
		lines = append(lines, pinRows(f, c, p, look.Render(word), theme.Width(word))...)
	}
	lines = append(lines, untouched(f, env, pins)...)
	lines = append(lines, "")
	lines = append(lines, lampLines(f, env)...)
	return append(lines, notRestored(f)...)
}

// wouldHead says what R does, and what comes after it.
func wouldHead(f Frame, env string) []string {
	th, s := f.Theme, f.State
	fuse := Span(f.real(fuseOf(s)))
	if !s.Only {
		return []string{theme.Between(th.Title.Render(" R would roll back "+clean(env)), th.Dim.Render("fuse "+fuse)+" ", f.W), ""}
	}
	lines := []string{" " + th.Key.Render("R") + th.Title.Render(" rolls back "+clean(env)+" to these exact revisions:")}
	text := "It freezes first and lights a fuse of " + fuse + "; " + f.Keys.Key(keys.Burn) + " burns it at once, " + f.Keys.Key(keys.TakeBack) + " takes it back."
	if guessed := slices.ContainsFunc(touched(s, env), func(p run.Pin) bool { return p.Guess }); guessed {
		text = "A target is a guess, so R freezes and then asks: " + f.Keys.Key(keys.Burn) + " rolls back, " + f.Keys.Key(keys.TakeBack) + " takes it back."
	}
	return append(append(lines, wrapped(th.Dim, text, 1, f.W)...), "")
}

func lampLines(f Frame, env string) []string {
	th := f.Theme
	switch lamp := f.State.Envs[env].Lamp; {
	case !lamp.Known:
		return wrapped(th.Warn, "○ not verified yet: target, rights and dry run are being looked at", 1, f.W)
	case lamp.OK:
		return wrapped(th.Good, "● armed: targets are there, rights are held, a dry run was accepted", 1, f.W)
	default:
		return wrapped(th.Bad, "○ not armed: "+string(lamp.Why), 1, f.W)
	}
}

// fuseOf is how long the fuse burns.
func fuseOf(s run.State) time.Duration {
	if rb := s.Plan.Runbook.Rollback; rb != nil {
		return rb.Fuse.Or(3 * time.Second)
	}
	return 3 * time.Second
}

// writtenEnvironment is the environment that R concerns: written last, else pinned.
func writtenEnvironment(s run.State) string {
	best := ""
	for _, name := range s.Plan.Runbook.Environments.Keys() {
		if e := s.Envs[name]; !e.Written.IsZero() && (best == "" || e.LastWrite.After(s.Envs[best].LastWrite)) {
			best = name
		}
	}
	if best != "" {
		return best
	}
	for _, ph := range s.Plan.Runbook.Phases {
		if len(s.Envs[ph.Environment].Pins) > 0 {
			return ph.Environment
		}
	}
	return ""
}

// touched are the pins of the components that this run moved.
func touched(s run.State, env string) []run.Pin {
	var pins []run.Pin
	for _, p := range s.Envs[env].Pins {
		if stage := s.Envs[env].Components[p.Component].Stage; stage != "" && stage != run.Untouched {
			pins = append(pins, p)
		}
	}
	return pins
}

// rollbackSteps are the steps of the rollback procedure; nil when the runbook has none.
func rollbackSteps(s run.State) []runbook.Step {
	if s.Plan.Runbook.Rollback == nil {
		return nil
	}
	return s.Plan.Runbook.Rollback.Steps
}
