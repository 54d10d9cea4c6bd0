package ui

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// The instant of every scene. Scenes are made of events, as a journal would be.
var noon = time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)

// scene is a State worth a picture.
type scene struct {
	name   string
	screen string
	state  run.State
	now    time.Time
	keys   []string // pressed before the picture is taken
}

func manual(id, title, text string) runbook.Step {
	return runbook.Step{
		ID: id, Title: title, Text: text, Why: "A plan made during an outage is made by tired people.",
		How: "Look at it yourself, and note what you saw and where. Your own word counts, nobody else looks again.",
	}
}

func sensed(id, title, text string, kinds ...string) runbook.Step {
	s := manual(id, title, text)
	s.Recheck = "run"
	for _, k := range kinds {
		s.Verify = append(s.Verify, runbook.Check{Kind: k})
	}
	return s
}

func duration(d time.Duration) runbook.Duration { return runbook.Duration{D: d} }

func testPlan() *runbook.Plan {
	rb := &runbook.Runbook{
		Metadata: runbook.Metadata{Name: "deployment", Title: "Deployment SOP", Version: "1.0.0"},
		Phases: []runbook.Phase{
			{ID: "prerequisites", Title: "Prerequisites", Environment: "production", Sections: []runbook.Section{{Steps: []runbook.Step{
				manual("merged", "Code merged to main branch", ""), manual("ci-green", "All CI/CD checks passing", ""),
				manual("approval", "Deployment approval obtained", ""), manual("plan", "Rollback plan documented", ""),
			}}}},
			{ID: "pre-deployment", Title: "Pre-Deployment Checklist", Environment: "production", Sections: []runbook.Section{
				{Title: "Environment Validation", Steps: []runbook.Step{
					sensed("infrastructure", "Infrastructure Ready", "Target environment healthy and scaled", "workload"),
					sensed("dependencies", "Dependencies Available", "All required services running", "endpoints"),
					sensed("network", "Network Connectivity", "Service-to-service communication verified", "endpoints", "http"),
					manual("certificates", "Certificates Valid", "SSL/TLS certificates current and valid"),
				}},
				{Title: "Code Validation", Steps: []runbook.Step{
					manual("build", "Build Success", "Application builds successfully"), manual("tests", "Tests Passing", "All test suites pass (unit, integration, E2E)"),
					manual("scans", "Security Scans", "SAST/DAST scans pass, no critical issues"), manual("benchmarks", "Performance Benchmarks", "Meet established performance targets"),
				}},
				{Title: "Deployment Preparation", Steps: []runbook.Step{
					manual("flags", "Feature Flags", "New features disabled by default"), manual("migrations", "Database Migrations", "Tested and rollback scripts ready"),
					manual("configuration", "Configuration", "Environment-specific configs verified"),
					sensed("secrets", "Secrets", "All required secrets available in target environment", "secret"),
				}},
			}},
			{ID: "production", Title: "Phase 2: Production Deployment", Group: "Deployment Process", Environment: "production", Sections: []runbook.Section{{Steps: []runbook.Step{
				sensed("window", "Schedule deployment window (business hours preferred)", "", "window"),
				manual("notify", "Notify stakeholders of deployment", ""),
				{ID: "execute", Title: "Execute deployment with monitoring", Deploy: &runbook.Deploy{Strategy: "canary", Waves: [][]string{{"worker"}, {"api", "web"}}, Steps: []runbook.Percent{5, 25, 50, 100}, Hold: duration(5 * time.Minute)}},
				{ID: "watch", Title: "Monitor for 30 minutes post-deployment", Watch: &runbook.Watch{For: duration(30 * time.Minute), Every: duration(15 * time.Second), Metrics: runbook.Names{All: true}}},
			}}}},
			{ID: "post", Title: "Phase 3: Post-Deployment", Group: "Deployment Process", Environment: "production", Sections: []runbook.Section{{Steps: []runbook.Step{
				manual("communicate", "Communicate successful deployment", ""), manual("follow-up", "Schedule follow-up review", ""),
			}}}},
			{ID: "security", Title: "Security Considerations", Environment: "production", Sections: []runbook.Section{{Steps: []runbook.Step{
				manual("audit", "Audit Logging", "All deployment actions logged"),
			}}}},
		},
		Rollback: &runbook.Rollback{Fuse: duration(3 * time.Second), Settle: duration(2 * time.Minute), Steps: []runbook.Step{
			{ID: "rb-stop", Title: "Stop deployment immediately", Rollback: &runbook.RollbackAction{Do: "stop"}},
			{ID: "rb-undo", Title: "Execute rollback to previous version", Rollback: &runbook.RollbackAction{Do: "undo"}},
			manual("rb-database", "Restore database if migration failed", ""),
			{ID: "rb-verify", Title: "Verify system stability", Rollback: &runbook.RollbackAction{Do: "verify"}},
			manual("rb-tell", "Communicate rollback to stakeholders", ""),
		}},
		Communication: &runbook.Communication{Every: duration(15 * time.Minute)},
	}
	optional := false
	rb.Phases[2].Sections[0].Steps[0].Required = &optional
	rb.Phases[1].Sections[0].Steps[3].DeferTo = "post"
	rb.Environments.Set("production", runbook.Environment{Name: "production", Namespace: "production", Protected: true})
	for _, name := range []string{"api", "web", "worker", "game-server"} {
		rb.Components.Set(name, runbook.Component{Name: name, Workload: "deployment/" + name, Container: name, Image: "registry.example/" + name + ":v1.4.2"})
	}
	metrics := []runbook.Metric{
		{Name: "p95", Title: "Response time p95", Unit: "seconds", Query: "p95", Objective: "< 200ms", Triggers: []runbook.Trigger{{Trip: "> baseline + 20%", For: duration(90 * time.Second), Severity: "critical", Then: "rollback"}}},
		{Name: "error-rate", Title: "Error rate", Unit: "percent", Numerator: "n", Denominator: "d", Objective: "< 0.1%", Triggers: []runbook.Trigger{{Trip: "> baseline + 5pp", For: duration(90 * time.Second), Severity: "critical", Then: "rollback"}}},
		{Name: "availability", Title: "Availability", Unit: "percent", Objective: "> 99.9%"},
		{Name: "throughput", Title: "Throughput", Unit: "per-second"},
		{Name: "cpu", Title: "CPU", Unit: "percent", Objective: "< 80%"},
		{Name: "memory", Title: "Memory", Unit: "percent", Objective: "< 80%"},
	}
	return &runbook.Plan{
		Runbook: rb, Environment: "production", RunID: "01JQ0000000000000000000000", Operator: "alice",
		Inputs: map[string]string{"version": "v1.4.2"}, Metrics: map[string][]runbook.Metric{"production": metrics},
	}
}

// play is a State and the time, for telling a story.
type play struct {
	s  run.State
	at time.Time
}

func newPlay() *play {
	p := &play{s: run.New("01JQ0000000000000000000000", testPlan()), at: noon.Add(-13 * time.Minute)}
	p.add(run.RunStarted{Operator: "alice", Runbook: "deployment", Environment: "production"})
	return p
}

func (p *play) add(events ...run.Event) *play {
	for _, e := range events {
		p.s = run.Apply(p.s, run.Stamped{At: p.at, Actor: "alice", Event: e})
	}
	return p
}

func (p *play) wait(d time.Duration) *play { p.at = p.at.Add(d); return p }

func (p *play) attest(ids ...string) *play {
	for _, id := range ids {
		p.add(run.StepAttested{Step: id})
	}
	return p
}

func (p *play) check(step string, i int, status run.Status, summary run.Safe, evidence ...run.Evidence) *play {
	return p.add(run.CheckChanged{Step: step, Index: i, Status: status, Result: run.Result{Status: status, Summary: summary, Evidence: evidence}})
}

func (p *play) gate(phase string) *play { return p.add(run.GateOpened{Phase: phase}) }

func (p *play) scene(name, screen string) scene {
	return scene{name: name, screen: screen, state: p.s, now: p.at}
}

// prerequisites is the run up to the second phase.
func prerequisites() *play {
	p := newPlay().attest("merged", "ci-green", "approval")
	p.add(run.StepAttested{Step: "plan", Note: "no migration, one new key in app-config"})
	return p.gate("prerequisites").wait(4 * time.Minute)
}

func drifting() *play {
	p := prerequisites()
	p.check("infrastructure", 0, run.Passed, "12/12 pods available, headroom 38 %").check("dependencies", 0, run.Passed, "postgres, redis, queue answer")
	p.check("network", 0, run.Passed, "every service has a ready address").check("network", 1, run.Passed, "200 in 12 ms")
	p.add(run.StepAttested{Step: "certificates", Note: "web-tls until 2026-09-01"}).attest("build", "tests")
	p.check("secrets", 0, run.Unknown, "could not look: secrets is forbidden for alice in production")
	p.wait(7*time.Minute).check("network", 0, run.Failed, "worker → api: 0 of 3 endpoints ready",
		run.Evidence{Observed: "worker → api 0/3 ready", Expected: "≥ 1", Source: "EndpointSlice api-x7", ResourceVersion: "81233", Query: "GET /apis/discovery.k8s.io/v1/namespaces/production/endpointslices"})
	p.wait(2 * time.Second).add(run.CheckSeen{Step: "dependencies", Result: run.Result{Status: run.Passed, Summary: "postgres, redis, queue answer"}})
	p.add(run.StepOverridden{Step: "benchmarks", Reason: "no benchmark for this hotfix", Status: run.Pending})
	return p.wait(3 * time.Second)
}

// ready is production's phase up to the deploy.
func ready() *play {
	p := prerequisites()
	for _, id := range []string{"infrastructure", "dependencies", "secrets"} {
		p.check(id, 0, run.Passed, "as it should be")
	}
	p.check("network", 0, run.Passed, "every service has a ready address").check("network", 1, run.Passed, "200 in 12 ms")
	p.attest("certificates", "build", "tests", "scans", "benchmarks", "flags", "migrations", "configuration")
	return p
}

func pods(n, fresh, readyFresh int, state string) []run.Pod {
	var list []run.Pod
	for i := range n {
		list = append(list, run.Pod{Name: fmt.Sprintf("p%d", i), Ready: true, State: "Running"})
	}
	for i := range fresh {
		pod := run.Pod{Name: fmt.Sprintf("n%d", i), New: true, Ready: i < readyFresh, State: "Running"}
		if !pod.Ready {
			pod.State = state
		}
		list = append(list, pod)
	}
	return list
}

func pin(name string, n int) run.Pin {
	return run.Pin{
		Component: name, Workload: "deployment/" + name, Namespace: "production", Replicas: n, Image: "registry.example/" + name + ":v1.4.1",
		Digests: []string{"registry.example/" + name + "@sha256:9f2c81aa0d4e5b6c7d8e9f00112233445566778899aabbccddeeff0011223344"}, ReplicaSet: name + "-7d8c9f6b5", ReplicaSetUID: "u", Hash: "7d8c9f6b5",
	}
}

var replicas = map[string]int{"worker": 3, "api": 20, "web": 4}

func (p *play) progress(name string, updated, updatedReady int, more func(*run.Progress)) *play {
	n := replicas[name]
	g := run.Progress{
		Component: name, Generation: 2, ObservedGeneration: 2, Image: "registry.example/" + name + ":v1.4.2", Desired: n, Updated: updated,
		UpdatedReady: updatedReady, Available: n, Total: n + updated, OldReady: n - updatedReady, Condition: run.Waiting, Pods: pods(n-updatedReady, updated, updatedReady, "ContainerCreating"),
	}
	if updated == 0 {
		g.Image = "registry.example/" + name + ":v1.4.1"
	}
	if updatedReady < n {
		g.Message = run.Safe(fmt.Sprintf("Waiting for deployment %q rollout to finish: %d out of %d new replicas have been updated...", name, updated, n))
	} else {
		g.Condition = run.Done
	}
	if more != nil {
		more(&g)
	}
	return p.add(run.ProgressSeen{Env: "production", Progress: g})
}

func baseline(to time.Time) run.Baseline {
	b := run.Baseline{From: to.Add(-30 * time.Minute), To: to, Metrics: map[string]run.BaselineMetric{}}
	for name, mean := range map[string]float64{"p95": 0.176, "error-rate": 0.04, "availability": 99.97, "throughput": 410, "cpu": 58, "memory": 66} {
		m := run.BaselineMetric{Mean: mean, Low: mean * 0.96, High: mean * 1.04, Coverage: 1}
		if name == "availability" {
			m.Low, m.High = mean-0.02, mean+0.02
		}
		for i := range 120 {
			m.Points = append(m.Points, run.XY{T: b.From.Unix() + int64(15*i), V: wiggle(mean, i)})
		}
		b.Metrics[name] = m
	}
	return b
}

func wiggle(mean float64, i int) float64 {
	share := 0.03
	if mean > 90 && mean < 100 { // an availability
		share = 0.0002
	}
	return mean * (1 + share*math.Sin(float64(i)*1.7))
}

// sampled lets n samples pass.
func (p *play) sampled(n int) *play {
	for i := range n {
		p.wait(15 * time.Second).add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i)})
	}
	return p
}

// holding is a canary that holds its second wave at a quarter.
func holding() *play {
	p := ready().gate("pre-deployment").check("window", 0, run.Passed, "Tuesday 14:03 UTC is inside Mon-Fri 09:00-17:00").attest("notify")
	var moves []run.Move
	for w, names := range [][]string{{"worker"}, {"api", "web"}} {
		for _, share := range []int{5, 25, 50, 100} {
			moves = append(moves, run.Move{Wave: w, Components: names, Share: share})
		}
	}
	p.add(run.DeployStarted{Step: "execute", Env: "production", Attempt: 1, Moves: moves})
	for _, name := range []string{"worker", "api", "web"} {
		p.add(run.DeployPinned{Step: "execute", Env: "production", Pin: pin(name, replicas[name])})
	}
	p.add(run.DeployChecked{Step: "execute", Notes: []run.Safe{"web has an HPA (min 2, max 12): its replicas are its own"}, Baseline: true, Monitor: "watch"})
	p.add(run.BaselineFrozen{Step: "execute", Env: "production", Baseline: baseline(p.at.Add(-time.Minute))}, run.LockChanged{Env: "production", Held: true, Token: 4})
	p.add(run.LampChanged{Env: "production", OK: true})
	for i := range 6 {
		p.add(run.Wished{Wish: fmt.Sprint("w", i), Step: "execute", Move: i})
		for _, name := range moves[i].Components {
			p.add(run.MovePatched{Wish: fmt.Sprint("w", i), Step: "execute", Component: name, Generation: 2})
		}
		p.sampled(2).wait(5 * time.Second).add(run.MoveReached{Step: "execute", Move: i, HoldUntil: p.at.Add(5 * time.Minute)})
		p.sampled(4)
	}
	p.progress("worker", 3, 3, nil).progress("api", 5, 5, nil).progress("web", 1, 1, nil)
	return p
}

// changed is a component that another run rolled back while this one holds.
func changed() *play {
	p := holding().progress("worker", 3, 3, func(g *run.Progress) { g.Generation, g.Image, g.Run = 3, "registry.example/worker:v1.4.1", "01K" })
	return p.add(run.Strayed{Env: "production", Component: "worker", Saw: "it runs registry.example/worker:v1.4.1, not registry.example/worker:v1.4.2, written by run 01K"})
}

func stuck() *play {
	p := holding().add(run.Wished{Wish: "w6", Step: "execute", Move: 6})
	for _, name := range []string{"api", "web"} {
		p.add(run.MovePatched{Wish: "w6", Step: "execute", Component: name, Generation: 3})
	}
	p.wait(95*time.Second).progress("api", 10, 5, func(g *run.Progress) {
		g.Stuck = "pod api-66f-k2x: CrashLoopBackOff, exit 1 (5 restarts)\nFATAL config: key LOG_LEVEL_V2 is not set\n  at main.load (config.go:41)"
		g.Pods = pods(15, 10, 5, "CrashLoopBackOff")
	}).progress("web", 2, 2, nil)
	return p.add(run.DeployStuck{Step: "execute", Why: "api: pod api-66f-k2x: CrashLoopBackOff, exit 1 (5 restarts)"})
}

// watching is half of the watch, with an error rate that rises.
func watching() *play {
	p := holding()
	for i := 6; i < 8; i++ {
		p.add(run.Wished{Wish: fmt.Sprint("w", i), Step: "execute", Move: i}).sampled(8).add(run.MoveReached{Step: "execute", Move: i})
	}
	p.progress("worker", 3, 3, nil).progress("api", 20, 20, nil).progress("web", 4, 4, nil)
	p.add(run.DeployFinished{Step: "execute"}, run.WatchStarted{Step: "watch", Env: "production", From: p.at, Until: p.at.Add(30 * time.Minute)})
	for i := range 70 {
		p.wait(15 * time.Second).add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i)})
	}
	p.add(run.TriggersJudged{Env: "production", Triggers: []run.TriggerState{
		{Metric: "p95", State: run.TriggerOK, Severity: "critical", Then: "rollback", Value: 0.183, Baseline: 0.176, Limit: 0.2112, For: 90 * time.Second},
		{Metric: "error-rate", State: run.TriggerSuspect, Severity: "critical", Then: "rollback", Since: p.at.Add(-45 * time.Second), Value: 5.4, Baseline: 0.04, Limit: 5.04, For: 90 * time.Second, Why: "over the line for 45s of 1m30s"},
	}})
	return p
}

func sampleOf(at time.Time, i int) run.Sample {
	s := run.Sample{At: at, Points: map[string]run.Point{}}
	for name, mean := range map[string]float64{"p95": 0.178, "error-rate": 0.04, "availability": 99.97, "throughput": 412, "cpu": 61, "memory": 71} {
		s.Points[name] = run.Point{State: run.PointOK, Value: wiggle(mean, i)}
	}
	if i > 50 {
		s.Points["error-rate"] = run.Point{State: run.PointOK, Value: 0.04 + 0.3*float64(i-51)}
	}
	if i > 20 && i < 27 {
		s.Points["p95"] = run.Point{State: run.PointUnknown, Why: "Prometheus did not answer within 5 s"}
	}
	return s
}

func pressing() *play {
	p := watching()
	env := p.s.Envs["production"]
	return p.wait(2 * time.Second).add(run.RollbackPressed{N: 1, Env: "production", Because: "", Pins: env.Pins, FuseUntil: p.at.Add(3 * time.Second), Freeze: "fz"})
}

func fuse() *play {
	p := pressing().wait(40 * time.Millisecond)
	for _, name := range []string{"worker", "api", "web"} {
		p.add(run.FreezeDone{Wish: "fz", Component: name})
	}
	return p.wait(time.Second)
}

func undoing() *play {
	p := fuse().wait(2 * time.Second).add(run.FuseBurnt{Wish: "rb"}).wait(300 * time.Millisecond)
	p.add(run.UndoSeen{Undo: run.Undone{Wish: "rb", Component: "worker", Accepted: true, AfterMs: 31, Generation: 9}})
	p.add(run.UndoSeen{Undo: run.Undone{Wish: "rb", Component: "api", Accepted: true, AfterMs: 44, Generation: 9}})
	p.add(run.UndoSeen{Undo: run.Undone{Wish: "rb", Component: "web", Err: "patch deployment/web: 422 the object changed meanwhile; reading it again"}})
	back := func(name string) func(*run.Progress) {
		return func(g *run.Progress) {
			g.Image, g.Hash, g.Generation, g.ObservedGeneration, g.Digests = "registry.example/"+name+":v1.4.1", "7d8c9f6b5", 9, 9, pin(name, 0).Digests
		}
	}
	return p.wait(4*time.Second).progress("worker", 3, 3, back("worker")).add(run.UndoTook{Component: "worker"}).progress("api", 12, 9, back("api"))
}

func settling() *play {
	p := undoing().add(run.UndoSeen{Undo: run.Undone{Wish: "rb", Component: "web", Accepted: true, AfterMs: 812, Generation: 9}}).wait(20 * time.Second)
	p.add(run.UndoTook{Component: "api"}, run.UndoTook{Component: "web"}, run.SettleBegan{})
	return p.wait(30 * time.Second).add(run.InBandChanged{Since: p.at}).wait(45 * time.Second)
}

func rolledBack() *play {
	p := settling().wait(90 * time.Second).add(run.RollbackDone{Verified: run.Passed})
	p.add(run.ReasonGiven{Text: "error rate climbed on v1.4.2, api could not parse its config"}).attest("rb-database", "rb-tell")
	return p.add(run.Finished{Outcome: run.RolledBack, Verdict: run.VerdictFail})
}

// only is a run of `sop rollback`: no checklist, targets from pins that were found.
func only() *play {
	p := &play{s: run.New("01JQ0000000000000000000001", testPlan()), at: noon}
	guess := pin("web", 4)
	guess.Guess = true
	p.add(run.RunStarted{Operator: "bob", Only: true, Runbook: "deployment", Environment: "production", Pins: []run.Pin{pin("worker", 3), pin("api", 20), guess}})
	p.progress("worker", 3, 3, nil).progress("api", 20, 20, nil).progress("web", 4, 4, nil)
	return p.wait(2 * time.Second).add(run.LampChanged{Env: "production", Why: "patch deployments is forbidden for bob in production"})
}

func asking() *play {
	p := only()
	return p.add(run.RollbackPressed{N: 1, Env: "production", Pins: p.s.Envs["production"].Pins})
}

// crowd is a rollout of five hundred pods, some of which do not come up.
func crowd() *play {
	return holding().progress("api", 125, 110, func(g *run.Progress) {
		g.Condition, g.Message = run.Waiting, "Waiting for deployment \"api\" rollout to finish: 110 of 125 updated pods are available..."
		g.Desired, g.OldReady, g.Total, g.Pods = 500, 375, 500, pods(375, 125, 110, "ContainerCreating")
		for i := range 4 {
			g.Pods[len(g.Pods)-1-i].State, g.Pods[len(g.Pods)-1-i].Restarts = "CrashLoopBackOff", i+1
		}
	})
}

// tripped is a watch in which a trigger went off.
func tripped() *play {
	p := watching()
	for i := 70; i < 74; i++ {
		p.wait(15 * time.Second).add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i)})
	}
	triggers := slices.Clone(p.s.Envs["production"].Triggers)
	triggers[1].State, triggers[1].Why = run.TriggerTripped, "over the line for 1m45s of 1m30s"
	return p.add(run.TriggersJudged{Env: "production", Triggers: triggers})
}

// passed is a watch that went well, to its end.
func passed() *play {
	p := holding()
	for i := 6; i < 8; i++ {
		p.add(run.Wished{Wish: fmt.Sprint("w", i), Step: "execute", Move: i}).sampled(8).add(run.MoveReached{Step: "execute", Move: i})
	}
	p.progress("worker", 3, 3, nil).progress("api", 20, 20, nil).progress("web", 4, 4, nil)
	p.add(run.DeployFinished{Step: "execute"}, run.WatchStarted{Step: "watch", Env: "production", From: p.at, Until: p.at.Add(30 * time.Minute)})
	for i := range 119 {
		p.wait(15 * time.Second).add(run.SampleTaken{Env: "production", Sample: sampleOf(p.at, i%20)})
	}
	return p.add(run.TriggersJudged{Env: "production", Triggers: []run.TriggerState{
		{Metric: "p95", State: run.TriggerOK, Severity: "critical", Then: "rollback", Value: 0.183, Baseline: 0.176, Limit: 0.2112, For: 90 * time.Second},
		{Metric: "error-rate", State: run.TriggerOK, Severity: "critical", Then: "rollback", Value: 0.04, Baseline: 0.04, Limit: 5.04, For: 90 * time.Second},
	}})
}

// blind is a watch whose Prometheus stopped answering a while ago.
func blind() *play {
	p := passed()
	env := p.s.Envs["production"]
	dead := run.Sample{Points: map[string]run.Point{}}
	for _, m := range p.s.Plan.Metrics["production"] {
		dead.Points[m.Name] = run.Point{State: run.PointUnknown, Why: "Prometheus did not answer within 5 s"}
	}
	env.Samples = env.Samples[:len(env.Samples)-40]
	p.s.Envs = maps.Clone(p.s.Envs)
	p.s.Envs["production"] = env
	p.at = env.Samples[len(env.Samples)-1].At
	for range 8 {
		p.wait(15 * time.Second)
		dead.At = p.at
		p.add(run.SampleTaken{Env: "production", Sample: dead})
	}
	return p.add(run.TriggersJudged{Env: "production", Triggers: []run.TriggerState{
		{Metric: "p95", State: run.TriggerInconclusive, Why: "no answer for 2m0s: Prometheus did not answer within 5 s", For: 90 * time.Second},
		{Metric: "error-rate", State: run.TriggerInconclusive, Why: "no answer for 2m0s: Prometheus did not answer within 5 s", For: 90 * time.Second},
	}})
}

// late is a rollback of which one component did not take in time, and another was undone again.
func late() *play {
	p := undoing().add(run.UndoLate{Missing: []string{"api", "web"}})
	return p.add(run.UndoneAgain{Component: "worker", Saw: "it runs registry.example/worker:v1.4.2 now, written by argocd-controller"}).wait(time.Minute)
}

// after is a scene in which some keys were pressed.
func (sc scene) after(keys ...string) scene { sc.keys = keys; return sc }

// opened are scenes with something open: the help, a dialog, the crosshair, a filter.
func opened() []scene {
	return []scene{
		drifting().scene("help", "checklist").after("?"),
		drifting().scene("palette", "checklist").after(":"),
		drifting().scene("gate", "checklist").after("g"),
		drifting().scene("filter", "checklist").after("/", "n", "e", "t", "enter"),
		drifting().scene("details", "checklist").after("tab"),
		drifting().scene("override", "checklist").after("o"),
		watching().scene("crosshair", "watch").after("left", "left", "left"),
		watching().scene("leave", "watch").after("q"),
		alone().scene("sop-watch", "sop watch"),
	}
}

func scenes() []scene {
	stopped := holding().add(run.FreezeAsked{Wish: "f1", Step: "execute"})
	overdue := ready().wait(9 * time.Minute)
	return []scene{
		newPlay().wait(3*time.Second).scene("begin", "checklist"),
		drifting().scene("drift", "checklist"),
		ready().scene("ready", "checklist"),
		ready().gate("pre-deployment").attest("notify").scene("deploy", "checklist"),
		overdue.scene("overdue", "checklist"),
		newPlay().scene("nothing-deployed", "rollout"),
		holding().scene("holding", "rollout"),
		changed().scene("changed", "rollout"),
		stopped.scene("frozen", "rollout"),
		stuck().scene("stuck", "rollout"),
		holding().scene("before-watch", "watch"),
		watching().scene("watching", "watch"),
		newPlay().scene("nothing-written", "rollback"),
		watching().scene("would", "rollback"),
		fuse().scene("fuse", "rollback"),
		undoing().scene("undoing", "rollback"),
		settling().scene("settling", "rollback"),
		only().scene("only", "rollback"),
		asking().scene("asking", "rollback"),
		drifting().scene("midway", "report"),
		rolledBack().scene("rolled-back", "report"),
		silent().scene("silent", "checklist"),
		flapping().scene("flapping", "checklist"),
		many().scene("many", "checklist"),
		stuck().scene("commands", "commands"),
		crowd().scene("crowd", "rollout"),
		passed().scene("passing", "watch"),
		tripped().scene("tripped", "watch"),
		blind().scene("blind", "watch"),
		late().scene("late", "rollback"),
		watching().scene("watched", "checklist"),
	}
}
