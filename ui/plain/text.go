package plain

import (
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
)

// text is a text that a person types.
type text struct {
	ask   string       // what for
	hint  string       // how it may be left out; empty: the usual words
	least int          // how many characters it has at least
	many  bool         // of several lines, ended by a dot alone
	take  func(string) // what happens with it
	back  func()       // what happens when it is taken back; nil: nothing

	got   []string
	doubt bool // R was typed: is it a rollback?
}

// mostLines is how many lines a text of several has at most.
const mostLines = 40

// begin asks for a text.
func (t *Talk) begin(x *text) {
	t.text = x
	switch {
	case x.hint != "":
		t.say(sentence(x.ask), x.hint)
	case x.many:
		t.say(x.ask + ". Type it line by line. A dot alone ends it; a dot at once goes back")
	case x.least > 1:
		t.say(fmt.Sprintf("%s, at least %d characters. A dot alone goes back", x.ask, x.least))
	case x.least == 1:
		t.say(x.ask + ". A dot alone goes back")
	default:
		t.say(x.ask + ". It may be empty. A dot alone goes back")
	}
}

// hearText takes a line of the text that is being typed.
func (t *Talk) hearText(line string) {
	x := t.text
	doubt := x.doubt
	x.doubt = false
	switch {
	case doubt && line == "R":
		t.text = nil
		t.rollBack()
		return
	case doubt && line == "t":
		line = "R"
	case line == "R" && !t.wentBack():
		x.doubt = true
		t.loudly("is it a rollback, or is R your text? R again rolls back. t takes it as your text. Anything else is your text instead")
		return
	case line == "?":
		t.begin(x)
		t.say("R alone asks whether you mean a rollback")
		return
	case line == "." && (!x.many || len(x.got) == 0):
		t.text = nil
		if x.back != nil {
			x.back()
		}
		t.say("Taken back")
		return
	}
	if x.many && line != "." {
		if x.got = append(x.got, line); len(x.got) < mostLines {
			return
		}
		t.say(fmt.Sprintf("That is %d lines, and more is not taken", mostLines))
	} else if !x.many {
		x.got = []string{line}
	}
	all := strings.TrimSpace(strings.Join(x.got, "\n"))
	if n := len([]rune(all)); n < x.least {
		x.got = nil
		t.say(fmt.Sprintf("That has %s, and it needs at least %d. Type it again, or a dot alone to go back", plural(n, "character", "characters"), x.least))
		return
	}
	t.text = nil
	x.take(all)
}

// wentBack tells whether rollback patches went out already.
func (t *Talk) wentBack() bool {
	return t.s.Rollback != nil && !t.s.Rollback.Burnt.IsZero()
}

// leastReason is how long the reason of an override must be.
const leastReason = 10

// reason asks why, and wants what is made of it.
func (t *Talk) reason(ask string, least int, intent func(string) run.Intent) {
	t.begin(&text{ask: ask, least: least, take: func(s string) { t.want(intent(s)) }})
}
