package plain

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// question is what is up to a person now.
type question struct {
	key     string   // what it is about: while it stays the same, the question is not said again
	text    []string // sentences
	options []option
	empty   func()       // what an empty line means; nil: the question is said again
	typed   func() *text // it is answered by a text; nil: by a number
	urgent  bool         // it does not wait, rings, and puts aside what is half typed
	own     bool         // the person brought it up: it does not wait
	bare    bool         // its text says what may be typed: the answers have no numbers
}

// option is one answer.
type option struct {
	word string // that may be typed instead of its number
	what string // what it does
	do   func()
}

// settle is how long a question must be the one that is due before it is asked: while the checks come in one by one,
// the next question would be another one.
const settle = 700 * time.Millisecond

// settles is when the question that is due will be asked; zero: it was, or there is none.
func (t *Talk) settles() time.Time {
	if t.asked.question == nil || t.asked.said || t.text != nil {
		return time.Time{}
	}
	return t.asked.since.Add(t.human(settle))
}

// renew asks what is due now, unless it was asked already.
func (t *Talk) renew() {
	q := t.due()
	switch {
	case t.text != nil && (q == nil || !q.urgent):
		return // let the person end what was begun
	case q == nil:
		if t.asked.open && !t.asked.question.bare {
			t.say("What was asked needs no answer any more")
		}
		t.asked = asked{first: t.next()}
		return
	case t.asked.question == nil || q.key != t.asked.question.key:
		t.asked = asked{question: q, since: t.now, first: t.next()}
	}
	t.asked.question = q // with what is seen now, for who asks again
	if t.asked.said || !q.urgent && !q.own && (t.now.Before(t.settles()) || len(t.news.fresh) > 0) {
		return
	}
	if t.text != nil {
		t.text = nil
		t.say("What you were typing is put aside")
	}
	t.ask(q)
}

// highest is the number beyond which answers begin at 1 again.
const highest = 90

// next is the number from which the next question counts. A question that gave way by itself keeps its numbers: who is
// about to type one of them means that question.
func (t *Talk) next() int {
	switch a := t.asked; {
	case a.first == 0 || a.question != nil && a.said && !a.open:
		return 1
	case !a.open:
		return a.first
	case a.first+len(a.question.options) > highest:
		return 1
	default:
		return a.first + len(a.question.options)
	}
}

// ask says a question with its answers.
func (t *Talk) ask(q *question) {
	t.asked.said, t.asked.open = true, true
	whole := q.text
	if t.heard[q.key] && !q.urgent && !q.own && len(whole) > 2 {
		whole = append(whole[:1:1], "Enter says all of it again")
	}
	t.heard[q.key] = true
	for i, s := range whole {
		if i == 0 && q.urgent {
			t.loudly(s)
			continue
		}
		t.say(s)
	}
	if q.typed != nil {
		t.asked.open = false
		t.begin(q.typed())
		return
	}
	t.answers(q)
}

// answers says what may be answered.
func (t *Talk) answers(q *question) {
	if len(q.options) == 0 || q.bare {
		return
	}
	var parts []string
	for i, o := range q.options {
		parts = append(parts, fmt.Sprintf("%d: %s.", t.asked.first+i, o.what))
	}
	for _, l := range wrap("Type a number. " + strings.Join(parts, " ")) {
		t.put(l)
	}
}

// choose takes the answer to the question that stands; false when the line is none.
func (t *Talk) choose(line string) bool {
	if !t.asked.open || t.asked.question == nil {
		return false
	}
	for i, o := range t.asked.question.options {
		if line == strconv.Itoa(t.asked.first+i) && !t.asked.question.bare || o.word != "" && line == o.word {
			key := t.asked.question.key
			t.asked.open = false
			t.own = nil
			o.do()
			if t.asked.question != nil && t.asked.question.key == key {
				t.asked.question = nil // what is due then is asked, also if it is the same again
				t.asked.first = 1
			}
			return true
		}
	}
	return false
}

// aside is the answer that puts the question aside until something that matters to it changes.
func (t *Talk) aside(key string) func() {
	return func() { t.skipped[key] = true }
}

// bring asks a question that the person brought up.
func (t *Talk) bring(q func() *question) {
	t.own = func() *question {
		made := q()
		if made != nil {
			made.own = true
		}
		return made
	}
	t.renew()
}

// confirm asks whether to do what was asked for by a word.
func (t *Talk) confirm(key string, lines []string, what string, yes func()) {
	t.bring(func() *question {
		return &question{key: "confirm " + key, text: lines, options: []option{
			{"yes", what, yes}, {"no", "leave it", func() {}},
		}}
	})
}
