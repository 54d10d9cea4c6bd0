package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func TestEveryStatusIsReached(t *testing.T) {
	tests := []struct {
		want run.Status
		step string
		give func(testing.TB) run.State
	}{
		{run.Pending, "config", place(begin)},
		{run.Checking, "roll", func(t testing.TB) run.State {
			d := inStaging(t)
			d.Want(run.Start{Step: "roll"})
			return d.S
		}},
		{run.Passed, "secret", after(func(d *world) {})},
		{run.Warn, "secret", after(func(d *world) { d.Checks["secret"] = run.Warn })},
		{run.Failed, "secret", after(func(d *world) { d.Checks["secret"] = run.Failed })},
		{run.Unknown, "secret", after(func(d *world) { d.Checks["secret"] = run.Unknown })},
		{run.NotApplicable, "secret", func(t testing.TB) run.State {
			return begin(t, "{id: secret, title: Secret,", "{id: secret, title: Secret, when: '1 > 2',").S
		}},
		{run.Drifted, "secret", func(t testing.TB) run.State {
			d := begin(t)
			d.For(15 * time.Second)
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			return d.S
		}},
		{run.Stale, "secret", func(t testing.TB) run.State {
			d := begin(t)
			d.For(15 * time.Second)
			d.World.Silent["secret"] = true
			d.For(time.Minute)
			return d.S
		}},
		{run.Attested, "config", func(t testing.TB) run.State {
			d := begin(t)
			d.Want(run.Attest{Step: "config"})
			return d.S
		}},
		{run.Conflicted, "secret", func(t testing.TB) run.State {
			d := begin(t)
			d.World.Checks["secret"] = run.Unknown
			d.For(15 * time.Second)
			d.Want(run.Attest{Step: "secret", Note: "looked with kubectl"})
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			return d.S
		}},
		{run.Overridden, "secret", func(t testing.TB) run.State {
			d := begin(t)
			d.World.Checks["secret"] = run.Failed
			d.For(15 * time.Second)
			d.Want(run.Override{Step: "secret", Reason: "the key comes later"})
			return d.S
		}},
		{run.Deferred, "later", func(t testing.TB) run.State {
			d := begin(t)
			d.Want(run.Defer{Step: "later"})
			return d.S
		}},
	}
	for _, test := range tests {
		t.Run(string(test.want), func(t *testing.T) {
			if got := test.give(t).StepStatus(test.step); got != test.want {
				t.Errorf("shows %s", got)
			}
		})
	}
}

func TestUnknownIsNoFailureAndOpensNothing(t *testing.T) {
	d := begin(t)
	d.Want(run.Attest{Step: "config"})
	d.For(15 * time.Second)
	for _, step := range []string{"secret", "strict"} {
		d.World.Checks[step] = run.Unknown
		d.For(15 * time.Second)
		shows(t, d, step, run.Unknown)
	}
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Phase != 0 || d.S.Gate != nil {
		t.Errorf("phase %d, gate %v", d.S.Phase, d.S.Gate)
	}
	refused(t, d, run.Attest{Step: "secret", Note: "short"})
	refused(t, d, run.Attest{Step: "strict", Note: "what cannot be overridden is not ticked"})
}

func TestAnAnswerThatIsNoneIsUnknown(t *testing.T) {
	for _, answer := range []run.Status{"", run.Pending, run.Checking, run.Overridden, run.Attested, "fine"} {
		d := begin(t)
		d.World.Checks["secret"] = answer
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Unknown)
	}
}

func TestACheckWithoutAWorkerIsUnknown(t *testing.T) {
	d := begin(t)
	d.World.Silent["secret"] = true
	for _, w := range run.Wanted(d.S) {
		if c, ok := w.Body.(run.CheckWork); ok && c.Step == "secret" {
			d.See(run.WorkFailed{Work: w.ID, Err: "a fault in the program"})
		}
	}
	shows(t, d, "secret", run.Unknown)
	if d.See(run.WorkFailed{Work: "sample/x", Err: "refused"}); d.Count(run.Noted{}) != 1 {
		t.Error("the end of another worker is not noted")
	}
}

func TestWhatWeChangeIsSuspendedAndJudgedAgain(t *testing.T) {
	d := inStaging(t)
	d.For(15 * time.Second)
	shows(t, d, "smoke", run.Pending) // what it sees is the version before
	if said := d.S.Observed("smoke"); !strings.HasSuffix(string(said), "; counts once Roll is done") {
		t.Errorf("it says %q", said)
	}
	d.World.Checks["smoke"] = run.Failed
	d.For(15 * time.Second)
	shows(t, d, "smoke", run.Drifted) // what does not stand is shown all the same
	d.World.PodTime = time.Minute
	d.Want(run.Start{Step: "roll"})
	d.Until("moving", time.Minute, stage("roll", run.InMove))
	d.For(30 * time.Second)
	shows(t, d, "smoke", run.Checking)
	d.Until("done", 2*time.Minute, stage("roll", run.DeployDone))
	shows(t, d, "smoke", run.Checking)
	d.For(time.Second)
	shows(t, d, "smoke", run.Drifted)
}

func TestAConflictRings(t *testing.T) {
	d := begin(t)
	d.World.Checks["secret"] = run.Unknown
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "secret", Note: "looked with kubectl"})
	shows(t, d, "secret", run.Attested)
	d.World.Checks["secret"] = run.Failed
	d.For(15 * time.Second)
	if last := d.S.Log[len(d.S.Log)-1]; !last.Loud {
		t.Errorf("%q does not ring", last.Text)
	}
	d.Want(run.Override{Step: "secret", Reason: "known, and harmless"})
	shows(t, d, "secret", run.Overridden)
}

// TestAContradictedTickCountsNoMore: a sensor that goes blind after it contradicted a hand tick does not make it true.
func TestAContradictedTickCountsNoMore(t *testing.T) {
	for _, overridden := range []bool{false, true} {
		d := begin(t)
		d.World.Checks["secret"] = run.Unknown
		d.For(15 * time.Second)
		d.Want(run.Attest{Step: "secret", Note: "looked with kubectl"})
		d.World.Checks["secret"] = run.Failed
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Conflicted)
		if overridden {
			d.Want(run.Override{Step: "secret", Reason: "known, and harmless"})
			shows(t, d, "secret", run.Overridden)
		}
		d.World.Checks["secret"] = run.Unknown
		d.For(15 * time.Second)
		shows(t, d, "secret", run.Conflicted)
		d.Want(run.Attest{Step: "secret", Note: "looked again, it is there now"})
		shows(t, d, "secret", run.Attested)
		d.World.Checks["secret"] = run.Passed
		d.For(15 * time.Second)
		if !d.S.StepStatus("secret").OpensGate() {
			t.Errorf("it passes and shows %s", d.S.StepStatus("secret"))
		}
	}
}
