package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"
	"k8s.io/client-go/rest"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// drilled is a drill that a test drives, in no time.
type drilled struct {
	*session
	world   *practice.World
	clock   *practice.Jumping
	cluster string
	ledger  *ledger
}

// ledger is what the API server took from the program, in order.
type ledger struct {
	now func() time.Time

	mu     sync.Mutex
	writes []entry
}

// entry is one request that changed something.
type entry struct {
	At   time.Time
	What string // method and path
	Body string
}

// ledgered is a way to a cluster whose writes go into the ledger.
type ledgered struct {
	http.RoundTripper
	ledger *ledger
}

// RoundTrip hands a request on and writes it down when it changed something.
func (l *ledgered) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Method != http.MethodGet && r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	answer, err := l.RoundTripper.RoundTrip(r)
	if err == nil && answer.StatusCode < 300 && r.Method != http.MethodGet && !r.URL.Query().Has("dryRun") {
		l.ledger.add(entry{At: l.ledger.now(), What: r.Method + " " + r.URL.Path, Body: string(body)})
	}
	return answer, err
}

func (l *ledger) add(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes = append(l.writes, e)
}

// places are where in the ledger the writes stand to what lies below a path, from a time on.
func (l *ledger) places(path string, since time.Time) (found []int) {
	for i, w := range l.writes {
		if strings.Contains(w.What, path) && !w.At.Before(since) {
			found = append(found, i)
		}
	}
	return found
}

// inDrill begins a drill, lets f drive it and ends it.
func inDrill(t *testing.T, sc practice.Scenario, f practiceFlags, drive func(context.Context, *drilled)) (d *drilled) {
	t.Helper()
	clock := practice.NewJumping(sc.Start)
	clock.Run(func() {
		world, err := practice.New(sc, clock, sc.Seed)
		if err != nil {
			t.Error(err)
			return
		}
		clock.AddIdle(world.Idle())
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		if err := world.Start(ctx); err != nil {
			t.Error(err)
			return
		}
		l := &ledger{now: clock.Now}
		a := &app{err: io.Discard, out: io.Discard}
		c := practiceConnections(world, sc, clock)
		c.connect = func(runbook.Environment) (*rest.Config, error) {
			config := world.RESTConfig()
			config.Wrap(func(beneath http.RoundTripper) http.RoundTripper { return &ledgered{beneath, l} })
			return config, nil
		}
		s, err := a.beginDrill(c, f, sc, 0, true)
		if err != nil {
			t.Error(err)
			return
		}
		clock.AddIdle(func() bool { return s.parts.clusters.Settled(world.Cluster().CaughtUp) })
		d = &drilled{session: s, world: world, clock: clock, cluster: clusterLabel(c, s.Latest().Plan), ledger: l}
		join := s.start(ctx)
		drive(ctx, d)
		stop()
		join()
		if err := s.end(); err != nil {
			t.Error(err)
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return d
}

// quick are inputs that make a drill short, short those that make it shorter than the time between two status updates.
var (
	quick = []string{"hold=1m", "watch=20m", "staging-watch=2m", "flag-hold=2m"}
	short = []string{"hold=10s", "watch=3m", "staging-watch=1m", "flag-hold=1m"}
)

// playedWhole plays a scenario whole with the good operator.
func playedWhole(t *testing.T, sc practice.Scenario, set ...string) *drilled {
	t.Helper()
	return inDrill(t, sc, practiceFlags{policy: run.PolicyGoodOperator, set: set}, func(ctx context.Context, d *drilled) {
		unattended(ctx, d.session, io.Discard)
	})
}

func scenario(t *testing.T, name string) practice.Scenario {
	t.Helper()
	sc, err := practice.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// posted checks what a room of the organisation's chat got: words that each message has, in order.
func posted(t *testing.T, d *drilled, room string, want ...[]string) (at []time.Time) {
	t.Helper()
	var texts []string
	keys := map[string]bool{}
	for _, p := range d.world.Posts() {
		if p.Key == "" || keys[p.Key] {
			t.Errorf("a message without a key of its own: %+v", p)
		}
		if keys[p.Key] = true; p.Room == room {
			at, texts = append(at, p.At), append(texts, p.Text)
		}
	}
	if len(texts) != len(want) {
		t.Fatalf("%s got %d messages, want %d:\n%s", room, len(texts), len(want), heard(d))
	}
	for i, text := range texts {
		for _, words := range want[i] {
			if !strings.Contains(text, words) {
				t.Errorf("message %d of %s lacks %q:\n%s", i, room, words, heard(d))
			}
		}
	}
	return at
}

// heard is all that the chat got.
func heard(d *drilled) string {
	var b strings.Builder
	for _, p := range d.world.Posts() {
		fmt.Fprintf(&b, "%s %s: %s\n", p.At.Format("15:04:05"), p.Room, p.Text)
	}
	return b.String()
}

// A good release, from outside: who is told what when, what the cluster got, and what lies beside the report.
func TestTuesdayFromOutside(t *testing.T) {
	t.Parallel()
	d := playedWhole(t, scenario(t, "tuesday"), quick...)
	s := d.Latest()
	if s.Outcome != run.Completed {
		t.Fatalf("it ended as %s", s.Outcome)
	}
	told := posted(
		t, d, "releases",
		[]string{"v1.4.2 is being deployed to production now", s.ID},
		[]string{"PRACTICE, not real", "15 min in", "Phase 2: Production Deployment", "on all pods", "No trigger tripped"},
		[]string{"30 min in", "Phase 3: Post-Deployment", "Flags are on for 5 %", "No trigger tripped"},
		[]string{"v1.4.2 runs on production for everybody"},
		[]string{"Review of v1.4.2 on production"},
	)
	posted(t, d, "incidents")
	pods := d.ledger.places("namespaces/production/deployments", s.Started)
	if first := d.ledger.writes[pods[0]].At; first.Before(told[0]) {
		t.Errorf("production was written to at %s, and people were told of it at %s", first, told[0])
	}
	flags := d.ledger.places("namespaces/production/configmaps/feature-flags", s.Started)
	if len(flags) != 4 || flags[0] < pods[len(pods)-1] {
		t.Errorf("the flags were written at %v, the pods at %v", flags, pods)
	}
	if last := d.ledger.writes[flags[len(flags)-1]].At; told[3].Before(last) {
		t.Errorf("success was told at %s, the last share of the flags came at %s", told[3], last)
	}
	ics, err := os.ReadFile(filepath.Join(d.dir, "follow-up.ics"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"BEGIN:VCALENDAR", "SUMMARY:Review of the deployment of v1.4.2", "DTSTART:20260313T110000Z", "DTEND:20260313T113000Z"} {
		if !strings.Contains(string(ics), line+"\r\n") {
			t.Errorf("the invitation lacks %s:\n%s", line, ics)
		}
	}
	if report := must(t, exitDone, "report", d.id).out; !strings.Contains(report, "follow-up.ics") {
		t.Errorf("the report does not name the invitation")
	}
}

// Flags that are bad, from outside: an alarm for each trigger that tripped and one for the way back, the flags off
// before a pod is touched, and the end told.
func TestFridayFromOutside(t *testing.T) {
	t.Parallel()
	d := playedWhole(t, scenario(t, "friday"), quick...)
	s := d.Latest()
	if s.Outcome != run.RolledBack {
		t.Fatalf("it ended as %s", s.Outcome)
	}
	burnt := s.Rollback.Burnt
	told := posted(
		t, d, "releases",
		[]string{"v1.4.2 is being deployed to production now"},
		[]string{"15 min in", "No trigger tripped"},
		[]string{"30 min in", "Flags are on for 5 %"},
		[]string{"v1.4.2 was rolled back on production"},
	)
	if over := told[3]; over.Before(s.Rollback.Ended) {
		t.Errorf("the end was told at %s, it came at %s", over, s.Rollback.Ended)
	}
	alarm := []string{"critical trigger of", "tripped on production", "Roll back with R", "sop rollback --run " + s.ID}
	alarms := [][]string{alarm}
	if n := strings.Count(heard(d), "critical trigger of"); n == 2 { // the other trigger may trip in the same instant
		alarms = append(alarms, alarm)
		if text := heard(d); !strings.Contains(text, "critical trigger of error-rate") || !strings.Contains(text, "critical trigger of p95") {
			t.Errorf("one trigger rang twice:\n%s", text)
		}
	}
	told = posted(t, d, "incidents", append(alarms, []string{"production is being rolled back by sop by itself"})...)
	if trip, back := told[0], told[len(told)-1]; trip.After(s.Rollback.Pressed.Add(time.Second)) || back.After(burnt.Add(time.Second)) {
		t.Errorf("told of the trip at %s and of the way back at %s; R was pressed at %s, it burnt at %s", trip, back, s.Rollback.Pressed, burnt)
	}
	flags := d.ledger.places("namespaces/production/configmaps/feature-flags", burnt)
	pods := d.ledger.places("namespaces/production/deployments", burnt)
	if len(flags) != 1 || len(pods) != 4 || flags[0] > pods[0] {
		t.Fatalf("after the fuse the flags were written at %v and the pods at %v", flags, pods)
	}
	if off := d.ledger.writes[flags[0]].Body; strings.Contains(off, "fractional") || !strings.Contains(off, `\"defaultVariant\": \"off\"`) {
		t.Errorf("the flags were written as %s", off)
	}
	for _, at := range pods {
		if body := d.ledger.writes[at].Body; !strings.Contains(body, ":v1.4.1") || strings.Contains(body, ":v1.4.2") {
			t.Errorf("a pod went to %s", body)
		}
	}
}

// A chat in trouble keeps nobody from going back: the pods go in the instant the fuse has burnt, and who was not told is
// on the record.
func TestAChatInTroubleHoldsNoRollbackUp(t *testing.T) {
	t.Parallel()
	for trouble, words := range map[string]string{"broken": "500", "limited, for: 4m": "", "slow, delay: 1h": "no answer"} {
		t.Run(trouble, func(t *testing.T) {
			t.Parallel()
			sc := scenario(t, "friday")
			var more practice.Fault
			if err := yaml.Unmarshal([]byte("at: {after: production new-lobby at 25%}\nsite: {host: chat.example, trouble: "+trouble+"}"), &more); err != nil {
				t.Fatal(err)
			}
			sc.Faults = append(sc.Faults, more)
			d := playedWhole(t, sc, short...)
			s := d.Latest()
			r := s.Rollback
			if s.Outcome != run.RolledBack || r == nil || r.Verified != run.Passed {
				t.Fatalf("it ended as %s, %+v", s.Outcome, r)
			}
			pods := d.ledger.places("namespaces/production/deployments", r.Burnt)
			if len(pods) != 4 {
				t.Fatalf("%d writes to pods after the fuse", len(pods))
			}
			if last := d.ledger.writes[pods[3]].At.Sub(r.Burnt); last > time.Second {
				t.Errorf("the last component was sent back %s after the fuse", last)
			}
			if took := r.SettleFrom.Sub(r.Burnt); took > time.Minute {
				t.Errorf("it took %s until it had taken", took)
			}
			if words == "" { // who asks for patience gets it, and each message once
				posted(t, d, "releases", []string{"is being deployed"}, []string{"was rolled back"})
				if n := strings.Count(heard(d), "production is being rolled back by sop by itself"); n != 1 {
					t.Errorf("told %d times of the way back:\n%s", n, heard(d))
				}
				return
			}
			posted(t, d, "releases", []string{"is being deployed"})
			posted(t, d, "incidents")
			last := s.Messages[len(s.Messages)-1]
			if !strings.Contains(string(last.Err), "not sent to chat.example") || !strings.Contains(string(last.Err), words) {
				t.Errorf("of the last message it says %+v", last)
			}
			if text := must(t, exitDone, "report", d.id).out; !strings.Contains(text, string(last.Err)[:30]) {
				t.Errorf("the report does not say that nobody was told:\n%s", text)
			}
		})
	}
}
