package run_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func well(sensor run.Safe) run.Result {
	return run.Result{Status: run.Passed, Summary: "well", Sensor: sensor}
}

// loud are the lines that rang since n lines ago.
func loud(s run.State, n int) (lines []string) {
	for _, l := range s.Log[n:] {
		if l.Loud {
			lines = append(lines, string(l.Text))
		}
	}
	return lines
}

// fed is a run whose boxes ready, secret, strict and slow ask one sensor, and soft another.
func fed(t testing.TB) *drive {
	t.Helper()
	d := begin(t)
	sensorSays(d, well("vault"))
	d.World.Looks["soft"] = well("registry.example")
	d.For(25 * time.Second)
	return d
}

func sensorSays(d *drive, r run.Result) {
	for _, step := range []string{"ready", "secret", "strict", "slow"} {
		d.World.Looks[step] = r
	}
}

func sensor(t testing.TB, s run.State, name run.Safe) run.Sensor {
	t.Helper()
	for _, x := range s.Sensors() {
		if x.Name == name {
			return x
		}
	}
	t.Fatalf("no sensor %s among %+v", name, s.Sensors())
	return run.Sensor{}
}

func TestOneIllSensorIsToldOnce(t *testing.T) {
	d := fed(t)
	if list := d.S.Sensors(); len(list) != 2 || list[0].Name != "vault" || len(list[0].Feeds) != 4 || list[0].Blind != nil || list[0].Heard.IsZero() {
		t.Fatalf("sensors %+v", list)
	}
	heard, lines := sensor(t, d.S, "vault").Heard, len(d.S.Log)
	sensorSays(d, ill("vault"))
	d.For(15 * time.Second)
	v := sensor(t, d.S, "vault")
	if len(v.Blind) != 4 || v.Since.IsZero() || v.Why != "could not look: connection refused" || v.Heard.Before(heard) || !v.Heard.Before(v.Since) {
		t.Errorf("ill %+v", v)
	}
	if rings := loud(d.S, lines); len(rings) != 1 || !strings.Contains(rings[0], "vault does not answer") || len(d.S.Log) != lines+1 {
		t.Errorf("it is told as%s", d.Log())
	}
	for _, step := range []string{"ready", "secret", "strict", "slow"} {
		shows(t, d, step, run.Unknown)
		if root, ok := d.S.Folded(step); !ok || root.Sensor != "vault" || root.Step != "" || root.Why == "" {
			t.Errorf("%s is folded: %v under %+v", step, ok, root)
		}
	}
	if _, ok := d.S.Folded("soft"); ok {
		t.Error("a box that passes is folded")
	}
	d.Want(run.Attest{Step: "config"})
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Phase != 0 {
		t.Error("the gate opened over folded boxes")
	}

	lines = len(d.S.Log)
	sensorSays(d, well("vault"))
	d.For(35 * time.Second)
	if v := sensor(t, d.S, "vault"); v.Blind != nil || !v.Since.IsZero() {
		t.Errorf("well again %+v", v)
	}
	if d.Log(); len(d.S.Log) > lines+2 || len(loud(d.S, lines)) != 0 { // slow needs two good looks, so it tells of its own
		t.Errorf("its return is told as%s", d.Log())
	}
}

func TestAStormOfSilencesRingsOnce(t *testing.T) {
	d := fed(t)
	lines := len(d.S.Log)
	for range 5 {
		sensorSays(d, ill("vault"))
		d.For(15 * time.Second)
		sensorSays(d, well("vault"))
		d.For(25 * time.Second)
	}
	if rings := loud(d.S, lines); len(rings) != 1 {
		t.Errorf("it rang %d times: %q", len(rings), rings)
	}
	d.For(2 * time.Minute)
	sensorSays(d, ill("vault"))
	d.For(15 * time.Second)
	if rings := loud(d.S, lines); len(rings) != 2 {
		t.Errorf("a silence long after does not ring: %q", rings)
	}
}

// TestAFailureBesideAnIllSensorIsNoConsequence: only what is unknown because of the sensor is folded.
func TestAFailureBesideAnIllSensorIsNoConsequence(t *testing.T) {
	d := begin(t, twoChecks...)
	for _, step := range []string{"ready", "strict", "secret/0"} {
		d.World.Looks[step] = ill("vault")
	}
	for name, second := range map[string]run.Result{
		"a failure": failed(1, "bad"), "another sensor": ill("registry.example"), "could not look, but the sensor is well": {Status: run.Unknown, Summary: "forbidden", Sensor: "vault"},
	} {
		d.World.Looks["secret/1"] = second
		d.For(15 * time.Second)
		if root, ok := d.S.Folded("secret"); ok {
			t.Errorf("%s: folded under %+v", name, root)
		}
	}
	d.World.Looks["secret/1"] = passed("well")
	d.For(15 * time.Second)
	if _, ok := d.S.Folded("secret"); !ok {
		t.Error("what is only blind is not folded")
	}
	d.World.Looks["ready"], d.World.Looks["strict"] = well("vault"), well("vault")
	d.For(15 * time.Second)
	if _, ok := d.S.Folded("secret"); ok {
		t.Error("the only blind box is folded under a root that nobody else has")
	}
}

func TestTheHealthOfSensorsIsJournaled(t *testing.T) {
	d := fed(t)
	d.World.Looks["secret"] = run.Result{Status: run.Unknown, Summary: "forbidden", Sensor: "vault"}
	d.For(15 * time.Second)
	n := len(journaled(d))
	d.For(time.Minute)
	if len(journaled(d)) != n {
		t.Error("looks that show nothing new are journaled")
	}
	d.World.Looks["secret"] = ill("vault") // the same status
	d.For(15 * time.Second)
	since := sensor(t, d.S, "vault").Since
	d = resumed(t, d, time.Hour)
	if got := sensor(t, d.S, "vault").Since; !got.Equal(since) || since.IsZero() {
		t.Errorf("ill since %s after a replay, was %s", got, since)
	}
}

func journaled(d *drive) (events []run.Stamped) {
	for _, e := range d.Events {
		if !run.IsVolatile(e.Event) {
			events = append(events, e)
		}
	}
	return events
}

// TestAnIllSensorIsSaidWhileItsBoxIsSuspended: a box that is put off must not look as if all were well with its eyes.
func TestAnIllSensorIsSaidWhileItsBoxIsSuspended(t *testing.T) {
	d := inStaging(t)
	d.World.Looks["smoke"] = well("cluster staging")
	d.For(15 * time.Second)
	d.World.PodTime = time.Minute
	d.World.Looks["smoke"] = ill("cluster staging")
	d.For(15 * time.Second)
	d.Want(run.Start{Step: "roll"})
	d.Until("moving", time.Minute, stage("roll", run.InMove))
	shows(t, d, "smoke", run.Checking)
	if text := string(d.S.Observed("smoke")); !strings.Contains(text, "cluster staging did not answer") {
		t.Errorf("it says %q", text)
	}
	if x := sensor(t, d.S, "cluster staging"); len(x.Blind) != 1 {
		t.Errorf("the sensor counts as well: %+v", x)
	}
}

// inhibiting makes secret the root of strict and soft, and strict that of slow.
var inhibiting = []string{
	"{id: secret, title: Secret, verify", "{id: secret, title: Secret, inhibits: [strict, soft], verify",
	"{id: strict, title: Strict, verify", "{id: strict, title: Strict, inhibits: [slow], verify",
}

func TestConsequencesAreFoldedAndDoNotRing(t *testing.T) {
	d := begin(t, inhibiting...)
	d.For(15 * time.Second)
	lines := len(d.S.Log)
	d.World.Checks["secret"] = run.Failed
	d.For(10 * time.Second)
	for _, step := range []string{"strict", "soft", "slow"} {
		d.World.Checks[step] = run.Failed
	}
	d.For(35 * time.Second)
	for _, step := range []string{"strict", "soft", "slow"} {
		shows(t, d, step, run.Drifted)
		if root, ok := d.S.Folded(step); !ok || root.Step != "secret" || root.Why != "scripted failed" {
			t.Errorf("%s is folded: %v under %+v", step, ok, root)
		}
	}
	if _, ok := d.S.Folded("secret"); ok {
		t.Error("the root is folded")
	}
	if rings := loud(d.S, lines); len(rings) != 1 || !strings.HasPrefix(rings[0], "Secret drifted") {
		t.Errorf("it rang %q", rings)
	}
	d.Want(run.Attest{Step: "config"})
	d.Want(run.Override{Step: "secret", Reason: "the root is known and harmless"})
	d.Want(run.OpenGate{})
	d.For(time.Minute)
	if d.S.Phase != 0 {
		t.Error("the consequences let the gate open")
	}
	if _, ok := d.S.Folded("strict"); ok {
		t.Error("with its root accepted, the box stands folded under nothing")
	}
}

// TestWhatStaysBadAfterItsRootRings: then it was no consequence.
func TestWhatStaysBadAfterItsRootRings(t *testing.T) {
	d := begin(t, inhibiting...)
	d.For(15 * time.Second)
	d.World.Checks["secret"] = run.Failed
	d.For(10 * time.Second)
	d.World.Checks["strict"] = run.Failed
	d.For(15 * time.Second)
	lines := len(d.S.Log)
	d.World.Checks["secret"] = run.Passed
	d.For(10 * time.Second)
	if rings := loud(d.S, lines); len(rings) != 1 || !strings.Contains(rings[0], "not yet: Strict") {
		t.Errorf("it rang %q", rings)
	}
	if _, ok := d.S.Folded("strict"); ok {
		t.Error("it is still folded")
	}
}

func TestABoxOfAClosedPhaseInhibitsNothing(t *testing.T) {
	d := inStaging(t, "{id: soft, title: Soft,", "{id: soft, title: Soft, inhibits: [smoke],")
	d.S = run.Apply(d.S, run.Stamped{At: d.At, Event: run.CheckChanged{Step: "soft", Status: run.Failed, Result: failed(0, "bad")}})
	d.World.Checks["smoke"] = run.Failed
	d.For(15 * time.Second)
	if root, ok := d.S.Folded("smoke"); ok {
		t.Errorf("folded under %+v, which nobody looks at any more", root)
	}
}
