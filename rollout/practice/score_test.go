package practice

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
)

var (
	badRelease = Expect{Action: RollBack, Within: 10 * time.Minute}
	fine       = Expect{Action: Complete}
	holding    = Expect{Action: Hold}
	notToGo    = Expect{Action: Abort}
	faultAt    = time.Date(2026, 3, 12, 14, 30, 0, 0, time.UTC)
)

func after(d time.Duration) time.Time { return faultAt.Add(d) }

// good is a perfect answer to badRelease.
func good() Performance {
	return Performance{
		FaultAt: faultAt, DetectedAt: after(2 * time.Minute), RolledBackAt: after(3 * time.Minute),
		Outcome: run.RolledBack, Steps: 20, Done: 20, Verified: true,
	}
}

func TestJudge(t *testing.T) {
	with := func(change func(*Performance)) Performance {
		p := good()
		change(&p)
		return p
	}
	calmly := Performance{Outcome: run.Completed, Steps: 20, Done: 20, Verified: true}
	cases := []struct {
		name string
		want Expect
		p    Performance
		is   int
	}{
		{"perfect rollback", badRelease, good(), 100},
		{"perfect calm", fine, calmly, 100},
		{"held during an outage", holding, calmly, 100},
		{"held and left to a person", holding, with(func(p *Performance) {
			p.Outcome, p.DetectedAt, p.RolledBackAt = run.NeedsPerson, time.Time{}, time.Time{}
		}), 100},
		{"stopped before anything went out", notToGo, Performance{Outcome: run.NeedsPerson, Steps: 9, Done: 9}, 100},
		{"a box stopped it", notToGo, Performance{Outcome: run.RunFailed, Steps: 9, Done: 9}, 100},
		{"overridden and then stopped", notToGo, Performance{Outcome: run.NeedsPerson, Steps: 10, Done: 8, Overridden: 2}, 99},
		{"deployed what should not go out", notToGo, Performance{Outcome: run.Completed, Steps: 20, Done: 20, Verified: true, Deployed: true}, 20},
		{"stopped too late", notToGo, Performance{Outcome: run.NeedsPerson, Steps: 12, Done: 12, Deployed: true}, 10},
		{"seen at twice the time there is", badRelease, with(func(p *Performance) { p.DetectedAt, p.RolledBackAt = after(10*time.Minute), after(11*time.Minute) }), 80},
		{"seen half too late", badRelease, with(func(p *Performance) { p.DetectedAt, p.RolledBackAt = after(450*time.Second), after(8*time.Minute) }), 90},
		{"rolled back half too late", badRelease, with(func(p *Performance) { p.RolledBackAt = after(2*time.Minute + 450*time.Second) }), 90},
		{"did not see it at all", badRelease, with(func(p *Performance) {
			p.Outcome, p.DetectedAt, p.RolledBackAt = run.Completed, time.Time{}, time.Time{}
		}), 20},
		{"rolled back before the fault", badRelease, with(func(p *Performance) { p.FaultAt = after(time.Hour) }), 0},
		{"rolled back a good release", fine, with(func(p *Performance) { p.FaultAt = time.Time{} }), 0},
		{"rolled back an outage", holding, good(), 0},
		{"one check skipped", badRelease, with(func(p *Performance) { p.Skipped, p.Done = 1, 19 }), 84},
		{"two overridden", badRelease, with(func(p *Performance) { p.Overridden, p.Done = 2, 18 }), 99},
		{"not verified", badRelease, with(func(p *Performance) { p.Verified = false }), 90},
		{"hints", badRelease, with(func(p *Performance) { p.HintCost = 15 }), 85},
		{"wrong target", badRelease, with(func(p *Performance) { p.WrongTarget = true }), 0},
		{"nothing done", badRelease, Performance{}, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := Judge(c.want, c.p)
			if s.Total != c.is {
				t.Errorf("total %d, want %d: %+v", s.Total, c.is, s.Parts)
			}
		})
	}
}

func TestScoreIsTheSumOfItsParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			if rapid.Bool().Draw(t, "never") {
				return time.Time{}
			}
			return after(time.Duration(rapid.IntRange(0, 7200).Draw(t, "second")) * time.Second)
		})
		p := Performance{
			FaultAt: moment.Draw(t, "fault"), DetectedAt: moment.Draw(t, "detected"), RolledBackAt: moment.Draw(t, "rolled back"),
			Outcome: rapid.SampledFrom([]run.Outcome{run.Completed, run.RolledBack, run.RunFailed, run.NeedsPerson}).Draw(t, "outcome"),
			Steps:   rapid.IntRange(0, 40).Draw(t, "steps"), Done: rapid.IntRange(0, 40).Draw(t, "done"),
			Overridden: rapid.IntRange(0, 5).Draw(t, "overridden"), Skipped: rapid.IntRange(0, 5).Draw(t, "skipped"),
			Verified: rapid.Bool().Draw(t, "verified"), HintCost: rapid.IntRange(0, 30).Draw(t, "hints"),
			WrongTarget: rapid.Bool().Draw(t, "wrong target"),
		}
		s := Judge(rapid.SampledFrom([]Expect{badRelease, fine, holding}).Draw(t, "expect"), p)
		sum, of := 0, 0
		for _, part := range s.Parts {
			sum += part.Points
			of += part.Of
			if part.Points > part.Of {
				t.Fatalf("%+v has more points than there are", part)
			}
		}
		if of != 100 {
			t.Fatalf("the parts are worth %d together", of)
		}
		if s.Total != min(100, max(0, sum)) || p.WrongTarget && s.Total != 0 {
			t.Fatalf("total %d, sum %d", s.Total, sum)
		}
	})
}

func TestScoreAsJSON(t *testing.T) {
	text, err := json.Marshal(Judge(badRelease, good()))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"total":100,"parts":[{"name":"right decision","points":40,"of":40,"why":`
	if !strings.HasPrefix(string(text), want) {
		t.Errorf("got %s", text)
	}
}
