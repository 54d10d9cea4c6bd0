package rollout

import (
	"context"
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// FindPins returns where each component would be rolled back to, for a machine that never saw the run: the pin on the
// workload, else kubectl's target as a guess. It fails as a whole only when no component has a target; otherwise the
// error, if any, names the components that are missing from the pins.
func (w *Worker) FindPins(ctx context.Context, env runbook.Environment, components []runbook.Component) ([]run.Pin, error) {
	cluster, err := w.clusters.Get(env)
	if err != nil {
		return nil, err
	}
	if err := cluster.VerifyUID(ctx); err != nil && !kube.Unreachable(err) {
		return nil, err
	}
	found, errs := make([]run.Pin, len(components)), make([]error, len(components))
	kube.Each(w.clock, len(components), func(i int) { found[i], errs[i] = findPin(ctx, cluster, components[i]) })
	var pins []run.Pin
	var missing []error
	for i, c := range components {
		if errs[i] != nil {
			missing = append(missing, fmt.Errorf("find what %s ran before: %w", c.Name, errs[i]))
		} else {
			pins = append(pins, found[i])
		}
	}
	return pins, joined(missing)
}

// FindFlags returns what runs have noted about flags that they raised in the environment, for a machine that never saw
// those runs.
func (w *Worker) FindFlags(ctx context.Context, env runbook.Environment) ([]run.RaisedFlags, error) {
	cluster, err := w.clusters.Get(env)
	if err != nil {
		return nil, err
	}
	if err := cluster.VerifyUID(ctx); err != nil && !kube.Unreachable(err) {
		return nil, err
	}
	return cluster.RaisedFlags(ctx)
}

func findPin(ctx context.Context, cluster *kube.Cluster, c runbook.Component) (run.Pin, error) {
	name, err := deploymentOf(c.Workload)
	if err != nil {
		return run.Pin{}, err
	}
	d, err := cluster.DeploymentNow(ctx, name)
	if err != nil {
		return run.Pin{}, err
	}
	if pin, ok := NotedPin(c, d); ok {
		if _, err := cluster.ReplicaSetNow(ctx, pin.ReplicaSet); err == nil || kube.Unreachable(err) {
			return pin, nil
		}
	}
	sets, err := cluster.ReplicaSets(ctx, d.UID)
	if err != nil {
		return run.Pin{}, err
	}
	return GuessPin(c, d, sets)
}

// joined is several errors as one line.
func joined(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	var b strings.Builder
	for i, err := range errs {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(err.Error())
	}
	return &several{b.String(), errs}
}

// several is a list of errors that reads as one line.
type several struct {
	text string
	errs []error
}

func (e *several) Error() string   { return e.text }
func (e *several) Unwrap() []error { return e.errs }
