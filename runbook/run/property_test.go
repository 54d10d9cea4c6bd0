package run_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// anyIntent draws an intent, for real steps and others.
func anyIntent(t *rapid.T) run.Intent {
	step := rapid.SampledFrom([]string{"ready", "secret", "strict", "later", "config", "roll", "smoke", "notify", "move", "watch", "tell", "report", "nowhere"}).Draw(t, "step")
	return rapid.SampledFrom([]run.Intent{
		run.Start{Step: "roll"},
		run.Start{Step: "move"},
		run.Start{Step: "watch"},
		run.Start{Step: step},
		run.Attest{Step: step, Note: "seen with my own eyes"},
		run.Unattest{Step: step},
		run.Override{Step: step, Reason: "because the test says so"},
		run.Defer{Step: step},
		run.Recheck{},
		run.OpenGate{},
		run.OpenGate{},
		run.Note{Text: "x"},
		run.StatusSent{},
		run.Update{Text: "all is well"},
		run.Approve{Step: step, By: "carol", Words: "go ahead"},
		run.Answer{Step: step, Answers: map[string]string{"size": "large"}},
		run.Start{Step: "config"},
		run.Start{Step: "report"},
		run.Extend{Step: "watch", By: time.Minute},
		run.Freeze{},
		run.Continue{},
		run.Rollback{},
		run.Burn{},
		run.TakeBack{},
		run.Reason{Text: "x"},
		run.GiveUp{Stop: run.Stop{Outcome: run.RunFailed, Why: "x"}},
	}).Draw(t, "intent")
}

// anyChange scripts the world anew.
func anyChange(t *rapid.T, w *runtest.World) {
	component := rapid.SampledFrom([]string{"worker", "api"}).Draw(t, "component")
	step := rapid.SampledFrom([]string{"ready", "secret", "strict", "later", "smoke", "validate"}).Draw(t, "check")
	word := run.Safe(rapid.SampledFrom([]string{"", "", "trouble"}).Draw(t, "word"))
	switch rapid.IntRange(0, 12).Draw(t, "change") {
	case 0:
		w.Checks[step] = rapid.SampledFrom([]run.Status{run.Passed, run.Passed, run.Warn, run.Failed, run.Unknown, run.NotApplicable, ""}).Draw(t, "status")
	case 1:
		w.Silent[step] = word != ""
	case 2:
		w.Holder = word
	case 3:
		w.Refuse[component] = word
	case 4:
		w.Deny[component] = word
	case 5:
		w.Broken[component] = word
	case 6:
		w.Blind[component] = word
	case 7:
		w.Cold[component] = word
	case 8:
		w.Errors = rapid.SampledFrom([]float64{0, 0.1, 40}).Draw(t, "errors")
	case 9:
		w.NoData = word != ""
	case 10:
		w.PodTime = rapid.SampledFrom([]time.Duration{0, time.Minute, time.Hour}).Draw(t, "pods")
	case 11:
		w.Looks[step] = anyLook(t)
	case 12:
		delete(w.Looks, step)
	}
}

// anyLook draws a look with all that it may carry, also what contradicts itself.
func anyLook(t *rapid.T) run.Result {
	statuses := []run.Status{run.Passed, run.Passed, run.Warn, run.Failed, run.Failed, run.Unknown, run.NotApplicable, ""}
	return run.Result{
		Status: rapid.SampledFrom(statuses).Draw(t, "status"), Summary: "drawn",
		Sensor: rapid.SampledFrom([]run.Safe{"", "vault", "registry.example"}).Draw(t, "sensor"), Ill: rapid.IntRange(0, 3).Draw(t, "ill") == 0,
		Pin: rapid.SampledFrom([]run.Safe{"", "", "sha256:a", "sha256:b"}).Draw(t, "pin"), Badness: float64(rapid.IntRange(0, 3).Draw(t, "badness")),
	}
}

// anyLie draws an observation that nobody asked for.
func anyLie(t *rapid.T, s run.State) run.Observation {
	wish := rapid.SampledFrom([]string{"", "x", s.Deploys["move"].Wish, s.Deploys["move"].FreezeWish}).Draw(t, "wish")
	name := rapid.SampledFrom([]string{"worker", "api", "stranger", ""}).Draw(t, "name")
	env := rapid.SampledFrom([]string{"production", "staging", "moon"}).Draw(t, "env")
	step := rapid.SampledFrom([]string{"move", "roll", "secret", "nowhere"}).Draw(t, "step")
	return rapid.SampledFrom([]run.Observation{
		run.Checked{Step: step, Index: rapid.IntRange(-1, 2).Draw(t, "index")},
		run.Preflighted{Step: step},
		run.Armed{Env: env},
		run.LockHeld{Env: env},
		run.LockLost{Env: env},
		run.Progressed{Env: env, Progress: run.Progress{Component: name}},
		run.Patched{Wish: wish, Component: name},
		run.Patched{Wish: wish, Component: name, Refused: true},
		run.Frozen{Wish: wish, Component: name},
		run.Undone{Wish: wish, Component: name, Accepted: true},
		run.BaselineTaken{Step: step, Env: env},
		run.Sampled{Env: env},
		run.WorkFailed{Work: wish},
		run.Acted{Wish: wish, Outcome: run.ActionDone},
		run.Acted{Wish: s.Actions["report"].Wish, Outcome: run.ActionFailed},
		run.Acted{Wish: s.Actions["config"].Wish},
		run.Acting{Wish: s.Actions["config"].Wish},
	}).Draw(t, "lie")
}

// anyRun takes a run through random events; look is called after every input with the State before.
func anyRun(t *rapid.T, from func(testing.TB, ...string) *drive, tb testing.TB, look func(d *drive, before run.State)) *drive {
	d := from(tb)
	before := d.S
	d.Check = func(run.Input) {
		look(d, before)
		before = d.S
	}
	for range rapid.IntRange(1, 25).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "what") {
		case 0, 1, 2, 3:
			d.Want(anyIntent(t))
		case 4, 5, 6:
			anyChange(t, d.World)
		case 7:
			d.See(anyLie(t, d.S))
		}
		d.For(time.Duration(rapid.SampledFrom([]int{0, 1, 15, 60, 150}).Draw(t, "seconds")) * time.Second)
	}
	return d
}

// check keeps the scripted runs, which are long, to a few; -rapid.checks asks for more.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		if err := f.Value.Set("20"); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Value.Set(f.DefValue) }()
	}
	rapid.Check(t, property)
}

var starts = []func(testing.TB, ...string) *drive{begin, inStaging, inProduction, moving, holding, deployed, watching, raising}

func TestLawsOfAnyRun(t *testing.T) {
	check(t, func(rt *rapid.T) {
		from := rapid.SampledFrom(starts).Draw(rt, "from")
		anyRun(rt, from, t, func(d *drive, before run.State) {
			wished := map[string]bool{}
			for _, e := range d.Events {
				switch v := e.Event.(type) {
				case run.Wished:
					wished[v.Wish] = true
				case run.FreezeAsked:
					wished[v.Wish] = true
				case run.RollbackPressed:
					wished[v.Freeze] = true
				case run.FuseBurnt:
					wished[v.Wish] = true
				case run.ActionStarted:
					wished[v.Wish] = true
				case run.ShareWished:
					wished[v.Wish] = true
				case run.FlagsOffAsked:
					for _, step := range v.Steps {
						wished[v.Wish+"/"+step] = true
					}
				}
			}
			obeyWrites(rt, d, wished)
			obeyStatuses(rt, d.S)
			obeyRollback(rt, d)
		})
	})
}

// obeyWrites: no write without its wish, none forward beside a rollback, one at a time in an environment.
func obeyWrites(t *rapid.T, d *drive, wished map[string]bool) {
	writing := map[string]int{}
	back := d.S.Rollback != nil && d.S.Rollback.Stage != run.TakenBack
	for _, w := range run.Wanted(d.S) {
		switch b := w.Body.(type) {
		case run.MoveWork:
			writing[b.Env.Name]++
			if !wished[b.Wish] || back || !d.S.Envs[b.Env.Name].Locked {
				t.Fatalf("%s is wanted: wished %v, rolling back %v", w.ID, wished[b.Wish], back)
			}
		case run.FreezeWork:
			writing[b.Env.Name]++
			if !wished[b.Wish] || b.Thaw && back {
				t.Fatalf("%s is wanted: wished %v, rolling back %v", w.ID, wished[b.Wish], back)
			}
		case run.JobWork:
			obeyAct(t, b.Act, wished, back, writing)
		case run.CommandWork:
			obeyAct(t, b.Act, wished, back, writing)
		case run.FlagsWork:
			if b.Insist && (b.Share != 0 || d.S.Rollback.Burnt.IsZero()) {
				t.Fatalf("%s is wanted before the fuse burnt, or raises flags", w.ID)
			}
			obeyAct(t, b.Act, wished, back && !b.Insist, map[string]int{})
		case run.UndoWork:
			writing[b.Env.Name]++
			if !wished[b.Wish] || d.S.Rollback.Burnt.IsZero() {
				t.Fatalf("%s is wanted before the fuse burnt", w.ID)
			}
		}
	}
	for env, n := range writing {
		if n > 1 {
			t.Fatalf("%d works write to %s: %v", n, env, run.Wanted(d.S))
		}
	}
}

// obeyAct: no act without its wish, none forward beside a rollback.
func obeyAct(t *rapid.T, a run.Act, wished map[string]bool, back bool, writing map[string]int) {
	writing[a.Env.Name]++
	if !wished[a.Wish] || back {
		t.Fatalf("%s is wanted: wished %v, rolling back %v", a.Wish, wished[a.Wish], back)
	}
}

// obeyStatuses: nothing shows passed over a check that did not pass.
func obeyStatuses(t *rapid.T, s run.State) {
	for step := range run.Steps(s.Plan) {
		if s.StepStatus(step.ID) != run.Passed {
			continue
		}
		for i, c := range s.Steps[step.ID].Checks {
			if bad := c.Result.Status == run.Unknown || c.Result.Status == run.Failed; bad && step.Verify[i].FailureThreshold < 2 {
				t.Fatalf("%s shows passed, its last look %s", step.ID, c.Result.Status)
			}
		}
	}
}

// obeyRollback: a fuse that is due has burnt.
func obeyRollback(t *rapid.T, d *drive) {
	if r := d.S.Rollback; r != nil && r.Stage == run.Fusing && !d.At.Before(r.FuseUntil) {
		t.Fatalf("the fuse was due at %s, now it is %s", r.FuseUntil, d.At)
	}
}

func TestRAlwaysLeadsBack(t *testing.T) {
	check(t, func(rt *rapid.T) {
		d := anyRun(rt, rapid.SampledFrom(starts[3:]).Draw(rt, "from"), t, func(*drive, run.State) {})
		if !d.S.Ended.IsZero() || d.S.Rollback != nil && d.S.Rollback.Stage != run.TakenBack {
			return
		}
		d.Want(run.Rollback{})
		d.For(3 * time.Second)
		if len(wants[run.UndoWork](d.S)) == 0 && d.Count(run.UndoSeen{}) == 0 {
			rt.Fatalf("nothing goes back:%s", d.Log())
		}
	})
}

// TestApplyIsPure compares the State before an input with a copy made before it, and two branches with each other.
func TestApplyIsPure(t *testing.T) {
	check(t, func(rt *rapid.T) {
		d := anyRun(rt, rapid.SampledFrom(starts).Draw(rt, "from"), t, func(*drive, run.State) {})
		s, at := d.S, d.At.Add(time.Second)
		was := image(s)
		left := run.Input{At: at, Actor: "alice", Intent: anyIntent(rt)}
		right := run.Input{At: at, Observation: anyLie(rt, s)}
		first := run.Apply(s, run.Decide(s, left)...)
		once := image(first)
		_ = run.Apply(s, run.Decide(s, right)...)
		_ = run.Apply(first, run.Decide(first, right)...)
		if image(s) != was || image(first) != once {
			rt.Fatal("a State changed after it was made")
		}
		if image(run.Apply(s, run.Decide(s, left)...)) != once {
			rt.Fatal("the same input gave another State")
		}
	})
}

// image is a State in full, as text. The plan, which nobody changes, is left out.
func image(s run.State) string {
	s.Plan = nil
	data, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func TestReplayGivesTheSameState(t *testing.T) {
	check(t, func(rt *rapid.T) {
		d := anyRun(rt, rapid.SampledFrom(starts).Draw(rt, "from"), t, func(*drive, run.State) {})
		live, replayed := run.New(runtest.ID, d.S.Plan), run.New(runtest.ID, d.S.Plan)
		for _, e := range d.Events {
			if run.IsVolatile(e.Event) {
				continue
			}
			data, err := json.Marshal(e.Event)
			if err != nil {
				rt.Fatal(err)
			}
			back, err := run.Decode(e.Event.Kind(), data)
			if err != nil {
				rt.Fatal(err)
			}
			again, _ := json.Marshal(back)
			if !bytes.Equal(again, data) {
				rt.Fatalf("%s came back as %s, was %s", e.Event.Kind(), again, data)
			}
			live = run.Apply(live, e)
			replayed = run.Apply(replayed, run.Stamped{At: e.At, Actor: e.Actor, Event: back})
		}
		if image(live) != image(replayed) {
			rt.Fatal("the replayed State differs")
		}
		for id, st := range d.S.Steps {
			if got, want := booked(replayed.Steps[id]), booked(st); got != want {
				rt.Fatalf("%s is %s after the replay, was %s", id, got, want)
			}
		}
		// What the volatile events refresh may differ; what was decided may not.
		for id, want := range map[string]any{
			"phase": d.S.Phase, "acts": d.S.Acts, "outcome": d.S.Outcome, "presses": d.S.Presses,
			"stage": d.S.Deploys["move"].Stage, "wish": d.S.Deploys["move"].Wish, "hold": d.S.Deploys["move"].HoldUntil, "pins": d.S.Envs["production"].Pins,
		} {
			got := map[string]any{
				"phase": replayed.Phase, "acts": replayed.Acts, "outcome": replayed.Outcome, "presses": replayed.Presses,
				"stage": replayed.Deploys["move"].Stage, "wish": replayed.Deploys["move"].Wish, "hold": replayed.Deploys["move"].HoldUntil, "pins": replayed.Envs["production"].Pins,
			}[id]
			if !reflect.DeepEqual(got, want) {
				rt.Fatalf("%s is %v after the replay, was %v", id, got, want)
			}
		}
	})
}

// booked is what of a step has to survive a replay, as text.
func booked(st run.StepState) string {
	text := fmt.Sprint(st.Override != nil, st.Voided != nil, st.Deferred, st.Deferral != nil, st.Attested != nil, st.Na)
	for _, c := range st.Checks {
		h := c.History
		text += fmt.Sprint("; ", c.Status, c.Stale, c.Pin, c.Ill, c.Healed, c.Since, h.Falls, h.Sense, h.Turns, h.Flapping, h.Steady)
		if h.Fall != nil {
			text += fmt.Sprint(h.Fall.At, h.Fall.To, h.Fall.Back)
		}
	}
	return text
}

func TestDecideSurvivesAnything(t *testing.T) {
	check(t, func(rt *rapid.T) {
		d := anyRun(rt, rapid.SampledFrom(starts).Draw(rt, "from"), t, func(*drive, run.State) {})
		for range 10 {
			s := d.S
			var in []run.Stamped
			if rapid.Bool().Draw(rt, "lie") {
				in = run.Decide(s, run.Input{At: d.At, Observation: anyLie(rt, s)})
			} else {
				in = run.Decide(s, run.Input{At: d.At, Intent: anyIntent(rt)})
			}
			if len(in) > 30 {
				rt.Fatalf("%d events from one input: %s", len(in), fmt.Sprint(slices.Collect(kindsOf(in))))
			}
			s = run.Apply(s, in...)
			run.Wanted(s)
			run.Deadline(s)
			run.NextIntent(s, d.At)
			for step := range run.Steps(s.Plan) {
				s.StepStatus(step.ID)
				s.Observed(step.ID)
				s.Folded(step.ID)
				s.LastFall(step.ID)
			}
			s.Sensors()
			d.S = s
		}
	})
}

func kindsOf(events []run.Stamped) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, e := range events {
			if !yield(e.Event.Kind()) {
				return
			}
		}
	}
}
