package rollout

import (
	"encoding/json"
	"strconv"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// The annotations that a run leaves on a workload.
const (
	AnnotFence = kube.Prefix + "fence" // a number that grows with every writer
	AnnotAct   = kube.Prefix + "act"   // the wish that was done last
	AnnotRun   = kube.Prefix + "run"   // the run that did it
	AnnotPin   = kube.Prefix + "pin"   // JSON: what ran before that run
)

// Mark is what the annotations of a workload say. The zero value is a workload that no run has touched.
type Mark struct {
	Fence    int64
	Act, Run string
	Pin      *PinNote // nil: none, or none that can be read
}

// PinNote is a pin as it stands on the workload: what ran before, and the image it was moved to. Another image in the
// template means that somebody else has moved it since, and that the pin is out of date.
type PinNote struct {
	run.Pin
	To string `json:"to"`
}

// MarkOf reads the annotations of a workload.
func MarkOf(o metav1.Object) Mark {
	a := o.GetAnnotations()
	m := Mark{Act: a[AnnotAct], Run: a[AnnotRun]}
	m.Fence, _ = strconv.ParseInt(a[AnnotFence], 10, 64) // somebody's nonsense counts as none; patches test the text itself
	if text := a[AnnotPin]; text != "" {
		var note PinNote
		if json.Unmarshal([]byte(text), &note) == nil && note.Hash != "" {
			m.Pin = &note
		}
	}
	return m
}
