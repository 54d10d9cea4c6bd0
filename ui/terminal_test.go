package ui

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"
	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// The real program in a terminal that lives in this process: real key bytes in, real escape sequences out.

// emulated is a terminal with somebody in front of it.
type emulated struct {
	screen *vt.SafeEmulator

	mu      sync.Mutex
	sent    []byte // all that the program wrote
	changed chan struct{}
	keys    chan []byte // what was typed, and what the terminal answers
	left    []byte
	over    chan error // what the program ended with
}

// patience is how long a picture may be on its way; a busy machine needs some of it.
const patience = 20 * time.Second

// boot starts a model in a terminal of 80×24.
func boot(t *testing.T, o Options, m func(Options) tea.Model) *emulated {
	t.Helper()
	term := &emulated{screen: vt.NewSafeEmulator(80, 24), changed: make(chan struct{}, 1), keys: make(chan []byte, 1024), over: make(chan error, 1)}
	_, _ = term.screen.Write([]byte("\x1b[20h")) // a bare newline begins a line
	go term.pump()
	o.fill()
	o.programs = []tea.ProgramOption{
		tea.WithInput(term), tea.WithOutput(writer{term}), tea.WithWindowSize(80, 24), tea.WithoutSignals(),
		tea.WithEnvironment([]string{"TERM=xterm-256color"}),
	}
	ctx, stop := context.WithCancel(context.Background())
	go func() { term.over <- o.show(ctx, func(<-chan struct{}) tea.Model { return m(o) }) }()
	t.Cleanup(func() {
		stop()
		term.end(t)
	})
	return term
}

// pump takes what the terminal sends, so that it never waits for the program.
func (t *emulated) pump() {
	for {
		buf := make([]byte, 4096)
		n, err := t.screen.Read(buf)
		if err != nil {
			close(t.keys)
			return
		}
		t.keys <- buf[:n]
	}
}

// Read is the program's standard input.
func (t *emulated) Read(p []byte) (int, error) {
	if len(t.left) == 0 {
		more, ok := <-t.keys
		if !ok {
			return 0, io.EOF
		}
		t.left = more
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// writer is the program's standard output.
type writer struct{ t *emulated }

func (w writer) Write(p []byte) (int, error) {
	w.t.mu.Lock()
	w.t.sent = append(w.t.sent, p...)
	w.t.mu.Unlock()
	n, err := w.t.screen.Write(p)
	select {
	case w.t.changed <- struct{}{}:
	default:
	}
	return n, err
}

// raw is all that the program wrote so far.
func (t *emulated) raw() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(bytes.Clone(t.sent))
}

// text is what a person sees.
func (t *emulated) text() string { return ansi.Strip(t.screen.Render()) }

// until waits until something is so.
func (t *emulated) until(tt *testing.T, what string, so func() bool) {
	tt.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	for !so() {
		select {
		case <-t.changed:
		case <-late.C:
			tt.Fatalf("%s: not within %v. The screen:\n%s", what, patience, t.text())
		}
	}
}

func (t *emulated) see(tt *testing.T, want string) {
	tt.Helper()
	t.until(tt, "see "+want, func() bool { return strings.Contains(t.text(), want) })
}

// hear waits for a sequence past the screen.
func (t *emulated) hear(tt *testing.T, want string) {
	tt.Helper()
	t.until(tt, "hear "+want, func() bool { return strings.Contains(t.raw(), want) })
}

func (t *emulated) press(keys ...uv.KeyPressEvent) {
	for _, k := range keys {
		t.screen.SendKey(k)
	}
}

var (
	enterKey = uv.KeyPressEvent{Code: uv.KeyEnter}
	escKey   = uv.KeyPressEvent{Code: uv.KeyEscape}
)

func letter(r rune) uv.KeyPressEvent { return uv.KeyPressEvent{Code: r, Text: string(r)} }

// end waits for the program and looks whether it left the terminal as it was.
func (t *emulated) end(tt *testing.T) {
	tt.Helper()
	select {
	case err := <-t.over:
		if err != nil {
			tt.Errorf("the program ended with %v", err)
		}
		t.over <- nil
	case <-time.After(patience):
		tt.Fatal("the program does not end")
	}
	if t.screen.IsAltScreen() {
		tt.Error("the terminal is left in the alternate screen")
	}
	for mode, name := range map[string]string{"1002": "the mouse", "1004": "the reports of focus", "2004": "the bracketed paste"} {
		if all := regexp.MustCompile(`\x1b\[\?([0-9;]*\b`+mode+`\b[0-9;]*)([hl])`).FindAllStringSubmatch(t.raw(), -1); len(all) > 0 && all[len(all)-1][2] == "h" {
			tt.Errorf("%s is left on", name)
		}
	}
}

func bootRun(t *testing.T, sc scene, o Options) (*emulated, *fake) {
	t.Helper()
	s := newFake(sc.state, sc.now)
	o.First, o.Cluster, o.Theme = sc.screen, "eks-prod/production", "dark"
	return boot(t, o, func(o Options) tea.Model { return New(s, o) }), s
}

// wishes are the intents that were sent.
func (f *fake) wishes() []run.Intent {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]run.Intent(nil), f.wanted...)
}

func TestInATerminal(t *testing.T) {
	t.Parallel()
	term, s := bootRun(t, drifting().scene("drift", "checklist"), Options{Mouse: true})
	term.see(t, "Network Connectivity")
	term.see(t, "R roll back")
	if !term.screen.IsAltScreen() {
		t.Error("the program draws over the person's shell")
	}
	term.hear(t, "\x1b]2;sop ·")
	term.press(letter('g'))
	term.see(t, "is shut")
	term.press(escKey)
	term.until(t, "the gate's list to go", func() bool { return !strings.Contains(term.text(), "is shut") })
	term.screen.Paste("Ry\nRRq")
	term.press(letter('y'))
	term.hear(t, "\x1b]52;c;")
	if got := s.wishes(); len(got) != 0 {
		t.Fatalf("a paste wanted %v", got)
	}
	term.press(letter('R'))
	term.until(t, "the rollback to be wanted", func() bool { return len(s.wishes()) == 1 })
	if got := s.wishes()[0]; got != (run.Rollback{}) {
		t.Errorf("R wanted %v", got)
	}
	term.press(letter('c'), letter('q'))
	term.see(t, "Leave this run?")
	term.press(letter('y'))
	term.end(t)
}

func TestATerminalThatIsNotLookedAtIsTold(t *testing.T) {
	t.Parallel()
	p := ready()
	term, s := bootRun(t, p.scene("", "checklist"), Options{Terminal: &theme.Terminal{Colours: theme.Full, True: true, UTF8: true, Telling: theme.OSC9}})
	term.see(t, "Network Connectivity")
	term.screen.Blur()
	loud := p.s
	loud.Log = append(loud.Log[:len(loud.Log):len(loud.Log)], run.Line{At: p.at.Add(time.Second), Text: run.MakeSafe("api drifted\x1b]9;x\x07", 0), Loud: true})
	s.states <- loud
	term.hear(t, "\a")
	term.until(t, "words or a bell", func() bool { return strings.Count(term.raw(), "\a") > 0 })
	if raw := term.raw(); strings.Contains(raw, "\x1b]9;x") {
		t.Errorf("foreign text spoke to the terminal: %q", raw)
	}
}

// What a terminal does not know it is not sent.
func TestAPlainTerminalIsSentNothingStrange(t *testing.T) {
	t.Parallel()
	console := theme.Detect(func(k string) string { return map[string]string{"TERM": "linux", "LANG": "C.UTF-8"}[k] })
	p := watching()
	term, s := bootRun(t, p.scene("", "watch"), Options{Terminal: &console})
	term.see(t, "Error rate")
	term.screen.Blur()
	loud := p.s
	loud.Log = append(loud.Log[:len(loud.Log):len(loud.Log)], run.Line{At: p.at.Add(time.Second), Text: "error rate is over", Loud: true})
	s.states <- loud
	term.hear(t, "\a")
	raw := term.raw()
	for what, bad := range map[string]string{"a notification": "\x1b]9;", "a notification by OSC 777": "\x1b]777;", "24-bit colour": "\x1b[38;2;", "a question for its name": "\x1b[>q", "a title": "\x1b]2;"} {
		if strings.Contains(raw, bad) {
			t.Errorf("the console was sent %s", what)
		}
	}
	if i := strings.IndexFunc(raw, func(r rune) bool { return r > 0x7e }); i >= 0 {
		t.Errorf("the console was sent %q", raw[i:min(len(raw), i+20)])
	}
}

func TestSynchronisedOutput(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"on": true, "off": false} {
		term, _ := bootRun(t, drifting().scene("", "checklist"), Options{Sync: name})
		term.see(t, "Network Connectivity")
		term.press(letter('w'))
		term.see(t, "watch")
		term.press(letter('c'))
		term.see(t, "Network Connectivity")
		if got := strings.Contains(term.raw(), "\x1b[?2026h"); got != want {
			t.Errorf("sync %s: synchronised output is %v", name, got)
		}
	}
}

func TestHomeInATerminal(t *testing.T) {
	t.Parallel()
	s := &shelfOf{now: noon, runs: forty()}
	var h *Home
	term := boot(t, Options{Theme: "dark", Mouse: true}, func(o Options) tea.Model { h = NewHome(s, o); return h })
	term.see(t, "tuesday")
	term.screen.Paste("R\nq")
	term.press(letter('/'), letter('w'), letter('e'), letter('d'), enterKey)
	term.see(t, "only what contains \"wed\"")
	term.press(escKey)
	term.see(t, "thursday")
	term.press(letter('R'))
	term.see(t, "Only roll back")
	term.press(enterKey)
	term.see(t, "Environment")
	term.press(enterKey)
	term.see(t, "sop rollback deployment -e production")
	term.see(t, "begins it")
	s.pass(time.Second)
	term.press(enterKey)
	term.end(t)
	if got := strings.Join(h.choice.Args, " "); got != "rollback deployment -e production" {
		t.Errorf("chose %q", got)
	}
}
