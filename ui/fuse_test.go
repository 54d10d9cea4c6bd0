package ui

import (
	"reflect"
	"testing"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

func TestFuse(t *testing.T) {
	before := watching()
	m, s := colour(before.scene("watching", "watch"))
	press1(m, "R", "enter", "enter")
	if want := []run.Intent{run.Rollback{}}; !reflect.DeepEqual(s.wanted, want) {
		t.Fatalf("right after R: %v", s.wanted)
	}
	lit := pressing()
	s.pass(50 * time.Millisecond)
	s.tell(m, lit.s)
	press1(m, "R", "enter")
	if len(s.wanted) != 1 {
		t.Fatalf("within 400 ms of R: %v", s.wanted)
	}
	press1(m, "q", "ctrl+c")
	if m.dialog != nil {
		t.Fatal("q left a burning fuse")
	}
	s.pass(400 * time.Millisecond)
	press1(m, "enter")
	if len(s.wanted) != 2 || s.wanted[1] != (run.Burn{}) {
		t.Fatalf("enter: %v", s.wanted)
	}
	press1(m, "esc")
	if len(s.wanted) != 3 || s.wanted[2] != (run.TakeBack{}) {
		t.Fatalf("esc: %v", s.wanted)
	}
}

func TestAFuseThatLightsItselfIsDeafAtFirst(t *testing.T) {
	m, s := colour(watching().scene("watching", "watch"))
	press1(m, "c", "g")
	s.tell(m, pressing().s)
	if m.scope != keys.Rollback || m.dialog != nil {
		t.Fatalf("the rollback did not come to the front: %s", m.scope)
	}
	press1(m, "enter", "esc")
	if len(s.wanted) != 0 {
		t.Fatalf("typed ahead: %v", s.wanted)
	}
	s.pass(grace)
	press1(m, "esc")
	if len(s.wanted) != 1 || s.wanted[0] != (run.TakeBack{}) {
		t.Fatalf("esc: %v", s.wanted)
	}
}

func TestAFuseDoesNotBreakIntoATextField(t *testing.T) {
	m, s := colour(watching().scene("watching", "watch"))
	press1(m, "n")
	typed(m, "load")
	s.tell(m, pressing().s)
	typed(m, "ed")
	press1(m, "enter")
	if want := []run.Intent{run.Note{Text: "loaded"}}; !reflect.DeepEqual(s.wanted, want) {
		t.Fatalf("got %v", s.wanted)
	}
}

func TestTheReasonIsAskedAfterThePatches(t *testing.T) {
	m, s := colour(fuse().scene("fuse", "rollback"))
	s.tell(m, undoing().s)
	if m.dialog != nil {
		t.Fatal("asked before every patch was out")
	}
	s.tell(m, settling().s)
	if m.dialog == nil {
		t.Fatal("did not ask")
	}
	typed(m, "xy")
	press1(m, "esc", "enter")
	if m.dialog == nil || typedSoFar(m.dialog) != "" {
		t.Fatal("a dialog that opened by itself took keys at once")
	}
	s.pass(grace)
	typed(m, "errors on R")
	press1(m, "enter")
	if want := []run.Intent{run.Reason{Text: "errors on R"}}; !reflect.DeepEqual(s.wanted, want) {
		t.Fatalf("got %v", s.wanted)
	}
	s.tell(m, settling().s)
	if m.dialog != nil {
		t.Fatal("asked twice")
	}
}

func TestNothingLeadsAwayFromABurningFuse(t *testing.T) {
	m, s := colour(watching().scene("watching", "watch"))
	press1(m, ":")
	typed(m, "checklist")
	s.tell(m, pressing().s)
	press1(m, "enter")
	for _, key := range []string{"c", "p", "w", "v", "?", "q", "/", ":", "n", "g", "s"} {
		press1(m, key)
		if m.scope != keys.Rollback || m.help || m.dialog != nil || m.inputScope() != keys.Fuse {
			t.Fatalf("%s led away from the fuse, to %s", key, m.scope)
		}
	}
	if len(s.wanted) != 0 {
		t.Fatalf("wanted %v", s.wanted)
	}
}
