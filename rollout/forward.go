package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// heldFor is how long a canary's pods must be ready before they count as available, at least. It only has to be far
// beyond any hold, since the end of the canary puts the real value back.
const heldFor = 24 * time.Hour

// Move is one step forward of one component.
type Move struct {
	Component runbook.Component
	Pin       run.Pin
	Fence     int64 // that the workload must carry
	Stamp     int64 // that it carries afterwards
	Wish, Run string
	Share     int // percent of new pods; 100 ends a canary
	Canary    bool
	Hold      time.Duration
}

// Stance is what a look at the workload says about a move: it is done already, it must not be done, or neither.
type Stance struct {
	Already bool
	Refused string // why it must not be done; empty when it may
}

// Stand judges a move by the workload as it is now.
func Stand(d *appsv1.Deployment, m Move) Stance {
	mark := MarkOf(d)
	i, err := containerOf(&d.Spec.Template, m.Component)
	switch {
	case string(d.UID) != m.Pin.UID:
		return Stance{Refused: fmt.Sprintf("%s was deleted and made anew since it was pinned (uid %s, pinned %s)", m.Component.Workload, d.UID, m.Pin.UID)}
	case mark.Act == m.Wish:
		return Stance{Already: true}
	case err != nil:
		return Stance{Refused: err.Error()}
	}
	image := d.Spec.Template.Spec.Containers[i].Image
	switch {
	case image == m.Component.Image && !held(d) && !d.Spec.Paused:
		return Stance{Already: true}
	case mark.Fence != m.Fence:
		return Stance{Refused: fmt.Sprintf("%s carries the fence %d, not %d: another run or a rollback has written it", m.Component.Workload, mark.Fence, m.Fence)}
	case d.Spec.Paused:
		return Stance{Refused: m.Component.Workload + " is paused: set it going first"}
	case m.first(mark) && image != m.Pin.Image:
		return Stance{Refused: fmt.Sprintf("%s runs %s, not the pinned %s: somebody else has moved it", m.Component.Workload, image, m.Pin.Image)}
	}
	return Stance{}
}

// first tells whether no patch of this run has reached the workload yet.
func (m Move) first(mark Mark) bool { return mark.Pin == nil || mark.Pin.Run != m.Run }

// held tells whether the Deployment is held as a canary by one of our patches.
func held(d *appsv1.Deployment) bool {
	return MarkOf(d).Pin != nil && d.Spec.MinReadySeconds >= int32(heldFor/time.Second)
}

// ForwardPatch is the patch of a move on the Deployment as it was just read. A share below 100 of a canary holds; the
// last one gives the Deployment its own pace back. Without a canary only the image changes.
func ForwardPatch(d *appsv1.Deployment, m Move) ([]byte, error) {
	i, err := containerOf(&d.Spec.Template, m.Component)
	if err != nil {
		return nil, err
	}
	p := same(d)
	p.stamp(m.Stamp, m.Wish, m.Run)
	if m.first(MarkOf(d)) {
		note, err := pinNote(m)
		if err != nil {
			return nil, err
		}
		p.set(annotation(AnnotPin), note)
	}
	p.set(fmt.Sprintf("/spec/template/spec/containers/%d/image", i), m.Component.Image)
	switch {
	case m.Canary && m.Share < 100:
		canary(&p, d, m)
	case held(d):
		to, ok, err := readPace(m.Pin.Strategy)
		if err == nil && !ok {
			err = errors.New("its pin has no strategy to put back")
		}
		if err != nil {
			return nil, fmt.Errorf("end the canary of %s: %w", m.Component.Workload, err)
		}
		p.pace(to)
	}
	return p.json()
}

// pinNote is the pin as it goes onto the workload.
func pinNote(m Move) (string, error) {
	note := PinNote{Pin: m.Pin, To: m.Component.Image}
	note.Run = m.Run
	data, err := json.Marshal(note)
	if err != nil {
		return "", fmt.Errorf("write the pin of %s: %w", m.Component.Workload, err)
	}
	return string(data), nil
}

// canary holds the Deployment at the share: the controller may surge by that many pods, may take none away, and none
// of the new ones becomes available while the hold lasts. A later share only raises the surge.
func canary(p *patch, d *appsv1.Deployment, m Move) {
	n := CanaryPods(desired(d), m.Share)
	if held(d) {
		if r := d.Spec.Strategy.RollingUpdate; r != nil && r.MaxSurge != nil && r.MaxSurge.IntValue() >= n {
			return // rounding up gave as many pods for the share before
		}
		p.set("/spec/strategy/rollingUpdate/maxSurge", n)
		return
	}
	surge, none := intstr.FromInt32(int32(n)), intstr.FromInt32(0)
	ready := int32(max(heldFor, 4*m.Hold) / time.Second)
	deadline := ready + 3600 // the API wants it above minReadySeconds
	p.pace(pace{
		Strategy: appsv1.DeploymentStrategy{
			Type:          appsv1.RollingUpdateDeploymentStrategyType,
			RollingUpdate: &appsv1.RollingUpdateDeployment{MaxSurge: &surge, MaxUnavailable: &none},
		},
		MinReadySeconds: ready, ProgressDeadlineSeconds: &deadline,
	})
}

// CanaryPods is how many new pods a share of the wanted ones is: rounded up, at least one.
func CanaryPods(desired, share int) int {
	return max(1, int(math.Ceil(float64(desired)*float64(share)/100)))
}
