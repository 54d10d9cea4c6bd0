package act_test

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// note is what the environment's Lease says about raised flags.
func (w *world) note() string {
	lease, err := w.client.CoordinationV1().Leases("shop").Get(w.ctx, "sop-shop", metav1.GetOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	return lease.Annotations["sop.politicalsphere.dev/flags"]
}

func TestRaisedFlagsAreNotedUntilTheyAreOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		lift := w.server.Forbid(kubeapi.Rule{Resources: []string{"configmaps"}, Verbs: []string{"patch"}})
		w.expect(w.do(flagsWork(25)), run.ActionFailed, "forbidden")
		if got := w.note(); !strings.Contains(got, `"step":"flags"`) {
			t.Errorf("it was written before it was noted: %q", got)
		}
		lift()
		w.expect(w.do(flagsWork(50)), run.ActionDone)
		if got := w.note(); !strings.Contains(got, `"share":50`) {
			t.Errorf("the note is %q", got)
		}
		w.expect(w.do(flagsWork(0)), run.ActionDone)
		if got := w.note(); got != "" {
			t.Errorf("with the flags off the note says %q", got)
		}
	})
}

// What is not noted is not raised; but to turn flags off no note is needed.
func TestFlagsAndALeaseOutOfReach(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		w.expect(w.do(flagsWork(25)), run.ActionDone)
		w.server.Forbid(kubeapi.Rule{Resources: []string{"leases"}})
		w.expect(w.do(flagsWork(50)), run.ActionFailed, "note them for a rollback from elsewhere", "leases")
		w.expect(w.do(flagsWork(0)), run.ActionDone, "lobby off; the note about them stays")
		if _, text := w.flags(); strings.Contains(text, "targeting") {
			t.Errorf("they are still on: %s", text)
		}
	})
}

func TestFlagsByHTTPAreNotedWithoutTheirAddress(t *testing.T) {
	inWorld(t, func(w *world) {
		doc := `{"flags":{"lobby":{"state":"ENABLED","variants":{"on":true,"off":false},"defaultVariant":"off"}}}`
		w.answer = func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPut {
				doc = w.bodies[len(w.bodies)-1]
			}
			return response(r, 200, doc), nil
		}
		work := flagsWork(25)
		work.Flags.ConfigMap, work.Flags.URL = runbook.ConfigMapKey{}, "https://bob:hunter2secret@flags.example/s3cr3t-path/flags.json?token=t0p"
		work.Note.ConfigMap, work.Note.Host = "", "flags.example"
		w.expect(w.do(work), run.ActionDone, "25 %")
		if got := w.note(); !strings.Contains(got, `"host":"flags.example"`) {
			t.Errorf("the note is %q", got)
		}
		elsewhere := work
		elsewhere.Share, elsewhere.Flags.URL = 0, ""
		w.expect(w.do(elsewhere), run.ActionFailed, "they are at flags.example", "by hand")
		w.server.Forbid(kubeapi.Rule{Resources: []string{"leases"}})
		work.Share = 50
		w.expect(w.do(work), run.ActionDone, "50 %; a rollback from another machine will not know of them")
	})
}

func TestKubectlOff(t *testing.T) {
	inWorld(t, func(w *world) {
		w.hold()
		w.do(flagsWork(25))
		f := flagsWork(25).Note
		line := strings.Join(w.worker().KubectlOff(w.ctx, env, f), "\n")
		for _, want := range []string{"kubectl -n shop patch configmap flags --type=merge -p '{", `"resourceVersion":"`, `\"defaultVariant\": \"off\"`} {
			if !strings.Contains(line, want) {
				t.Errorf("%q is not in %s", want, line)
			}
		}
		if strings.Contains(line, "targeting") {
			t.Errorf("it leaves them on: %s", line)
		}
		for want, change := range map[string]func(*run.RaisedFlags){
			"# by hand, in configmap/gone: lobby off": func(f *run.RaisedFlags) { f.ConfigMap = "gone" },
			"# by hand, at flags.example: lobby off":  func(f *run.RaisedFlags) { f.ConfigMap, f.Host = "", "flags.example" },
		} {
			f := flagsWork(25).Note
			change(&f)
			if got := w.worker().KubectlOff(w.ctx, env, f); len(got) != 1 || !strings.HasPrefix(got[0], want) {
				t.Errorf("got %q, want %q", got, want)
			}
		}
		w.do(flagsWork(0))
		if got := w.worker().KubectlOff(w.ctx, env, f); len(got) != 1 || got[0] != "# off already in configmap/flags: lobby" {
			t.Errorf("of flags that are off: %q", got)
		}
	})
}
