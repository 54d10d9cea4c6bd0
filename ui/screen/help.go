package screen

import (
	"strings"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// Help lists the keys of a screen, and what the glyphs mean.
func Help(f Frame, scope keys.Scope, top int) (lines []string, newTop int) {
	th := f.Theme
	w := min(f.W-2, 96)
	all := []string{" " + th.Title.Render("Keys: "+string(scope)), ""}
	all = append(all, keys.RenderHelp(th, scope, w)...)
	all = append(all, "", " "+th.Title.Render("Boxes")+th.Dim.Render("   round: sensed · square: by hand"), "")
	for _, l := range th.Legend() {
		all = append(all, " "+th.StatusStyle(l.Status).Render(l.Glyph)+"  "+theme.PadRight(l.Status, 16)+th.Dim.Render(theme.Truncate(l.Meaning, f.W-24)))
	}
	all = append(all, "", " "+th.Title.Render("Pods"), "", theme.Truncate(" "+podLegend(th), f.W))
	if f.Filter != "" {
		kept := all[:0]
		for _, l := range all {
			if strings.Contains(strings.ToLower(l), strings.ToLower(f.Filter)) {
				kept = append(kept, l)
			}
		}
		all = kept
	}
	return window(th, all, -1, top, f.H, f.W)
}
