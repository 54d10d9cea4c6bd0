package kubeapi

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// The annotations by which the Deployment controller keeps its memory.
const (
	revisionNote        = "deployment.kubernetes.io/revision"
	revisionHistoryNote = "deployment.kubernetes.io/revision-history"
	desiredNote         = "deployment.kubernetes.io/desired-replicas"
	maxNote             = "deployment.kubernetes.io/max-replicas"
	lastAppliedNote     = "kubectl.kubernetes.io/last-applied-configuration"
)

// rollout is one look at a Deployment: it, as it is and as its status will be, and its ReplicaSets, oldest first.
type rollout struct {
	s     *Server
	was   *version
	d     *appsv1.Deployment // a copy; only status and annotations are changed
	sets  []*appsv1.ReplicaSet
	fresh *appsv1.ReplicaSet // the one of the present template, nil while there is none
}

// syncDeployment takes the Deployment one step further: it makes or finds the ReplicaSet of the template, scales,
// and tells the status. Each write brings it back here.
func (s *Server) syncDeployment(k key) {
	was := s.get(s.byPath[deploymentGVR], k)
	if was == nil {
		return
	}
	r := &rollout{s: s, was: was, d: was.obj.DeepCopyObject().(*appsv1.Deployment)}
	r.sets = controlled[*appsv1.ReplicaSet](s, r.d.UID, replicaSetGVR)
	r.fresh = r.current()
	switch {
	case r.d.DeletionTimestamp != nil:
	case r.d.Spec.Paused:
		r.notePause()
		r.refreshRevision(false)
		r.rescale()
		r.tidy()
	default:
		r.notePause()
		if r.rescale() {
			r.refreshRevision(false)
			break
		}
		if r.d.Spec.Strategy.Type == appsv1.RecreateDeploymentStrategyType {
			r.recreate()
		} else {
			r.roll()
		}
		if complete(r.d, r.status()) {
			r.tidy()
		}
		r.progress()
	}
	r.store()
}

// current finds the ReplicaSet of the present template: of several the oldest.
func (r *rollout) current() *appsv1.ReplicaSet {
	want := bareTemplate(&r.d.Spec.Template)
	for _, rs := range r.sets {
		if apiequality.Semantic.DeepEqual(bareTemplate(&rs.Spec.Template), want) {
			return rs
		}
	}
	return nil
}

// old are the ReplicaSets of other templates.
func (r *rollout) old() []*appsv1.ReplicaSet {
	return slices.DeleteFunc(slices.Clone(r.sets), func(rs *appsv1.ReplicaSet) bool { return rs == r.fresh })
}

// refreshRevision makes the ReplicaSet of the template carry the highest revision; if there is none it makes one,
// unless make is false.
func (r *rollout) refreshRevision(make bool) {
	highest := int64(0)
	for _, rs := range r.old() {
		highest = max(highest, revisionOf(rs))
	}
	next := strconv.FormatInt(highest+1, 10)
	if r.fresh == nil {
		if make {
			r.create(next)
		}
		return
	}
	r.annotate(r.fresh, next)
	r.fresh.Spec.MinReadySeconds = r.d.Spec.MinReadySeconds
	r.saveSet(r.fresh)
	r.setNote(r.fresh.Annotations[revisionNote])
	if r.hasDeadline() && r.condition(appsv1.DeploymentProgressing) == nil {
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "FoundNewReplicaSet",
			fmt.Sprintf("Found new replica set %q", r.fresh.Name))
	}
}

// annotate brings the ReplicaSet's annotations up to date: the Deployment's, and a revision that only grows.
func (r *rollout) annotate(rs *appsv1.ReplicaSet, next string) {
	if rs.Annotations == nil {
		rs.Annotations = map[string]string{}
	}
	for k, v := range r.d.Annotations {
		switch k {
		case revisionNote, revisionHistoryNote, desiredNote, maxNote, lastAppliedNote:
		default:
			rs.Annotations[k] = v
		}
	}
	had := rs.Annotations[revisionNote]
	if n, _ := strconv.ParseInt(next, 10, 64); revisionOf(rs) >= n {
		return
	}
	rs.Annotations[revisionNote] = next
	if had != "" {
		history := rs.Annotations[revisionHistoryNote]
		rs.Annotations[revisionHistoryNote] = strings.TrimPrefix(history+","+had, ",")
	}
}

// create makes the ReplicaSet of the present template.
func (r *rollout) create(revision string) {
	d := r.d
	hash := templateHash(&d.Spec.Template, d.Status.CollisionCount)
	rs := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Name: d.Name + "-" + hash, Namespace: d.Namespace, Labels: maps.Clone(d.Spec.Template.Labels),
			OwnerReferences: controllerRef(d, appsv1.SchemeGroupVersion.WithKind("Deployment")),
		},
		Spec: appsv1.ReplicaSetSpec{
			MinReadySeconds: d.Spec.MinReadySeconds, Selector: d.Spec.Selector.DeepCopy(), Template: *d.Spec.Template.DeepCopy(),
		},
	}
	for _, m := range []*map[string]string{&rs.Labels, &rs.Spec.Template.Labels, &rs.Spec.Selector.MatchLabels} {
		setLabel(m, appsv1.DefaultDeploymentUniqueLabelKey, hash)
	}
	replicas := r.roomForFresh(0)
	rs.Spec.Replicas = &replicas
	r.annotate(rs, revision)
	r.noteScale(rs)
	v, err := r.s.admit(r.s.byPath[replicaSetGVR], rs, controllerUser, false)
	switch {
	case apierrors.IsAlreadyExists(err): // the name is taken by another template: hash again
		count := int32(1)
		if d.Status.CollisionCount != nil {
			count += *d.Status.CollisionCount
		}
		d.Status.CollisionCount = &count
		return
	case err != nil: // its namespace is going
		return
	}
	r.fresh = v.obj.DeepCopyObject().(*appsv1.ReplicaSet)
	r.sets = append(r.sets, r.fresh)
	if replicas > 0 {
		r.event(fmt.Sprintf("Scaled up replica set %s from 0 to %d", rs.Name, replicas))
	}
	r.setNote(revision)
	if r.hasDeadline() {
		r.setCondition(appsv1.DeploymentProgressing, corev1.ConditionTrue, "NewReplicaSetCreated",
			fmt.Sprintf("Created new replica set %q", rs.Name))
	}
}

// controllerUser is the user name of the controllers.
const controllerUser = "system:serviceaccount:kube-system:deployment-controller"

func setLabel(m *map[string]string, k, v string) {
	if *m == nil {
		*m = map[string]string{}
	}
	(*m)[k] = v
}

// setNote writes the Deployment's revision.
func (r *rollout) setNote(revision string) { setLabel(&r.d.Annotations, revisionNote, revision) }

func revisionOf(obj metav1.Object) int64 {
	n, err := strconv.ParseInt(obj.GetAnnotations()[revisionNote], 10, 64)
	if err != nil {
		return 0 // no revision yet
	}
	return n
}

// tidy deletes the oldest of the old ReplicaSets that have no pods, down to revisionHistoryLimit.
func (r *rollout) tidy() {
	var idle []*appsv1.ReplicaSet
	old := r.old()
	for _, rs := range old {
		if rs.Status.Replicas == 0 && *rs.Spec.Replicas == 0 && rs.Status.ObservedGeneration >= rs.Generation && rs.DeletionTimestamp == nil {
			idle = append(idle, rs)
		}
	}
	slices.SortStableFunc(idle, func(a, b *appsv1.ReplicaSet) int { return int(revisionOf(a) - revisionOf(b)) })
	res := r.s.byPath[replicaSetGVR]
	for _, rs := range idle[:max(0, min(len(idle), len(old)-int(*r.d.Spec.RevisionHistoryLimit)))] {
		r.s.remove(res, r.s.get(res, keyOf(rs)))
		r.sets = slices.DeleteFunc(r.sets, func(o *appsv1.ReplicaSet) bool { return o == rs })
	}
}

// limits are how many pods more and fewer than wanted a rolling update may have.
func (r *rollout) limits() (surge, unavailable int32) {
	ru := r.d.Spec.Strategy.RollingUpdate
	if r.d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType || ru == nil {
		return 0, 0
	}
	n := int(*r.d.Spec.Replicas)
	up, _ := intstr.GetScaledValueFromIntOrPercent(ru.MaxSurge, n, true)
	down, _ := intstr.GetScaledValueFromIntOrPercent(ru.MaxUnavailable, n, false)
	if up == 0 && down == 0 {
		down = 1 // both round to nothing: it must still get on
	}
	return int32(up), min(int32(down), *r.d.Spec.Replicas)
}

func (r *rollout) hasDeadline() bool {
	p := r.d.Spec.ProgressDeadlineSeconds
	return p != nil && *p != math.MaxInt32
}

// deadline is when the rollout counts as stuck, given its last progress.
func (r *rollout) deadline(since metav1.Time) time.Time {
	return since.Add(time.Duration(*r.d.Spec.ProgressDeadlineSeconds) * time.Second)
}

// store writes the status and the annotations if they have changed.
func (r *rollout) store() {
	r.d.Status = r.status()
	if apiequality.Semantic.DeepEqual(r.d, r.was.obj) {
		return
	}
	r.s.replace(r.s.byPath[deploymentGVR], r.was, r.d)
}

// saveSet writes a ReplicaSet if it has changed.
func (r *rollout) saveSet(rs *appsv1.ReplicaSet) {
	res := r.s.byPath[replicaSetGVR]
	was := r.s.get(res, keyOf(rs))
	if was == nil || apiequality.Semantic.DeepEqual(rs, was.obj) {
		return
	}
	if specChanged(res, rs, was.obj) {
		rs.Generation++
	}
	r.s.replace(res, was, rs.DeepCopy())
}

func (r *rollout) event(message string) {
	r.s.event(r.d, "deployment-controller", corev1.EventTypeNormal, "ScalingReplicaSet", message)
}
