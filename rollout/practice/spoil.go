package practice

import (
	"encoding/json"
	"fmt"
	"maps"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

// Troubles that are changes of objects in the cluster. Each is one edit of the object as it stands, and one back.

// alter changes an object and returns what undoes it. An object that somebody has deleted stays away.
func alter[T interface {
	runtime.Object
	metav1.Object
}](w *World, namespace, name string, change, back func(T)) (undo func()) {
	edit := func(f func(T)) {
		if _, err := kubeapi.Edit(w.kube, namespace, name, f); err != nil {
			panic(fmt.Sprintf("practice: changing %s/%s as the scenario says: %v", namespace, name, err)) // its own objects are valid
		}
	}
	edit(change)
	return func() { edit(back) }
}

// restore puts back into a map what some keys had before.
func restore[V any](into, before map[string]V, keys ...string) {
	for _, k := range keys {
		if v, had := before[k]; had {
			into[k] = v
		} else {
			delete(into, k)
		}
	}
}

func (w *World) spoilSecret(f *SecretFault) (undo func()) {
	var before map[string][]byte
	return alter(w, f.Namespace, orName(f.Name, appSecretsName), func(s *corev1.Secret) {
		before = maps.Clone(s.Data)
		for _, k := range f.Remove {
			delete(s.Data, k)
		}
		for _, k := range f.Empty {
			s.Data[k] = []byte{}
		}
	}, func(s *corev1.Secret) { restore(s.Data, before, append(f.Remove, f.Empty...)...) })
}

func (w *World) spoilConfig(f *ConfigFault) (undo func()) {
	var before map[string]string
	return alter(w, f.Namespace, orName(f.Name, appConfigName), func(c *corev1.ConfigMap) {
		before = maps.Clone(c.Data)
		maps.Copy(c.Data, f.Set)
		for _, k := range f.Remove {
			delete(c.Data, k)
		}
	}, func(c *corev1.ConfigMap) {
		restore(c.Data, before, f.Remove...)
		for k := range f.Set {
			restore(c.Data, before, k)
		}
	})
}

func orName(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return name
}

func (w *World) spoilFlag(f *FlagFault) (undo func()) {
	before := ""
	return alter(w, f.Namespace, flagsName, func(c *corev1.ConfigMap) {
		before = c.Data[flagsKey]
		c.Data[flagsKey] = f.on(before)
	}, func(c *corev1.ConfigMap) { c.Data[flagsKey] = before })
}

// on changes a document of flagd. One that cannot be read any more is left as it is.
func (f *FlagFault) on(text string) string {
	var doc struct {
		Schema string                    `json:"$schema"`
		Flags  map[string]map[string]any `json:"flags"`
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil || doc.Flags == nil {
		return text
	}
	flag := doc.Flags[f.Name]
	if flag == nil {
		flag = map[string]any{"state": "ENABLED", "variants": map[string]any{"on": true, "off": false}}
	}
	flag["defaultVariant"] = f.Variant
	doc.Flags[f.Name] = flag
	if f.Missing {
		delete(doc.Flags, f.Name)
	}
	out, err := json.MarshalIndent(doc, "", "  ")
	if err != nil {
		return text
	}
	return string(out) + "\n"
}

func (w *World) ailNode(f *NodeFault) (undo func()) {
	var before corev1.Node
	return alter(w, "", f.Name, func(n *corev1.Node) {
		before = *n.DeepCopy()
		if f.Cordoned {
			n.Spec.Unschedulable = true
			n.Spec.Taints = append(n.Spec.Taints, corev1.Taint{Key: corev1.TaintNodeUnschedulable, Effect: corev1.TaintEffectNoSchedule})
		}
		if f.NotReady {
			w.setNode(n, corev1.NodeReady, corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status.")
		}
		if f.Pressure {
			w.setNode(n, corev1.NodeMemoryPressure, corev1.ConditionTrue, "KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
		}
	}, func(n *corev1.Node) {
		n.Spec.Unschedulable, n.Spec.Taints = before.Spec.Unschedulable, before.Spec.Taints
		n.Status.Conditions = before.Status.Conditions
	})
}

func (w *World) setNode(n *corev1.Node, kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) {
	for i := range n.Status.Conditions {
		if c := &n.Status.Conditions[i]; c.Type == kind {
			c.Status, c.Reason, c.Message = status, reason, message
			c.LastTransitionTime = metav1.NewTime(w.clock.Now().Truncate(time.Second))
		}
	}
}

// fillQuota lowers a quota to what is used of it.
func (w *World) fillQuota(f *QuotaFault) (undo func()) {
	pods := 0
	for _, p := range w.kube.Pods(f.Namespace) {
		if p.Phase != string(corev1.PodSucceeded) && p.Phase != string(corev1.PodFailed) {
			pods++
		}
	}
	var before corev1.ResourceList
	return alter(w, f.Namespace, quotaName, func(q *corev1.ResourceQuota) {
		before = q.Spec.Hard.DeepCopy()
		q.Spec.Hard[corev1.ResourcePods] = *resource.NewQuantity(int64(pods), resource.DecimalSI)
	}, func(q *corev1.ResourceQuota) { q.Spec.Hard = before })
}

// unlist takes the endpoints of a dependency away, in both forms.
func (w *World) unlist(f *DependencyFault) (undo func()) {
	var slice []discoveryv1.Endpoint
	//lint:ignore SA1019 clusters still have Endpoints beside the slices, and people look at them
	var subsets []corev1.EndpointSubset
	back := alter(w, f.Namespace, f.Name+"-1", func(s *discoveryv1.EndpointSlice) {
		slice, s.Endpoints = s.Endpoints, []discoveryv1.Endpoint{}
	}, func(s *discoveryv1.EndpointSlice) { s.Endpoints = slice })
	//lint:ignore SA1019 as above
	type endpoints = corev1.Endpoints
	old := alter(w, f.Namespace, f.Name, func(e *endpoints) {
		subsets, e.Subsets = e.Subsets, nil
	}, func(e *endpoints) { e.Subsets = subsets })
	return func() { back(); old() }
}

// replaceCertificate gives a namespace's site another certificate, live and in its Secret.
func (w *World) replaceCertificate(f *CertificateFault) (undo func()) {
	before := w.certificateOf(f.Namespace)
	next, err := w.issueFor(f.Namespace, f.Days, f.Name, w.clock.Now())
	if err != nil {
		panic("practice: " + err.Error()) // keys and names are its own
	}
	put := func(p pair) func(*corev1.Secret) {
		return func(s *corev1.Secret) {
			s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey] = p.cert, p.key
		}
	}
	w.setCertificate(f.Namespace, next)
	back := alter(w, f.Namespace, tlsName, put(next), put(before))
	return func() { w.setCertificate(f.Namespace, before); back() }
}
