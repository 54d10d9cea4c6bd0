package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// start begins the action of a step.
func (d *decision) start(v Start) {
	id := v.Step
	step, phase, ok := d.s.place(id)
	if ok && phase < 0 && actsOutside(step) && d.s.goingBack() {
		d.startOutside(step, phase, v)
		return
	}
	switch {
	case !ok:
		d.refuse("there is no step %q", id)
	case phase != d.s.Phase || d.s.Only:
		d.refuse("%s belongs to another phase: open its gate first", step.Title)
	case d.s.Rollback.live() || d.s.rolledBack():
		d.refuse("the run was rolled back: nothing moves forward any more; start a new run")
	case step.Action() == "" || step.Rollback != nil:
		d.refuse("%s has nothing to start", step.Title)
	case d.s.Steps[id].Na:
		d.refuse("%s does not apply", step.Title)
	default:
		if before := d.s.unready(step); before != "" {
			d.refuse("%s waits for %s", step.Title, before)
			return
		}
		if actsOutside(step) {
			d.startOutside(step, phase, v)
			return
		}
		d.startAction(step, d.s.envOf(phase))
	}
}

// unready names the first required step before this one in its phase, or check of its own, that is not there yet.
func (s State) unready(step runbook.Step) string {
	ph, _ := s.OpenPhase()
	for other := range PhaseSteps(ph) {
		if other.ID == step.ID {
			break
		}
		if other.IsRequired() && !s.StepStatus(other.ID).OpensGate() {
			return other.Title
		}
	}
	for i, c := range s.Steps[step.ID].Checks {
		if !c.Shown().OpensGate() {
			return step.Verify[i].Kind + " of its own: " + string(c.Result.Summary)
		}
	}
	return ""
}

func (d *decision) startAction(step runbook.Step, env string) {
	if step.Watch != nil {
		if w, ok := d.s.Watches[step.ID]; ok && w.Ended.IsZero() {
			d.refuse("the watch is on already")
			return
		}
		d.emit(WatchStarted{Step: step.ID, Env: env, From: d.at, Until: d.at.Add(step.Watch.For.D)})
		return
	}
	before, ok := d.s.Deploys[step.ID]
	if ok && before.Stage != Refused {
		d.refuse("the deploy is under way or done already")
		return
	}
	for _, other := range d.s.Deploys {
		if other.Env == env && other.Step != step.ID && other.open() {
			d.refuse("another deploy to %s is under way: let it end first", env)
			return
		}
	}
	d.emit(DeployStarted{Step: step.ID, Env: env, Attempt: before.Attempt + 1, Moves: moves(d.s.Plan, step.Deploy)})
}

// moves are the patches of a deploy in their order: each wave through all its shares before the next.
func moves(p *runbook.Plan, deploy *runbook.Deploy) []Move {
	var list []Move
	for i, wave := range p.Waves(deploy) {
		for _, share := range shares(deploy) {
			list = append(list, Move{Wave: i, Components: wave, Share: share})
		}
	}
	return list
}

func shares(deploy *runbook.Deploy) []int {
	if deploy.Strategy != "canary" {
		return []int{100}
	}
	var list []int
	for _, p := range deploy.Steps {
		list = append(list, int(p))
	}
	if len(list) == 0 || list[len(list)-1] < 100 {
		list = append(list, 100)
	}
	return list
}

// preflighted pins what runs now and opens or refuses the deploy.
func (d *decision) preflighted(v Preflighted) {
	dep, ok := d.s.Deploys[v.Step]
	if !ok || dep.Stage != Preflight {
		return
	}
	for _, pin := range v.Pins {
		if slices.ContainsFunc(dep.Moves, func(m Move) bool { return slices.Contains(m.Components, pin.Component) }) {
			d.emit(DeployPinned{Step: v.Step, Env: dep.Env, Pin: pin})
		}
	}
	v.Unknown = append(slices.Clone(v.Unknown), d.s.unpinned(dep)...)
	monitor := d.s.monitorOf(v.Step, dep.Env)
	d.emit(DeployChecked{
		Step: v.Step, Problems: v.Problems, Unknown: v.Unknown, Notes: v.Notes, Monitor: monitor,
		Baseline: monitor != "" && len(d.s.Plan.Metrics[dep.Env]) > 0,
	})
}

// unpinned are the components that a deploy would move without a way back.
func (s State) unpinned(dep DeployState) []Safe {
	var missing []Safe
	for _, m := range dep.Moves {
		for _, name := range m.Components {
			why := MakeSafe(name+": what it runs now was not pinned, so there would be no way back", 200)
			if pinOf(s.Envs[dep.Env].Pins, name) < 0 && !slices.Contains(missing, why) {
				missing = append(missing, why)
			}
		}
	}
	return missing
}

// monitorOf is the watch that judges a deploy: the first one in the same environment that comes after it.
func (s State) monitorOf(deploy, env string) string {
	after := false
	for i, ph := range s.Plan.Runbook.Phases {
		for step := range PhaseSteps(ph) {
			if step.ID == deploy {
				after = true
			} else if after && step.Watch != nil && s.envOf(i) == env {
				return step.ID
			}
		}
	}
	return ""
}

func (d *decision) patched(v Patched) {
	for id, dep := range d.s.Deploys {
		if dep.Wish == v.Wish && dep.Wish != "" && slices.Contains(dep.Moves[dep.Move].Components, v.Component) {
			d.emit(MovePatched{
				Wish: v.Wish, Step: id, Component: v.Component, Generation: v.Generation,
				Already: v.Already, Refused: v.Refused, Err: v.Err,
			})
			return
		}
	}
}

// judgeDeploys moves every open deploy on as far as facts and holds allow.
func (d *decision) judgeDeploys() {
	for step := range Steps(d.s.Plan) {
		dep, ok := d.s.Deploys[step.ID]
		if !ok || d.s.goingBack() {
			continue
		}
		switch {
		case dep.Frozen:
		case dep.Stage == Locking && len(d.s.PromotionBlockers(step.ID)) == 0:
			d.wish(dep, 0)
		case dep.Stage == InMove:
			d.judgeMove(step, dep)
		case dep.Stage == Holding && !d.at.Before(dep.HoldUntil) && len(d.s.PromotionBlockers(step.ID)) == 0:
			d.promote(dep)
		}
	}
}

// wish journals a move before anybody touches the world.
func (d *decision) wish(dep DeployState, move int) {
	d.emit(Wished{Wish: fmt.Sprintf("%s/%s/%d/%d", d.s.ID, dep.Step, move, d.s.Acts+1), Step: dep.Step, Move: move})
}

func (d *decision) promote(dep DeployState) {
	if dep.Move+1 < len(dep.Moves) {
		d.wish(dep, dep.Move+1)
		return
	}
	d.emit(DeployFinished{Step: dep.Step})
}

func (d *decision) judgeMove(step runbook.Step, dep DeployState) {
	move := dep.Moves[dep.Move]
	if why := d.s.moveTrouble(dep, d.at); why != "" {
		d.emit(DeployStuck{Step: dep.Step, Why: why})
		return
	}
	if dep.Wish == "" && len(dep.Answered) < len(move.Components) {
		if d.s.Envs[dep.Env].Locked {
			d.wish(dep, dep.Move) // it was cut off by a freeze: observe, and patch what is missing
		}
		return
	}
	if !d.s.moveReached(dep) {
		return
	}
	reached := MoveReached{Step: dep.Step, Move: dep.Move}
	if move.Share < 100 {
		reached.HoldUntil = d.at.Add(step.Deploy.Hold.D)
	}
	d.emit(reached)
}

// moveTrouble says why a move will not come to its end by itself; empty while it may.
func (s State) moveTrouble(dep DeployState, at time.Time) Safe {
	move := dep.Moves[dep.Move]
	for _, name := range move.Components {
		a, ok := dep.Answered[name]
		if ok && (a.Refused || a.Err != "") {
			return MakeSafe(name+": "+string(a.Err), 300)
		}
		c := s.Envs[dep.Env].Components[name]
		current := c.Progress.Generation >= c.Patched && ok
		// What was seen before a retry gets a while to change.
		news := c.Seen.After(dep.MoveAt) || at.Sub(dep.MoveAt) >= stuckGrace
		switch {
		case current && news && (c.Progress.Condition == Missing || c.Progress.Condition == Broken && at.Sub(dep.MoveAt) >= stuckGrace):
			// A controller that counts its deadline from before a long hold gives up at once, and takes it back soon.
			return MakeSafe(fmt.Sprintf("%s: %s %s", name, c.Progress.Message, c.Progress.Stuck), 600)
		case current && c.Progress.Stuck != "" && at.Sub(dep.MoveAt) >= stuckGrace:
			return MakeSafe(name+": "+string(c.Progress.Stuck), 600)
		}
	}
	if at.Sub(dep.MoveAt) >= s.moveDeadline(dep) {
		return MakeSafe(fmt.Sprintf("not at %d %% after %s", move.Share, s.moveDeadline(dep)), 300)
	}
	return ""
}

// moveReached tells whether every component of the current move is where the move wants it.
func (s State) moveReached(dep DeployState) bool {
	move := dep.Moves[dep.Move]
	for _, name := range move.Components {
		want, _ := s.Plan.Component(name)
		if _, answered := dep.Answered[name]; !answered {
			return false
		}
		if !s.Envs[dep.Env].Components[name].reached(move.Share, want.Image) {
			return false
		}
	}
	return true
}

// reached tells whether a component runs its new image in the share that was asked for.
func (c ComponentState) reached(share int, image string) bool {
	p := c.Progress
	if c.Err != "" || p.Generation < c.Patched || p.ObservedGeneration < p.Generation || p.Image != image {
		return false
	}
	if share >= 100 {
		return p.Condition == Done
	}
	return p.UpdatedReady >= SharePods(share, p.Desired)
}

// SharePods is how many of the wanted pods a share is: rounded up, at least one.
func SharePods(share, wanted int) int {
	return max(1, (share*wanted+99)/100)
}

// PromotionBlockers say why a deploy that holds, or is about to write first, does not go on: it waits until none is left.
func (s State) PromotionBlockers(id string) []Safe {
	dep, ok := s.Deploys[id]
	if !ok || dep.Stage != Holding && dep.Stage != Locking {
		return nil
	}
	env := s.Envs[dep.Env]
	var why []Safe
	if !env.Locked {
		why = append(why, MakeSafe("the lock is not held: "+string(env.LockWhy), 300))
	}
	if dep.Stage == Locking { // nothing is written yet
		return append(why, s.driftBlockers(id)...)
	}
	for _, t := range env.Triggers {
		if t.State == TriggerSuspect || t.State == TriggerTripped {
			why = append(why, MakeSafe(fmt.Sprintf("%s is %s: %s", t.Metric, t.State, t.Why), 300))
		}
	}
	if stray := s.strayed(dep); stray != "" {
		why = append(why, stray)
	}
	move := dep.Moves[dep.Move]
	for _, name := range move.Components {
		want, _ := s.Plan.Component(name)
		if c := env.Components[name]; c.Strayed == "" && !c.reached(move.Share, want.Image) {
			why = append(why, MakeSafe(fmt.Sprintf("%s is no longer at %d %%: %s %s", name, move.Share, c.Progress.Message, c.Err), 300))
		}
	}
	return append(why, s.driftBlockers(id)...)
}

// driftBlockers are the required boxes that are live and do not stand: any drift pauses a promotion.
func (s State) driftBlockers(deploy string) []Safe {
	var why []Safe
	for i, ph := range s.Plan.Runbook.Phases[:s.Phase+1] {
		for step := range PhaseSteps(ph) {
			if step.ID == deploy {
				break
			}
			if len(step.Verify) == 0 || !step.IsRequired() || !s.live(step, i) {
				continue
			}
			if status := s.statusOf(step, i); !status.OpensGate() && status != Checking && status != Pending {
				why = append(why, MakeSafe(fmt.Sprintf("%s is %s: %s", step.Title, status, s.Observed(step.ID)), 300))
			}
		}
	}
	return why
}

// freeze stops what is moving, without a rollback.
func (d *decision) freeze() {
	for step := range Steps(d.s.Plan) {
		if dep := d.s.Deploys[step.ID]; dep.running() && (!dep.Frozen || dep.Thawing) && !d.s.goingBack() {
			d.emit(FreezeAsked{Wish: fmt.Sprintf("%s/freeze/%d", d.s.ID, d.s.Acts+1), Step: step.ID, Components: pinned(d.s.touched(dep.Env))})
			return
		}
	}
	if d.pauseFlags() {
		return
	}
	d.refuse("nothing is moving: there is nothing to freeze")
}

// goOn sets a frozen deploy going again, or tries again what was stuck or cut short.
func (d *decision) goOn() {
	if d.s.Rollback.live() || d.s.rolledBack() {
		d.refuse("a rollback is under way: take it back first (esc), while its fuse burns")
		return
	}
	for step := range Steps(d.s.Plan) {
		dep, ok := d.s.Deploys[step.ID]
		switch {
		case !ok || !dep.open():
		case dep.Frozen && dep.running():
			d.emit(FreezeAsked{Wish: fmt.Sprintf("%s/thaw/%d", d.s.ID, d.s.Acts+1), Step: step.ID, Components: pinned(d.s.touched(dep.Env)), Thaw: true})
			return
		case dep.Stage == Stuck:
			d.emit(DeployRetried{Step: step.ID})
			return
		}
	}
	if d.resumeFlags() {
		return
	}
	d.refuse("nothing is frozen or stuck")
}

// written is the environment that this run wrote last; empty when it wrote none.
func (s State) written() string {
	best := ""
	for name, env := range s.Envs {
		if !env.Written.IsZero() && (best == "" || env.LastWrite.After(s.Envs[best].LastWrite)) {
			best = name
		}
	}
	return best
}

// touched are the pins of the components that this run moved, in the order of deployment.
func (s State) touched(env string) []Pin {
	return slices.DeleteFunc(slices.Clone(s.Envs[env].Pins), func(p Pin) bool {
		stage := s.Envs[env].Components[p.Component].Stage
		return stage == Untouched || stage == ""
	})
}
