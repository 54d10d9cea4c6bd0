package screen

import (
	"fmt"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// tabOrder is the order of the screens.
var tabOrder = [...]keys.Scope{keys.Checklist, keys.Rollout, keys.Watch, keys.Rollback, keys.Report, keys.Commands}

// tabs are the screens in the rule under the header: the key of each, which one this is, and what goes on in it.
func tabs(f Frame, here keys.Scope) string {
	th := f.Theme
	ways := f.Keys.Hints(here, func(id keys.ID) bool { _, ok := keys.Target(id); return ok })
	line := th.RuleLine(1)
	for _, scope := range tabOrder {
		name, look := "", th.Dim
		for _, h := range ways {
			if h.ID == keys.GoTo+keys.ID(scope) {
				name = th.Key.Render(h.Keys) + " " + th.Hint.Render(tabName(f, scope))
			}
		}
		if scope == here {
			name, look = th.Accent.Render("▸"+tabName(f, scope)), th.Accent
		}
		if name == "" {
			continue
		}
		if said, loud := tabNews(f, scope); said != "" {
			if loud != nil {
				look = *loud
			}
			name += " " + look.Render(said)
		}
		tab := " " + name + " " + th.RuleLine(1)
		if theme.Width(line)+theme.Width(tab) <= f.W {
			line += tab
		}
	}
	return line + th.RuleLine(f.W-theme.Width(line))
}

// tabName is what a screen is called in its tab.
func tabName(f Frame, scope keys.Scope) string {
	if scope == keys.Commands {
		return pick(f.W < 100, "log", "command log")
	}
	return string(scope)
}

// tabNews is what goes on in a screen, in a word or two; loud when somebody should look.
func tabNews(f Frame, scope keys.Scope) (said string, loud *theme.Style) {
	th, s, short := f.Theme, f.State, f.W < 100
	if !s.Ended.IsZero() {
		return "", nil
	}
	switch scope {
	case keys.Rollout:
		d, moving := Moving(s)
		switch {
		case !moving:
		case d.Stage == run.Stuck:
			return pick(short, "✖", "✖ stuck"), &th.Bad
		case d.Frozen:
			return pick(short, "!", "! frozen"), &th.Warn
		case d.Move < len(d.Moves):
			return fmt.Sprintf("%d%%", d.Moves[d.Move].Share), nil
		}
	case keys.Watch:
		rank, word := worstWord(s)
		switch {
		case rank == 4:
			return pick(short, "✖", "✖ "+word), &th.Bad
		case rank > 1:
			return pick(short, "!", "! "+word), &th.Warn
		}
		if w, ok := s.Watches[WatchStep(s)]; ok && w.Ended.IsZero() {
			return pick(short, "", clock(f.Now.Sub(w.From))), nil
		}
	case keys.Rollback:
		if RollbackLive(s) {
			return pick(short, "!", "! "+string(s.Rollback.Stage)), &th.Bad
		}
	}
	return "", nil
}

func pick(short bool, a, b string) string {
	if short {
		return a
	}
	return b
}

// worstWord is how the worst trigger of the environment that is sampled stands.
func worstWord(s run.State) (rank int, word string) {
	for _, env := range s.Envs {
		for _, t := range env.Triggers {
			if r := triggerRank(t.State); r > rank {
				rank, word = r, string(t.State)
			}
		}
	}
	return rank, word
}
