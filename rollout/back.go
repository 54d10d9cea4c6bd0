package rollout

import (
	"fmt"

	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	apiequality "k8s.io/apimachinery/pkg/api/equality"
)

// FreezePatch stops a Deployment's rollout, whatever its spec is by now; with thaw it sets exactly the one that was
// looked at going again.
func FreezePatch(d *appsv1.Deployment, thaw bool) ([]byte, error) {
	if thaw {
		p := same(d)
		p.set("/spec/paused", false)
		return p.json()
	}
	var p patch
	p.test("/metadata/uid", d.UID)
	p.set("/spec/paused", true)
	return p.json()
}

// UndoPatch is the rollback of a Deployment as it was just read: in one patch the pinned ReplicaSet's template, the
// pinned pace and no pause, so that the controller never sees the bad template going. Replicas are left alone. The
// fence grows in any case: a forward patch that is still on its way must miss.
func UndoPatch(d *appsv1.Deployment, rs *appsv1.ReplicaSet, pin run.Pin, wish, run string) ([]byte, error) {
	if err := pinned(d, rs, pin); err != nil {
		return nil, err
	}
	to, ok, err := readPace(pin.Strategy)
	if err != nil {
		return nil, err
	}
	p := same(d)
	p.stamp(MarkOf(d).Fence+1, wish, run)
	if !sameTemplate(d.Spec.Template, rs.Spec.Template) {
		p.set("/spec/template", bare(rs.Spec.Template))
	}
	if ok && !apiequality.Semantic.DeepEqual(to, paceOf(d)) {
		p.pace(to)
	}
	if d.Spec.Paused {
		p.set("/spec/paused", false)
	}
	return p.json()
}

// pinned tells whether the Deployment and the ReplicaSet are those of the pin.
func pinned(d *appsv1.Deployment, rs *appsv1.ReplicaSet, pin run.Pin) error {
	if string(d.UID) != pin.UID {
		return fmt.Errorf("%s was deleted and made anew since it was pinned (uid %s, pinned %s): it is not the workload of this run", pin.Workload, d.UID, pin.UID)
	}
	if hashOf(rs.Labels) != pin.Hash {
		return fmt.Errorf("replicaset/%s has the template hash %q, not the pinned %q", rs.Name, hashOf(rs.Labels), pin.Hash)
	}
	return nil
}

// AtPin tells whether the Deployment runs the pinned ReplicaSet's template at the pinned pace and nothing moves: then
// there is nothing to undo.
func AtPin(d *appsv1.Deployment, rs *appsv1.ReplicaSet, pin run.Pin) bool {
	to, ok, err := readPace(pin.Strategy)
	return err == nil && sameTemplate(d.Spec.Template, rs.Spec.Template) && !d.Spec.Paused && !held(d) &&
		(!ok || apiequality.Semantic.DeepEqual(to, paceOf(d))) && complete(d)
}
