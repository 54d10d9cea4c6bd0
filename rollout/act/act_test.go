package act_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

const hook = "https://chat.example/services/T024BE7LD/B0SECRETPATH"

var refused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}

func message() run.NotifyWork {
	return run.NotifyWork{
		Wish: "R1/tell/1", Run: "R1", Channel: runbook.Channel{Name: "releases", Webhook: "env:HOOK"}, About: "tell",
		Text: "v2 is out <!channel> & well", At: time.Date(2026, 3, 13, 16, 30, 0, 0, time.UTC), By: "ann", Facts: map[string]string{"version": "v2"},
	}
}

// Whatever the other side does, the message's outcome says it, and the address does not show.
func TestNotify(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		change func(*run.NotifyWork, *world)
		stage  run.ActionStage
		words  []string
		tries  int
	}{
		{"sent", says(200, "ok"), nil, run.ActionDone, []string{"sent to chat.example: 200 ok"}, 1},
		{"busy, then sent", inTurn(says(503, ""), says(429, ""), says(200, "ok")), nil, run.ActionDone, nil, 3},
		{"down", breaks(refused), nil, run.ActionFailed, []string{"connection refused", "send it again"}, 4},
		{"gone", says(404, "no_service"), nil, run.ActionFailed, []string{"not there any more"}, 1},
		{"moved", func(r *http.Request) (*http.Response, error) {
			a := response(r, 302, "")
			a.Header.Set("Location", "https://evil.example/x")
			return a, nil
		}, nil, run.ActionFailed, []string{"redirects to evil.example"}, 1},
		{"echoes its address", func(r *http.Request) (*http.Response, error) { return response(r, 400, "bad "+r.URL.String()), nil }, nil, run.ActionFailed, []string{"400"}, 1},
		{"hostile", says(400, "\x1b]52;c;x\a\u202e"), nil, run.ActionFailed, []string{"^["}, 1},
		{"urgent", breaks(refused), func(n *run.NotifyWork, _ *world) { n.Urgent = true }, run.ActionFailed, []string{"tries"}, 0},
		{"no address", says(200, ""), func(_ *run.NotifyWork, w *world) { delete(w.vars, "HOOK") }, run.ActionFailed, []string{"HOOK, which is not set"}, -1},
		{"metadata", says(200, ""), func(n *run.NotifyWork, _ *world) { n.Channel.Webhook = "https://169.254.169.254/x" }, run.ActionFailed, []string{"blocked"}, -1},
		{"in the clear", says(200, ""), func(n *run.NotifyWork, _ *world) { n.Channel.Webhook = "http://chat.example/x" }, run.ActionFailed, []string{"https://"}, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.vars["HOOK"], w.answer = hook, c.answer
				n := message()
				if c.change != nil {
					c.change(&n, w)
				}
				w.expect(w.do(n), c.stage, c.words...)
				w.hides("T024BE7LD", "B0SECRETPATH")
				if c.tries > 0 && len(w.asked) != c.tries || c.tries < 0 && len(w.asked) > 0 || c.tries == 0 && len(w.asked) < 10 {
					t.Errorf("%d requests", len(w.asked))
				}
				for _, r := range w.asked {
					if r.Header.Get("Idempotency-Key") != n.Wish {
						t.Error("a request without the wish")
					}
				}
			})
		})
	}
}

func TestNotifyForms(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vars["HOOK"] = hook
		n := message()
		w.do(n)
		n.Channel.Format = "json"
		w.do(n)
		if w.bodies[0] != `{"text":"v2 is out &lt;!channel&gt; &amp; well"}`+"\n" {
			t.Errorf("to Slack: %s", w.bodies[0])
		}
		for _, want := range []string{`"about":"tell"`, `"by":"ann"`, `"version":"v2"`, `"at":"2026-03-13T16:30:00Z"`, `"text":"v2 is out <!channel> & well"`} {
			if !strings.Contains(w.bodies[1], want) {
				t.Errorf("no %s in %s", want, w.bodies[1])
			}
		}
		n.Channel = runbook.Channel{Name: "releases", Command: []string{"post", "--token", "s3cr3t-token"}}
		w.expect(w.do(n), run.ActionDone, "given to post")
		if got := w.ran[0]; string(got.Stdin) != string(n.Text)+"\n" || !strings.Contains(strings.Join(got.Env, " "), "SOP_VERSION=v2") {
			t.Errorf("the program got %+v", got)
		}
		w.runs = func(context.Context, process.Command) (process.Output, error) {
			return process.Output{Code: 3, Stderr: []byte("bad s3cr3t-token")}, nil
		}
		w.expect(w.do(n), run.ActionFailed, "exit code 3")
		w.hides("s3cr3t-token")
	})
}

// An invitation is a file that calendars read, on the next whole hour of a working day.
func TestInvitation(t *testing.T) {
	inWorld(t, func(w *world) {
		w.vars["HOOK"] = hook
		n := message() // a Friday, 16:30
		n.Invite = &runbook.Invite{
			Title: "Review; of v2, all", After: runbook.Duration{D: time.Hour}, Where: "room\r\nX-EVIL:1", Guest: []string{"a@b.example\r\nX:1"},
			Text: strings.Repeat("ä", 100),
		}
		got := w.do(n)
		w.expect(got, run.ActionDone, "tell.ics", "Mon 16 Mar 09:00 UTC")
		ics := w.files["tell.ics"]
		for _, want := range []string{"DTSTART:20260316T090000Z\r\n", "DTEND:20260316T093000Z", `SUMMARY:Review\; of v2\, all`, "mailto:a@b.exampleX1\r\n"} {
			if !strings.Contains(ics, want) {
				t.Errorf("no %q in %s", want, ics)
			}
		}
		for line := range strings.SplitSeq(ics, "\r\n") {
			if len(line) > 75 || strings.HasPrefix(line, "X-EVIL") || strings.ContainsAny(line, "\r\n") {
				t.Errorf("line %q", line)
			}
		}
		w.expect(w.do(run.InviteWork{Wish: "R1/tell/invite", Run: "R1", Step: "by-hand", At: n.At, Invite: *n.Invite}), run.ActionDone, "by-hand.ics")
	})
}

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		name  string
		runs  func(context.Context, process.Command) (process.Output, error)
		stage run.ActionStage
		words []string
	}{
		{"good", exits(0, "all well"), run.ActionDone, []string{"ended well", "all well", "sha"}},
		{"bad", exits(4, "broke"), run.ActionFailed, []string{"exit code 4", "broke"}},
		{"leaks", exits(1, "with hunter2-long and \x1b[2J"), run.ActionFailed, []string{"…", "^["}},
		{"not there", func(context.Context, process.Command) (process.Output, error) {
			return process.Output{}, process.ErrNotFound
		}, run.ActionFailed, []string{"not found"}},
		{"too slow", func(ctx context.Context, _ process.Command) (process.Output, error) {
			<-ctx.Done()
			return process.Output{Stdout: []byte("half")}, context.Cause(ctx)
		}, run.ActionFailed, []string{"did not end within", "half"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.vars["TOKEN"], w.runs = "hunter2-long", c.runs
				if c.name == "too slow" {
					w.runs = func(ctx context.Context, command process.Command) (process.Output, error) {
						_ = w.clock.Wait(ctx, time.Hour, nil)
						return c.runs(ctx, command)
					}
				}
				got := w.do(run.CommandWork{Act: run.Act{Wish: "R/x/1", Run: "R", Env: env}, Command: runbook.Command{Argv: []string{"migrate", "--token=abcd1234"}, Variables: []string{"TOKEN"}}})
				w.expect(got, c.stage, c.words...)
				w.hides("hunter2-long", "abcd1234")
			})
		})
	}
}

func exits(code int, text string) func(context.Context, process.Command) (process.Output, error) {
	return func(context.Context, process.Command) (process.Output, error) {
		return process.Output{Code: code, Stdout: []byte(text + "\n")}, nil
	}
}

func TestRequest(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(*http.Request) (*http.Response, error)
		repeat bool
		stage  run.ActionStage
		tries  int
	}{
		{"good", says(201, "made it"), false, run.ActionDone, 1},
		{"bad", says(409, "made: no"), false, run.ActionFailed, 1},
		{"another text", says(200, "nothing"), false, run.ActionFailed, 1},
		{"not reached", breaks(refused), false, run.ActionFailed, 1},
		{"cut", breaks(errCut), false, run.ActionInDoubt, 1},
		{"behind a gateway", says(504, ""), false, run.ActionInDoubt, 1},
		{"cut, repeated", inTurn(breaks(errCut), says(200, "made it")), true, run.ActionDone, 2},
		{"busy, repeated", says(503, ""), true, run.ActionFailed, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.vars["KEY"], w.answer = "topsecretkey", c.answer
				r := runbook.Request{URL: "https://cdn.example/purge?token=abcd1234", Contains: "made", Repeat: c.repeat}
				r.From.Set("Authorization", "Bearer env:KEY")
				got := w.do(run.RequestWork{Act: run.Act{Wish: "R/x/1", Run: "R", Env: env}, Request: r})
				w.expect(got, c.stage, "cdn.example")
				w.hides("topsecretkey", "abcd1234")
				if len(w.asked) != c.tries || w.asked[0].Header.Get("Authorization") != "Bearer topsecretkey" || w.asked[0].Method != http.MethodPost {
					t.Errorf("%d requests", len(w.asked))
				}
			})
		})
	}
}

func jobWork() run.JobWork {
	return run.JobWork{Act: run.Act{Wish: "01ABCDEFGH/rollback-database/3", Run: "01ABCDEFGH", Step: "rollback-database", Env: env}, Job: runbook.Job{CronJob: "restore"}}
}

func TestJob(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		got := w.do(jobWork())
		w.expect(got, run.ActionDone, "is complete", "sop-rollback-database-01abcdef-", "kubectl -n shop create job", "sha", "restoring")
		w.hides("hunter2secret")
		acting := false
		for _, o := range w.seen {
			_, is := o.(run.Acting)
			acting = acting || is
		}
		if !acting {
			t.Error("nothing was reported while it ran")
		}
		w.expect(w.do(jobWork()), run.ActionDone, "is complete") // after a crash
		if n := w.jobs(); n != 1 {
			t.Errorf("%d Jobs for one wish", n)
		}
	})
}

func TestJobTrouble(t *testing.T) {
	bad := func(manifest string) func(*run.JobWork, *world) {
		return func(j *run.JobWork, _ *world) { j.Job = runbook.Job{Manifest: manifest} }
	}
	for _, c := range []struct {
		name   string
		change func(*run.JobWork, *world)
		stage  run.ActionStage
		words  []string
		jobs   int
	}{
		{"fails", func(_ *run.JobWork, w *world) { w.behave.Crash = &kubeapi.Crash{After: time.Second, ExitCode: 2} }, run.ActionFailed, []string{"failed", "BackoffLimitExceeded"}, 1},
		{"no CronJob", func(j *run.JobWork, _ *world) { j.Job.CronJob = "nobody" }, run.ActionFailed, []string{"not found"}, 0},
		{"too slow", func(j *run.JobWork, w *world) {
			w.behave.Ends, j.Job.Timeout = time.Hour, runbook.Duration{D: time.Minute}
		}, run.ActionFailed, []string{"left running", "delete job"}, 1},
		{"forbidden", func(_ *run.JobWork, w *world) {
			w.server.Forbid(kubeapi.Rule{Verbs: []string{"create"}, Resources: []string{"jobs"}})
		}, run.ActionFailed, []string{"forbidden", "jobs", "ask for this right"}, 0},
		{"no answer", func(_ *run.JobWork, w *world) {
			w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Resources: []string{"jobs"}}, Refuse: true})
		}, run.ActionFailed, []string{"not started"}, -1},
		{"another kind", bad("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n"), run.ActionFailed, []string{"kind: Job"}, 0},
		{"an unknown key", bad("apiVersion: batch/v1\nkind: Job\nspec: {templat: {}}\n"), run.ActionFailed, []string{"templat"}, 0},
		{"in the rollback", func(j *run.JobWork, _ *world) { j.Back = true }, run.ActionDone, nil, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				if c.name != "in the rollback" {
					w.hold()
				}
				work := jobWork()
				c.change(&work, w)
				w.expect(w.do(work), c.stage, c.words...)
				if n := 0; c.jobs >= 0 {
					if n = w.jobs(); n != c.jobs {
						t.Errorf("%d Jobs, want %d", n, c.jobs)
					}
				}
			})
		})
	}
}

func flagsWork(share int) run.FlagsWork {
	return run.FlagsWork{
		Act:   run.Act{Wish: "R/flags/1", Run: "R", Step: "flags", Env: env},
		Flags: runbook.Flags{ConfigMap: runbook.ConfigMapKey{Name: "flags"}, Flags: runbook.Names{List: []string{"lobby"}}}, Share: share,
		Note: run.RaisedFlags{Run: "R", Runbook: "mine", Step: "flags", Title: "Flags", ConfigMap: "flags", Flags: []run.Safe{"lobby"}, Share: share},
	}
}

func TestFlags(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		w.expect(w.do(flagsWork(25)), run.ActionDone, "lobby on for 25 %")
		first, text := w.flags()
		if !strings.Contains(text, `"targeting": {"fractional":[["on",25],["off",75]]}`) || !strings.Contains(text, `"note": "not ours"`) {
			t.Errorf("the document is\n%s", text)
		}
		if first.Annotations["sop.politicalsphere.dev/act"] != "R/flags/1" {
			t.Errorf("annotations %v", first.Annotations)
		}
		w.expect(w.do(flagsWork(25)), run.ActionDone, "already") // after a crash
		if again, _ := w.flags(); again.ResourceVersion != first.ResourceVersion {
			t.Error("the same wish wrote twice")
		}
		w.do(flagsWork(100))
		if _, text := w.flags(); strings.Contains(text, "targeting") || !strings.Contains(text, `"defaultVariant": "on"`) {
			t.Errorf("at 100 %%:\n%s", text)
		}
		w.do(flagsWork(0))
		if _, text := w.flags(); strings.Contains(text, "targeting") || !strings.Contains(text, `"defaultVariant": "off"`) {
			t.Errorf("off:\n%s", text)
		}
	})
}

// Who turns flags off waits for no lock, and goes on until it is done; who raises them waits for it.
func TestFlagsInsist(t *testing.T) {
	inWorld(t, func(w *world) {
		w.expect(w.do(flagsWork(5)), run.ActionFailed, "lock")
		lift := w.server.Inject(kubeapi.Fault{Match: kubeapi.Rule{Resources: []string{"configmaps"}}, Refuse: true})
		w.clock.Go(func() {
			_ = w.clock.Wait(w.ctx, 40*time.Second, nil)
			lift()
		})
		off := flagsWork(0)
		off.Insist = true
		off.Flags.Flags = runbook.Names{All: true}
		w.seen = nil
		w.expect(w.do(off), run.ActionDone)
		if len(w.seen) < 3 {
			t.Errorf("%d reports", len(w.seen))
		}
	})
}

func TestFlagsConflict(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		w.clock.Go(func() { // somebody else writes the ConfigMap all the time
			for range 3 {
				_, _ = w.client.CoreV1().ConfigMaps("shop").Patch(w.ctx, "flags", types.MergePatchType, []byte(`{"metadata":{"labels":{"at":"`+w.clock.Now().Format("150405")+`"}}}`), metav1.PatchOptions{})
			}
		})
		w.expect(w.do(flagsWork(50)), run.ActionDone)
		if err := w.clock.Wait(w.ctx, time.Minute, nil); err != nil { // until the other has done
			t.Fatal(err)
		}
		for _, c := range []struct{ data, word string }{
			{"no JSON", "no JSON"},
			{`{}`, "flagd"},
			{`{"flags":{}}`, "no flag"},
			{`{"flags":{"lobby":{"variants":{"red":"r","blue":"b"}}}}`, "no clear on and off"},
			{`{"flags":{"lobby":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off","targeting":{"if":[true,"on"]}}}}`, "targeting rules of its own"},
			{`{"flags":{"lobby":{"variants":{"on":true,"off":false}},"lobby":{}}}`, "twice"},
		} {
			m, _ := w.flags()
			m.Data["flags.json"] = c.data
			if _, err := w.client.CoreV1().ConfigMaps("shop").Update(w.ctx, m, metav1.UpdateOptions{}); err != nil {
				t.Fatal(err)
			}
			w.expect(w.do(flagsWork(50)), run.ActionFailed, c.word)
		}
		gone := flagsWork(0)
		gone.Flags.ConfigMap.Name = "nobody"
		w.expect(w.do(gone), run.ActionFailed, "not found")
	})
}

func TestFlagsByHTTP(t *testing.T) {
	inWorld(t, func(w *world) {
		doc := `{"flags":[{"key":"lobby","state":"DISABLED","variants":{"yes":true,"no":false},"defaultVariant":"no"}]}`
		tag, conflicts := 1, 1
		w.answer = func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodGet {
				a := response(r, 200, doc)
				a.Header.Set("ETag", string(rune('0'+tag)))
				return a, nil
			}
			if conflicts > 0 || r.Header.Get("If-Match") != string(rune('0'+tag)) {
				conflicts--
				tag++
				return response(r, 412, ""), nil
			}
			doc = w.bodies[len(w.bodies)-1]
			return response(r, 204, ""), nil
		}
		work := flagsWork(5)
		work.Flags.ConfigMap, work.Flags.URL = runbook.ConfigMapKey{}, "https://flags.example/flags.json"
		w.expect(w.do(work), run.ActionDone, "5 %")
		if want := `{"flags":[{"key":"lobby","state":"ENABLED","variants":{"yes":true,"no":false},"defaultVariant":"no","targeting": {"fractional":[["yes",5],["no",95]]}}]}`; doc != want {
			t.Errorf("the document is\n%s", doc)
		}
		w.expect(w.do(work), run.ActionDone, "already")
		w.answer = says(403, "no")
		w.expect(w.do(work), run.ActionFailed, "403")
	})
}

// An act that is called off reports nothing.
func TestCalledOff(t *testing.T) {
	inWorld(t, func(w *world) {
		ctx, cancel := context.WithCancel(w.ctx)
		w.runs = func(ctx context.Context, _ process.Command) (process.Output, error) {
			cancel()
			return process.Output{}, context.Cause(ctx)
		}
		err := w.worker().Do(ctx, run.Work{ID: "w", Body: run.CommandWork{Command: runbook.Command{Argv: []string{"x"}}}}, func(o run.Observation) { t.Errorf("reported %+v", o) })
		if err == nil {
			t.Error("no error")
		}
	})
}
