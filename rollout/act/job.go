package act

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

const (
	jobTimeout  = 10 * time.Minute
	jobPoll     = 2 * time.Second
	jobPatience = 5 * time.Minute // without an API server, until what came of the Job is called unknown
	jobLines    = 5               // of the log, shown while it runs
	maxLog      = 1 << 20
	lockWait    = 30 * time.Second
)

// job runs a Kubernetes Job to its end.
func (w *Worker) job(ctx context.Context, work run.JobWork, report func(run.Observation)) outcome {
	cluster, err := w.cluster(work.Act.Env)
	if err != nil {
		return failed("not started: %v", err)
	}
	j := &jobRun{Worker: w, work: work, cluster: cluster, report: report, name: jobName(work)}
	began, out := j.begin(ctx)
	if out.stage != "" || ctx.Err() != nil {
		return out
	}
	return j.follow(ctx, began)
}

// jobRun is one Job under way.
type jobRun struct {
	*Worker
	work    run.JobWork
	cluster *kube.Cluster
	report  func(run.Observation)
	name    string
	said    string
}

func (j *jobRun) kubectl(args ...string) run.Safe { return kubectl(j.work.Act.Env, args...) }

// kubectl is the command by which a person sees the same.
func kubectl(env runbook.Environment, args ...string) run.Safe {
	return run.MakeSafe(kubectlLine(env, args...), maxQuery)
}

// kubectlLine is kubectl in full, for a shell.
func kubectlLine(env runbook.Environment, args ...string) string {
	argv := []string{"kubectl"}
	if env.Context != "" {
		argv = append(argv, "--context", env.Context)
	}
	return process.ShellLine(append(append(argv, "-n", env.Namespace), args...))
}

func (j *jobRun) evidence(version string) run.Evidence {
	query := j.kubectl("get", "job", j.name, "-o", "yaml")
	if from := j.work.Job.CronJob; from != "" {
		query = j.kubectl("create", "job", j.name, "--from", "cronjob/"+from)
	}
	return run.Evidence{Source: said("Job %s/%s", j.cluster.Namespace(), j.name), Query: query, ResourceVersion: version, Expected: "complete"}
}

// begin makes the Job, or finds the one that this wish has made before.
func (j *jobRun) begin(ctx context.Context) (*batchv1.Job, outcome) {
	for t := j.pace(patient, j.work.Wish); ; {
		job, wrote, err := j.create(ctx)
		switch {
		case ctx.Err() != nil:
			return nil, outcome{}
		case err == nil:
			return job, outcome{}
		case kube.Unreachable(err) && t.again(ctx, j.Worker, 0):
			continue
		case ctx.Err() != nil:
			return nil, outcome{}
		case kube.Unreachable(err) && wrote:
			return nil, doubt("nobody knows whether the Job %s was made: %s; look at it, then start it again", j.name, why(err)).seen(j.evidence(""))
		}
		return nil, failed("the Job was not started: %s", why(err)).seen(j.evidence(""))
	}
}

// create looks for the Job and makes it when it is not there; wrote tells whether the request to make it has left.
func (j *jobRun) create(ctx context.Context) (job *batchv1.Job, wrote bool, err error) {
	job, err = j.cluster.JobNow(ctx, j.name)
	if err == nil {
		return j.mine(job)
	}
	if !apierrors.IsNotFound(err) {
		return nil, false, err
	}
	spec, err := j.spec(ctx, j.cluster, j.work)
	if err != nil {
		return nil, false, err
	}
	if _, err := j.cluster.CreateJob(ctx, spec, kube.PatchOptions{DryRun: true}); err != nil && !apierrors.IsAlreadyExists(err) {
		return nil, false, err
	}
	forward := !j.work.Back
	if forward {
		if err := j.cluster.AwaitLock(ctx, lockWait); err != nil {
			return nil, false, err
		}
	}
	job, err = j.cluster.CreateJob(ctx, spec, kube.PatchOptions{Forward: forward})
	if apierrors.IsAlreadyExists(err) {
		if job, err = j.cluster.JobNow(ctx, j.name); err == nil {
			return j.mine(job)
		}
	}
	return job, true, err
}

// mine refuses a Job that carries another wish.
func (j *jobRun) mine(job *batchv1.Job) (*batchv1.Job, bool, error) {
	if job.Annotations[annotAct] != j.work.Wish {
		return nil, false, fmt.Errorf("there is a Job %s that this step did not make; look at it and delete it", j.name)
	}
	return job, true, nil
}

// follow looks at the Job until it has ended, our time is over, or nothing was seen of it for long.
func (j *jobRun) follow(ctx context.Context, job *batchv1.Job) outcome {
	timeout := j.work.Job.Timeout.Or(jobTimeout)
	until, seen := job.CreationTimestamp.Add(timeout), j.Clock.Now()
	if now := j.Clock.Now(); until.Sub(now) > timeout { // another machine's clock
		until = now.Add(timeout)
	}
	var blind error
	for {
		complete, bad := condition(job, batchv1.JobComplete), condition(job, batchv1.JobFailed)
		now := j.Clock.Now()
		switch {
		case bad != nil:
			reason := strings.TrimSpace(bad.Reason + " " + bad.Message)
			return j.ended(ctx, job, failed("the Job %s failed%s", j.name, after(": ", web.Scrub(reason))))
		case complete != nil:
			return j.ended(ctx, job, done("the Job %s is complete after %s", j.name, took(job, now)))
		case blind != nil && now.Sub(seen) > jobPatience:
			return doubt("nothing was seen of the Job %s since %s: %s; look at it with kubectl", j.name, seen.UTC().Format("15:04:05 MST"), why(blind)).seen(j.evidence(job.ResourceVersion))
		case blind == nil && !now.Before(until):
			return j.ended(ctx, job, failed("the Job %s did not end within %s and was left running; look at it, and delete it if it is not to go on: %s",
				j.name, timeout, j.kubectl("delete", "job", j.name)))
		}
		if blind == nil {
			j.tell(ctx, job)
		}
		if j.Clock.Wait(ctx, jobPoll, nil) != nil {
			return outcome{}
		}
		switch again, err := j.cluster.JobNow(ctx, j.name); {
		case ctx.Err() != nil:
			return outcome{}
		case err == nil && again.UID != job.UID:
			return failed("the Job %s was deleted and made anew by somebody else", j.name).seen(j.evidence(again.ResourceVersion))
		case err == nil:
			job, seen, blind = again, j.Clock.Now(), nil
		case apierrors.IsNotFound(err):
			return doubt("the Job %s was deleted before its end was seen: look what it did", j.name).seen(j.evidence(job.ResourceVersion))
		default:
			blind = err
		}
	}
}

// condition is the condition of that type when it is true.
func condition(job *batchv1.Job, kind batchv1.JobConditionType) *batchv1.JobCondition {
	for i, c := range job.Status.Conditions {
		if c.Type == kind && c.Status == corev1.ConditionTrue {
			return &job.Status.Conditions[i]
		}
	}
	return nil
}

func took(job *batchv1.Job, now time.Time) time.Duration {
	if job.Status.CompletionTime != nil {
		now = job.Status.CompletionTime.Time
	}
	return max(now.Sub(job.CreationTimestamp.Time), 0).Round(time.Second)
}

// tell reports how far the Job is, when there is news.
func (j *jobRun) tell(ctx context.Context, job *batchv1.Job) {
	st := job.Status
	words := fmt.Sprintf("Job %s: %d active, %d succeeded, %d failed", j.name, st.Active, st.Succeeded, st.Failed)
	var lines string
	if pod := j.lastPod(ctx, job); pod != nil {
		words += ", pod " + phase(pod)
		if pod.Status.Phase == corev1.PodRunning {
			if text, _, err := j.cluster.PodLog(ctx, pod.Name, logged(pod), jobLines, 16<<10); err == nil {
				lines = scrub(text)
			}
		}
	}
	if now := words + "\n" + lines; now != j.said && ctx.Err() == nil {
		j.said = now
		j.report(run.Acting{Wish: j.work.Wish, Summary: said("%s", words), Output: tail(lines)})
	}
}

// lastPod is the newest pod of the Job; nil when there is none, or it cannot be looked at.
func (j *jobRun) lastPod(ctx context.Context, job *batchv1.Job) *corev1.Pod {
	pods, err := j.cluster.Pods(ctx, labels.SelectorFromSet(labels.Set{batchv1.JobNameLabel: job.Name}))
	if err != nil {
		return nil
	}
	pods = slices.DeleteFunc(pods, func(p *corev1.Pod) bool {
		return !slices.ContainsFunc(p.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == job.UID })
	})
	if len(pods) == 0 {
		return nil
	}
	return slices.MaxFunc(pods, func(a, b *corev1.Pod) int {
		return cmp.Or(a.CreationTimestamp.Compare(b.CreationTimestamp.Time), strings.Compare(a.Name, b.Name))
	})
}

// phase is how far a pod is, with the reason of a container that does not come up.
func phase(p *corev1.Pod) string {
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		switch s := c.State; {
		case s.Waiting != nil && s.Waiting.Reason != "" && s.Waiting.Reason != "PodInitializing":
			return s.Waiting.Reason
		case s.Terminated != nil && s.Terminated.ExitCode != 0:
			return fmt.Sprintf("ended with exit code %d", s.Terminated.ExitCode)
		}
	}
	return string(p.Status.Phase)
}

// logged is the container whose log tells most: one that failed, else the first.
func logged(p *corev1.Pod) string {
	for _, c := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if end := c.State.Terminated; end != nil && end.ExitCode != 0 {
			return c.Name
		}
	}
	if len(p.Spec.Containers) > 0 {
		return p.Spec.Containers[0].Name
	}
	return ""
}

// ended adds the log of the last pod to an outcome. That it cannot be read changes nothing about the Job.
func (j *jobRun) ended(ctx context.Context, job *batchv1.Job, out outcome) outcome {
	out = out.seen(j.evidence(job.ResourceVersion))
	pod := j.lastPod(ctx, job)
	if pod == nil {
		return out
	}
	log := run.Evidence{Source: said("log of pod %s", pod.Name), Query: j.kubectl("logs", pod.Name, "-c", logged(pod))}
	text, cut, err := j.cluster.PodLog(ctx, pod.Name, logged(pod), 0, maxLog)
	if err != nil {
		log.Observed = said("its log could not be read: %s", why(err))
		return out.seen(log)
	}
	whole := scrub(text)
	out.output, out.kept = tail(whole), j.keep(whole)
	if cut {
		log.Observed = said("the log is longer than %d bytes; the first of them are kept", maxLog)
		if text, _, err := j.cluster.PodLog(ctx, pod.Name, logged(pod), 100, 64<<10); err == nil {
			out.output = tail(scrub(text))
		}
		out = out.seen(log)
	}
	return out
}

// scrub hides in each line of a log what looks like a credential.
func scrub(text []byte) string {
	lines := strings.Split(strings.TrimRight(string(text), "\r\n"), "\n")
	for i, line := range lines {
		lines[i] = web.Scrub(web.HideShapes(line))
	}
	return strings.Join(lines, "\n")
}

// why words the error of a cluster, with what to do about it.
func why(err error) string {
	text := web.Scrub(err.Error())
	switch {
	case errors.Is(err, kube.ErrLockLost):
		return text + "; look who holds it, then start it again"
	case apierrors.IsForbidden(err):
		return "forbidden: " + text + "; ask for this right or use another context"
	}
	return text
}
