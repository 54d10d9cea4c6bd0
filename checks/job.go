package checks

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

type jobParams struct {
	Name   string           `yaml:"name" doc:"the Job in the environment's namespace"`
	MaxAge runbook.Duration `yaml:"maxAge,omitempty" doc:"how long ago it may have succeeded, such as 24h; without it any time"`
	Lines  *int             `yaml:"lines,omitempty" doc:"how many last lines of a failed pod's log are shown; 5 when nothing is written, 0 for none, at most 20"`
}

var jobKind = runbook.Kind{
	Name: "job",
	Doc: `A Job of the cluster, such as the dry run of a migration, has succeeded.
passes   it is complete, and not longer ago than maxAge
fails    it failed, is not there, has not succeeded yet, is suspended, or is too long ago
unknown  the cluster does not answer, or forbids to look
Of a failed one the reason and the last log lines are shown, without what looks like a credential.
self     a map of active, succeeded, failed (pods), complete, suspended (true or false), and age (seconds since it
         succeeded; 0 before)`,
	Example:  "job: {name: migration-dry-run, maxAge: 24h}",
	Params:   jobParams{},
	Interval: 30 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintJob,
}

const (
	defaultLines = 5
	maxLines     = 20
)

func lintJob(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*jobParams)
	var out []runbook.ParamProblem
	if known(p.Name) && !isObjectName(p.Name) {
		out = append(out, problem("name", "names have lower-case letters, digits, - and .", "%q is not the name of a Kubernetes object", p.Name))
	}
	if p.MaxAge.D < 0 {
		out = append(out, problem("maxAge", "write 24h", "a Job cannot have succeeded in the future"))
	}
	if p.Lines != nil && (*p.Lines < 0 || *p.Lines > maxLines) {
		out = append(out, problem("lines", "", "lines: %d is not between 0 and %d", *p.Lines, maxLines))
	}
	return out
}

func readyJob(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[jobParams](jobKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := &jobLook{jobParams: p, env: work.Env, cluster: cluster, clock: w.Clock, lines: defaultLines, logs: map[string][]string{}}
	if p.Lines != nil {
		l.lines = *p.Lines
	}
	look := onCluster(cluster, object("Job", work.Env, p.Name), l.look)
	return check{look: look, cluster: cluster, follows: []kube.Resource{kube.Jobs.Named(p.Name), kube.Pods}, cached: true}, nil
}

type jobLook struct {
	jobParams
	env     runbook.Environment
	cluster *kube.Cluster
	clock   run.Clock
	lines   int

	mu   sync.Mutex
	logs map[string][]string // of failed pods by their UIDs: a log that has ended does not change
}

func (l *jobLook) look(ctx context.Context) seen {
	source := run.Evidence{Source: object("Job", l.env, l.Name), Query: kubectl(l.env, "describe", "job", l.Name), Expected: "complete"}
	if l.MaxAge.D > 0 {
		source.Expected = said("complete, at most %s ago", l.MaxAge.D)
	}
	job, err := l.cluster.Job(ctx, l.Name)
	if apierrors.IsNotFound(err) {
		s := seen{self: map[string]any{"active": 0, "succeeded": 0, "failed": 0, "complete": false, "suspended": false, "age": 0}}
		s.summed(run.Failed, "there is no Job %s", l.Name)
		source.Observed = s.Summary
		s.Evidence, s.Badness = []run.Evidence{source}, 1
		return s
	}
	if err != nil {
		return couldNotLook(source, err)
	}
	source.ResourceVersion = job.ResourceVersion
	return l.judge(ctx, job, source)
}

// judge says how the Job stands.
func (l *jobLook) judge(ctx context.Context, job *batchv1.Job, source run.Evidence) seen {
	complete, failed := jobCondition(job, batchv1.JobComplete), jobCondition(job, batchv1.JobFailed)
	st, now := job.Status, l.clock.Now()
	suspended := job.Spec.Suspend != nil && *job.Spec.Suspend
	age := time.Duration(0)
	if complete != nil {
		ended := complete.LastTransitionTime.Time
		if st.CompletionTime != nil {
			ended = st.CompletionTime.Time
		}
		age = max(now.Sub(ended), 0)
	}
	s := seen{self: map[string]any{
		"active": int(st.Active), "succeeded": int(st.Succeeded), "failed": int(st.Failed),
		"complete": complete != nil, "suspended": suspended, "age": age.Seconds(),
	}}
	counts := fmt.Sprintf("%d succeeded, %d failed, %d active", st.Succeeded, st.Failed, st.Active)
	source.Observed = said("%s", counts)
	var more []run.Evidence
	switch {
	case failed != nil:
		reason := strings.TrimSpace(failed.Reason + " " + failed.Message)
		s.summed(run.Failed, "Job %s failed: %s", l.Name, reason)
		source.Observed = said("%s; failed: %s", counts, reason)
		more = l.trouble(ctx, job)
	case complete != nil && l.MaxAge.D > 0 && age > l.MaxAge.D:
		s.summed(run.Failed, "Job %s succeeded %s ago, at most %s is wanted", l.Name, age.Truncate(time.Second), l.MaxAge.D)
		source.Observed = said("%s; %s ago", counts, age.Truncate(time.Second))
	case complete != nil:
		s.summed(run.Passed, "Job %s is complete", l.Name)
		if l.MaxAge.D > 0 {
			s.again = l.MaxAge.D - age + time.Millisecond
		}
	case suspended:
		s.summed(run.Failed, "Job %s is suspended", l.Name)
	case st.Active > 0:
		s.summed(run.Failed, "Job %s still runs: %s", l.Name, counts)
		more = l.trouble(ctx, job)
	default:
		s.summed(run.Failed, "Job %s has not begun", l.Name)
	}
	if s.Status == run.Failed {
		s.Badness = float64(1 + st.Failed)
	}
	s.Evidence = append([]run.Evidence{source}, more...)
	return s
}

// jobCondition is the condition of that type when it is true.
func jobCondition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i, c := range job.Status.Conditions {
		if c.Type == kind && c.Status == corev1.ConditionTrue {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}

// trouble is the newest pod of the Job that failed or does not come up: its reason and the end of its log. What cannot
// be looked at of it is said there; how the Job stands is known without.
func (l *jobLook) trouble(ctx context.Context, job *batchv1.Job) []run.Evidence {
	pods, err := l.cluster.Pods(ctx, labels.SelectorFromSet(labels.Set{batchv1.JobNameLabel: job.Name}))
	if err != nil {
		return []run.Evidence{{Observed: said("its pods could not be looked at: %s", why(err)), Source: object("Job", l.env, l.Name)}}
	}
	pods = slices.DeleteFunc(pods, func(p *corev1.Pod) bool {
		return reasonOf(p) == "" || !slices.ContainsFunc(p.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == job.UID })
	})
	if len(pods) == 0 {
		return nil
	}
	p := slices.MaxFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
	fact := run.Evidence{Observed: said("pod %s: %s", p.Name, reasonOf(p)), Source: object("Pod", l.env, p.Name), ResourceVersion: p.ResourceVersion}
	out := []run.Evidence{fact}
	if p.Status.Phase != corev1.PodFailed || l.lines == 0 {
		return out
	}
	query := kubectl(l.env, "logs", p.Name, "--tail", fmt.Sprint(l.lines))
	lines, err := l.logOf(ctx, p)
	if err != nil {
		return append(out, run.Evidence{Observed: said("its log could not be read: %s", why(err)), Source: said("log of pod %s", p.Name), Query: query})
	}
	for _, line := range lines {
		out = append(out, run.Evidence{Observed: said("%s", web.Scrub(line)), Source: said("log of pod %s", p.Name), Query: query})
	}
	return out
}

// logOf reads the end of a failed pod's log once.
func (l *jobLook) logOf(ctx context.Context, p *corev1.Pod) ([]string, error) {
	l.mu.Lock()
	lines, ok := l.logs[string(p.UID)]
	l.mu.Unlock()
	if ok {
		return lines, nil
	}
	container := ""
	for _, c := range p.Status.ContainerStatuses {
		if end := c.State.Terminated; end != nil && end.ExitCode != 0 {
			container = c.Name
			break
		}
	}
	lines, err := l.cluster.PodLogs(ctx, p.Name, container, false, l.lines)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.logs[string(p.UID)] = lines
	return lines, nil
}
