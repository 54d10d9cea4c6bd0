package keys

import (
	"slices"
	"strings"

	"github.com/politicalsphere/sop/ui/theme"
)

// Hint is one key and what it does, as it is written.
type Hint struct {
	ID    ID
	Keys  string
	Label string
	Help  string
}

// shows is how the binding's keys are written.
func (b *Binding) shows() string {
	if b.Show != "" {
		return b.Show
	}
	return b.Keys[0]
}

// Hints are the footer's hints for a scope, without the way to where one is already, and without those for
// which works reports false (nil: all work).
func Hints(scope Scope, works func(ID) bool) []Hint {
	var hints []Hint
	for _, b := range footer(scope, works) {
		hints = append(hints, Hint{b.ID, b.shows(), b.Label, b.Help})
	}
	return hints
}

func footer(scope Scope, works func(ID) bool) []*Binding {
	var list []*Binding
	for i := range bindings {
		b := &bindings[i]
		if to, ok := Target(b.ID); ok && to == scope || b.Label == "" || !slices.Contains(b.Scopes, scope) {
			continue
		}
		if works == nil || works(b.ID) {
			list = append(list, b)
		}
	}
	return list
}

// apart is the blank between two hints.
const apart = 3

func (b *Binding) width() int { return theme.Width(b.shows()) + 1 + theme.Width(b.Label) }

// Footer is the line of hints for a scope, at most width cells with one before the first. In a narrow line the
// hints of the highest rank go first; what stays keeps its order.
func Footer(th *theme.Theme, scope Scope, width int, works func(ID) bool) string {
	list := footer(scope, works)
	ranks := make([]*Binding, len(list))
	copy(ranks, list)
	slices.SortStableFunc(ranks, func(a, b *Binding) int { return a.Rank - b.Rank })
	room := width - 1 + apart
	kept := map[*Binding]bool{}
	for _, b := range ranks {
		if w := b.width() + apart; w <= room {
			room -= w
			kept[b] = true
		}
	}
	var line strings.Builder
	blank := 1
	for _, b := range list {
		if !kept[b] {
			continue
		}
		line.WriteString(strings.Repeat(" ", blank))
		blank = apart
		line.WriteString(th.Key.Render(b.shows()) + " " + th.Hint.Render(b.Label))
	}
	return line.String()
}

// HelpLines is the help page's list of keys for a scope: every key that works there, in the map's order.
func HelpLines(scope Scope) []Hint {
	var lines []Hint
	for i := range bindings {
		if b := &bindings[i]; b.Help != "" && slices.Contains(b.Scopes, scope) {
			lines = append(lines, Hint{b.ID, b.all(), b.Label, b.Help})
		}
	}
	return lines
}

// all writes every key of a binding, unless it already says how it wants to be written together with others.
func (b *Binding) all() string {
	if _, screen := Target(b.ID); b.Show != "" && !screen {
		return b.Show
	}
	return strings.Join(b.Keys, " ")
}

// keyColumn is the width of the keys on the help page.
const keyColumn = 12

// RenderHelp writes the help page's list of keys in lines of at most width cells.
func RenderHelp(th *theme.Theme, scope Scope, width int) []string {
	var out []string
	for _, h := range HelpLines(scope) {
		keys := " " + theme.PadRight(h.Keys, keyColumn-1)
		if width < 2*keyColumn {
			out = append(out, theme.Truncate(" "+h.Keys, width))
			continue
		}
		for i, line := range theme.Wrap(h.Help, width-keyColumn-1) {
			if i > 0 {
				keys = strings.Repeat(" ", keyColumn)
			}
			out = append(out, th.Key.Render(keys)+" "+th.Text.Render(line))
		}
	}
	return out
}
