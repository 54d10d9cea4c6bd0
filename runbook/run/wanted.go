package run

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// DefaultFuse is how long a rollback waits between R and its patches where the runbook says nothing (DESIGN §5).
const DefaultFuse = 3 * time.Second

// Defaults of what a runbook leaves out.
const (
	defaultInterval  = 10 * time.Second
	defaultEvery     = 15 * time.Second
	defaultWarmUp    = 3 * time.Minute
	defaultSettle    = 2 * time.Minute
	defaultDeadline  = 10 * time.Minute // of one move
	tookDeadline     = 10 * time.Minute // of a rollback, until it is called late
	settleDeadline   = 15 * time.Minute // until metrics that stay out of band are called failed
	stuckGrace       = 90 * time.Second // a pod may fail this long before the move is called stuck
	baselineLength   = 30 * time.Minute
	baselineGap      = time.Minute // between the baseline's end and the first write
	burnDelay        = 400 * time.Millisecond
	unwatchedSettles = 2 // settle times after which a rollback without metrics ends unverified
)

// Wanted says which work should be going on now, in a fixed order.
func Wanted(s State) []Work {
	if !s.Ended.IsZero() || s.Started.IsZero() {
		return nil
	}
	works := s.checkWorks()
	for _, env := range slices.Sorted(maps.Keys(s.Envs)) {
		works = append(works, s.envWorks(env)...)
	}
	for _, id := range slices.Sorted(maps.Keys(s.Deploys)) {
		works = append(works, s.deployWorks(s.Deploys[id])...)
	}
	works = append(works, s.actionWorks()...)
	works = append(works, s.messageWorks()...)
	return append(works, s.rollbackWorks()...)
}

// checkWorks are the looks at the checks that are live.
func (s State) checkWorks() []Work {
	var works []Work
	for ref, check := range s.liveChecks() {
		works = append(works, s.checkWork(ref, check))
	}
	return works
}

func (s State) checkWork(ref CheckRef, check runbook.Check) Work {
	_, phase, _ := s.place(ref.Step)
	env := s.Plan.Env(s.envOf(phase))
	again := s.Steps[ref.Step].Checks[ref.Index].Recheck
	var needs []Need
	if check.Kind == "access" {
		needs = s.Needs(env.Name)
	}
	return Work{
		ID:   "check/" + ref.Step + "/" + strconv.Itoa(ref.Index) + "/" + env.Name + "/" + strconv.Itoa(again) + needsID(needs),
		Body: CheckWork{Step: ref.Step, Index: ref.Index, Check: check, Env: env, Needs: needs},
	}
}

// liveChecks yields the checks that are looked at now: those of the open phase, those that stay live for the whole run,
// and those of the rollback procedure once there is a rollback.
func (s State) liveChecks() iter.Seq2[CheckRef, runbook.Check] {
	return func(yield func(CheckRef, runbook.Check) bool) {
		for i, ph := range s.Plan.Runbook.Phases {
			for step := range PhaseSteps(ph) {
				if !s.Only && s.live(step, i) && !s.looks(step, i, yield) {
					return
				}
			}
		}
		if rb := s.Plan.Runbook.Rollback; rb != nil && s.Rollback != nil && s.Rollback.Stage != TakenBack {
			for _, step := range rb.Steps {
				if !s.Steps[step.ID].Na && !s.looks(step, -1, yield) {
					return
				}
			}
		}
	}
}

// looks yields the checks of a step that are wanted; false means that nobody wants more.
func (s State) looks(step runbook.Step, phase int, yield func(CheckRef, runbook.Check) bool) bool {
	for i, check := range step.Verify {
		once := step.Recheck == "once" && !wantsLook(s.Steps[step.ID].Checks[i])
		if !once && !s.suspended(step, i, phase) && !yield(CheckRef{Step: step.ID, Index: i}, check) {
			return false
		}
	}
	return true
}

// live tells whether the checks of a step are looked at now.
func (s State) live(step runbook.Step, phase int) bool {
	st := s.Steps[step.ID]
	switch {
	case st.Na:
		return false
	case step.Recheck == "run":
		return true
	case st.Deferred && s.dueAgain(step, phase):
		return true
	}
	return phase == s.Phase
}

// wantsLook tells whether a check that is made once has to be made: it never passed, or somebody asks for it.
func wantsLook(c CheckState) bool {
	return !isGood(c.Status) || c.Stale || c.History.Flapping
}

func interval(c runbook.Check) time.Duration { return c.Interval.Or(defaultInterval) }

// ttl is how long a look may open a gate.
func ttl(c runbook.Check) time.Duration {
	return c.TTL.Or(3*interval(c) + c.Timeout.Or(5*time.Second))
}

func (s State) envWorks(name string) []Work {
	env, plan := s.Envs[name], s.Plan.Env(name)
	var works []Work
	if len(env.Pins) > 0 { // none: an action writes here, and nothing was deployed
		targets := s.targets(pinned(env.Pins))
		works = append(works, Work{ID: "follow/" + name + "/" + strings.Join(pinned(env.Pins), ","), Body: FollowWork{Env: plan, Targets: targets}})
		if !s.Rollback.live() {
			needs := s.offNeeds(name)
			works = append(works, Work{ID: fmt.Sprintf("arm/%s/%s%s", name, pinsID(env.Pins), needsID(needs)), Body: ArmWork{Env: plan, Pins: env.Pins, Needs: needs}})
		}
	}
	if s.monitoring(name) {
		works = append(works, Work{
			ID:   fmt.Sprintf("sample/%s/%s", name, env.Monitored),
			Body: SampleWork{Env: plan, Metrics: s.monitored(name), Every: s.every(name)},
		})
	}
	if s.locking(name) {
		works = append(works, Work{ID: "lock/" + name, Body: LockWork{Env: plan, Run: s.ID}})
	}
	return works
}

// pinsID makes arming begin anew when there are new pins.
func pinsID(pins []Pin) string {
	var b strings.Builder
	for _, p := range pins {
		fmt.Fprintf(&b, "%s:%s:%d;", p.Component, p.ReplicaSetUID, p.Fence)
	}
	return b.String()
}

func pinned(pins []Pin) []string {
	names := make([]string, len(pins))
	for i, p := range pins {
		names[i] = p.Component
	}
	return names
}

func (s State) targets(names []string) []runbook.Component {
	list := make([]runbook.Component, 0, len(names))
	for _, name := range names {
		if c, ok := s.Plan.Component(name); ok {
			list = append(list, c)
		}
	}
	return list
}

// monitoring tells whether the environment's metrics are sampled: from the first write to the end of its watch, while
// flags rise, and while a rollback settles.
func (s State) monitoring(name string) bool {
	env := s.Envs[name]
	if env.Monitored == "" || env.Written.IsZero() || len(s.monitored(name)) == 0 {
		return false
	}
	if s.Rollback.live() && s.Rollback.Env == name {
		return true
	}
	if s.Rollback != nil && s.Rollback.Env == name && s.Rollback.Stage == Restored {
		return false
	}
	if id := s.raising(); id != "" && s.Actions[id].Env == name {
		return true // also after the last watch: no share is raised blind
	}
	w, started := s.Watches[env.Monitored]
	return !started || w.Ended.IsZero()
}

// monitored are the metrics of the environment's watch.
func (s State) monitored(name string) []runbook.Metric {
	step, _, ok := s.place(s.Envs[name].Monitored)
	if !ok || step.Watch == nil {
		return nil
	}
	all := s.Plan.Metrics[name]
	if step.Watch.Metrics.All || len(step.Watch.Metrics.List) == 0 {
		return all
	}
	var list []runbook.Metric
	for _, m := range all {
		if slices.Contains(step.Watch.Metrics.List, m.Name) {
			list = append(list, m)
		}
	}
	return list
}

// Monitored are the metrics that are sampled in an environment, in the order of the file.
func (s State) Monitored(env string) []runbook.Metric { return s.monitored(env) }

func (s State) every(name string) time.Duration {
	if step, _, ok := s.place(s.Envs[name].Monitored); ok && step.Watch != nil {
		return step.Watch.Every.Or(defaultEvery)
	}
	return defaultEvery
}

// locking tells whether the environment's lock is wanted: from before the first write to the end of the watch. A
// rollback needs none, and leaves it to whoever holds it.
func (s State) locking(name string) bool {
	if s.Rollback.live() && s.Rollback.Env == name {
		return false
	}
	for _, d := range s.Deploys {
		if d.Env == name && (d.Stage == Locking || d.running()) {
			return true
		}
	}
	for _, w := range s.Watches {
		if w.Env == name && w.Ended.IsZero() {
			return true
		}
	}
	for id, a := range s.Actions {
		if step, phase, _ := s.place(id); a.Env == name && a.underWay() && phase >= 0 && locks(step) {
			return true
		}
	}
	return false
}

func (s State) deployWorks(d DeployState) []Work {
	if s.goingBack() {
		return nil // nothing moves forward beside a rollback, in no environment
	}
	step, _, _ := s.place(d.Step)
	env := s.Plan.Env(d.Env)
	held := s.Envs[d.Env].Locked // what moves forward waits for the lock
	switch {
	case d.Stage == Preflight:
		names := slices.Concat(s.Plan.Waves(step.Deploy)...)
		return []Work{{
			ID:   fmt.Sprintf("preflight/%s/%d", d.Step, d.Attempt),
			Body: PreflightWork{Step: d.Step, Env: env, Targets: s.targets(names), Canary: step.Deploy.Strategy == "canary", Needs: s.Needs(d.Env)},
		}}
	case d.Stage == Baselining:
		return []Work{{ID: fmt.Sprintf("baseline/%s/%d", d.Step, d.Attempt), Body: BaselineWork{
			Step: d.Step, Env: env, Metrics: s.monitored(d.Env), To: s.baselineEnd(d), Length: baselineLength, Every: s.every(d.Env),
		}}}
	case d.FreezeWish != "" && len(d.FreezeAnswers) < len(d.FreezeOf) && d.running():
		if d.Thawing && !held {
			return nil
		}
		return []Work{{ID: d.FreezeWish, Body: FreezeWork{
			Wish: d.FreezeWish, Run: s.ID, Env: env, Targets: s.targets(d.FreezeOf), Thaw: d.Thawing,
		}}}
	case d.Stage == InMove && d.Wish != "" && !d.Frozen && held:
		return []Work{{ID: d.Wish, Body: s.moveWork(d, step)}}
	}
	return nil
}

// baselineEnd keeps the deploy's own minute out of the baseline.
func (s State) baselineEnd(d DeployState) time.Time { return d.Started.Add(-baselineGap) }

func (s State) moveWork(d DeployState, step runbook.Step) MoveWork {
	move := d.Moves[d.Move]
	w := MoveWork{
		Wish: d.Wish, Run: s.ID, Step: d.Step, Env: s.Plan.Env(d.Env), Share: move.Share,
		Canary: step.Deploy.Strategy == "canary", Hold: step.Deploy.Hold.D,
	}
	env := s.Envs[d.Env]
	for _, name := range move.Components {
		component, _ := s.Plan.Component(name)
		i := pinOf(env.Pins, name)
		w.Targets = append(w.Targets, MoveTarget{
			Component: component, Pin: env.Pins[i], Fence: s.fence(env, env.Pins[i]), Stamp: env.Pins[i].Fence + 1,
		})
	}
	return w
}

// fence is what the workload carries: also when the answer to the patch that stamped it was lost.
func (s State) fence(env EnvState, pin Pin) int64 {
	c := env.Components[pin.Component]
	if c.Progress.Run == s.ID && c.Progress.Fence == pin.Fence+1 {
		return c.Progress.Fence
	}
	return c.Fence
}

// goingBack tells whether a rollback is under way or done: nothing moves forward any more.
func (s State) goingBack() bool { return s.Rollback.live() || s.rolledBack() }

func (s State) rollbackWorks() []Work {
	r := s.Rollback
	if r == nil {
		return nil
	}
	env := s.Plan.Env(r.Env)
	switch {
	case (r.Stage == Fusing || r.Stage == Asking) && r.FreezeWish != "" && len(r.FrozenBy) < len(r.Pins):
		return []Work{{ID: r.FreezeWish, Body: FreezeWork{Wish: r.FreezeWish, Run: s.ID, Env: env, Targets: s.targets(pinned(r.Pins))}}}
	}
	works := s.flagsOffWorks(r)
	if r.Stage == Restoring && !r.waitsForFlags() && s.unaccepted(r) {
		works = append(works, Work{ID: r.Wish, Body: UndoWork{Wish: r.Wish, Run: s.ID, Env: env, Pins: s.undoOrder(r), Burnt: r.Burnt}})
	}
	return works
}

func (s State) unaccepted(r *RollbackState) bool {
	for _, p := range r.Pins {
		if !s.Envs[r.Env].Components[p.Component].Undo.Accepted {
			return true
		}
	}
	return false
}

// undoOrder is the order of deployment, reversed.
func (s State) undoOrder(r *RollbackState) []Pin {
	pins := slices.Clone(r.Pins)
	slices.Reverse(pins)
	return pins
}
