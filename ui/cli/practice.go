package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// practiceFlags are the flags of `sop practice`.
type practiceFlags struct {
	list, expose, plain bool
	speed, policy       string
	seed                int64
	set                 []string
	format              *string
}

func (a *app) practiceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "practice [SCENARIO]",
		Short: "Learn the procedure on a simulated world: same program, same keys, same runbook",
		Args:  cobra.MaximumNArgs(1),
	}
	var f practiceFlags
	cmd.Flags().BoolVar(&f.list, "list", false, "list the scenarios")
	cmd.Flags().StringVar(&f.speed, "speed", "1", "how many times faster than life the world's time runs; max: as fast as it can be computed (with --auto)")
	cmd.Flags().Int64Var(&f.seed, "seed", 0, "seed of all chance in the world (0: the scenario's)")
	cmd.Flags().StringVar(&f.policy, "auto", "", "let a policy play instead of a person: "+run.PolicyGoodOperator)
	cmd.Flags().BoolVar(&f.expose, "expose", false, "serve the world on loopback, for your own kubectl and curl")
	cmd.Flags().BoolVar(&f.plain, "plain", false, "line by line, for a screen reader or a dumb terminal")
	cmd.Flags().StringArrayVar(&f.set, "set", nil, "input of the runbook, as name=value (repeatable)")
	cmd.MarkFlagsMutuallyExclusive("plain", "auto")
	f.format = outputFlag(cmd, "text", "json")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if f.list {
			return a.listScenarios(*f.format)
		}
		return a.practise(cmd.Context(), f, args)
	}
	return cmd
}

func (a *app) listScenarios(format string) error {
	all, err := practice.Scenarios()
	if err != nil {
		return failed(err)
	}
	if format == "json" {
		list := []practice.ScenarioMetadata{}
		for _, sc := range all {
			list = append(list, sc.Metadata)
		}
		return a.writeJSON(map[string]any{"scenarios": list})
	}
	for _, sc := range all {
		fmt.Fprintf(a.out, "%-12s %d  %s\n", sc.Metadata.Name, sc.Metadata.Difficulty, sc.Metadata.Title)
	}
	return nil
}

func (a *app) practise(ctx context.Context, f practiceFlags, args []string) error {
	sc, speed, err := f.check(a, args)
	if err != nil {
		return err
	}
	if speed == 0 {
		clock := practice.NewJumping(sc.Start)
		clock.Run(func() { err = a.drill(ctx, f, sc, ui.Options{}, clock, clock) })
		return err
	}
	return a.drill(ctx, f, sc, ui.Options{Speed: speed}, engine.Scaled(sc.Start, speed), nil)
}

// check validates the flags; a speed of 0 stands for max.
func (f practiceFlags) check(a *app, args []string) (practice.Scenario, float64, error) {
	var none practice.Scenario
	if err := checkFormat(*f.format, "text", "json"); err != nil {
		return none, 0, err
	}
	sc, err := practice.Find(append(args, "")[0])
	if err != nil {
		return none, 0, usage("%w", err)
	}
	if f.seed != 0 {
		sc.Seed = f.seed
	}
	if f.policy != "" && f.policy != run.PolicyGoodOperator {
		return none, 0, usage("unknown policy %q for --auto: there is %s", f.policy, run.PolicyGoodOperator)
	}
	if f.speed == "max" {
		if f.policy == "" {
			return none, 0, usage("--speed max leaves no time for a person: add --auto %s, or give a number such as 60", run.PolicyGoodOperator)
		}
		return sc, 0, nil
	}
	speed, err := strconv.ParseFloat(f.speed, 64)
	if err != nil || speed < 0.1 || speed > 1000 {
		return none, 0, usage("--speed %q is neither max nor a number from 0.1 to 1000", f.speed)
	}
	if f.policy == "" && !f.plain {
		return sc, speed, a.needTerminal("sop practice")
	}
	return sc, speed, nil
}

// drill plays one scenario; o says how fast it is shown. jumping is the clock again when it is the virtual one, which has to know when the caches of
// the program have caught up with the world.
func (a *app) drill(ctx context.Context, f practiceFlags, sc practice.Scenario, o ui.Options, clock run.Clock, jumping *practice.Jumping) error {
	world, err := practice.New(sc, clock, sc.Seed)
	if err != nil {
		return failed(err)
	}
	if jumping != nil {
		jumping.AddIdle(world.Idle())
	}
	worldCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	c := practiceConnections(world, sc, clock)
	var coming *arrival
	if jumping != nil || f.expose { // the virtual clock has to know of its coming, and who connects from outside wants it there
		if err := world.Start(worldCtx); err != nil {
			return failed(err)
		}
	} else {
		coming, ctx = expect(ctx, worldCtx, world)
		defer func() { stop(); <-coming.there }()
		c.ready = coming.wait
	}
	if f.expose {
		exposed, err := world.Expose(worldCtx)
		if err != nil {
			return failed(err)
		}
		a.tellExposed(exposed)
	}
	s, err := a.beginDrill(c, f, sc, o.Speed, jumping != nil)
	if err != nil {
		return err
	}
	if jumping != nil {
		jumping.AddIdle(func() bool { return s.parts.clusters.Settled(world.Cluster().CaughtUp) })
	}
	mode := modeFlags{plain: f.plain, auto: f.policy != "", format: f.format}
	o.Cluster, o.Practice = clusterLabel(c, s.Latest().Plan), true
	result, err := a.drive(ctx, s, mode, o)
	if lost := coming.failure(); lost != nil {
		return failed(lost)
	}
	if err != nil {
		return err
	}
	if state := s.Latest(); !state.Ended.IsZero() && !result.left {
		score := practice.Judge(sc.Expect, performance(state, world.FaultBegan()))
		result.Score = &score
		a.keepScore(s.id, score)
	}
	err = a.conclude(ctx, result, mode)
	var e *exitError
	if f.policy == "" && ctx.Err() == nil && errors.As(err, &e) {
		return nil // a drill that a person left or lost is no error of the program
	}
	return err
}

// tellExposed says where the world is, for those outside of the program.
func (a *app) tellExposed(e practice.Exposed) {
	fmt.Fprintf(a.err, "the world is at KUBECONFIG=%s and %s\n", e.Kubeconfig, e.Prometheus)
	all := e.Variables()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(a.err, "  %s=%s\n", name, all[name])
	}
	fmt.Fprintf(a.err, "a shell reads all but the cluster and its Prometheus from %s\n", e.Env)
}

func (a *app) beginDrill(c connections, f practiceFlags, sc practice.Scenario, speed float64, fast bool) (*session, error) {
	id := journal.NewID(time.Now()) // the real time: the world's would repeat
	set := choiceFlags{set: f.set}
	inputs, err := set.inputs()
	if err != nil {
		return nil, err
	}
	for name, value := range sc.Inputs {
		if _, given := inputs[name]; !given {
			inputs[name] = value
		}
	}
	doc, err := a.load(sc.Runbook, nil)
	if err != nil {
		return nil, err
	}
	plan, err := a.resolve(doc, runbook.Choice{Inputs: inputs, Environment: sc.Environment, Run: id, Operator: c.operator})
	if err != nil {
		return nil, err
	}
	stretchFuse(plan, speed)
	return a.begin(c, newParts(c, plan), id, doc, plan, run.RunStarted{Auto: f.policy}, journal.Options{NoSync: fast, Now: c.clock.Now})
}

// stretchFuse makes the fuse last as long for the person as in life, however fast the world's time goes.
func stretchFuse(plan *runbook.Plan, speed float64) {
	if rb := plan.Runbook.Rollback; rb != nil && speed > 1 {
		rb.Fuse.D = time.Duration(float64(rb.Fuse.Or(run.DefaultFuse)) * speed)
	}
}

// performance reads off a State what the score needs.
func performance(s run.State, faultAt time.Time) practice.Performance {
	p := practice.Performance{FaultAt: faultAt, Outcome: s.Outcome}
	for step := range run.Steps(s.Plan) {
		status := s.StepStatus(step.ID)
		if !step.IsRequired() || status == run.NotApplicable {
			continue
		}
		switch {
		case status == run.Overridden:
			p.Steps, p.Overridden = p.Steps+1, p.Overridden+1
		case status.OpensGate():
			p.Steps, p.Done = p.Steps+1, p.Done+1
		}
	}
	for _, d := range s.Deploys {
		p.Deployed = p.Deployed || len(d.Answered) > 0 || !d.MoveAt.IsZero()
	}
	for _, env := range s.Envs {
		for _, t := range env.Triggers {
			if t.State == run.TriggerTripped && (p.DetectedAt.IsZero() || t.Since.Add(t.For).Before(p.DetectedAt)) {
				p.DetectedAt = t.Since.Add(t.For)
			}
		}
	}
	if r := s.Rollback; r != nil && !r.Burnt.IsZero() {
		p.RolledBackAt, p.Verified = r.SettleFrom, r.Verified == run.Passed
		if p.DetectedAt.IsZero() || r.Pressed.Before(p.DetectedAt) {
			p.DetectedAt = r.Pressed
		}
		p.WrongTarget = r.Env != s.Plan.Environment
	} else {
		p.Verified = s.RunVerdict() == run.VerdictPass
	}
	return p
}
