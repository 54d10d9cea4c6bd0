package kubeapi

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
)

// wanted is the sum of what the ReplicaSets are told to have.
func wanted(sets []*appsv1.ReplicaSet) (n int32) {
	for _, rs := range sets {
		n += *rs.Spec.Replicas
	}
	return n
}

func available(sets []*appsv1.ReplicaSet) (n int32) {
	for _, rs := range sets {
		n += rs.Status.AvailableReplicas
	}
	return n
}

// scale tells a ReplicaSet its number of pods; it returns whether that is new.
func (r *rollout) scale(rs *appsv1.ReplicaSet, n int32) bool {
	was := *rs.Spec.Replicas
	rs.Spec.Replicas = &n
	r.noteScale(rs)
	r.saveSet(rs)
	if n == was {
		return false
	}
	way := "up"
	if n < was {
		way = "down"
	}
	r.event(fmt.Sprintf("Scaled %s replica set %s from %d to %d", way, rs.Name, was, n))
	return true
}

// noteScale writes down for which size of the Deployment a ReplicaSet was scaled.
func (r *rollout) noteScale(rs *appsv1.ReplicaSet) {
	surge, _ := r.limits()
	setLabel(&rs.Annotations, desiredNote, strconv.Itoa(int(*r.d.Spec.Replicas)))
	setLabel(&rs.Annotations, maxNote, strconv.Itoa(int(*r.d.Spec.Replicas+surge)))
}

// roomForFresh is how many pods the new ReplicaSet, which has n, may have.
func (r *rollout) roomForFresh(n int32) int32 {
	want := *r.d.Spec.Replicas
	if r.d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType {
		return want
	}
	surge, _ := r.limits()
	room := want + surge - wanted(r.sets)
	if room <= 0 {
		return n
	}
	return n + min(room, want-n)
}

// roll takes one step of a rolling update: more new pods if there is room, else fewer old ones if enough serve.
func (r *rollout) roll() {
	had := r.fresh
	r.refreshRevision(true)
	if r.fresh == nil {
		return
	}
	n, want := *r.fresh.Spec.Replicas, *r.d.Spec.Replicas
	switch {
	case had == nil: // made with as many as there is room for
	case n > want:
		if r.scale(r.fresh, want) {
			return
		}
	case n < want:
		if r.scale(r.fresh, r.roomForFresh(n)) {
			return
		}
	}
	r.shrinkOld()
}

// shrinkOld scales the old ReplicaSets down: first by the pods that do not serve anyway, then by those that can be
// spared because new ones do.
func (r *rollout) shrinkOld() {
	old := slices.DeleteFunc(r.old(), func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas == 0 })
	if len(old) == 0 {
		return
	}
	_, unavailable := r.limits()
	least := *r.d.Spec.Replicas - unavailable
	missing := *r.fresh.Spec.Replicas - r.fresh.Status.AvailableReplicas
	spare := wanted(r.sets) - least - missing
	if spare <= 0 {
		return
	}
	for _, rs := range old {
		if broken := *rs.Spec.Replicas - rs.Status.AvailableReplicas; broken > 0 && spare > 0 {
			n := min(spare, broken)
			spare -= n
			r.scale(rs, *rs.Spec.Replicas-n)
		}
	}
	spare = available(r.sets) - least
	for _, rs := range old {
		if n := min(spare, *rs.Spec.Replicas); n > 0 {
			spare -= n
			r.scale(rs, *rs.Spec.Replicas-n)
		}
	}
}

// recreate ends all old pods before it makes new ones.
func (r *rollout) recreate() {
	r.refreshRevision(false)
	ended := true
	for _, rs := range r.old() {
		if *rs.Spec.Replicas > 0 {
			r.scale(rs, 0)
		}
		ended = ended && rs.Status.Replicas == 0 && !r.s.hasPods(rs)
	}
	if !ended {
		return
	}
	r.refreshRevision(true)
	if r.fresh != nil {
		r.scale(r.fresh, *r.d.Spec.Replicas)
	}
}

// rescale spreads a new number of replicas over the ReplicaSets that have pods, in proportion; it returns whether
// the number was new. It is what keeps a held canary small when the Deployment is scaled.
func (r *rollout) rescale() bool {
	want := *r.d.Spec.Replicas
	active := slices.DeleteFunc(slices.Clone(r.sets), func(rs *appsv1.ReplicaSet) bool { return *rs.Spec.Replicas == 0 })
	resized := slices.ContainsFunc(active, func(rs *appsv1.ReplicaSet) bool {
		n, err := strconv.Atoi(rs.Annotations[desiredNote])
		return err == nil && int32(n) != want
	})
	if !resized && !r.d.Spec.Paused {
		return false
	}
	if len(active) <= 1 {
		if only := r.only(active); only != nil && (*only.Spec.Replicas != want || resized) {
			return r.scale(only, want) || resized
		}
		return resized
	}
	if !resized || r.d.Spec.Strategy.Type != appsv1.RollingUpdateDeploymentStrategyType {
		return false
	}
	r.spread(active)
	return true
}

// only is the ReplicaSet to scale when not several have pods: the one that has, else the newest.
func (r *rollout) only(active []*appsv1.ReplicaSet) *appsv1.ReplicaSet {
	switch {
	case len(active) == 1:
		return active[0]
	case r.fresh != nil:
		return r.fresh
	case len(r.sets) > 0:
		return r.sets[len(r.sets)-1]
	}
	return nil
}

// spread gives each ReplicaSet its share of the difference, the biggest first, and the rest to the biggest.
func (r *rollout) spread(active []*appsv1.ReplicaSet) {
	surge, _ := r.limits()
	total := wanted(r.sets)
	rest := *r.d.Spec.Replicas + surge - total
	slices.SortStableFunc(active, func(a, b *appsv1.ReplicaSet) int { return cmp.Compare(*b.Spec.Replicas, *a.Spec.Replicas) })
	size := make([]int32, len(active))
	for i, rs := range active {
		share := r.share(rs, rest)
		size[i] = *rs.Spec.Replicas + share
		rest -= share
	}
	size[0] = max(0, size[0]+rest)
	for i, rs := range active {
		r.scale(rs, max(0, size[i]))
	}
}

// share is what a ReplicaSet gets of a difference: in proportion to what it had of the whole, never more than is left.
func (r *rollout) share(rs *appsv1.ReplicaSet, left int32) int32 {
	before, err := strconv.Atoi(rs.Annotations[maxNote])
	if err != nil || before == 0 {
		return 0
	}
	surge, _ := r.limits()
	full := float64(*r.d.Spec.Replicas + surge)
	now := float64(*rs.Spec.Replicas)
	part := int32(now*full/float64(before)+0.5) - *rs.Spec.Replicas
	if left > 0 {
		return min(max(part, 0), left)
	}
	return max(min(part, 0), left)
}
