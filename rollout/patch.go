package rollout

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// op is one operation of a JSON patch (RFC 6902).
type op struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"` // null is a value too: testing for it asks that nothing is there
}

// patch is a JSON patch under construction.
type patch []op

func (p *patch) test(path string, v any) { *p = append(*p, op{"test", path, v}) }

// set adds or replaces: that is what add means for a member of an object.
func (p *patch) set(path string, v any) { *p = append(*p, op{"add", path, v}) }

func (p patch) json() ([]byte, error) {
	data, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("write the JSON patch: %w", err)
	}
	return data, nil
}

// annotation is the JSON pointer of an annotation.
func annotation(name string) string {
	return "/metadata/annotations/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
}

// same starts a patch that applies only to exactly the object that was looked at: the same uid, spec and fence. The
// resourceVersion would not do, since it changes with every status update.
func same(o metav1.Object) patch {
	var p patch
	p.test("/metadata/uid", o.GetUID())
	p.test("/metadata/generation", o.GetGeneration())
	if len(o.GetAnnotations()) == 0 {
		p.test("/metadata/annotations", nil)
		p.set("/metadata/annotations", map[string]string{})
		return p
	}
	if fence, ok := o.GetAnnotations()[AnnotFence]; ok {
		p.test(annotation(AnnotFence), fence)
	} else {
		p.test(annotation(AnnotFence), nil)
	}
	return p
}

// stamp signs the patch.
func (p *patch) stamp(fence int64, act, run string) {
	p.set(annotation(AnnotFence), strconv.FormatInt(fence, 10))
	p.set(annotation(AnnotAct), act)
	p.set(annotation(AnnotRun), run)
}

// pace is the fields of a Deployment that a canary changes and that its end and the rollback put back.
type pace struct {
	Strategy                appsv1.DeploymentStrategy `json:"strategy"`
	MinReadySeconds         int32                     `json:"minReadySeconds"`
	ProgressDeadlineSeconds *int32                    `json:"progressDeadlineSeconds,omitempty"`
}

func paceOf(d *appsv1.Deployment) pace {
	return pace{d.Spec.Strategy, d.Spec.MinReadySeconds, d.Spec.ProgressDeadlineSeconds}
}

// pace sets the fields of a pace.
func (p *patch) pace(to pace) {
	p.set("/spec/strategy", to.Strategy)
	p.set("/spec/minReadySeconds", to.MinReadySeconds)
	if to.ProgressDeadlineSeconds != nil {
		p.set("/spec/progressDeadlineSeconds", *to.ProgressDeadlineSeconds)
	}
}

// readPace decodes a pin's strategy; ok is false when it has none.
func readPace(raw json.RawMessage) (to pace, ok bool, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return pace{}, false, nil
	}
	if err := json.Unmarshal(raw, &to); err != nil {
		return pace{}, false, fmt.Errorf("the pin's strategy cannot be read: %w", err)
	}
	return to, true, nil
}
