package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func raised(runID, runbook, step string, share int) run.RaisedFlags {
	return run.RaisedFlags{Run: runID, Runbook: runbook, Step: step, Title: run.Safe(step), ConfigMap: "flags", Flags: []run.Safe{"lobby"}, Share: share}
}

// noted are the notes that stand, as run/step:share.
func noted(w *world) string {
	notes, err := w.cluster.RaisedFlags(w.ctx)
	if err != nil {
		w.t.Error(err)
	}
	var list []string
	for _, n := range notes {
		list = append(list, n.Run+"/"+n.Step+":"+string(rune('0'+n.Share)))
	}
	return strings.Join(list, " ")
}

func TestNotesAboutRaisedFlags(t *testing.T) {
	inWorld(t, func(w *world) {
		must := func(err error, want string) {
			t.Helper()
			if got := noted(w); err != nil || got != want {
				t.Errorf("%v; noted %q, want %q", err, got, want)
			}
		}
		must(nil, "") // there is no Lease yet
		must(w.cluster.ForgetRaised(w.ctx, raised("A", "mine", "one", 0)), "")
		must(w.cluster.NoteRaised(w.ctx, raised("A", "mine", "one", 1), false), "A/one:1")
		must(w.cluster.NoteRaised(w.ctx, raised("A", "mine", "one", 2), false), "A/one:2")
		must(w.cluster.NoteRaised(w.ctx, raised("A", "mine", "two", 1), false), "A/one:2 A/two:1")
		must(w.cluster.NoteRaised(w.ctx, raised("O", "other", "one", 1), false), "A/one:2 A/two:1 O/one:1")
		must(w.cluster.ForgetRaised(w.ctx, raised("A", "mine", "one", 0)), "A/two:1 O/one:1")
		must(w.cluster.NoteRaised(w.ctx, raised("B", "mine", "one", 1), false), "O/one:1 B/one:1") // a newer run's take the place
		if err := w.cluster.NoteRaised(w.ctx, raised("B", "mine", "one", 2), true); err == nil {
			t.Error("noted without the lock")
		}
		_, stop := w.keepLock(w.cluster, "B")
		defer stop()
		if err := w.cluster.AwaitLock(w.ctx, time.Minute); err != nil {
			t.Fatal(err)
		}
		must(w.cluster.NoteRaised(w.ctx, raised("B", "mine", "one", 2), true), "O/one:1 B/one:2")
		w.wait(5 * time.Minute)
		must(nil, "O/one:1 B/one:2") // the renewals have kept it
		if err := w.cluster.AwaitLock(w.ctx, time.Second); err != nil {
			t.Errorf("the note cost the lock: %v", err)
		}
	})
}

func TestNotesThatCannotBeRead(t *testing.T) {
	inWorld(t, func(w *world) {
		if err := w.cluster.NoteRaised(w.ctx, raised("A", "mine", "one", 1), false); err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{"no JSON", "[" + strings.Repeat(" ", 20<<10) + "]"} {
			patch := `{"metadata":{"annotations":{"` + kube.Prefix + `flags":"` + text + `"}}}`
			if _, err := w.client.CoordinationV1().Leases("shop").Patch(w.ctx, "sop-shop", types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
				t.Fatal(err)
			}
			if notes, err := w.cluster.RaisedFlags(w.ctx); err == nil || len(notes) > 0 {
				t.Errorf("%.20s was read as %v", text, notes)
			}
		}
		if err := w.cluster.NoteRaised(w.ctx, raised("B", "mine", "one", 1), false); err != nil || noted(w) != "B/one:1" {
			t.Errorf("%v, noted %s", err, noted(w))
		}
		many := raised("B", "mine", "many", 1)
		for range 2000 {
			many.Flags = append(many.Flags, "a-flag-with-a-name")
		}
		if err := w.cluster.NoteRaised(w.ctx, many, false); err == nil || !strings.Contains(err.Error(), "fewer flags") {
			t.Errorf("a note that nobody would read: %v", err)
		}
		w.server.Forbid(kubeapi.Rule{Resources: []string{"leases"}})
		if _, err := w.cluster.RaisedFlags(w.ctx); err == nil || !strings.Contains(err.Error(), "forbidden") {
			t.Errorf("without the right: %v", err)
		}
	})
}
