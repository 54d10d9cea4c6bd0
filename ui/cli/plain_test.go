package cli

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// listener is a person who only hears what is said, and types what it asks for. It types when it is asked, so the
// conversation is the same each time.
type listener struct {
	out   *bytes.Buffer
	heard int    // how much of out was heard
	back  string // what makes it press R; empty: nothing
	typed []string
}

func (l *listener) Notify(run.Signal) {}

func (l *listener) Hear(asks bool) ([]string, bool) {
	news := l.out.String()[l.heard:]
	l.heard = l.out.Len()
	answer, ok := "", false
	switch {
	case l.back != "" && strings.Contains(news, l.back):
		l.back, answer, ok = "", "R", true
	case asks:
		answer, ok = answerTo(news)
	}
	if !ok {
		return nil, false
	}
	l.typed = append(l.typed, answer)
	return []string{answer}, false
}

var wordToType = regexp.MustCompile(`type the word (\S+)\. A dot`)

// replies are what is typed where something is said, the first that fits the last question.
var replies = []struct{ said, typed string }{
	{"Why is it rolled back?", "the error rate rose with the new version"},
	{"Who said it?", "Maria"},
	{"A dot alone goes back", "looked at it myself, as the runbook says"},
	{": it is done, tick it", "done"},
	{": it is told, tick it", "done"},
	{": open the gate", "open"},
	{": send it as it is", "send"},
	{": it was told by other means", "told"},
	{": somebody said yes", "yes"},
	{": answer the questions", "answer"},
	{": start", "start"},
	{": wait for the approval", "start"},
	{": begin to wait", "start"},
	{": answer now", "start"},
	{": look again", "again"},
}

func answerTo(news string) (string, bool) {
	if m := wordToType.FindStringSubmatch(news); m != nil {
		return m[1], true
	}
	best, typed := -1, ""
	for _, r := range replies {
		if at := strings.LastIndex(news, r.said); at > best && (best < 0 || strings.Contains(news[best:at], "\n")) {
			best, typed = at, r.typed
		}
	}
	return typed, best >= 0
}

// talked plays a scenario line by line in no time and returns what was said.
func talked(t *testing.T, scenario, back string) (text string, code int, l *listener) {
	t.Helper()
	sc, err := practice.Find(scenario)
	if err != nil {
		t.Fatal(err)
	}
	var out, errOut bytes.Buffer
	l = &listener{out: &out, back: back}
	format := "text"
	a := &app{in: strings.NewReader(""), out: &out, err: &errOut, ear: l}
	f := practiceFlags{plain: true, format: &format, set: []string{"hold=1m", "watch=10m", "staging-watch=2m"}}
	clock := practice.NewJumping(sc.Start)
	clock.Run(func() { err = a.drill(t.Context(), f, sc, ui.Options{}, clock, clock) })
	if errOut.Len() > 0 {
		t.Errorf("stderr: %s", errOut.String())
	}
	return out.String(), codeOf(err), l
}

// inOrder checks that lines begin with these words, one after the other.
func inOrder(t *testing.T, text string, begins ...string) {
	t.Helper()
	lines := strings.Split(text, "\n")
	for _, b := range begins {
		i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, b) })
		if i < 0 {
			t.Fatalf("no line begins with %q, or not where it should:\n%s", b, text)
		}
		lines = lines[i+1:]
	}
}

// A whole good release, heard and typed.
func TestPlainTuesday(t *testing.T) {
	t.Parallel()
	text, code, _ := talked(t, "tuesday", "")
	if code != exitDone {
		t.Errorf("exit code %d", code)
	}
	inOrder(
		t, text, "Practice. Deployment SOP, v1.4.2 to production", "Phase 1 of 6: Prerequisites.", "Everything required in Prerequisites stands.", "Phase 2 of 6",
		"Phase 3 of 6: Staging Deployment.", "It deploys to STAGING, namespace staging.", "Deploy to staging done.", "Watch: pass",
		"Phase 4 of 6: Production Deployment.", "It deploys to PRODUCTION, which is protected", "Deploy to production, wave 1 of 2: worker is at 5 percent. Held for 1 minute",
		"Deploy to production done.", "Watch: pass", "Phase 5 of 6", "Phase 6 of 6", "The run is over after", "The report: sop report", "Score: 100 of 100.",
	)
	audible(t, text)
}

// A bad release: R while it is watched, the reason, and the steps of the rollback procedure.
func TestPlainThursday(t *testing.T) {
	t.Parallel()
	text, _, l := talked(t, "thursday", "Error rate is suspect")
	inOrder(
		t, text, "Production: Error rate is suspect:", "Attention: R pressed by trainee for production.", "Attention: Rolling back production in 3 seconds: game-server v1.4.2 to v1.4.1,",
		"Attention: Rolling back.", "Why is it rolled back?", "Every component took", "Rollback done, stability passed.", "Rollback, step ", "The run is over after",
		"Production is rolled back. Stability: passed.", "Not restored are ConfigMaps", "The report: sop report",
	)
	if !slices.Contains(l.typed, "R") {
		t.Errorf("R was not typed: %q", l.typed)
	}
	audible(t, text)
}

// audible checks that no line is long, holds a control byte or a sign, or is blank.
func audible(t *testing.T, text string) {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		if n := len([]rune(line)); n == 0 || n > 200 || strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > 0x7e }) {
			t.Errorf("%q", line)
		}
	}
}

// A responder at a dumb terminal rolls back on a real cluster, by lines that come from a pipe.
func TestPlainRollback(t *testing.T) {
	t.Parallel()
	at := served(t)
	file := movingOn(t, at)
	must(t, exitDone, "run", file, "--set", "version=v1.4.2", "--kubeconfig", at.Kubeconfig, "--auto")
	var out, errOut bytes.Buffer
	code := Main([]string{"rollback", file, "web", "--kubeconfig", at.Kubeconfig, "--plain", "-o", "json"}, strings.NewReader("R\nit was slow\n"), &out, &errOut)
	if code != exitDone || !strings.HasPrefix(out.String(), "{") {
		t.Errorf("exit code %d\n%s%s", code, out.String(), errOut.String())
	}
	inOrder(t, errOut.String(), "Rollback of production", "Attention: R pressed", "Attention: Rolling back production in 3 seconds: web v1.4.2 to v1.4.1.", "Why is it rolled back?", "Rollback reason: it was slow")
	audible(t, errOut.String())
}
