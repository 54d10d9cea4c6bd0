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

// written is how a key is written in hints.
func written(key string) string {
	switch key {
	case "up":
		return "↑"
	case "down":
		return "↓"
	case "left":
		return "←"
	case "right":
		return "→"
	case "pgdown":
		return "pgdn"
	}
	return key
}

// shows is how the binding's keys are written: the first, and the first of its pair.
func (m *Map) shows(b *Binding) string {
	if b.Show != "" || len(b.Keys) == 0 {
		return b.Show
	}
	first := written(b.Keys[0])
	pair := m.pair(b)
	if pair == nil || len(pair.Keys) == 0 {
		return first
	}
	second := written(pair.Keys[0])
	if theme.Width(first) > 1 || theme.Width(second) > 1 {
		return first + " " + second
	}
	return first + second
}

// pair is the binding that goes the other way.
func (m *Map) pair(b *Binding) *Binding {
	list := m.list()
	for i := range list {
		if p := &list[i]; b.Pair != "" && p.ID == b.Pair && slices.Equal(p.Scopes, b.Scopes) {
			return p
		}
	}
	return nil
}

// help is the binding's sentence with the keys that it speaks of.
func (m *Map) help(b *Binding) string {
	text := b.Help
	if pair := m.pair(b); strings.Contains(text, "{also}") {
		also := ""
		if pair != nil && len(b.Keys) > 1 && len(pair.Keys) > 1 {
			also = ", also with " + written(b.Keys[1]) + " and " + written(pair.Keys[1])
		}
		text = strings.ReplaceAll(text, "{also}", also)
	}
	for {
		before, rest, found := strings.Cut(text, "{")
		id, after, ended := strings.Cut(rest, "}")
		if !found || !ended {
			return text
		}
		text = before + m.Key(ID(id)) + after
	}
}

// Hints are the footer's hints for a scope, without the way to where one is already, and without those for
// which works reports false (nil: all work).
func (m *Map) Hints(scope Scope, works func(ID) bool) []Hint {
	var hints []Hint
	for _, b := range m.footer(scope, works) {
		hints = append(hints, Hint{b.ID, m.shows(b), b.Label, m.help(b)})
	}
	return hints
}

func (m *Map) footer(scope Scope, works func(ID) bool) []*Binding {
	var list []*Binding
	all := m.list()
	for i := range all {
		b := &all[i]
		if to, ok := Target(b.ID); ok && to == scope || b.Label == "" || len(b.Keys) == 0 || !slices.Contains(b.Scopes, scope) {
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

func (m *Map) width(b *Binding) int { return theme.Width(m.shows(b)) + 1 + theme.Width(b.Label) }

// Footer is the line of hints for a scope, at most width cells with one before the first. In a narrow line the
// hints of the highest rank go first; what stays keeps its order.
func (m *Map) Footer(th *theme.Theme, scope Scope, width int, works func(ID) bool) string {
	list := m.footer(scope, works)
	ranks := make([]*Binding, len(list))
	copy(ranks, list)
	slices.SortStableFunc(ranks, func(a, b *Binding) int { return a.Rank - b.Rank })
	room := width - 1 + apart
	kept := map[*Binding]bool{}
	for _, b := range ranks {
		if w := m.width(b) + apart; w <= room {
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
		line.WriteString(th.Key.Render(m.shows(b)) + " " + th.Hint.Render(b.Label))
	}
	return line.String()
}

// HelpLines is the help page's list of keys for a scope: every key that works there, in the map's order.
func (m *Map) HelpLines(scope Scope) []Hint {
	var lines []Hint
	all := m.list()
	for i := range all {
		if b := &all[i]; b.Help != "" && len(b.Keys) > 0 && slices.Contains(b.Scopes, scope) {
			lines = append(lines, Hint{b.ID, m.all(b), b.Label, m.help(b)})
		}
	}
	return lines
}

// all writes every key of a binding; of one that is told together with its pair only the first of each, for its
// sentence tells the others.
func (m *Map) all(b *Binding) string {
	if b.Pair != "" {
		return m.shows(b)
	}
	keys := make([]string, len(b.Keys))
	for i, k := range b.Keys {
		keys[i] = written(k)
	}
	return strings.Join(keys, " ")
}

// keyColumn is the width of the keys on the help page.
const keyColumn = 12

// RenderHelp writes the help page's list of keys in lines of at most width cells.
func (m *Map) RenderHelp(th *theme.Theme, scope Scope, width int) []string {
	var out []string
	for _, h := range m.HelpLines(scope) {
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
