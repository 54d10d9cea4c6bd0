// Package keys is the key map as data: one list from which presses are looked up and from which the footer's
// hints, the help page and the command palette are made, so that none of them can tell something untrue.
//
//	m := keys.Standard()                                      // or that of the person's own configuration: Remap
//	id, ok := m.Match(keys.Checklist, msg.String())           // "R" → keys.RollBack
//	footer := m.Footer(th, keys.Checklist, width, nil)        // "↑↓ move   enter open   …   R roll back   ? help"
//
// Key names are those of Bubble Tea's KeyPressMsg.String: "up", "space", "R", "ctrl+c". Pasted text comes as
// another message and never gets here, so a pasted R is not a press.
package keys

import "slices"

// ID names what a key does.
type ID string

// Scope is where the keyboard's focus is: a screen, a dialog, or a text field.
type Scope string

// The scopes. In Text and Palette characters are text, so nothing printable is bound there.
const (
	Home      Scope = "home"
	Checklist Scope = "checklist"
	Rollout   Scope = "rollout"
	Watch     Scope = "watch"
	Rollback  Scope = "rollback"
	Report    Scope = "report"
	Commands  Scope = "commands" // the command log
	Gate      Scope = "gate"     // the choices at a gate that is shut
	Fuse      Scope = "fuse"     // the rollback's fuse burns
	Confirm   Scope = "confirm"  // a question with yes and no
	HelpPage  Scope = "help"
	Text      Scope = "text"      // a field is being typed into: note, reason, filter
	Palette   Scope = "palette"   // a command is being typed
	Form      Scope = "form"      // the fields of a run that is to begin
	Begin     Scope = "begin"     // the question whether to begin it
	WatchOnly Scope = "sop watch" // a watch outside of any run: it has no other screen, and nothing to roll back
)

// screens are the six screens of a run.
var screens = []Scope{Checklist, Rollout, Watch, Rollback, Report, Commands}

// panes are the screens with more than one pane.
var panes = []Scope{Checklist, Rollout, Watch, Rollback, Report}

// RunScopes are all scopes of a run in which keys are not text; RollBack is bound in each.
func RunScopes() []Scope { return append(slices.Clone(screens), Gate, Fuse, Confirm, HelpPage) }

// Scopes are all there are.
func Scopes() []Scope { return append(RunScopes(), WatchOnly, Home, Form, Begin, Text, Palette) }

// What keys do.
const (
	Up          ID = "up"
	Down        ID = "down"
	Left        ID = "left"
	Right       ID = "right"
	PageUp      ID = "page-up"
	PageDown    ID = "page-down"
	First       ID = "first"
	Last        ID = "last"
	NextFocus   ID = "next-focus"
	PrevFocus   ID = "previous-focus"
	Open        ID = "open"
	Start       ID = "start"
	Extend      ID = "extend"
	StatusSent  ID = "status-sent"
	Attest      ID = "attest"
	Override    ID = "override"
	Recheck     ID = "re-check"
	Defer       ID = "defer"
	Note        ID = "note"
	Copy        ID = "copy"
	CopyQuery   ID = "copy-query"
	ToGate      ID = "gate"
	Abort       ID = "abort"
	Freeze      ID = "freeze"
	Resume      ID = "resume"
	RollBack    ID = "roll-back"
	Burn        ID = "burn"
	TakeBack    ID = "take-back"
	GoTo        ID = "go-to-" // + the screen's scope: GoTo + ID(Watch)
	Filter      ID = "filter"
	OpenPalette ID = "palette"
	Help        ID = "help"
	Accept      ID = "accept"
	Back        ID = "back"
	Yes         ID = "yes"
	No          ID = "no"
	Quit        ID = "quit"
	ToRollback  ID = "to-rollback" // at home: choose what to roll back
	Reload      ID = "reload"
	BeginIt     ID = "begin"
)

// Binding says which keys do what, and where.
type Binding struct {
	ID     ID
	Pair   ID // what goes the other way and is told together with this one
	Keys   []string
	Show   string // how the keys are written in hints; the first key, with the pair's, if empty
	Label  string // two words for the footer; a binding without one is told by its neighbour
	Help   string // a sentence for the help page; {ID} stands for that action's first key, {also} for further keys
	Scopes []Scope
	Rank   int  // which hints stay in a narrow footer: the lowest ones
	Acts   bool // changes something in the world or the run that is hard to take back
	Wants  bool // wants something of the run, and not only another picture; what Acts does anyway
}

// Map is a key map. The one that ships is Standard; a person may have one of their own, by Remap. It is never changed
// once it is made. A nil Map is the standard one.
type Map struct{ bindings []Binding }

var standard = &Map{bindings}

// Standard is the map that ships.
func Standard() *Map { return standard }

func (m *Map) list() []Binding {
	if m == nil {
		return bindings
	}
	return m.bindings
}

// Bindings is the whole map, in the order in which hints are shown. The list is the caller's own.
func (m *Map) Bindings() []Binding { return slices.Clone(m.list()) }

// Match looks up what a key does in a scope.
func (m *Map) Match(scope Scope, key string) (ID, bool) {
	list := m.list()
	for i := range list {
		if b := &list[i]; slices.Contains(b.Keys, key) && slices.Contains(b.Scopes, scope) {
			return b.ID, true
		}
	}
	return "", false
}

// Key is how the key of an action is written in hints; empty when it has none.
func (m *Map) Key(id ID) string {
	list := m.list()
	for i := range list {
		if b := &list[i]; b.ID == id && len(b.Keys) > 0 {
			if b.Show != "" {
				return b.Show
			}
			return written(b.Keys[0])
		}
	}
	return ""
}

// Wants tells whether an action wants something of the run: it is not for who only looks on.
func Wants(id ID) bool {
	return slices.ContainsFunc(bindings, func(b Binding) bool { return b.ID == id && (b.Acts || b.Wants) })
}

// Target is the screen that an ID goes to; false for any other ID.
func Target(id ID) (Scope, bool) {
	for _, s := range screens {
		if id == GoTo+ID(s) {
			return s, true
		}
	}
	return "", false
}
