package keys

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Change gives an action other keys, in every place where it has some.
type Change struct {
	ID   ID
	Keys []string
}

// Refusal says why a change is not taken.
type Refusal struct {
	ID      ID
	Key     int // index in the change's keys; -1: it is about the action itself
	Message string
	Hint    string
}

// Remap is the standard map with changes. It keeps what people rely on at three in the morning: R rolls back
// everywhere, esc leads back, ctrl+c leaves, nothing that acts is a Ctrl combination, and text stays text. When
// anything is refused the map is nil.
func Remap(changes []Change) (*Map, []Refusal) {
	m := &Map{bindings: Standard().Bindings()}
	var refused []Refusal
	for _, c := range changes {
		found := c.refusals()
		if refused = append(refused, found...); len(found) == 0 {
			m.apply(c)
		}
	}
	m.closeHelp()
	refused = append(refused, m.conflicts(changes)...)
	if len(refused) > 0 {
		return nil, refused
	}
	return m, nil
}

// IDs are the actions whose keys can be changed.
func IDs() []ID {
	var ids []ID
	for _, b := range bindings {
		if !b.fixed() && !slices.Contains(ids, b.ID) {
			ids = append(ids, b.ID)
		}
	}
	return ids
}

// fixed tells whether a binding's keys stay: in a field letters are text, so there is little to choose from.
func (b *Binding) fixed() bool {
	return slices.ContainsFunc(b.Scopes, func(s Scope) bool { return s == Text || s == Palette || s == Form })
}

// always are keys that an action keeps, whatever else it gets.
var always = map[ID][]string{RollBack: {"R"}, ToRollback: {"R"}, Quit: {"ctrl+c"}, Back: {"esc"}, No: {"esc"}, TakeBack: {"esc"}}

// needed are the actions that must have a key, or nobody finds a way.
var needed = []ID{Up, Down, Open, Yes, Burn, Accept, Help, OpenPalette, BeginIt}

func (m *Map) apply(c Change) {
	for i := range m.bindings {
		b := &m.bindings[i]
		if b.ID != c.ID || b.fixed() {
			continue
		}
		b.Keys, b.Show = slices.Clone(c.Keys), ""
		for _, k := range always[c.ID] {
			if !slices.Contains(b.Keys, k) {
				b.Keys = append(b.Keys, k)
			}
		}
	}
}

// closeHelp lets the help page be closed by what opened it, and by what leaves a screen.
func (m *Map) closeHelp() {
	find := func(id ID) (keys []string) {
		for i := range m.bindings {
			if b := &m.bindings[i]; b.ID == id && slices.Contains(b.Scopes, Checklist) {
				return b.Keys
			}
		}
		return nil
	}
	for i := range m.bindings {
		b := &m.bindings[i]
		if b.ID != Back || !slices.Equal(b.Scopes, in(HelpPage)) {
			continue
		}
		b.Keys = []string{"esc"}
		for _, k := range slices.Concat(find(Help), find(Quit), find(Back)) {
			if k != "ctrl+c" && !slices.Contains(b.Keys, k) {
				b.Keys = append(b.Keys, k)
			}
		}
	}
}

// refusals is what is wrong with a change by itself.
func (c Change) refusals() (list []Refusal) {
	refuse := func(key int, hint, format string, args ...any) {
		list = append(list, Refusal{c.ID, key, fmt.Sprintf(format, args...), hint})
	}
	if !slices.Contains(IDs(), c.ID) {
		refuse(-1, "", "there is no action %q whose keys can be changed", c.ID)
		return list
	}
	acts := slices.ContainsFunc(bindings, func(b Binding) bool { return b.ID == c.ID && b.Acts })
	for i, k := range c.Keys {
		switch {
		case !isKey(k):
			refuse(i, "write one character, or "+strings.Join(named, ", ")+", f1 to f12, ctrl+LETTER", "%q is no key that a terminal sends", k)
		case slices.Contains(c.Keys[:i], k):
			refuse(i, "leave it out", "%s is listed twice", k)
		case k == "R" && c.ID != RollBack && c.ID != ToRollback:
			refuse(i, "take another key", "R is the rollback on every screen, and nothing else")
		case k == "ctrl+c" && c.ID != Quit:
			refuse(i, "take another key", "ctrl+c leaves the program everywhere")
		case acts && strings.HasPrefix(k, "ctrl+"):
			refuse(i, "take a plain key", "%s changes the world, so it is no Ctrl combination: those are pressed by mistake, and terminals keep some", c.ID)
		case (c.ID == RollBack || c.ID == ToRollback) && slices.Contains(named, k):
			refuse(i, "take a letter or a function key", "%s is pressed too often to roll back by it", k)
		}
	}
	switch {
	case (c.ID == RollBack || c.ID == ToRollback) && !slices.Contains(c.Keys, "R"):
		refuse(-1, fmt.Sprintf("add keys beside it, as in %s: [R, f8]", c.ID), "R cannot be taken from %s: every screen and every colleague says R", c.ID)
	case len(c.Keys) == 0 && slices.Contains(needed, c.ID):
		refuse(-1, "give it at least one", "%s must have a key", c.ID)
	}
	return list
}

// conflicts are keys that mean two things in one place. The change is at fault, or the later of two.
func (m *Map) conflicts(changes []Change) (refused []Refusal) {
	rank := func(id ID) int { return slices.IndexFunc(changes, func(c Change) bool { return c.ID == id }) }
	told := map[string]bool{}
	for _, s := range Scopes() {
		seen := map[string]ID{}
		if s == Confirm {
			seen["enter"] = Yes // it answers as well
		}
		for _, b := range m.bindings {
			if !slices.Contains(b.Scopes, s) {
				continue
			}
			for _, k := range b.Keys {
				other, taken := seen[k]
				seen[k] = b.ID
				if !taken || other == b.ID {
					continue
				}
				guilty, innocent := b.ID, other
				if rank(other) > rank(b.ID) {
					guilty, innocent = other, b.ID
				}
				at := slices.Index(changes[max(0, rank(guilty))].Keys, k)
				if what := fmt.Sprint(guilty, k, innocent); !told[what] {
					told[what] = true
					refused = append(refused, Refusal{guilty, at, fmt.Sprintf("%s is already %s (%s)", k, innocent, s), "take another key, or give " + string(innocent) + " another one too"})
				}
			}
		}
	}
	return refused
}

// named are the keys with a name that may be bound.
var named = []string{"up", "down", "left", "right", "enter", "esc", "tab", "shift+tab", "space", "pgup", "pgdown", "home", "end", "backspace", "delete", "insert"}

// isKey tells whether a terminal sends a key of that name.
func isKey(k string) bool {
	if slices.Contains(named, k) {
		return true
	}
	if letter, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return len(letter) == 1 && letter[0] >= 'a' && letter[0] <= 'z' && !strings.Contains("himj", letter) // backspace, tab, enter
	}
	for n := 1; n <= 12; n++ {
		if k == fmt.Sprintf("f%d", n) {
			return true
		}
	}
	r, size := utf8.DecodeRuneInString(k)
	return size == len(k) && r != utf8.RuneError && unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.IsMark(r)
}
