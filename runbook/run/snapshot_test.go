package run_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

func openedGate(t testing.TB, d *drive) run.GateOpened {
	t.Helper()
	for _, e := range d.Events {
		if g, ok := e.Event.(run.GateOpened); ok {
			return g
		}
	}
	t.Fatalf("the gate did not open:%s", d.Log())
	return run.GateOpened{}
}

func box(t testing.TB, g run.GateOpened, step string) run.BoxFact {
	t.Helper()
	for _, f := range g.Snapshot {
		if f.Step == step {
			return f
		}
	}
	t.Fatalf("%s is not in the snapshot", step)
	return run.BoxFact{}
}

// TestTheSnapshotHoldsEveryFactBehindAGate: who reads the journal later sees what the person saw at the keypress.
func TestTheSnapshotHoldsEveryFactBehindAGate(t *testing.T) {
	d := begin(t, twoChecks...)
	d.World.Looks["ready"] = run.Result{
		Status: run.Passed, Summary: "4 of 4 pods", Sensor: "cluster testbed", Pin: "sha256:a", Evidence: []run.Evidence{
			{Observed: "4", Expected: "4", Source: "Deployment production/api", Query: "GET /apis/apps/v1/…", ResourceVersion: "4711"},
			{Observed: "more", ResourceVersion: "4712"},
		},
	}
	d.World.Looks["secret/1"] = failed(2, "2 keys are missing")
	d.World.Looks["later"] = failed(1, "not yet")
	d.For(15 * time.Second)
	d.Want(run.Attest{Step: "config", Note: "compared both"})
	d.Want(run.Override{Step: "secret", Reason: "the keys come with the next sync"})
	d.Want(run.Defer{Step: "later", Note: "the index is still being built"})
	d.For(5 * time.Second)
	openGate(d, 1, t)
	g := openedGate(t, d)

	ready := box(t, g, "ready")
	if len(ready.Checks) != 1 || ready.Status != run.Passed || ready.Optional {
		t.Fatalf("ready %+v", ready)
	}
	want := run.CheckFact{
		Kind: "workload", Status: run.Passed, Observed: "4 of 4 pods", Expected: "4", Seen: ready.Checks[0].Seen, Source: "Deployment production/api",
		ResourceVersion: "4711", Query: "GET /apis/apps/v1/…", Sensor: "cluster testbed", Pin: "sha256:a",
	}
	if ready.Checks[0] != want || want.Seen.IsZero() {
		t.Errorf("got %+v, want %+v", ready.Checks[0], want)
	}
	secret := box(t, g, "secret")
	if o := secret.Override; secret.Status != run.Overridden || o == nil || o.By != "alice" || o.Reason == "" || o.At.IsZero() || o.Checks[1].Badness != 2 {
		t.Errorf("secret %+v %+v", secret, secret.Override)
	}
	if secret.Checks[1].Status != run.Failed || secret.Checks[1].Observed != "2 keys are missing" {
		t.Errorf("the overridden value is not in the snapshot: %+v", secret.Checks)
	}
	if a := box(t, g, "config").Attested; a == nil || a.By != "alice" || a.Note != "compared both" {
		t.Errorf("config %+v", a)
	}
	if f := box(t, g, "later").Deferred; f == nil || f.By != "alice" || f.To != "after" || f.Note != "the index is still being built" || f.At.IsZero() {
		t.Errorf("later %+v", f)
	}
	if !box(t, g, "soft").Optional || g.Cut != 0 || g.Whole != "" {
		t.Errorf("soft %+v, cut %d", box(t, g, "soft"), g.Cut)
	}
	if sum(t, again(t, g).Snapshot) != g.Hash {
		t.Error("the hash is not that of the snapshot in the journal")
	}
}

// again is a gate as it comes back from the journal.
func again(t testing.TB, g run.GateOpened) run.GateOpened {
	t.Helper()
	data, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	e, err := run.Decode(g.Kind(), data)
	if err != nil {
		t.Fatal(err)
	}
	return e.(run.GateOpened)
}

func sum(t testing.TB, v any) string {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

// largest is a run in which every box of a gate has as much to say as can be.
func largest(t testing.TB, steps, checks int) *drive {
	t.Helper()
	long := run.MakeSafe(strings.Repeat("a long and <winding> \"text\" ", 200), run.SafeMax)
	d := runtest.Start(t, runtest.Large(t, steps, checks), runtest.NewWorld())
	for i := range steps {
		r := run.Result{Status: run.Passed, Summary: long, Sensor: long, Pin: long}
		for range 4 {
			r.Evidence = append(r.Evidence, run.Evidence{Observed: long, Expected: long, Source: long, Query: long, ResourceVersion: "123456789"})
		}
		if i%2 == 0 {
			r.Status = run.Failed
		}
		d.World.Looks[runtest.LargeStep(i)] = r
	}
	d.For(20 * time.Second)
	for i := 0; i < steps; i += 2 {
		d.Want(run.Override{Step: runtest.LargeStep(i), Reason: string(long)})
	}
	openGate(d, 1, t)
	return d
}

func TestTheLargestGateFitsIntoARecord(t *testing.T) {
	g := openedGate(t, largest(t, 40, 4))
	data, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 56<<10 {
		t.Errorf("%d bytes", len(data))
	}
	if len(g.Snapshot) != 40 || g.Hash != sum(t, g.Snapshot) || len(g.Whole) != 64 || g.Whole == g.Hash || g.Cut == 0 {
		t.Errorf("%d boxes, hash %q, whole %q, %d texts cut", len(g.Snapshot), g.Hash, g.Whole, g.Cut)
	}
	for _, f := range g.Snapshot {
		if len(f.Whole) != 64 || f.Seen.IsZero() || f.Status == "" {
			t.Fatalf("a shortened box does not say so: %+v", f)
		}
	}
	f := g.Snapshot[0]
	if len(f.Checks) != 4 || f.Override == nil || f.Override.By != "alice" || f.Override.Reason == "" || f.Checks[0].Observed == "" {
		t.Errorf("more is lost than need be: %+v", f)
	}
	if !bytes.Contains(data, []byte("…")) {
		t.Error("a shortened text does not look shortened")
	}
}

// TestAShortenedSnapshotStillTellsRunsApart: what differs only where it was cut has another hash.
func TestAShortenedSnapshotStillTellsRunsApart(t *testing.T) {
	gate := func(end run.Safe) run.GateOpened {
		d := runtest.Start(t, runtest.Large(t, 40, 1), runtest.NewWorld())
		for i := range 40 {
			d.World.Looks[runtest.LargeStep(i)] = run.Result{Status: run.Passed, Summary: run.Safe(strings.Repeat("x", 4000)) + end}
		}
		d.For(20 * time.Second)
		openGate(d, 1, t)
		return openedGate(t, d)
	}
	a, b := gate("a"), gate("b")
	if a.Whole == b.Whole || a.Snapshot[0].Whole == b.Snapshot[0].Whole || a.Cut == 0 {
		t.Error("two different gates have the same hash")
	}
}
