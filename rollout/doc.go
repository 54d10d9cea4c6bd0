// Package rollout moves components to a revision and back.
//
// Half of it is pure: Status reads how far a workload is, ForwardPatch, FreezePatch and UndoPatch say what to write.
// The other half is Worker, which does one piece of run.Work at a time against the cluster: it observes first, writes
// at most what the wish says, and reports what came of it. Everything a rollback needs stands on the workload itself,
// as annotations, so that a responder on another machine can roll back; which flags a run has raised stands on the
// environment's Lease (rollout/kube, RaisedFlags), since flags need not be in the cluster.
//
// # The data's way
//
// run.Work → Worker.Do → look (rollout/kube's caches) → decide (pure) → patch (rollout/kube) → run.Observation:
//
//	w := rollout.NewWorker(clusters, clock, "alice@laptop")
//	err := w.Do(ctx, run.Work{ID: "follow", Body: run.FollowWork{Env: env, Targets: components}}, report)
//
// # The patches
//
// Each is one JSON patch that tests the workload's uid, generation and fence, so it applies to exactly what was looked
// at or not at all. A canary is held by the Deployment controller alone: surge n, nothing unavailable, and pods that
// count as available only long after the hold. A rollback is one patch that restores template, strategy and un-pauses;
// it stamps fence + 1, and with that every forward patch still on its way misses its test.
package rollout
