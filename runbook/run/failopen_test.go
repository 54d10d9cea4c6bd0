package run_test

import (
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// TestFailOpenBugsOfOthersAreAbsent goes through ways in which other programs let a deployment go on unproved, each
// named after the report of it. Each script must leave the run in its phase, with nothing written to production. Where
// this version lacks the thing itself, the name says which law is nearest.
func TestFailOpenBugsOfOthersAreAbsent(t *testing.T) {
	tests := []struct {
		name   string
		script func(testing.TB) *drive
	}{
		{"Octopus 2885: retries used up, and the step is skipped", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Refuse["api"] = "forbidden"
			d.Want(run.Start{Step: "roll"})
			for range 20 {
				d.For(time.Minute)
				d.Want(run.Continue{})
			}
			d.Want(run.OpenGate{})
			return d
		}},
		{"Octopus 8719: a time-out bypasses the decision", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.PodTime = 24 * time.Hour
			d.Want(run.Start{Step: "roll"})
			d.For(2 * time.Hour)
			d.Want(run.OpenGate{})
			return d
		}},
		{"Octopus 5208: choosing to fail tries again", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Problems = []run.Safe{"forbidden"}
			d.Want(run.Start{Step: "roll"})
			d.For(time.Second)
			n := d.Count(run.DeployStarted{})
			d.World.Problems = nil
			d.For(time.Hour)
			if d.Count(run.DeployStarted{}) != n {
				t.Error("it tried again by itself")
			}
			d.Want(run.Finish{Reason: "it failed"})
			return d
		}},
		{"Octopus 5797: success is shown before the decision", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Silent["smoke"] = true
			d.Want(run.Start{Step: "roll"})
			d.For(time.Minute)
			d.Want(run.OpenGate{})
			if d.S.Outcome != "" || d.S.StepStatus("smoke").OpensGate() {
				t.Error("it shows a success that nobody saw")
			}
			return d
		}},
		{"Octopus 7454: abort asks twice", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Finish{Reason: "stop"})
			if d.S.Ended.IsZero() {
				t.Error("it asks again")
			}
			return d
		}},
		{"Octopus 1895: a person has twenty minutes (no time-out on a person can be written in this version; there is none)", func(t testing.TB) *drive {
			d := begin(t)
			d.For(24 * time.Hour)
			if !d.S.Ended.IsZero() || d.S.StepStatus("config") != run.Pending {
				t.Error("it decided for the person")
			}
			return d
		}},
		{"kubestellar/console 7293: it goes on after a required failure", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Start{Step: "roll"})
			d.For(time.Minute)
			d.World.Checks["smoke"] = run.Failed
			d.For(15 * time.Second)
			for range 5 {
				d.Want(run.OpenGate{})
				d.For(time.Minute)
			}
			refused(t, d, run.Start{Step: "move"})
			return d
		}},
		{"awx 13465: what timed out can still be clicked (approvals are not in this version; the nearest are a run that ended and a keypress that got no answer)", func(t testing.TB) *drive {
			d := inStaging(t)
			d.World.Silent["secret"], d.World.Silent["smoke"] = true, true
			d.For(time.Minute)
			d.Want(run.Override{Step: "roll", Reason: "left out in this test"})
			d.Want(run.OpenGate{})
			d.For(2 * time.Minute)
			if d.S.Gate != nil {
				t.Error("the keypress still waits")
			}
			d.World.Silent["smoke"] = false
			d.For(time.Hour) // all is well again, and nobody pressed since
			if d.S.Phase != 1 {
				t.Error("a keypress that was denied opened the gate later")
			}
			d.Want(run.Finish{Reason: "stop"})
			for _, i := range []run.Intent{run.OpenGate{}, run.Attest{Step: "notify"}, run.Start{Step: "move"}, run.Override{Step: "smoke", Reason: "after the end"}} {
				refused(t, d, i)
			}
			return d
		}},
		{"runbookdev/runbook: conditions are read and not kept (here: one that cannot be told removes no step; actions that this version lacks do not load)", func(t testing.TB) *drive {
			d := begin(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, when: 'int(steps.config) > 0',")
			d.World.Checks["secret"] = run.Failed
			d.Want(run.Attest{Step: "config"})
			d.For(15 * time.Second)
			shows(t, d, "secret", run.Failed)
			d.Want(run.OpenGate{})
			return d
		}},
		{"Octopus: ignore is offered on a required step (here: overridable: false)", func(t testing.TB) *drive {
			d := begin(t)
			d.World.Checks["strict"] = run.Failed
			d.Want(run.Attest{Step: "config"})
			d.For(15 * time.Second)
			refused(t, d, run.Override{Step: "strict", Reason: "nobody will notice this"})
			refused(t, d, run.Attest{Step: "strict", Note: "I have seen it myself"})
			refused(t, d, run.Defer{Step: "strict"})
			d.Want(run.OpenGate{})
			return d
		}},
		{"braintree/runbook: resume goes on at a remembered place (here: from facts that are looked at again)", func(t testing.TB) *drive {
			d := begin(t)
			d.Want(run.Attest{Step: "config"})
			d.For(15 * time.Second)
			d = resumed(t, d, time.Hour)
			d.World.Checks["secret"] = run.Failed
			d.Want(run.OpenGate{})
			return d
		}},
		{"Shipit 707: what was rolled back is deployed again (here: a run that rolled back moves nothing forward)", func(t testing.TB) *drive {
			d := inStaging(t)
			d.Want(run.Start{Step: "roll"})
			d.Until("deployed to staging", 3*time.Minute, stage("roll", run.DeployDone))
			undone(t, d)
			d.Until("settling", 10*time.Minute, rollbackAt(run.Settling))
			for _, i := range []run.Intent{run.OpenGate{}, run.Start{Step: "roll"}, run.Start{Step: "move"}, run.Continue{}} {
				refused(t, d, i)
			}
			return d
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := test.script(t)
			d.For(5 * time.Minute)
			if d.S.Phase > 1 || !d.S.Envs["production"].Written.IsZero() {
				t.Errorf("it went on to phase %d:%s", d.S.Phase, d.Log())
			}
			for _, w := range d.World.Writes {
				if w.Env == "production" {
					t.Errorf("it wrote %v", w)
				}
			}
		})
	}
}

// TestEveryWayOfNotKnowingKeepsAGateShut: a time-out, used-up retries, a missing right, a worker that died, silence and
// nonsense are told apart, and none of them passes, at the keypress or in an unattended run.
func TestEveryWayOfNotKnowingKeepsAGateShut(t *testing.T) {
	looks := map[string]run.Result{
		"failed":                  failed(1, "bad"),
		"time-out of the look":    {Status: run.Unknown, Summary: "no answer within 5s", Sensor: "vault", Ill: true},
		"retries used up":         {Status: run.Unknown, Summary: "gave up after 5 tries", Sensor: "vault", Ill: true},
		"forbidden":               {Status: run.Unknown, Summary: "forbidden: may not get secrets", Sensor: "vault"},
		"no door to look through": {Status: run.Unknown, Summary: "no Prometheus is named"},
		"an empty answer":         {},
		"a word of no result":     {Status: run.Attested},
		"a pass nobody heard":     {Status: run.Passed, Ill: true},
	}
	for name, look := range looks {
		t.Run(name, func(t *testing.T) {
			d := ready(t)()
			d.World.Looks["strict"] = look
			d.For(15 * time.Second)
			staysShut(t, d)
		})
	}
	t.Run("a worker that died", func(t *testing.T) {
		d := ready(t)()
		d.World.Silent["strict"] = true
		for _, w := range run.Wanted(d.S) {
			if c, ok := w.Body.(run.CheckWork); ok && c.Step == "strict" {
				d.See(run.WorkFailed{Work: w.ID, Err: "a fault in the program"})
			}
		}
		staysShut(t, d)
	})
	t.Run("silence", func(t *testing.T) {
		d := ready(t)()
		d.World.Silent["strict"] = true
		d.For(time.Minute)
		staysShut(t, d)
	})
}

func staysShut(t *testing.T, d *drive) {
	t.Helper()
	if status := d.S.StepStatus("strict"); status.OpensGate() {
		t.Errorf("it shows %s", status)
	}
	for range 3 {
		d.Want(run.OpenGate{})
		d.For(2 * time.Minute)
	}
	if d.S.Phase != 0 || d.Count(run.GateRefused{}) != 3 {
		t.Errorf("phase %d after %d refusals:%s", d.S.Phase, d.Count(run.GateRefused{}), d.Log())
	}
	d.S.Auto = run.PolicyAuto
	if next := run.NextIntent(d.S, d.At.Add(time.Hour)); next.Stop == nil {
		t.Errorf("an unattended run goes on with %+v", next)
	}
}
