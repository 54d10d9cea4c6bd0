package ui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/ui/keys"
	"github.com/politicalsphere/sop/ui/screen"
	"github.com/politicalsphere/sop/ui/theme"
)

// line is a filter or a command that is being typed on the home screen.
type line struct {
	field
	label string
	all   []keys.Hint // of a palette; nil: it is a filter
	menu  []keys.Hint // those that match
	hot   int
}

func (h *Home) openPalette() {
	l := &line{label: "type its name", menu: []keys.Hint{}}
	for _, k := range h.options.Keys.HelpLines(keys.Home) {
		switch k.ID {
		case keys.Up, keys.PageUp, keys.First, keys.OpenPalette, keys.Back, keys.NextFocus:
		default:
			l.all = append(l.all, k)
		}
	}
	l.match()
	h.line = l
}

func (l *line) match() {
	l.menu, l.hot = []keys.Hint{}, 0
	want := strings.ToLower(l.String())
	for _, k := range l.all {
		if strings.Contains(strings.ToLower(k.Label+" "+k.Help), want) {
			l.menu = append(l.menu, k)
		}
	}
}

// typed takes a key while a line is open.
func (h *Home) typed(k tea.KeyPressMsg, id keys.ID) tea.Cmd {
	l := h.line
	switch id {
	case keys.Back:
		h.line = nil
		if l.all == nil {
			h.filter = ""
		}
	case keys.Accept:
		h.line = nil
		if l.all != nil && l.hot < len(l.menu) {
			if l.menu[l.hot].ID == keys.Quit {
				return tea.Quit
			}
			return h.command(l.menu[l.hot].ID)
		}
	case keys.Up:
		l.hot = max(0, l.hot-1)
	case keys.Down:
		l.hot = max(0, min(len(l.menu)-1, l.hot+1))
	default:
		if l.key(k) {
			h.edited()
		}
	}
	return nil
}

func (h *Home) edited() {
	if h.line.all != nil {
		h.line.match()
		return
	}
	h.filter = h.line.String()
}

// pasted text goes into a field or nowhere.
func (h *Home) pasted(text string) tea.Cmd {
	switch {
	case h.line != nil:
		h.line.insert(text)
		h.edited()
	case h.form != nil && !h.form.ready():
		return h.tell(tea.PasteMsg{Content: plainText(text, maxField)})
	}
	return nil
}

func (l *line) draw(th *theme.Theme, w int) screen.Dialog {
	d := screen.Dialog{Title: "Show only", Label: l.label, Field: l.view(th, w-5), Hot: -1}
	if l.all != nil {
		d.Title, d.Hot = "Command", l.hot
		for _, k := range l.menu {
			d.Lines = append(d.Lines, theme.Truncate(theme.PadRight(k.Keys, 10)+theme.PadRight(k.Label, 16)+k.Help, w-5))
		}
	}
	return d
}
