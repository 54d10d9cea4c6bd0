package kube_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// mark is a patch that sets an annotation.
func mark(value string) []byte {
	return fmt.Appendf(nil, `[{"op":"test","path":"/metadata/annotations/none","value":null},{"op":"add","path":"/metadata/annotations/mark","value":%q}]`, value)
}

func (w *world) mark() string {
	w.t.Helper()
	d, err := w.client.AppsV1().Deployments("shop").Get(w.ctx, "api", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return d.Annotations["mark"]
}

func TestPatch(t *testing.T) {
	inWorld(t, func(w *world) {
		d, err := w.cluster.Patch(w.ctx, "api", mark("dry"), kube.PatchOptions{DryRun: true})
		if err != nil || d.Annotations["mark"] != "dry" || w.mark() != "" {
			t.Errorf("dry run: %+v, %v", d, err)
		}
		if _, err := w.cluster.Patch(w.ctx, "api", mark("forward"), kube.PatchOptions{Forward: true}); !errors.Is(err, kube.ErrLockLost) || kube.Unreachable(err) || w.mark() != "" {
			t.Errorf("forward without the lock: %v", err)
		}
		if _, err := w.cluster.Patch(w.ctx, "api", mark("back"), kube.PatchOptions{}); err != nil || w.mark() != "back" {
			t.Errorf("back without the lock: %v", err)
		}
		failing := []byte(`[{"op":"test","path":"/metadata/uid","value":"another"}]`)
		if _, err := w.cluster.Patch(w.ctx, "api", failing, kube.PatchOptions{}); !apierrors.IsInvalid(err) {
			t.Errorf("a failed test: %v", err)
		}
		if _, err := w.cluster.Patch(w.ctx, "none", mark("x"), kube.PatchOptions{}); !apierrors.IsNotFound(err) {
			t.Errorf("a missing one: %v", err)
		}
		w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"patch"}}, Hang: true})
		began := w.clock.Now()
		if _, err := w.cluster.Patch(w.ctx, "api", mark("late"), kube.PatchOptions{}); !kube.Unreachable(err) || w.clock.Now().Sub(began) > 15*time.Second {
			t.Errorf("no answer: %v after %s", err, w.clock.Now().Sub(began))
		}
	})
}

func TestAPatchTriesOnce(t *testing.T) {
	inWorld(t, func(w *world) {
		w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"patch"}}, Status: 429, RetryAfter: time.Second})
		if _, err := w.cluster.Patch(w.ctx, "api", mark("x"), kube.PatchOptions{}); !apierrors.IsTooManyRequests(err) || !kube.Unreachable(err) {
			t.Errorf("overloaded: %v", err)
		}
		n := len(slices.DeleteFunc(w.wire.seen, func(s string) bool { return !strings.HasPrefix(s, "PATCH") }))
		if n != 1 {
			t.Errorf("%d attempts", n)
		}
	})
}

func TestTheWrongClusterIsNotWritten(t *testing.T) {
	inWorld(t, func(w *world) {
		ns, err := w.client.CoreV1().Namespaces().Get(w.ctx, "kube-system", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		right, line := w.open(runbook.Environment{Name: "right", Namespace: "shop", ClusterUID: string(ns.UID)})
		if _, err := right.Patch(w.ctx, "api", mark("right"), kube.PatchOptions{}); err != nil || w.mark() != "right" {
			t.Errorf("the right cluster: %v", err)
		}
		_, _ = right.Patch(w.ctx, "api", mark("right"), kube.PatchOptions{})
		if asked := len(slices.DeleteFunc(line.seen, func(s string) bool { return !strings.Contains(s, "kube-system") })); asked != 1 {
			t.Errorf("the cluster was asked %d times who it is", asked)
		}
		wrong, _ := w.open(runbook.Environment{Name: "wrong", Namespace: "shop", ClusterUID: "another"})
		var is *kube.WrongCluster
		if _, err := wrong.Patch(w.ctx, "api", mark("wrong"), kube.PatchOptions{}); !errors.As(err, &is) || kube.Unreachable(err) || w.mark() != "right" {
			t.Errorf("the wrong cluster: %v", err)
		}
		// Who it is cannot be asked: a rollback goes on, since its patch tests the workload's uid; nothing else does.
		w.server.Forbid(kubeapi.Rule{Resources: []string{"namespaces"}})
		unknown, line := w.open(runbook.Environment{Name: "unknown", Namespace: "shop", ClusterUID: string(ns.UID)})
		line.cut = func(r *http.Request) bool { return strings.Contains(r.URL.Path, "kube-system") }
		if _, err := unknown.Patch(w.ctx, "api", mark("forward"), kube.PatchOptions{Forward: true}); err == nil || w.mark() != "right" {
			t.Errorf("forward to an unknown cluster: %v", err)
		}
		if _, err := unknown.Patch(w.ctx, "api", mark("back"), kube.PatchOptions{}); err != nil || w.mark() != "back" {
			t.Errorf("back on an unknown cluster: %v", err)
		}
	})
}

func isLease(r *http.Request) bool { return strings.Contains(r.URL.Path, "/leases") }

func TestTheLockIsKeptAndGivenBack(t *testing.T) {
	inWorld(t, func(w *world) {
		told, stop := w.keepLock(w.cluster, "alice")
		w.wait(time.Second)
		if told().Token != 1 {
			t.Fatalf("told: %+v", told())
		}
		w.wait(10 * time.Minute)
		if told().Token != 1 {
			t.Errorf("after ten minutes: %+v", told())
		}
		if _, err := w.cluster.Patch(w.ctx, "api", mark("forward"), kube.PatchOptions{Forward: true}); err != nil || w.mark() != "forward" {
			t.Errorf("forward with the lock: %v", err)
		}
		lease, err := w.client.CoordinationV1().Leases("shop").Get(w.ctx, "sop-shop", metav1.GetOptions{})
		if err != nil || *lease.Spec.HolderIdentity != "alice" || lease.Annotations["sop.politicalsphere.dev/head"] != "7:abc" ||
			w.clock.Now().Sub(lease.Spec.RenewTime.Time) > 20*time.Second {
			t.Errorf("lease: %+v, %v", lease, err)
		}
		other, _ := w.open(runbook.Environment{Name: "production", Namespace: "shop"})
		second, _ := w.keepLock(other, "bob")
		w.wait(5 * time.Minute)
		if second().By != "alice" {
			t.Errorf("the second is told: %+v", second())
		}
		if err := other.AwaitLock(w.ctx, time.Second); !errors.Is(err, kube.ErrLockLost) {
			t.Errorf("the second waits: %v", err)
		}
		stop()
		w.wait(5 * time.Second)
		if second().Token != 2 {
			t.Errorf("after the lock was given back: %+v", second())
		}
		if err := other.AwaitLock(w.ctx, time.Second); err != nil {
			t.Errorf("the second has it: %v", err)
		}
	})
}

// P4: the write of a holder whose lock has gone to somebody else is rejected.
func TestAStaleHolderCannotWrite(t *testing.T) {
	inWorld(t, func(w *world) {
		told, _ := w.keepLock(w.cluster, "alice")
		w.wait(time.Second)
		w.wire.cut = isLease // alice can reach all but the lock
		other, _ := w.open(runbook.Environment{Name: "production", Namespace: "shop"})
		second, _ := w.keepLock(other, "bob")
		for second().Token == 0 {
			if w.clock.Now().Sub(time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)) > 5*time.Minute {
				t.Fatal("the second never got the lock")
			}
			w.wait(100 * time.Millisecond)
		}
		if _, err := w.cluster.Patch(w.ctx, "api", mark("stale"), kube.PatchOptions{Forward: true}); !errors.Is(err, kube.ErrLockLost) || w.mark() != "" {
			t.Errorf("the stale holder wrote: %v", err)
		}
		if told().Token != 0 || told().Err == nil {
			t.Errorf("the stale holder is told: %+v", told())
		}
		if _, err := other.Patch(w.ctx, "api", mark("new"), kube.PatchOptions{Forward: true}); err != nil || w.mark() != "new" {
			t.Errorf("the new holder: %v", err)
		}
		w.wire.cut = nil
		w.wait(time.Minute)
		if told().By != "bob" {
			t.Errorf("back on the network it is told: %+v", told())
		}
	})
}

func TestADeadLock(t *testing.T) {
	for _, c := range []struct {
		name string
		next string
		min  time.Duration
		max  time.Duration
	}{
		{"of the same run", "alice", 0, time.Second},
		{"of another run", "bob", time.Minute, 70 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				_, stop := w.keepLock(w.cluster, "alice")
				w.wait(time.Second)
				w.wire.cut = isLease
				stop() // it cannot give the lock back
				other, _ := w.open(runbook.Environment{Name: "production", Namespace: "shop"})
				began := w.clock.Now()
				told, _ := w.keepLock(other, c.next)
				for told().Token == 0 && w.clock.Now().Sub(began) < 5*time.Minute {
					w.wait(100 * time.Millisecond)
				}
				if took := w.clock.Now().Sub(began); told().Token != 2 || took < c.min || took > c.max {
					t.Errorf("token %d after %s", told().Token, took)
				}
			})
		})
	}
}

func TestAStolenLockIsLost(t *testing.T) {
	inWorld(t, func(w *world) {
		told, _ := w.keepLock(w.cluster, "alice")
		w.wait(time.Second)
		leases := w.client.CoordinationV1().Leases("shop")
		lease, err := leases.Get(w.ctx, "sop-shop", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		thief := "thief"
		lease.Spec.HolderIdentity, lease.Annotations = &thief, nil
		*lease.Spec.LeaseTransitions++
		if _, err := leases.Update(w.ctx, lease, metav1.UpdateOptions{}); err != nil {
			t.Fatal(err)
		}
		w.wait(25 * time.Second)
		if told().By != "thief" {
			t.Errorf("told: %+v", told())
		}
		if _, err := w.cluster.Patch(w.ctx, "api", mark("stale"), kube.PatchOptions{Forward: true}); !errors.Is(err, kube.ErrLockLost) {
			t.Errorf("it wrote: %v", err)
		}
	})
}
