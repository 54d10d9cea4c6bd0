package screen

import (
	"github.com/politicalsphere/sop/ui/theme"
)

// Dialog is a question as it is drawn: at the bottom of the body, under a rule, so that what it is about stays in view.
type Dialog struct {
	Title string
	Lines []string // what will happen, in words
	Loud  bool     // the title in the colour of what is wrong
	Hot   int      // index of the chosen line; -1: none is
	Label string   // of what is typed; empty: there is none
	Field string   // the field as it is drawn, with its cursor; empty: there is none
	Hint  string   // beside the label: what is missing yet
	Form  []string // a form as it is drawn, below the lines; nil: there is none
}

// View draws the dialog in at most h lines.
func (d Dialog) View(f Frame, h int) []string {
	th := f.Theme
	look := th.Title
	if d.Loud {
		look = th.Bad
	}
	head := []string{th.RuleLine(f.W), " " + look.Render(theme.Truncate(d.Title, f.W-1))}
	var tail []string
	if d.Label != "" {
		tail = append(tail, theme.Between(" "+th.Dim.Render(d.Label), th.Warn.Render(d.Hint)+" ", f.W))
	}
	if d.Field != "" {
		tail = append(tail, " "+th.Accent.Render("▸")+" "+d.Field)
	}
	for _, l := range d.Form {
		tail = append(tail, " "+theme.Truncate(l, f.W-1))
	}
	var body []string
	at := -1
	for i, l := range d.Lines {
		style := th.Text
		for j, part := range wrapped(style, l, 3, f.W) {
			if i == d.Hot {
				if j == 0 {
					at = len(body)
					part = " " + th.Accent.Render("▸") + part[2:]
				}
				part = th.Selected.Over(theme.PadRight(part, f.W))
			}
			body = append(body, part)
		}
	}
	room := max(0, h-len(head)-len(tail))
	body, _ = window(th, body, at, 0, room, f.W)
	lines := append(append(head, body...), tail...)
	return lines[max(0, len(lines)-h):]
}
