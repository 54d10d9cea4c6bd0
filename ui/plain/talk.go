package plain

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Talk is one conversation about a run: what was told, what is asked, and what is half answered. It is not for several
// goroutines.
type Talk struct {
	o   Options
	s   run.State
	now time.Time

	out    []string     // said and not taken yet
	wanted []run.Intent // wanted and not taken yet
	last   []string     // the last lines that were said, for l
	begun  bool
	left   bool // the person leaves

	news      news
	asked     asked
	own       func() *question // a question that the person brought up; nil: none
	rang      int              // how often something loud was said
	text      *text            // that is being typed; nil: none
	heard     map[string]bool  // keys of questions that were said in full
	skipped   map[string]bool  // keys of questions that the person put aside
	answering string           // the step whose questions are asked as soon as it waits for answers
	look      looking          // what is being looked at again
	pressed   time.Time        // when R was typed here last
	later     time.Time        // until when a status update that is due is not asked about
	instead   string           // what was said last to do instead of acting; empty: they may act
}

// asked is the question that is due.
type asked struct {
	question *question // nil: none
	first    int       // number of its first answer
	since    time.Time // since when it is the one that is due
	said     bool
	open     bool // said and not answered
}

// looking is a step whose checks look again because the person said so.
type looking struct {
	step  string
	seen  time.Time // the look before
	until time.Time
}

// New begins a conversation.
func New(o Options) *Talk {
	return &Talk{o: o, skipped: map[string]bool{}, heard: map[string]bool{}}
}

// human is a length of the person's time in the run's, which in practice goes faster.
func (t *Talk) human(d time.Duration) time.Duration {
	return time.Duration(float64(d) * max(1, t.o.Speed))
}

// real is a length of the run's time as the person feels it.
func (t *Talk) real(d time.Duration) time.Duration {
	return time.Duration(float64(d) / max(1, t.o.Speed))
}

// say says a text, in as many lines as it needs.
func (t *Talk) say(parts ...string) {
	for _, l := range wrap(sentence(parts...)) {
		t.put(l)
	}
}

// loudly says what has to be heard: it rings at a terminal.
func (t *Talk) loudly(parts ...string) {
	t.rang++
	lines := wrap("Attention: " + sentence(parts...))
	for i, l := range lines {
		if i == 0 && t.o.Terminal {
			t.out, t.last = append(t.out, "\a"+l), append(t.last, l)
			continue
		}
		t.put(l)
	}
}

// remembered is how many lines l can say again.
const remembered = 12

func (t *Talk) put(line string) {
	t.out = append(t.out, line)
	t.last = append(t.last, line)
	if n := len(t.last) - remembered; n > 0 {
		t.last = t.last[n:]
	}
}

// want wants something. Who only looks on is told so instead.
func (t *Talk) want(i run.Intent) {
	if !t.refuses() {
		t.wanted = append(t.wanted, i)
	}
}

// refuses says so to who only looks on.
func (t *Talk) refuses() bool {
	instead := t.barred()
	if instead != "" {
		t.say("Not done: " + speak(instead))
	}
	return instead != ""
}

// barred says what to do instead while the person only looks on; empty where they may act.
func (t *Talk) barred() string {
	if t.o.Instead == nil {
		return ""
	}
	return t.o.Instead()
}

// hand says when the run comes into the person's hand, or goes into another one.
func (t *Talk) hand() {
	before := t.instead
	switch t.instead = t.barred(); {
	case t.instead == before:
	case t.instead == "":
		t.news.notice = t.s.Notice // it says the same
		t.loudly("The run is in your hand now: what is asked is up to you, and R rolls back")
	default:
		t.say(speak(t.instead))
	}
}

// Lines takes what is to be said. Each is whole and ends without a newline.
func (t *Talk) Lines() []string {
	lines := t.out
	t.out = nil
	return lines
}

// Wanted takes what the person wants.
func (t *Talk) Wanted() []run.Intent {
	wanted := t.wanted
	t.wanted = nil
	return wanted
}

// Left tells whether the person leaves.
func (t *Talk) Left() bool { return t.left }

// Asks tells whether something is asked that a line would answer.
func (t *Talk) Asks() bool { return t.text != nil || t.asked.open }

// See takes the newest State and says what is new in it.
func (t *Talk) See(s run.State, now time.Time) {
	t.s, t.now = s, now
	if s.Started.IsZero() {
		return
	}
	if !t.begun {
		t.begun, t.instead = true, t.barred()
		t.greet()
	}
	rang := t.rang
	t.hand()
	t.tell()
	if t.text != nil && t.rang > rang && s.Ended.IsZero() {
		t.say("Still asked: " + t.text.ask)
	}
	if !s.Ended.IsZero() {
		t.text, t.asked = nil, asked{}
		return
	}
	t.renew()
}

// Again is when See wants to be called next, though nothing has changed; zero: not before something does.
func (t *Talk) Again() time.Time {
	var next time.Time
	for _, at := range []time.Time{t.settles(), t.news.again(t), t.updateDue()} {
		if at.After(t.now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next
}
