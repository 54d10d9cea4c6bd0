package screen

import (
	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Footer is the bottom of every screen: a rule, or the notice in its place, and the keys that work here. Extra are keys
// that matter at this very moment; they come first.
func Footer(f Frame, scope keys.Scope, works func(keys.ID) bool, extra []keys.Hint, notice string) []string {
	th := f.Theme
	line := th.RuleLine(f.W)
	if notice != "" {
		line = th.Warn.Render(theme.PadRight(" "+notice, f.W))
	}
	first := ""
	for _, h := range extra {
		hint := " " + th.Key.Render(h.Keys) + " " + th.Hint.Render(h.Label) + "  "
		if theme.Width(first)+theme.Width(hint) <= f.W/2 {
			first += hint
		}
	}
	told := func(id keys.ID) bool { // the ways to the screens stand in the rule under the header
		_, way := keys.Target(id)
		return !way && works(id)
	}
	return []string{line, theme.Truncate(first+f.Keys.Footer(th, scope, f.W-theme.Width(first), told), f.W)}
}
