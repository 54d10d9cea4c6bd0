package ui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// maxField bounds what can be typed or pasted into a field, in characters.
const maxField = 1000

// field is one line of text that is being typed.
type field struct {
	text []rune
	at   int
}

// insert puts text at the cursor, made safe: it may come from a clipboard.
func (f *field) insert(text string) {
	add := []rune(string(run.MakeSafe(text, maxField)))
	add = add[:max(0, min(len(add), maxField-len(f.text)))]
	f.text = slices.Insert(f.text, f.at, add...)
	f.at += len(add)
}

// key takes a key press; false when it is none of the field's.
func (f *field) key(k tea.KeyPressMsg) bool {
	switch k.Keystroke() {
	case "left", "ctrl+b":
		f.at = max(0, f.at-1)
	case "right", "ctrl+f":
		f.at = min(len(f.text), f.at+1)
	case "home", "ctrl+a":
		f.at = 0
	case "end", "ctrl+e":
		f.at = len(f.text)
	case "backspace", "ctrl+h":
		if f.at > 0 {
			f.text = slices.Delete(f.text, f.at-1, f.at)
			f.at--
		}
	case "delete", "ctrl+d":
		if f.at < len(f.text) {
			f.text = slices.Delete(f.text, f.at, f.at+1)
		}
	case "ctrl+u":
		f.text, f.at = slices.Delete(f.text, 0, f.at), 0
	case "ctrl+w":
		from := f.at
		for from > 0 && f.text[from-1] == ' ' {
			from--
		}
		for from > 0 && f.text[from-1] != ' ' {
			from--
		}
		f.text, f.at = slices.Delete(f.text, from, f.at), from
	default:
		if k.Text == "" || k.Mod.Contains(tea.ModCtrl) || k.Mod.Contains(tea.ModAlt) {
			return false
		}
		f.insert(k.Text)
	}
	return true
}

// String is the text without blanks around it.
func (f *field) String() string { return strings.TrimSpace(string(f.text)) }

// view draws the part of the text around the cursor in width cells.
func (f *field) view(th *theme.Theme, width int) string {
	before, under, after := string(f.text[:f.at]), " ", ""
	if f.at < len(f.text) {
		under, after = string(f.text[f.at]), string(f.text[f.at+1:])
	}
	for theme.Width(before)+theme.Width(under)+1 > width && before != "" {
		_, size := firstRune(before)
		before = before[size:]
	}
	line := th.Text.Render(before) + reversed(under) + th.Text.Render(after)
	return theme.Truncate(line, width)
}

func firstRune(s string) (rune, int) {
	for i, r := range s {
		if i > 0 {
			return r, i
		}
	}
	return 0, len(s)
}

// reversed is the character under the cursor, reversed: it must be seen without colour too.
func reversed(s string) string { return "\x1b[7m" + s + "\x1b[m" }
