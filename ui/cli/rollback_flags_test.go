package cli

import (
	"context"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/politicalsphere/sop/runbook/run"
)

// withFlags makes of the runbook moving one that raises flags after the deploy.
func withFlags(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const deploy = "          - {id: move, title: Move it, deploy: {strategy: rolling}}\n"
	if !strings.Contains(string(text), deploy) {
		t.Fatal("the runbook deploys nothing")
	}
	return write(t, "moving.yaml", strings.Replace(string(text), deploy, deploy+
		"          - {id: lobby, title: Open the lobby, flags: {configmap: {name: feature-flags, key: flags.json}, flags: new-lobby, steps: [25%], hold: 1s}}\n", 1))
}

// rolledBack is the JSON of sop rollback, as other programs rely on it.
type rolledBack struct {
	Run, Outcome string
	Components   []struct{ Name, State string }
	Flags        []struct {
		Step, Title, State, Error string
		Flags                     []string
		From                      int
	}
}

func version(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// A responder whose machine never saw the run turns off the flags that it raised, and only then rolls back; once, and
// not what an older run raised.
func TestRollbackFromElsewhereTurnsFlagsOffFirst(t *testing.T) {
	at, world := servedWorld(t)
	client, err := kubernetes.NewForConfig(world.RESTConfig())
	if err != nil {
		t.Fatal(err)
	}
	lobby := func() (doc, version string) {
		m, err := client.CoreV1().ConfigMaps("production").Get(t.Context(), "feature-flags", metav1.GetOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(m.Data["flags.json"]), ""), m.ResourceVersion
	}
	plain := movingOn(t, at)
	file := withFlags(t, plain)
	elsewhere := func(code int, file string, more ...string) (back rolledBack, errors string) {
		t.Setenv("XDG_STATE_HOME", t.TempDir())
		s := must(t, code, append([]string{"rollback", file, "--kubeconfig", at.Kubeconfig, "--yes", "-o", "json"}, more...)...)
		s.into(t, &back)
		return back, s.err
	}
	deploy := func(file, version string) (ran outcome) {
		t.Setenv("XDG_STATE_HOME", t.TempDir())
		must(t, exitDone, "run", file, "--set", "version="+version, "--kubeconfig", at.Kubeconfig, "--auto", "-o", "json").into(t, &ran)
		return ran
	}

	first := deploy(file, "v1.4.2")
	if doc, _ := lobby(); !strings.Contains(doc, `["on",25]`) {
		t.Fatalf("the run left the flags at %s", doc)
	}
	printed := must(t, exitDone, "rollback", file, "--kubeconfig", at.Kubeconfig, "--print").out
	flagsAt, patchAt := strings.Index(printed, "patch configmap feature-flags --type=merge -p '{"), strings.Index(printed, "patch deployment/web")
	if flagsAt < 0 || patchAt < flagsAt {
		t.Errorf("printed %s", printed)
	}

	patched := imageChange(t, client, "registry.example/web:v1.4.1")
	back, said := elsewhere(exitDone, file)
	if len(back.Flags) != 1 || back.Flags[0].State != "off" || back.Flags[0].Step != "lobby" || back.Flags[0].From != 25 || back.Flags[0].Flags[0] != "new-lobby" {
		t.Fatalf("got %+v; %s", back, said)
	}
	if !strings.Contains(said, "turning off the flags of Open the lobby that run "+first.Run+" raised") {
		t.Errorf("it says %s", said)
	}
	doc, off := lobby()
	if strings.Contains(doc, "fractional") {
		t.Errorf("the flags are still at %s", doc)
	}
	if undo := <-patched; version(t, off) > version(t, undo) {
		t.Errorf("the flags went off at resourceVersion %s, the patch out at %s", off, undo)
	}

	if again, _ := elsewhere(exitDone, file); len(again.Flags) != 0 {
		t.Errorf("a second rollback turns off %+v", again.Flags)
	}
	deploy(file, "v1.4.2")
	deploy(plain, "v1.4.1") // the last run knows of no flags
	if back, said := elsewhere(exitDone, plain); len(back.Flags) != 0 || !strings.Contains(said, "flags that an older run") {
		t.Errorf("the rollback of a run without flags turns off %+v; %s", back.Flags, said)
	}
	if doc, _ := lobby(); !strings.Contains(doc, `["on",25]`) {
		t.Errorf("the older run's flags are at %s", doc)
	}
}

// imageChange tells the resourceVersion at which web gets the image.
func imageChange(t *testing.T, client kubernetes.Interface, image string) <-chan string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	w, err := client.AppsV1().Deployments("production").Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=web"})
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan string, 1)
	go func() {
		defer close(found)
		for e := range w.ResultChan() {
			if d, ok := e.Object.(*appsv1.Deployment); ok && d.Spec.Template.Spec.Containers[0].Image == image {
				found <- d.ResourceVersion
				return
			}
		}
	}()
	return found
}

// Nothing that is unreadable about flags holds a rollback up, and it is said.
func TestRaisedByLast(t *testing.T) {
	note := func(runID, runbook, step string) run.RaisedFlags {
		return run.RaisedFlags{Run: runID, Runbook: runbook, Step: step, Title: "Lobby", ConfigMap: "flags", Flags: []run.Safe{"lobby"}}
	}
	pin := func(id string, guess bool) run.Pin { return run.Pin{Component: "web", Run: id, Guess: guess} }
	for _, c := range []struct {
		name  string
		notes flagNotes
		pins  []run.Pin
		keeps int
		says  string
	}{
		{"of the run that is rolled back", flagNotes{flags: []run.RaisedFlags{note("B", "mine", "a"), note("B", "mine", "b")}}, []run.Pin{pin("B", false)}, 2, ""},
		{"of a newer run without a deploy", flagNotes{flags: []run.RaisedFlags{note("C", "mine", "a")}}, []run.Pin{pin("B", false)}, 1, ""},
		{"of an older run", flagNotes{flags: []run.RaisedFlags{note("A", "mine", "a")}}, []run.Pin{pin("B", false)}, 0, "an older run (A)"},
		{"of another runbook", flagNotes{flags: []run.RaisedFlags{note("C", "other", "a")}}, []run.Pin{pin("B", false)}, 0, ""},
		{"of a runbook by another name", flagNotes{flags: []run.RaisedFlags{note("B", "other", "a")}}, []run.Pin{pin("B", false)}, 1, ""},
		{"without a pin", flagNotes{flags: []run.RaisedFlags{note("B", "mine", "a")}}, []run.Pin{pin("", true)}, 1, ""},
		{"twice the same step", flagNotes{flags: []run.RaisedFlags{note("B", "mine", "a"), note("B", "other", "a")}}, []run.Pin{pin("B", false)}, 1, "noted twice"},
		{"unreadable", flagNotes{err: context.DeadlineExceeded}, []run.Pin{pin("B", false)}, 0, "nobody knows whether the last run raised flags"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var said strings.Builder
			got := (&app{err: &said}).raisedByLast(c.notes, "mine", c.pins)
			if len(got) != c.keeps || !strings.Contains(said.String(), c.says) || c.says == "" && said.Len() > 0 {
				t.Errorf("kept %+v, said %q", got, said.String())
			}
		})
	}
}
