package cli

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook/run"
)

// outcome is the JSON of a run, as other programs rely on it.
type outcome struct {
	Run        string
	Outcome    string
	Verdict    string
	Tripped    []string
	Components []struct{ Name, From, To, State string }
	Score      *struct{ Total int }
	Reason     string
}

// thursday is one drill that several tests read: it ends in a rollback.
var thursday = sync.OnceValue(func() said {
	return call("practice", "thursday", "--auto", "good-operator", "--speed", "max", "-o", "json")
})

func thursdayRun(t *testing.T) outcome {
	t.Helper()
	var o outcome
	thursday().into(t, &o)
	return o
}

func TestPracticeGoodRelease(t *testing.T) {
	t.Parallel()
	var o outcome
	must(t, exitDone, "practice", "tuesday", "--auto", "good-operator", "--speed", "max", "-o", "json").into(t, &o)
	if o.Outcome != "completed" || o.Verdict != "pass" || o.Tripped == nil || len(o.Tripped) != 0 {
		t.Errorf("got outcome %s, verdict %s, tripped %v", o.Outcome, o.Verdict, o.Tripped)
	}
	if len(o.Components) != 4 {
		t.Errorf("got components %+v", o.Components)
	}
	for _, c := range o.Components {
		if c.From != "registry.example/"+c.Name+":v1.4.1" || c.To != "registry.example/"+c.Name+":v1.4.2" || c.State != "deployed" {
			t.Errorf("got component %+v", c)
		}
	}
	if o.Score == nil || o.Score.Total != 100 {
		t.Errorf("a good operator scores %+v", o.Score)
	}
}

func TestPracticeBadRelease(t *testing.T) {
	t.Parallel()
	if s := thursday(); s.code != exitFailed {
		t.Errorf("exit code %d, want %d: %s", s.code, exitFailed, tail(s.err))
	}
	o := thursdayRun(t)
	if o.Outcome != "rolled-back" || o.Verdict != "fail" || !slices.Equal(o.Tripped, []string{"error-rate"}) {
		t.Errorf("got outcome %s, verdict %s, tripped %v", o.Outcome, o.Verdict, o.Tripped)
	}
	for _, c := range o.Components {
		if c.State != "took" {
			t.Errorf("got component %+v", c)
		}
	}
}

// A drill that has to stop ends there: its world is gone, and stopping was right. That is told wherever a run is.
func TestPracticeStopped(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	var o outcome
	must(t, exitFailed, "practice", "wednesday", "--auto", "good-operator", "--speed", "max", "-o", "json").into(t, &o)
	if o.Outcome != "failed" || o.Verdict != "none" || !strings.Contains(o.Reason, "Security Scans is failed: semgrep: 1 finding") {
		t.Errorf("got %+v", o)
	}
	for _, c := range o.Components {
		if c.State != "untouched" {
			t.Errorf("got component %+v", c)
		}
	}
	if o.Score == nil || o.Score.Total != 100 {
		t.Errorf("who stops in time scores %+v", o.Score)
	}
	var list struct {
		Runs []struct {
			Run, Outcome   string
			Started, Ended time.Time
		}
	}
	must(t, exitDone, "runs", "-o", "json").into(t, &list)
	if len(list.Runs) != 1 || list.Runs[0].Run != o.Run || list.Runs[0].Outcome != "failed" || !list.Runs[0].Ended.After(list.Runs[0].Started) {
		t.Errorf("the runs are %+v", list.Runs)
	}
	if text := must(t, exitDone, "runs").out; !strings.Contains(text, "failed        none          2m") {
		t.Errorf("the runs are %s", text)
	}
	if text := must(t, exitDone, "report", o.Run).out; !strings.Contains(text, "Security Scans is failed: semgrep: 1 finding") || strings.Contains(text, "not over") {
		t.Errorf("the report does not say why it ended:\n%s", text)
	}
	must(t, exitDone, "verify", o.Run)
	cards, err := (shelf{&app{}}).Runs()
	if err != nil || len(cards) != 1 || !cards[0].Ended || cards[0].Outcome != run.RunFailed || cards[0].Score == nil || *cards[0].Score != 100 {
		t.Errorf("the shelf has %+v, %v", cards, err)
	}
	if s := must(t, exitFailed, "resume", o.Run, "--auto"); !strings.Contains(s.err, "is over (failed)") {
		t.Errorf("resume says %s", s.err)
	}
}

// The same seed gives the same drill.
func TestPracticeBySeed(t *testing.T) {
	t.Parallel()
	first := thursday()
	again := call("practice", "thursday", "--auto", "good-operator", "--speed", "max", "-o", "json")
	var o outcome
	again.into(t, &o)
	if got, want := strings.ReplaceAll(again.out, o.Run, "RUN"), strings.ReplaceAll(first.out, thursdayRun(t).Run, "RUN"); got != want {
		t.Errorf("the same seed gave another result:\n%s\nbefore:\n%s", got, want)
	}
}

func TestPracticeList(t *testing.T) {
	t.Parallel()
	var list struct {
		Scenarios []struct {
			Name, Title string
			Difficulty  int
		}
	}
	must(t, exitDone, "practice", "--list", "-o", "json").into(t, &list)
	all, err := practice.Scenarios()
	if err != nil || len(list.Scenarios) != len(all) {
		t.Fatalf("got %+v, %v", list, err)
	}
	text := must(t, exitDone, "practice", "--list").out
	for _, s := range list.Scenarios {
		if s.Name == "" || s.Title == "" || s.Difficulty < 1 || !strings.Contains(text, s.Title) {
			t.Errorf("got %+v; the text lists\n%s", s, text)
		}
	}
}

// A drill that a person leaves is over: nobody can go on with it, and it is not called open for ever.
func TestADrillThatIsLeftIsOver(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	must(t, exitDone, "practice", "tuesday", "--plain") // nothing can be read from the terminal, so it leaves
	cards, err := (shelf{&app{}}).Runs()
	if err != nil || len(cards) != 1 || !cards[0].Ended || cards[0].Outcome != run.NeedsPerson || cards[0].Score != nil {
		t.Fatalf("the shelf has %+v, %v", cards, err)
	}
	if text := must(t, exitDone, "report", cards[0].ID).out; !strings.Contains(text, "left before its end") {
		t.Errorf("the report does not say why it ended:\n%s", text)
	}
}
