package cli

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/politicalsphere/sop/rollout/practice"
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
