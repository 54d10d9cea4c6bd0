package runtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Done is the pause of a work that has nothing more to look at.
const Done = time.Duration(-1)

// World answers Work. Its fields script what it shows; the zero value of each is a world in which all is well.
type World struct {
	Checks   map[string]run.Status // what the checks of a step say; none: passed
	Looks    map[string]run.Result // what a check sees in full: by step, or by step/index; beats Checks
	Silent   map[string]bool       // steps whose checks never answer
	Problems []run.Safe            // of the preflight
	Unknown  []run.Safe            // of the preflight
	Holder   run.Safe              // who else holds the lock
	Unarmed  run.Safe              // why a rollback would not work
	Refuse   map[string]run.Safe   // components whose forward patch is refused
	Deny     map[string]run.Safe   // components whose rollback patch fails
	Broken   map[string]run.Safe   // components that will not complete by themselves
	Stuck    map[string]run.Safe   // components with a pod that does not come up
	Blind    map[string]run.Safe   // components that cannot be looked at
	Cold     map[string]run.Safe   // components that cannot be frozen or thawed
	Errors   float64               // error rate in percent
	NoData   bool                  // the metrics cannot be asked for
	PodTime  time.Duration         // until new pods are ready; 0: 10 s

	Outside   *Outside // what acts outside of the rollout come to
	Writes    []Write
	workloads map[string]*workload
}

// Write is one act that changed the world.
type Write struct {
	At             time.Time
	Wish           string
	Env, Component string
	Kind           string // move, freeze, thaw or undo
}

type workload struct {
	image, hash, act, run string
	generation, fence     int64
	paused                bool
	share                 int
	since                 time.Time
}

// NewWorld is a world in which every component runs v1.
func NewWorld() *World {
	return &World{
		Checks: map[string]run.Status{}, Looks: map[string]run.Result{}, Silent: map[string]bool{}, Refuse: map[string]run.Safe{}, Deny: map[string]run.Safe{},
		Broken: map[string]run.Safe{}, Stuck: map[string]run.Safe{}, Blind: map[string]run.Safe{}, Cold: map[string]run.Safe{},
		workloads: map[string]*workload{}, Errors: 0.1, Outside: NewOutside(),
	}
}

func (w *World) workload(env, name string) *workload {
	key := env + "/" + name
	if w.workloads[key] == nil {
		image := "registry.example/" + name + ":v1"
		w.workloads[key] = &workload{image: image, hash: "hash-of-" + image, generation: 1, share: 100}
	}
	return w.workloads[key]
}

// Runs is the image of a component.
func (w *World) Runs(env, name string) string { return w.workload(env, name).image }

// Paused tells whether a component is frozen.
func (w *World) Paused(env, name string) bool { return w.workload(env, name).paused }

// Meddle sets another image, as somebody else would.
func (w *World) Meddle(env, name, image string, at time.Time) {
	l := w.workload(env, name)
	l.image, l.hash, l.since, l.share = image, "hash-of-"+image, at, 100
	l.generation++
}

// Look does what there is to do for a work now, and says after which pause it is to look again.
func (w *World) Look(work run.Work, at time.Time) ([]run.Observation, time.Duration) {
	switch b := work.Body.(type) {
	case run.CheckWork:
		return w.check(b), b.Check.Interval.Or(10 * time.Second)
	case run.PreflightWork:
		return []run.Observation{w.preflight(b)}, Done
	case run.ArmWork:
		return []run.Observation{run.Armed{Env: b.Env.Name, OK: w.Unarmed == "", Why: w.Unarmed}}, 30 * time.Second
	case run.FollowWork:
		return w.follow(b, at), 5 * time.Second
	case run.LockWork:
		if w.Holder != "" {
			return []run.Observation{run.LockLost{Env: b.Env.Name, Holder: w.Holder, Why: "taken"}}, 5 * time.Second
		}
		return []run.Observation{run.LockHeld{Env: b.Env.Name, Token: 1}}, 5 * time.Second
	case run.MoveWork:
		return w.move(b, at), Done
	case run.FreezeWork:
		return w.freeze(b, at), Done
	case run.UndoWork:
		return w.undo(b, at)
	case run.BaselineWork:
		metric := run.BaselineMetric{Points: []run.XY{{T: at.Unix(), V: 0.1}}, Mean: 0.1, Coverage: 1}
		base := run.Baseline{From: b.To.Add(-b.Length), To: b.To, Metrics: map[string]run.BaselineMetric{"errors": metric}}
		return []run.Observation{run.BaselineTaken{Step: b.Step, Env: b.Env.Name, Baseline: base}}, Done
	case run.SampleWork:
		return []run.Observation{run.Sampled{Env: b.Env.Name, Sample: w.Sample(at)}}, b.Every
	}
	if seen, again, ok := w.Outside.look(work.Body, at); ok {
		return seen, again
	}
	panic(fmt.Sprintf("no answer to %T", work.Body))
}

// Sample is what the metrics say now.
func (w *World) Sample(at time.Time) run.Sample {
	p := run.Point{State: run.PointOK, Value: w.Errors, Num: w.Errors, Den: 100}
	if w.NoData {
		p = run.Point{State: run.PointUnknown, Why: "connection refused"}
	}
	return run.Sample{At: at, Points: map[string]run.Point{"errors": p}}
}

func (w *World) check(b run.CheckWork) []run.Observation {
	if w.Silent[b.Step] {
		return nil
	}
	r := run.Result{Status: run.Passed, Summary: "well"}
	if s, ok := w.Checks[b.Step]; ok {
		r = run.Result{Status: s, Summary: run.Safe("scripted " + s)}
	}
	for _, key := range []string{b.Step, b.Step + "/" + strconv.Itoa(b.Index)} {
		if look, ok := w.Looks[key]; ok {
			r = look
		}
	}
	return []run.Observation{run.Checked{Step: b.Step, Index: b.Index, Result: r}}
}

func (w *World) preflight(b run.PreflightWork) run.Observation {
	o := run.Preflighted{Step: b.Step, Problems: w.Problems, Unknown: w.Unknown}
	for _, c := range b.Targets {
		l := w.workload(b.Env.Name, c.Name)
		o.Pins = append(o.Pins, run.Pin{
			Component: c.Name, Workload: c.Workload, UID: "uid-" + c.Name, Generation: l.generation, Fence: l.fence,
			Replicas: 4, Image: l.image, ReplicaSetUID: "rs-" + l.hash, Hash: l.hash,
		})
	}
	return o
}

func (w *World) follow(b run.FollowWork, at time.Time) []run.Observation {
	var out []run.Observation
	for _, c := range b.Targets {
		out = append(out, run.Progressed{Env: b.Env.Name, Progress: w.progress(b.Env.Name, c.Name, at), Err: w.Blind[c.Name]})
	}
	return out
}

func (w *World) progress(env, name string, at time.Time) run.Progress {
	l := w.workload(env, name)
	p := run.Progress{
		Component: name, UID: "uid-" + name, Generation: l.generation, ObservedGeneration: l.generation, Fence: l.fence,
		Act: l.act, Run: l.run, Image: l.image, Hash: l.hash, Paused: l.paused, Desired: 4, Available: 4, OldReady: 4,
		Condition: run.Waiting, Message: "waiting for pods", Stuck: w.Stuck[name],
	}
	podTime := w.PodTime
	if podTime == 0 {
		podTime = 10 * time.Second
	}
	bad := strings.HasSuffix(l.image, ":v2") // trouble comes with the new image
	if !bad {
		p.Stuck = ""
	}
	switch {
	case bad && w.Broken[name] != "":
		p.Condition, p.Message = run.Broken, w.Broken[name]
	case l.paused || at.Sub(l.since) < podTime || p.Stuck != "":
	default:
		p.UpdatedReady = run.SharePods(l.share, 4)
		if l.share >= 100 {
			p.Condition, p.OldReady = run.Done, 0
		}
	}
	return p
}
