package rollout

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	followAtLeast = 5 * time.Second        // a cache that can no longer look tells nothing by itself
	followSpacing = 100 * time.Millisecond // between two looks, so that a burst of changes is one
	wordLines     = 5                      // of a crashed container's log
	wordMax       = 1000
)

// follow looks at the components whenever the cluster changed and reports what is new.
func (w *Worker) follow(ctx context.Context, work run.FollowWork, report func(run.Observation)) error {
	cluster, err := w.clusters.Get(work.Env)
	if err != nil {
		return err
	}
	changes := w.clock.NewSignal()
	for _, r := range []kube.Resource{kube.Deployments, kube.ReplicaSets, kube.Pods} {
		defer cluster.OnChange(r, changes)()
	}
	words := &lastWords{worker: w, cluster: cluster, changes: changes, of: map[string]run.Safe{}}
	said := make([]run.Progressed, len(work.Targets))
	for {
		news := false
		for i, c := range work.Targets {
			p, err := look(ctx, cluster, c, words)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			o := run.Progressed{Env: work.Env.Name, Progress: p, Err: safeError(err)}
			if !sameProgress(o, said[i]) {
				said[i], news = o, true
				report(o)
			}
		}
		if news {
			if err := w.clock.Wait(ctx, followSpacing, nil); err != nil {
				return err
			}
		}
		if err := w.clock.Wait(ctx, followAtLeast, changes); err != nil {
			return err
		}
	}
}

// sameProgress tells whether b says all that a says; the resourceVersion alone is no news.
func sameProgress(a, b run.Progressed) bool {
	a.Progress.ResourceVersion = b.Progress.ResourceVersion
	return reflect.DeepEqual(a, b)
}

// look reads a component's workload and pods from the caches. words may be nil.
func look(ctx context.Context, cluster *kube.Cluster, c runbook.Component, words *lastWords) (run.Progress, error) {
	unseen := run.Progress{Component: c.Name}
	name, err := deploymentOf(c.Workload)
	if err != nil {
		return unseen, err
	}
	d, err := cluster.Deployment(ctx, name)
	if apierrors.IsNotFound(err) {
		unseen.Condition, unseen.Message = run.Missing, run.MakeSafe(fmt.Sprintf("deployment %q is gone", name), 0)
		return unseen, nil
	}
	if err != nil {
		return unseen, err
	}
	sets, pods, err := parts(ctx, cluster, d)
	if err != nil {
		return unseen, err
	}
	p := Status(c, d, sets, pods)
	if words != nil && p.Stuck != "" {
		if pod, container, ok := crashed(Active(d, sets), pods); ok {
			p.Stuck += words.ask(ctx, pod, container)
		}
	}
	return p, nil
}

// parts reads a Deployment's ReplicaSets and pods from the caches.
func parts(ctx context.Context, cluster *kube.Cluster, d *appsv1.Deployment) ([]*appsv1.ReplicaSet, []*corev1.Pod, error) {
	selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
	if err != nil {
		return nil, nil, fmt.Errorf("the selector of deployment/%s cannot be read: %w", d.Name, err)
	}
	sets, err := cluster.ReplicaSets(ctx, d.UID)
	if err != nil {
		return nil, nil, err
	}
	pods, err := cluster.Pods(ctx, selector)
	return sets, pods, err
}

// lastWords fetches what crashed containers wrote last, once for each restart, and beside the following.
type lastWords struct {
	worker  *Worker
	cluster *kube.Cluster
	changes run.Signal

	mu sync.Mutex
	of map[string]run.Safe // by pod and restart; present and empty while it is being read
}

// ask returns the words of the container, empty until they are there; then the following is woken.
func (l *lastWords) ask(ctx context.Context, pod *corev1.Pod, container string) run.Safe {
	key := fmt.Sprintf("%s/%s/%d", pod.UID, container, restarts(pod))
	l.mu.Lock()
	defer l.mu.Unlock()
	words, known := l.of[key]
	if !known {
		l.of[key] = ""
		name := pod.Name
		l.worker.clock.Go(func() { l.fetch(ctx, key, name, container) })
	}
	return words
}

func (l *lastWords) fetch(ctx context.Context, key, pod, container string) {
	lines, err := l.cluster.PodLogs(ctx, pod, container, true, wordLines)
	if err != nil || len(lines) == 0 {
		lines, err = l.cluster.PodLogs(ctx, pod, container, false, wordLines)
	}
	if err != nil || len(lines) == 0 {
		return // its end is told without them
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.of[key] = run.MakeSafeText("\n"+strings.Join(lines, "\n"), wordMax)
	l.changes.Set()
}
