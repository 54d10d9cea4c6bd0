package screen

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/theme"
)

// besideBox is what else stands beside a box, and what it means.
var besideBox = [][2]string{
	{"fell 14:02", "un-ticked at that time; quiet again once you looked at it"},
	{"flaps", "keeps changing its mind: it opens no gate until it is calm, or overridden"},
	{"↳ …", "follows from another box or a silent sensor: look there first"},
	{"✔✔↺", "one sign for each of its checks"},
	{"live 2s", "looked at again and again, last so long ago"},
	{"2m ago", "looked at once, so long ago"},
}

// HelpKeys is the help of a screen that has no boxes: its keys, and how to select text where the mouse is taken.
func HelpKeys(f Frame, scope keys.Scope, top int) (lines []string, newTop int) {
	all := []string{" " + f.Theme.Title.Render("Keys: "+string(scope)), ""}
	all = append(all, f.Keys.RenderHelp(f.Theme, scope, min(f.W-2, 96))...)
	all = append(all, mouseHelp(f)...)
	return window(f.Theme, filtered(f, all), -1, top, f.H, f.W)
}

// mouseHelp says what the mouse does, and how it still selects text; nothing where it is left to the terminal.
func mouseHelp(f Frame) []string {
	th := f.Theme
	if !f.Mouse {
		return nil
	}
	return append([]string{"", " " + th.Title.Render("Mouse"), ""}, wrapped(th.Text, "The wheel scrolls and a click chooses; neither ever acts. Hold shift while dragging to select text (option in iTerm2, fn in Terminal). mouse: off in the configuration leaves the mouse to the terminal.", 1, min(f.W-2, 96))...)
}

// Help lists the keys of a screen, and what the glyphs mean.
func Help(f Frame, scope keys.Scope, top int) (lines []string, newTop int) {
	th := f.Theme
	w := min(f.W-2, 96)
	all := []string{" " + th.Title.Render("Keys: "+string(scope)), ""}
	all = append(all, f.Keys.RenderHelp(th, scope, w)...)
	all = append(all, "", " "+th.Title.Render("Boxes")+th.Dim.Render("   round: sensed · square: by hand"), "")
	for _, l := range th.Legend() {
		all = append(all, " "+th.StatusStyle(l.Status).Render(l.Glyph)+"  "+theme.PadRight(l.Status, 16)+th.Dim.Render(theme.Truncate(l.Meaning, f.W-24)))
	}
	all = append(all, "", " "+th.Title.Render("Beside a box"), "")
	for _, m := range besideBox {
		lines := wrapped(th.Dim, m[1], 16, w)
		lines[0] = " " + cell(th.Text, m[0], 14) + " " + strings.TrimLeft(lines[0], " ")
		all = append(all, lines...)
	}
	all = append(all, "", " "+th.Title.Render("Pods"), "", theme.Truncate(" "+podLegend(th), f.W))
	all = append(all, mouseHelp(f)...)
	return window(th, filtered(f, all), -1, top, f.H, f.W)
}

// filtered are the lines that pass the filter.
func filtered(f Frame, all []string) []string {
	return slices.DeleteFunc(all, func(l string) bool { return !f.matches(ansi.Strip(l)) })
}
