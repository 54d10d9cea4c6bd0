package rollout_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func TestCanaryHoldsAndEnds(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		before := w.deployment("api").Spec
		pins := w.pins(true, api)
		w.lock()
		w.follow(api)
		held := func(n int) func(run.Progressed) bool {
			return seen(func(p run.Progress) bool { return p.UpdatedReady == n && p.OldReady == 4 })
		}
		w.moved(w.work("one", 0, 5, pins, api))
		await(w, "one canary pod", held(1))
		w.wait(20 * time.Minute)
		if d := w.deployment("api"); d.Status.UpdatedReplicas != 1 || d.Status.Replicas != 5 {
			t.Errorf("after a long hold: %d of %d pods are new", d.Status.UpdatedReplicas, d.Status.Replicas)
		}
		w.moved(w.work("half", 1, 50, pins, api))
		await(w, "two canary pods", held(2))
		w.moved(w.work("finish", 2, 100, pins, api))
		await(w, "the end", seen(func(p run.Progress) bool { return p.Condition == run.Done && p.Total == 4 && p.UpdatedReady == 4 }))

		d := w.deployment("api")
		if d.Spec.MinReadySeconds != before.MinReadySeconds || *d.Spec.ProgressDeadlineSeconds != *before.ProgressDeadlineSeconds ||
			d.Spec.Strategy.RollingUpdate.MaxSurge.String() != before.Strategy.RollingUpdate.MaxSurge.String() {
			t.Errorf("the pace was not put back: %+v", d.Spec)
		}
		found, err := w.worker.FindPins(w.ctx, w.env, []runbook.Component{api})
		if err != nil || len(found) != 1 || found[0].Hash != pins[0].Hash || found[0].Guess || found[0].Run != "r1" {
			t.Errorf("the pin found on the workload: %+v, %v", found, err)
		}
	})
}

func TestMoveIsDoneOnceAndOnlyOnWhatWasSeen(t *testing.T) {
	for _, c := range []struct {
		name    string
		before  func(w *world) // after the first share
		move    func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork
		already bool
		refused string
	}{
		{
			name: "same wish", already: true,
			move: func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork {
				return w.work("one", 0, 25, pins, api)
			},
		},
		{
			name: "stale fence", refused: "fence",
			move: func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork {
				return w.work("two", 0, 50, pins, api)
			},
		},
		{
			name: "paused", refused: "paused", before: func(w *world) { w.patch("api", `{"spec":{"paused":true}}`) },
			move: func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork {
				return w.work("two", 1, 50, pins, api)
			},
		},
		{
			name: "made anew", refused: "made anew",
			move: func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork {
				pins[0].UID = "another"
				return w.work("two", 1, 50, pins, api)
			},
		},
		{
			name: "scaled meanwhile", before: func(w *world) { w.patch("api", `{"spec":{"replicas":6}}`) },
			move: func(w *world, pins []run.Pin, api runbook.Component) run.MoveWork {
				return w.work("two", 1, 50, pins, api)
			},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				api := w.component("api", "v2")
				pins := w.pins(true, api)
				w.lock()
				w.moved(w.work("one", 0, 25, pins, api))
				if c.before != nil {
					c.before(w)
				}
				generation := w.deployment("api").Generation
				got := w.move(c.move(w, pins, api))[0]
				if got.Already != c.already || got.Refused != (c.refused != "") || !strings.Contains(string(got.Err), c.refused) {
					t.Errorf("move: %+v", got)
				}
				wrote := w.deployment("api").Generation != generation
				if wrote == (c.already || c.refused != "") {
					t.Errorf("it wrote: %t", wrote)
				}
			})
		})
	}
}

func TestMoveOfSomethingElseIsRefused(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		pins := w.pins(false, api)
		w.lock()
		w.patch("api", `{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v9"}]}}}}`)
		if got := w.move(w.work("one", 0, 100, pins, api))[0]; !got.Refused || !strings.Contains(string(got.Err), "v9") {
			t.Errorf("a move of what somebody else has moved: %+v", got)
		}
	})
}

func TestMoveToTheSameImageWritesNothing(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v1")
		pins := w.pins(true, api)
		if got := w.move(w.work("one", 0, 25, pins, api))[0]; !got.Already {
			t.Errorf("move: %+v", got)
		}
		if rollout.MarkOf(w.deployment("api")).Fence != 0 {
			t.Error("it wrote")
		}
	})
}

func isPatch(r *http.Request) bool { return r.Method == http.MethodPatch }

func TestLostAnswersAreNotRepeated(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		pins := w.pins(false, api)
		w.lock()
		lost := 0
		w.wire.lose = func(r *http.Request) bool { lost++; return isPatch(r) && lost < 3 }
		lost = 0
		if got := w.move(w.work("one", 0, 100, pins, api))[0]; !got.Already || got.Err != "" {
			t.Errorf("move: %+v", got)
		}
		if f := rollout.MarkOf(w.deployment("api")).Fence; f != 1 {
			t.Errorf("the move was written %d times", f)
		}
		lost = 0
		if got := w.undo("back", pins); !got[len(got)-1].Accepted {
			t.Errorf("undo: %+v", got)
		}
		if f := rollout.MarkOf(w.deployment("api")).Fence; f != 2 {
			t.Errorf("the fence after one rollback: %d", f)
		}
	})
}

func TestUndoInTheMiddleOfACanary(t *testing.T) {
	inWorld(t, func(w *world) {
		all := []runbook.Component{w.component("api", "v2-crash"), w.component("web", "v2-missing"), w.component("worker", "v2")}
		pins := w.pins(true, all...)
		w.lock()
		w.follow(all...)
		w.moved(w.work("one", 0, 25, pins, all...))
		await(w, "a crash loop with its last words", seen(func(p run.Progress) bool {
			return p.Component == "api" && strings.Contains(string(p.Stuck), "CrashLoopBackOff") && strings.Contains(string(p.Stuck), "no config ^[[31m")
		}))
		await(w, "a missing image", seen(func(p run.Progress) bool {
			return p.Component == "web" && strings.Contains(string(p.Stuck), "ImagePull")
		}))
		for _, u := range w.undo("back", pins) {
			if !u.Accepted || u.Already || u.Err != "" || u.Fence != 2 || u.AfterMs > 1000 {
				t.Errorf("undo: %+v", u)
			}
		}
		for _, pin := range pins {
			await(w, pin.Component+" back", back(pin))
		}
		for _, u := range w.undo("again", pins) {
			if !u.Accepted || !u.Already {
				t.Errorf("undo of what is back: %+v", u)
			}
		}
	})
}

func TestUndoOfOneFailingDoesNotStopTheOthers(t *testing.T) {
	inWorld(t, func(w *world) {
		all := []runbook.Component{w.component("api", "v2"), w.component("web", "v2")}
		pins := w.pins(false, all...)
		w.lock()
		w.follow(all...)
		w.moved(w.work("one", 0, 100, pins, all...))
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Names: []string{"web"}})
		w.forget()
		w.beside(w.side, run.UndoWork{Wish: "back", Run: "r1", Env: w.env, Pins: pins, Burnt: w.clock.Now()})
		await(w, "api accepted", func(u run.Undone) bool { return u.Component == "api" && u.Accepted })
		await(w, "web forbidden", func(u run.Undone) bool { return u.Component == "web" && strings.Contains(string(u.Err), "forbidden") })
		await(w, "api back", back(pins[0]))
		lift()
		await(w, "web accepted", func(u run.Undone) bool { return u.Component == "web" && u.Accepted && u.Err == "" })
		await(w, "web back", back(pins[1]))
	})
}

func TestUndoOvertakesAForwardPatch(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		pins := w.pins(false, api)
		w.lock()
		w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"patch"}}, Latency: 5 * time.Second, Times: 1})
		w.beside(w.side, w.work("slow", 0, 100, pins, api))
		w.wait(time.Second) // the forward patch is on its way
		if u := w.undo("back", pins); !u[0].Accepted || u[0].Fence != 1 {
			t.Fatalf("undo: %+v", u)
		}
		got := await(w, "the forward patch's end", func(run.Patched) bool { return true })
		if !got.Refused || w.deployment("api").Spec.Template.Spec.Containers[0].Image != pins[0].Image {
			t.Errorf("a forward patch landed after the rollback: %+v", got)
		}
	})
}

func TestFreezeAndUndo(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		pins := w.pins(true, api)
		w.lock()
		w.follow(api)
		w.moved(w.work("one", 0, 25, pins, api))
		for _, thaw := range []bool{false, true, false, false} {
			w.forget()
			f := result[run.Frozen](w, w.side, run.FreezeWork{Wish: "f", Run: "r1", Env: w.env, Targets: []runbook.Component{api}, Thaw: thaw})
			if len(f) != 1 || f[0].Err != "" || w.deployment("api").Spec.Paused == thaw {
				t.Fatalf("freeze (thaw %t): %+v", thaw, f)
			}
		}
		w.undo("back", pins)
		await(w, "back", back(pins[0]))
	})
}

// Steps that write beside the rollout.
var (
	restore = runbook.Step{Title: "Restore", Job: &runbook.Job{CronJob: "db-restore"}}
	raise   = runbook.Step{Title: "Raise the flags", Flags: &runbook.Flags{ConfigMap: runbook.ConfigMapKey{Name: "flags"}}}
)

func TestArmedOnlyIfFlagsCanBeTurnedOff(t *testing.T) {
	inWorld(t, func(w *world) {
		pins := w.pins(false, w.component("api", "v2"))
		w.beside(w.side, run.ArmWork{Env: w.env, Pins: pins, Needs: []run.Need{{Step: raise}}})
		await(w, "armed", func(a run.Armed) bool { return a.OK })
		w.forget()
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"configmaps"}})
		await(w, "no right", func(a run.Armed) bool {
			return !a.OK && strings.Contains(string(a.Why), "no right to patch configmaps flags in namespace shop")
		})
		lift()
		await(w, "armed again", func(a run.Armed) bool { return a.OK })
	})
}

func TestArmedIsProvedAgain(t *testing.T) {
	inWorld(t, func(w *world) {
		api := w.component("api", "v2")
		pins := w.pins(false, api)
		w.lock()
		w.beside(w.side, run.ArmWork{Env: w.env, Pins: pins})
		await(w, "armed", func(a run.Armed) bool { return a.OK })
		w.moved(w.work("one", 0, 100, pins, api))
		w.wait(time.Minute)
		w.forget()
		lift := w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"deployments"}})
		await(w, "no right", func(a run.Armed) bool { return !a.OK && strings.Contains(string(a.Why), "patch") })
		lift()
		await(w, "armed again", func(a run.Armed) bool { return a.OK })
		w.forget()
		sets := w.client.AppsV1().ReplicaSets("shop")
		if err := sets.Delete(w.ctx, pins[0].ReplicaSet, metav1.DeleteOptions{}); err != nil {
			t.Fatal(err)
		}
		asked := w.clock.Now()
		await(w, "the revision gone", func(a run.Armed) bool { return !a.OK && strings.Contains(string(a.Why), "not found") })
		if took := w.clock.Now().Sub(asked); took > 5*time.Second {
			t.Errorf("it took %s to notice that the revision is gone", took)
		}
	})
}

func TestFindPins(t *testing.T) {
	inWorld(t, func(w *world) {
		api, web := w.component("api", "v2"), w.component("web", "v2")
		pins := w.pins(false, api)
		w.lock()
		w.moved(w.work("one", 0, 100, pins, api))
		w.patch("web", `{"spec":{"template":{"spec":{"containers":[{"name":"web","image":"registry.example/web:v2"}]}}}}`)
		w.wait(time.Minute)
		found, err := w.worker.FindPins(w.ctx, w.env, []runbook.Component{api, web, w.component("worker", "v2"), w.component("none", "v2")})
		if err == nil || !strings.Contains(err.Error(), "worker") || !strings.Contains(err.Error(), "none") || len(found) != 2 {
			t.Fatalf("found %+v, %v", found, err)
		}
		if found[0].ReplicaSet != pins[0].ReplicaSet || found[0].Guess {
			t.Errorf("api: %+v", found[0])
		}
		if found[1].Image != "registry.example/web:v1" || !found[1].Guess {
			t.Errorf("web: %+v", found[1])
		}
		for _, u := range w.undo("back", found) {
			if !u.Accepted {
				t.Errorf("undo to what was found: %+v", u)
			}
		}
		w.patch("api", `{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v3"}]}}}}`)
		w.wait(time.Minute)
		if found, err := w.worker.FindPins(w.ctx, w.env, []runbook.Component{api}); err != nil || !found[0].Guess {
			t.Errorf("a pin that somebody else's deploy has outdated: %+v, %v", found, err)
		}
	})
}

func TestPreflight(t *testing.T) {
	for _, c := range []struct {
		name                   string
		before                 func(w *world)
		problem, unknown, note string
		pins                   int
	}{
		{name: "healthy", pins: 1},
		{name: "paused", before: func(w *world) { w.patch("api", `{"spec":{"paused":true}}`); w.wait(time.Second) }, problem: "paused"},
		{name: "no history", before: func(w *world) {
			w.patch("api", `{"spec":{"revisionHistoryLimit":0}}`)
			w.wait(time.Second)
		}, problem: "revisionHistoryLimit"},
		{name: "recreate", before: func(w *world) {
			w.patch("api", `{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}`)
			w.wait(time.Second)
		}, problem: "Recreate"},
		{name: "moving", before: func(w *world) {
			w.patch("api", `{"spec":{"template":{"spec":{"containers":[{"name":"api","image":"registry.example/api:v1-missing"}]}}}}`)
			w.wait(5 * time.Second)
		}, problem: "middle of a rollout"},
		{name: "argo", before: func(w *world) {
			w.patch("api", `{"metadata":{"annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:shop/api"}}}`)
		}, note: "Argo CD application shop", pins: 1},
		{name: "no right to roll back", before: func(w *world) {
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}})
		}, problem: "no right to patch deployments.apps", pins: 1},
		{name: "no logs", before: func(w *world) {
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"get"}, Resources: []string{"pods/log"}})
		}, note: "pods/log", pins: 1},
		{name: "no right to restore", before: func(w *world) {
			w.needs = []run.Need{{Step: restore}}
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"create"}, Resources: []string{"jobs"}})
		}, problem: `no right to create jobs.batch in namespace shop, which the step "Restore" needs`, pins: 1},
		{name: "no right to read the Job's origin", before: func(w *world) {
			w.needs = []run.Need{{Step: restore}}
			w.server.Forbid(kubeapi.Rule{Resources: []string{"cronjobs"}, Names: []string{"db-restore"}})
		}, problem: "no right to get cronjobs.batch db-restore in namespace shop", pins: 1},
		{name: "no right to restore, if that is needed", before: func(w *world) {
			w.needs = []run.Need{{Step: restore, Maybe: true}}
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"create"}, Resources: []string{"jobs"}})
		}, note: "the rollout goes on without it", pins: 1},
		{name: "no right to raise flags", before: func(w *world) {
			w.needs = []run.Need{{Step: raise}}
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"patch"}, Resources: []string{"configmaps"}, Names: []string{"flags"}})
		}, problem: `no right to patch configmaps flags in namespace shop, which the step "Raise the flags" needs`, pins: 1},
		{name: "rights that nobody needs", before: func(w *world) {
			w.server.Forbid(kubeapi.Rule{Resources: []string{"configmaps", "jobs", "cronjobs"}})
		}, pins: 1},
		{name: "overloaded", before: func(w *world) {
			w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"patch"}}, Status: 503})
		}, unknown: "dry run", pins: 1},
		{name: "hanging", before: func(w *world) {
			w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Verbs: []string{"get"}, Resources: []string{"deployments"}}, Hang: true})
		}, unknown: "did not answer in time"},
		{name: "gone", before: func(w *world) {
			if err := w.client.AppsV1().Deployments("shop").Delete(w.ctx, "api", metav1.DeleteOptions{}); err != nil {
				w.t.Fatal(err)
			}
		}, problem: "not found"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if c.before != nil {
					c.before(w)
				}
				p := w.preflight(true, w.component("api", "v2"))
				for _, x := range []struct {
					what, want string
					got        []run.Safe
				}{{"problems", c.problem, p.Problems}, {"unknown", c.unknown, p.Unknown}, {"notes", c.note, p.Notes}} {
					has := slices.ContainsFunc(x.got, func(s run.Safe) bool { return strings.Contains(string(s), x.want) })
					if x.want == "" && len(x.got) > 0 || x.want != "" && !has {
						t.Errorf("%s: %q, want %q", x.what, x.got, x.want)
					}
				}
				if len(p.Pins) != c.pins {
					t.Errorf("pins: %+v", p.Pins)
				}
			})
		})
	}
}

func TestPinTellsWhatRan(t *testing.T) {
	inWorld(t, func(w *world) {
		pin := w.pins(true, w.component("api", "v2"))[0]
		d := w.deployment("api")
		var pace map[string]any
		if err := json.Unmarshal(pin.Strategy, &pace); err != nil {
			t.Fatal(err)
		}
		if pin.UID != string(d.UID) || pin.Image != "registry.example/api:v1" || pin.Replicas != 4 || pin.Hash == "" ||
			len(pin.Digests) != 1 || pin.Container != "api" || pace["strategy"] == nil {
			t.Errorf("pin: %+v", pin)
		}
	})
}
