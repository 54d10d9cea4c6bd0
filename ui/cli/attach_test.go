package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// soon is how long a test waits for what another goroutine or process does.
const soon = 20 * time.Second

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	late := time.After(soon)
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("after %s: not %s", soon, what)
		}
	}
}

// hosted is a run of hand steps with its porter, and without any screen yet of its own to lose.
func hosted(t *testing.T) (*session, *porter) {
	t.Helper()
	a := &app{out: io.Discard, err: io.Discard}
	c := realConnections(nil)
	c.operator = "alice"
	id := journal.NewID(time.Now())
	doc, plan, err := a.plan(write(t, "hand.yaml", byHand), choiceFlags{}, nil, runbook.Choice{Run: id, Operator: c.operator})
	if err != nil {
		t.Fatal(err)
	}
	s, err := a.begin(c, newParts(c, plan), id, doc, plan, run.RunStarted{}, journal.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	join := s.start(ctx)
	p := a.openPorter(ctx, s, ui.Options{Cluster: "here/there"})
	t.Cleanup(func() {
		stop()
		join()
		p.close()
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	eventually(t, "begun", func() bool { return !s.Latest().Started.IsZero() })
	return s, p
}

func visiting(t *testing.T, s *session, who hello) *visit {
	t.Helper()
	conn, err := dialRun(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := visitRun(conn, s.dir, who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func may(v *visit) func() bool { return func() bool { ok, _ := v.MayAct(); return ok } }

func told(s *session, text string) func() bool {
	return func() bool {
		for _, line := range s.Latest().Log {
			if strings.Contains(string(line.Text), text) {
				return true
			}
		}
		return false
	}
}

func TestWhoAttachesLooksOnUntilTheScreenIsLost(t *testing.T) {
	t.Parallel()
	s, p := hosted(t)
	bob := visiting(t, s, hello{Name: "bob"})
	carol := visiting(t, s, hello{Name: "carol"})
	eye := visiting(t, s, hello{Name: "eye", Looks: true})
	if bob.greet.Cluster != "here/there" || bob.Latest().Plan == nil || bob.Latest().ID != s.id {
		t.Errorf("got %+v", bob.greet)
	}
	if ok, instead := bob.MayAct(); ok || !strings.Contains(instead, "sop rollback --run "+s.id) {
		t.Errorf("got %v, %q", ok, instead)
	}
	bob.Send(run.Note{Text: "not from me"})
	w, err := encodeWish(run.Note{Text: "nor by force"})
	if err == nil {
		err = json.NewEncoder(bob.conn).Encode(w)
	}
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "refused", func() bool { return strings.Contains(string(bob.Latest().Notice.Text), "not in your hand") })

	p.noScreen()
	eventually(t, "bob's", may(bob))
	eventually(t, "said to bob", func() bool { return strings.Contains(string(bob.Latest().Notice.Text), "in hand now") })
	bob.Send(run.Note{Text: "from bob"})
	eventually(t, "noted", told(s, "from bob"))
	eventually(t, "seen by carol", func() bool {
		for _, line := range carol.Latest().Log {
			if strings.Contains(string(line.Text), "from bob") {
				return true
			}
		}
		return false
	})
	if ok, instead := carol.MayAct(); ok || !strings.Contains(instead, "bob has the run in hand") {
		t.Errorf("got %v, %q", ok, instead)
	}

	bob.Close()
	eventually(t, "carol's", may(carol))
	carol.Close()
	eventually(t, "left", told(s, "carol detached"))
	eventually(t, "told how to take it in hand", func() bool {
		ok, instead := eye.MayAct()
		return !ok && strings.Contains(instead, "on a terminal")
	})
	for _, forged := range []string{"not from me", "nor by force"} {
		if told(s, forged)() {
			t.Errorf("it did what bob wanted while he looked on: %q", forged)
		}
	}
	records, _, err := journal.Read(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	actors := map[string]bool{}
	for _, r := range records {
		actors[r.Actor] = true
	}
	if !actors["bob"] || !actors["carol"] || !actors["alice"] {
		t.Errorf("the journal knows %v", actors)
	}
}

// A guest who takes nothing holds nobody up, and the end of the run does not wait for it.
func TestASlowGuestHoldsUpNobody(t *testing.T) {
	t.Parallel()
	s, p := hosted(t)
	conn, err := dialRun(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := json.NewEncoder(conn).Encode(hello{Version: wireVersion, Name: "sloth"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there", func() bool { return !p.empty() })
	long := strings.Repeat("a long note ", 150)
	for range 200 {
		s.Send(run.Note{Text: long})
	}
	quick := visiting(t, s, hello{Name: "quick"})
	s.Send(run.Note{Text: "the last note"})
	eventually(t, "seen", func() bool {
		n := len(quick.Latest().Log)
		return n > 0 && strings.Contains(string(quick.Latest().Log[n-1].Text), "the last note")
	})
}

// Strangers to the wire are shown out, and the run goes on.
func TestWhoSpeaksSomethingElseIsShownOut(t *testing.T) {
	t.Parallel()
	s, p := hosted(t)
	for _, words := range []string{"GET / HTTP/1.1\r\n\r\n", "{}\n", strings.Repeat("x", 2*maxWish) + "\n", `{"version":99,"name":"later"}` + "\n"} {
		conn, err := dialRun(s.dir)
		if err != nil {
			t.Fatal(err)
		}
		go func() { _, _ = conn.Write([]byte(words)) }() // it may not be read to its end
		_ = conn.SetReadDeadline(time.Now().Add(soon))
		answer, _ := io.ReadAll(conn)
		if strings.HasPrefix(words, "{") && !bytes.Contains(answer, []byte("use the sop that began the run")) {
			t.Errorf("%.20q is answered by %q", words, answer)
		}
		conn.Close()
	}
	if !p.empty() {
		t.Error("one of them is there")
	}
	v := visiting(t, s, hello{Name: "bob\x1b[31m"})
	eventually(t, "noted", told(s, "bob^[[31m attached"))
	v.Close()
}

func TestAttachSaysWhatToDoInstead(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var begun outcome
	must(t, exitPerson, "run", write(t, "hand.yaml", byHand), "--auto", "-o", "json").into(t, &begun)
	if s := must(t, exitFailed, "attach", begun.Run, "--plain"); !strings.Contains(s.err, "its process is gone: sop resume "+begun.Run) {
		t.Errorf("got %s", s.err)
	}
	if s := must(t, exitUsage, "attach", begun.Run); !strings.Contains(s.err, "--plain") {
		t.Errorf("got %s", s.err)
	}
	if s := must(t, exitUsage, "attach", "01M8FQZD79Y9EB9W1GW1KR4NB4", "--plain"); !strings.Contains(s.err, "sop runs") {
		t.Errorf("got %s", s.err)
	}
	dir, err := runDir(begun.Run)
	if err != nil {
		t.Fatal(err)
	}
	j, _, err := journal.Open(dir, journal.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if s := must(t, exitFailed, "attach", begun.Run, "--plain"); !strings.Contains(s.err, "lets nobody attach") {
		t.Errorf("got %s", s.err)
	}
	if s := must(t, exitFailed, "resume", begun.Run, "--plain"); !strings.Contains(s.err, "sop attach "+filepath.Base(dir)) {
		t.Errorf("got %s", s.err)
	}
}

// A run without a screen and with nothing under way ends its process after a while, unless somebody is there.
func TestARunWithoutAScreenDoesNotLingerForEver(t *testing.T) {
	t.Parallel()
	s, p := hosted(t)
	p.lingering = 50 * time.Millisecond
	v := visiting(t, s, hello{Name: "bob"})
	done := make(chan error, 1)
	go func() { done <- goOn(t.Context(), s, p, nil) }()
	eventually(t, "bob's", may(v))
	select {
	case err := <-done:
		t.Fatalf("it ended with somebody there: %v", err)
	case <-time.After(4 * p.lingering):
	}
	v.Close()
	select {
	case err := <-done:
		if err != errIdle {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(soon):
		t.Fatal("it lingers")
	}
}

// mouth is an Ear into which a test speaks.
type mouth struct {
	mu     sync.Mutex
	lines  []string
	signal run.Signal
}

func (m *mouth) Notify(s run.Signal) { m.mu.Lock(); defer m.mu.Unlock(); m.signal = s }

func (m *mouth) Hear(bool) (burst []string, over bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lines) > 0 {
		burst, m.lines = m.lines[:1], m.lines[1:]
	}
	return burst, false
}

func (m *mouth) types(line string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.lines = append(m.lines, line)
	m.signal.Set()
}

// page is what was said so far.
type page struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (p *page) Write(b []byte) (int, error) { p.mu.Lock(); defer p.mu.Unlock(); return p.all.Write(b) }

func (p *page) says(text string) func() bool {
	return func() bool { p.mu.Lock(); defer p.mu.Unlock(); return strings.Contains(p.all.String(), text) }
}

// Who attaches line by line looks on, is asked nothing and wants nothing, until the run comes into their hand: then they
// answer its questions, over the socket.
func TestWhoAttachesLineByLineHasTheRunInHand(t *testing.T) {
	t.Parallel()
	s, p := hosted(t)
	var out page
	ear := &mouth{}
	a := &app{in: strings.NewReader(""), out: &out, err: io.Discard, ear: ear}
	done := make(chan error, 1)
	go func() { done <- a.attach(t.Context(), s.dir, true) }()
	hears := func(text string) { t.Helper(); eventually(t, text, out.says(text)) }
	hears("Attached, read only: its own terminal has the run in hand")
	ear.types("R")
	hears("Not done: attached, read only")
	ear.types("n")
	hears("sop rollback --run")
	ear.types("w")
	if s.Latest().Rollback != nil || out.says("Type a number")() {
		t.Fatal("who looks on was asked something, or got what they wanted")
	}
	p.noScreen()
	hears("Attention: The run is in your hand now")
	hears("tick it")
	ear.types("1")
	hears("Note for Look at it")
	ear.types("seen it with my eyes")
	eventually(t, "ticked", func() bool {
		for _, step := range s.Latest().Steps {
			if a := step.Attested; a != nil && a.By == operatorName() && a.Note == "seen it with my eyes" {
				return true
			}
		}
		return false
	})
	ear.types("R")
	hears("there is nothing to undo")
	ear.types("q")
	hears("sop attach " + s.id + " comes back to it")
	ear.types("yes")
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(soon):
		t.Fatal("it does not leave")
	}
	hears("run " + s.id + " goes on in process")
}
