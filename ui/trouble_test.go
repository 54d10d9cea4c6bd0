package ui

import (
	"fmt"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// look is a look of a check as a real one brings it.
func (p *play) look(step string, i int, r run.Result) *play {
	return p.add(run.CheckChanged{Step: step, Index: i, Status: r.Status, Result: r})
}

func answer(kind string, status run.Status, summary run.Safe) run.Result {
	return run.Result{Status: status, Summary: summary, Sensor: "cluster production", Evidence: []run.Evidence{{
		Observed: summary, Expected: "as the runbook says", Source: run.Safe(kind + " in production"), ResourceVersion: "81233",
		Query: run.Safe("kubectl --context eks-prod --namespace production get " + kind + " --output json"),
	}}}
}

// silent is a cluster that stopped answering in the middle of the checklist.
func silent() *play {
	p := ready()
	for i, id := range []string{"infrastructure", "dependencies", "network", "secrets"} {
		p.look(id, 0, answer("deployments", run.Passed, run.Safe(fmt.Sprint(12+i, " of ", 12+i, " ready"))))
	}
	p.wait(2*time.Minute).look("dependencies", 0, answer("endpointslices", run.Failed, "redis: 0 of 1 endpoints ready"))
	p.wait(20*time.Second).look("dependencies", 0, answer("endpointslices", run.Passed, "postgres, redis, queue answer"))
	p.wait(time.Minute)
	for _, id := range []string{"infrastructure", "network", "secrets"} {
		r := answer("deployments", run.Unknown, "the API server did not answer within 5 s")
		r.Ill = true
		p.wait(time.Second).look(id, 0, r)
	}
	return p.wait(12 * time.Second)
}

// flapping is a box that keeps changing its mind, beside an override that became void.
func flapping() *play {
	p := ready()
	for range 4 {
		p.wait(40*time.Second).look("network", 1, answer("http", run.Failed, "503 in 4 ms"))
		p.wait(40*time.Second).look("network", 1, answer("http", run.Passed, "200 in 12 ms"))
	}
	p.look("secrets", 0, answer("secret", run.Failed, "Secret app-secrets, missing: API_KEY"))
	p.add(run.StepOverridden{Step: "secrets", Reason: "the key comes with the release", Status: run.Failed, Value: "missing: API_KEY", Checks: []run.Covered{{Status: run.Failed, Badness: 1}}})
	return p.wait(5 * time.Second)
}

// many is a phase whose boxes all have several checks with several facts.
func many() *play {
	plan := testPlan()
	steps := plan.Runbook.Phases[1].Sections
	for i := range steps {
		for j := range steps[i].Steps {
			s := &steps[i].Steps[j]
			s.Recheck, s.Verify = "run", nil
			for _, kind := range []string{"workload", "nodes", "certificate", "junit"} {
				s.Verify = append(s.Verify, runbook.Check{Kind: kind})
			}
		}
	}
	p := &play{s: run.New("01JQ0000000000000000000002", plan), at: noon.Add(-13 * time.Minute)}
	p.add(run.RunStarted{Operator: "alice", Runbook: "deployment", Environment: "production"})
	p.attest("merged", "ci-green", "approval", "plan").gate("prerequisites")
	for i := range steps {
		for _, s := range steps[i].Steps {
			for k, check := range s.Verify {
				r := answer(check.Kind, run.Passed, run.Safe(fmt.Sprintf("%d of %d, headroom 38 %%, the nearest of them is 41 days away", 9+k, 9+k)))
				for n := range 6 {
					e := r.Evidence[0]
					e.Observed = run.Safe(fmt.Sprintf("host%d.example: 41 days", n))
					r.Evidence = append(r.Evidence, e)
				}
				p.wait(time.Second).look(s.ID, k, r)
			}
		}
	}
	return p.look("tests", 3, answer("junit", run.Failed, "e2e: 3 of 412 failed: lobby opens, move is sent, sign out")).wait(4 * time.Second)
}

// hostileChecks is a checklist whose results want to take over the terminal.
func hostileChecks() scene {
	evil := "a\x1b]52;c;AAAA\x07\x1b[2J\u202e\u0085\u200b日本👩‍👩‍👧‍👦\x9b31m\nb\tc"
	safe := run.MakeSafe(evil+evil+evil, 400)
	p := ready().gate("pre-deployment")
	for _, id := range []string{"infrastructure", "dependencies", "network", "secrets"} {
		r := run.Result{Status: run.Failed, Summary: safe, Sensor: safe, Badness: 3, Evidence: []run.Evidence{
			{Observed: safe, Expected: safe, Source: safe, Query: safe, ResourceVersion: evil}, {Observed: safe},
		}}
		p.wait(time.Second).look(id, 0, r)
		r.Status, r.Ill = run.Unknown, id != "network"
		p.wait(time.Second).look(id, 0, r)
	}
	p.add(run.StepOverridden{Step: "network", Reason: safe, Status: run.Failed, Value: safe, Checks: []run.Covered{{Status: run.Failed, Badness: 2}, {Status: run.Passed}}})
	p.add(run.StepDeferred{Step: "certificates", To: "post", Note: safe})
	sc := p.scene("hostile checks", "checklist")
	sc.state.Phase = 1
	return sc
}
