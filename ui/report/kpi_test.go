package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// journaled are the events of a run that a Passage is made of.
func journaled(d *runtest.Drive) (events []run.Stamped) {
	for _, e := range d.Events {
		if slices.Contains(PassageKinds, e.Event.Kind()) {
			events = append(events, e)
		}
	}
	return events
}

// The time to deploy is four moves of ten seconds, whatever was held, frozen and waited for; the rest counts from the
// first value over the line.
func TestPassageOfARollback(t *testing.T) {
	p := PassageOf(runtest.ID, runtest.Begin, journaled(rolledBack(t)))
	if p.Runbook != "small" || p.Environment != "production" || p.Open || !p.Deployed || !p.Finished || !p.RolledBack || p.Succeeded() {
		t.Errorf("got %+v", p)
	}
	if p.Deploy != 40*time.Second {
		t.Errorf("deployed in %s", p.Deploy)
	}
	if p.Detect != time.Minute || p.Back != 15*time.Second || p.Restore < 3*time.Minute || p.Restore > 4*time.Minute {
		t.Errorf("detected after %s, back after %s, restored after %s", p.Detect, p.Back, p.Restore)
	}
}

func TestPassageOfAGoodRun(t *testing.T) {
	d := passed(t)
	p := PassageOf(runtest.ID, runtest.Begin, journaled(d))
	if !p.Succeeded() || p.Deploy != 40*time.Second || p.Detect != 0 || p.Back != 0 || p.Restore != 0 {
		t.Errorf("got %+v; log:%s", p, d.Log())
	}
}

// What takes long because a person has to come is not the deploy's time.
func TestDeployTimeLeavesPeopleOut(t *testing.T) {
	for name, script := range map[string]func(*runtest.Drive, *runtest.World){
		"a refused preflight": func(d *runtest.Drive, w *runtest.World) {
			w.Problems = []run.Safe{"no right to patch"}
			d.Want(run.Start{Step: "move"})
			d.For(time.Hour)
			w.Problems = nil
			d.Want(run.Start{Step: "move"})
		},
		"stuck": func(d *runtest.Drive, w *runtest.World) {
			w.Refuse["worker"] = "somebody changed it"
			d.Want(run.Start{Step: "move"})
			d.For(time.Hour)
			delete(w.Refuse, "worker")
			d.Want(run.Continue{Step: "move"})
		},
		"a fuse that was taken back": func(d *runtest.Drive, w *runtest.World) {
			d.Want(run.Start{Step: "move"})
			d.Until("holding", 5*time.Minute, func(s run.State) bool { return s.Deploys["move"].Stage == run.Holding })
			d.Want(run.Rollback{})
			d.For(time.Second)
			d.Want(run.TakeBack{})
			d.For(time.Hour)
			d.Want(run.Continue{Step: "move"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := runtest.NewWorld()
			d := toProduction(t, w)
			script(d, w)
			d.Until("deployed", 2*time.Hour, func(s run.State) bool { return s.Deploys["move"].Stage == run.DeployDone })
			p := PassageOf(runtest.ID, runtest.Begin, journaled(d))
			if p.Deploy < 40*time.Second || p.Deploy > 50*time.Second || !p.Open || p.RolledBack {
				t.Errorf("deployed in %s, open %v, rolled back %v", p.Deploy, p.Open, p.RolledBack)
			}
		})
	}
}

// A gap in which no process was there counts for nothing.
func TestDeployTimeLeavesGapsOut(t *testing.T) {
	w := runtest.NewWorld()
	d := toProduction(t, w)
	d.Want(run.Start{Step: "move"})
	d.For(3 * time.Second)
	again := runtest.Replayed(t, d.S.Plan, w, d.Events, d.At.Add(5*time.Hour))
	again.Until("deployed", time.Hour, func(s run.State) bool { return s.Deploys["move"].Stage == run.DeployDone })
	p := PassageOf(runtest.ID, runtest.Begin, journaled(again))
	if p.Deploy > 60*time.Second || p.Deploy < 20*time.Second {
		t.Errorf("deployed in %s", p.Deploy)
	}
}

func TestTargets(t *testing.T) {
	for _, c := range []struct {
		title, text string
		measure     Measure
		want        Target
		wrong       string
	}{
		{"Deployment frequency", "multiple times per day", DeploymentFrequency, Target{">=", 2, 1}, ""},
		{"Deployment frequency", "daily", DeploymentFrequency, Target{">=", 1, 1}, ""},
		{"Deployment Frequency", "at least 3 per week", DeploymentFrequency, Target{">=", 3.0 / 7, 7}, ""},
		{"Deploy frequency", "once a month", DeploymentFrequency, Target{">=", 1.0 / 30, 30}, ""},
		{"Deployment frequency", "> 10/day", DeploymentFrequency, Target{">", 10, 1}, ""},
		{"Deployment frequency", "5 deployments per week", DeploymentFrequency, Target{">=", 5.0 / 7, 7}, ""},
		{"Deployment frequency", "on demand", DeploymentFrequency, Target{}, "no frequency"},
		{"Deployment frequency", "> 95%", DeploymentFrequency, Target{}, "no frequency"},
		{"Deployment success rate", "> 95%", SuccessRate, Target{">", 95, 0}, ""},
		{"Success rate", "99.5 percent", SuccessRate, Target{">=", 99.5, 0}, ""},
		{"Success rate", "≥ 99,5 %", SuccessRate, Target{">=", 99.5, 0}, ""},
		{"Success rate", "> 950%", SuccessRate, Target{}, "no share"},
		{"Success rate", "high", SuccessRate, Target{}, "no share"},
		{"Mean time to deploy", "< 15 minutes", TimeToDeploy, Target{"<", 900, 0}, ""},
		{"Mean time to deploy", "under 90s", TimeToDeploy, Target{"<", 90, 0}, ""},
		{"Mean time to deploy", "1.5 hours", TimeToDeploy, Target{"<=", 5400, 0}, ""},
		{"Mean time to deploy", "< 15", TimeToDeploy, Target{}, "no length of time"},
		{"Rollback frequency", "< 5%", RollbackRate, Target{"<", 5, 0}, ""},
		{"Rollback rate", "at most 5%", RollbackRate, Target{"<=", 5, 0}, ""},
		{"Rollback time", "< 1 minute", TimeToRollBack, Target{"<", 60, 0}, ""},
		{"MTTR", "within 1 hour", TimeToRestore, Target{"<=", 3600, 0}, ""},
		{"Mean time to detect", "up to 2 min", TimeToDetect, Target{"<=", 120, 0}, ""},
	} {
		if m := MeasureOf(c.title); m != c.measure {
			t.Errorf("%q is about %q", c.title, m)
		}
		got, err := ParseTarget(c.measure, c.text)
		if c.wrong == "" && (err != nil || got != c.want) {
			t.Errorf("%s %q: %+v, %v", c.measure, c.text, got, err)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong) || !strings.Contains(err.Error(), "write it like")) {
			t.Errorf("%s %q: %+v, %v", c.measure, c.text, got, err)
		}
	}
	for _, title := range []string{"Customer happiness", "", "Cost"} {
		if m := MeasureOf(title); m != "" {
			t.Errorf("%q is about %q", title, m)
		}
	}
}

// many makes deployments: some good, then some rolled back, one a day up to the end.
func many(good, bad int, end time.Time) (list []Passage) {
	for i := range good + bad {
		p := Passage{
			Run: string(rune('a' + i)), Runbook: "deployment", Environment: "production", At: end.Add(-time.Duration(i) * 24 * time.Hour),
			Deployed: true, Finished: true, Outcome: run.Completed, Verdict: run.VerdictPass, Deploy: 10 * time.Minute,
		}
		if i >= good {
			p.RolledBack, p.Outcome, p.Verdict = true, run.RolledBack, run.VerdictFail
		}
		list = append(list, p)
	}
	return list
}

// What rests on too few runs is neither met nor missed, unless it is missed whatever comes.
func TestFindings(t *testing.T) {
	now := runtest.Begin
	kpis := func(string) []runbook.KPI {
		return []runbook.KPI{
			{Title: "Deployment frequency", Target: "daily"},
			{Title: "Success rate", Target: "> 95%"},
			{Title: "Mean time to deploy", Target: "< 15 minutes"},
			{Title: "Rollback frequency", Target: "< 5%"},
			{Title: "Time to detect", Target: "soon"},
			{Title: "Happiness", Target: "high"},
		}
	}
	for _, c := range []struct {
		name                               string
		good, bad                          int
		frequency, success, time, rollback Finding
	}{
		{"none over", 0, 0, "", "", "", ""},
		{"one good", 1, 0, TooFew, TooFew, TooFew, TooFew},
		{"one bad", 0, 1, TooFew, TooFew, TooFew, TooFew},
		{"two of three bad", 1, 2, TooFew, NotMet, TooFew, NotMet},
		{"twenty good", 20, 0, Met, TooFew, Met, TooFew},
		{"twenty-one good", 21, 0, Met, Met, Met, Met},
		{"twenty-one and one", 20, 1, Met, Met, Met, Met},
		{"twenty-one and two", 19, 2, Met, NotMet, Met, NotMet},
	} {
		t.Run(c.name, func(t *testing.T) {
			all := Measured(many(c.good, c.bad, now), now.Add(-30*24*time.Hour), now.Add(time.Hour), kpis)
			if c.good+c.bad == 0 {
				if len(all) != 0 {
					t.Errorf("got %+v", all)
				}
				return
			}
			if len(all) != 1 || all[0].Deployments != c.good+c.bad || all[0].RolledBack != c.bad || all[0].Succeeded != c.good {
				t.Fatalf("got %+v", all)
			}
			for i, want := range []Finding{c.frequency, c.success, c.time, c.rollback, NotTold, NoTarget, NoTarget, NotTold} {
				if k := all[0].KPIs[i]; k.Finding != want || k.Finding == TooFew && k.Why == "" {
					t.Errorf("%s is %s (%s), want %s", k.Title, k.Finding, k.Why, want)
				}
			}
		})
	}
}

// A rollback from another machine's run is the deployment's, runs before the window and open ones do not count as over,
// and each environment has numbers of its own.
func TestMeasuredTellsRunsApart(t *testing.T) {
	now := runtest.Begin
	day := 24 * time.Hour
	good := func(id, env string, at time.Time) Passage {
		return Passage{Run: id, Runbook: "deployment", Environment: env, At: at, Deployed: true, Finished: true, Outcome: run.Completed, Verdict: run.VerdictPass}
	}
	open := good("open", "production", now.Add(-day))
	open.Open, open.Outcome = true, ""
	failing := good("failing", "production", now.Add(-day))
	failing.Verdict = run.VerdictFail
	list := []Passage{
		good("undone", "production", now.Add(-2*day)), good("kept", "production", now.Add(-3*day)), good("old", "production", now.Add(-40*day)),
		good("staged", "staging", now.Add(-day)), open, failing,
		{Run: "way back", Runbook: "deployment", Environment: "production", At: now.Add(-day), Undid: []string{"undone"}, RolledBack: true, Back: 20 * time.Second},
		{Run: "looked", Runbook: "deployment", Environment: "production", At: now.Add(-day), Outcome: run.NeedsPerson},
	}
	all := Measured(list, now.Add(-30*day), now, func(string) []runbook.KPI { return nil })
	if len(all) != 2 || all[0].Environment != "production" || all[1].Environment != "staging" || all[1].Deployments != 1 {
		t.Fatalf("got %+v", all)
	}
	p := all[0]
	if p.Deployments != 4 || p.Succeeded != 1 || p.RolledBack != 1 || p.Failed != 1 || p.Open != 1 {
		t.Errorf("got %+v", p)
	}
	if d := p.Days(); d != 30 {
		t.Errorf("counted for %g days, though older runs are known", d)
	}
	if k := p.KPIs[5]; k.ID != TimeToRollBack || k.Samples != 1 || k.Text != "20s" {
		t.Errorf("got %+v", k)
	}
}

func TestSummarise(t *testing.T) {
	d := rolledBack(t)
	s := Summarise(runtest.ID, []run.Stamped{d.Events[0], d.Events[len(d.Events)-2], d.Events[len(d.Events)-1]})
	if s.Runbook != "small" || s.Environment != "production" || s.Operator != "alice" || s.Outcome != run.RolledBack || s.Verdict != run.VerdictFail || s.Word() != "rolled-back" || s.Took() <= 0 {
		t.Errorf("got %+v", s)
	}
	s = Summarise(runtest.ID, d.Events[:20])
	if !s.Open() || s.Word() != "open" || s.Took() <= 0 {
		t.Errorf("got %+v", s)
	}
	if s := Summarise(runtest.ID, nil); s.Word() != "unreadable" {
		t.Errorf("got %+v", s)
	}
}
