package cli

import (
	"context"
	"fmt"
	"os/user"

	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/rollout"
	"github.com/politicalsphere/sop/rollout/act"
	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/rollout/prom"
	"github.com/politicalsphere/sop/rollout/watch"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/engine"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
)

// connections are the seams between the program and the world: the only things that differ between a real cluster
// and the practice world.
type connections struct {
	clock    run.Clock
	connect  kube.Connect
	doors    checks.Sources // of the checks; clusters, Prometheus and the clock are put in by newParts
	operator string
	practice string                      // scenario; empty on a real cluster
	ready    func(context.Context) error // waits until there is anything to connect to; nil: there is
}

// realConnections go where the kubeconfig and the runbook's addresses say.
func realConnections(flags *genericclioptions.ConfigFlags) connections {
	return connections{
		clock: engine.RealTime(), connect: kubeconfig(flags), operator: operatorName(), doors: realDoors(),
	}
}

func practiceConnections(w *practice.World, sc practice.Scenario, clock run.Clock) connections {
	return connections{
		clock: clock, doors: practiceDoors(w), operator: sc.Operator, practice: sc.Metadata.Name,
		connect: func(runbook.Environment) (*rest.Config, error) { return w.RESTConfig(), nil },
	}
}

// kubeconfig finds the API server of an environment as kubectl would: --kubeconfig, $KUBECONFIG, ~/.kube/config; the
// environment's context, else the current one.
func kubeconfig(flags *genericclioptions.ConfigFlags) kube.Connect {
	return func(env runbook.Environment) (*rest.Config, error) {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		if flags != nil && flags.KubeConfig != nil && *flags.KubeConfig != "" {
			rules.ExplicitPath = *flags.KubeConfig
		}
		overrides := &clientcmd.ConfigOverrides{CurrentContext: env.Context}
		config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
		if err != nil {
			return nil, fmt.Errorf("no kubeconfig for environment %s, context %q (set KUBECONFIG or --kubeconfig, or name another context in a site file): %w", env.Name, env.Context, err)
		}
		return config, nil
	}
}

// needKubeconfig refuses a run on clusters that the kubeconfig knows no way to: every box would wait in vain.
func needKubeconfig(c connections, plan *runbook.Plan) error {
	if plan.Runbook.Components.Len() == 0 {
		return nil
	}
	for _, ph := range plan.Runbook.Phases {
		if _, err := c.connect(plan.Env(ph.Environment)); err != nil {
			return couldNotLook(err)
		}
	}
	return nil
}

// operatorName is who sits there, for the journal.
func operatorName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

// parts are the workers over one set of connections.
type parts struct {
	clusters *kube.Clusters
	checks   *checks.Worker
	rollout  *rollout.Worker
	watch    *watch.Worker
	act      *act.Worker
	ready    func(context.Context) error
}

func newParts(c connections, plan *runbook.Plan) *parts {
	clusters := kube.NewClusters(c.connect, c.clock)
	metrics := prom.NewClients(c.doors.HTTP, c.clock)
	doors := c.doors
	doors.Clusters, doors.Prom, doors.Clock, doors.Journal = clusters, metrics, c.clock, noRun
	return &parts{
		clusters: clusters,
		checks:   checks.New(doors, plan),
		rollout:  rollout.NewWorker(clusters, c.clock, c.operator),
		watch:    watch.New(metrics, c.clock),
		act:      act.New(act.Sources{Clusters: clusters, HTTP: doors.HTTP, Programs: doors.Programs, Variable: doors.Variable, Clock: c.clock}),
		ready:    c.ready,
	}
}

// follow opens the doors to the run's journal: the checks read it, the actions keep their outputs beside it.
func (p *parts) follow(plan *runbook.Plan, j *journal.Journal) {
	p.checks.Journal = audit{clusters: p.clusters, plan: plan, dir: j.Dir()}.chain
	p.act.Output, p.act.File = j.PutOutput, j.WriteFile
}

// Do gives each Work to the worker that knows how; it makes parts an engine.Worker.
func (p *parts) Do(ctx context.Context, w run.Work, report func(run.Observation)) error {
	if p.ready != nil {
		if err := p.ready(ctx); err != nil {
			return err
		}
	}
	switch w.Body.(type) {
	case run.CheckWork:
		return p.checks.Do(ctx, w, report)
	case run.BaselineWork, run.SampleWork:
		return p.watch.Do(ctx, w, report)
	case run.NotifyWork, run.InviteWork, run.JobWork, run.CommandWork, run.RequestWork, run.FlagsWork:
		return p.act.Do(ctx, w, report)
	}
	return p.rollout.Do(ctx, w, report)
}
