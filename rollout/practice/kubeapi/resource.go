package kubeapi

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

// object is what the store holds: a typed API object, or an unstructured one for a custom resource.
type object interface {
	runtime.Object
	metav1.Object
}

// resource describes one kind of object as discovery tells it and as the handler treats it.
type resource struct {
	gvr        schema.GroupVersionResource
	kind       string
	short      []string
	namespaced bool
	verbs      []string
	subs       []string // subresources: status, scale, log, eviction, approval, proxy
	generation bool     // metadata.generation counts changes of the spec
	notes      bool     // and of the annotations
	versioned  bool     // an update must name a resourceVersion
	custom     bool     // unstructured
}

var (
	allVerbs   = []string{"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"}
	reviewVerb = []string{"create"}
)

func (r *resource) gvk() schema.GroupVersionKind { return r.gvr.GroupVersion().WithKind(r.kind) }
func (r *resource) gr() schema.GroupResource     { return r.gvr.GroupResource() }
func (r *resource) has(sub string) bool          { return slices.Contains(r.subs, sub) }
func (r *resource) stored() bool                 { return slices.Contains(r.verbs, "get") }

// empty returns a new object of the resource's kind.
func (r *resource) empty() object {
	if r.custom {
		u := &unstructured.Unstructured{}
		u.SetGroupVersionKind(r.gvk())
		return u
	}
	obj, err := scheme.Scheme.New(r.gvk())
	if err != nil {
		panic("kubeapi: the table of resources names a kind that the scheme does not know: " + err.Error())
	}
	return obj.(object)
}

// builder fills the table of resources, one group and version after the other.
type builder struct {
	gv  schema.GroupVersion
	all []*resource
}

func (b *builder) add(plural, kind string, namespaced bool, change ...func(*resource)) {
	r := &resource{gvr: b.gv.WithResource(plural), kind: kind, namespaced: namespaced, verbs: allVerbs}
	for _, f := range change {
		f(r)
	}
	b.all = append(b.all, r)
}

func (b *builder) group(group, version string) {
	b.gv = schema.GroupVersion{Group: group, Version: version}
}

func short(names ...string) func(*resource) { return func(r *resource) { r.short = names } }
func subs(names ...string) func(*resource)  { return func(r *resource) { r.subs = names } }
func generation(r *resource)                { r.generation = true }
func annotated(r *resource)                 { r.generation, r.notes = true, true }
func versioned(r *resource)                 { r.versioned = true }
func review(r *resource)                    { r.verbs = reviewVerb }

// resources is the table of all that is served, in the order in which discovery lists it.
func resources() []*resource {
	var b builder
	b.core()
	b.group("apps", "v1")
	b.add("controllerrevisions", "ControllerRevision", true)
	b.add("daemonsets", "DaemonSet", true, short("ds"), subs("status"), annotated)
	b.add("deployments", "Deployment", true, short("deploy"), subs("scale", "status"), annotated)
	b.add("replicasets", "ReplicaSet", true, short("rs"), subs("scale", "status"), generation)
	b.add("statefulsets", "StatefulSet", true, short("sts"), subs("scale", "status"), generation)
	b.group("events.k8s.io", "v1")
	b.add("events", "Event", true, short("ev"))
	b.group("authentication.k8s.io", "v1")
	b.add("selfsubjectreviews", "SelfSubjectReview", false, review)
	b.group("authorization.k8s.io", "v1")
	b.add("selfsubjectaccessreviews", "SelfSubjectAccessReview", false, review)
	b.add("selfsubjectrulesreviews", "SelfSubjectRulesReview", false, review)
	b.group("autoscaling", "v2")
	b.add("horizontalpodautoscalers", "HorizontalPodAutoscaler", true, short("hpa"), subs("status"))
	b.group("batch", "v1")
	b.add("cronjobs", "CronJob", true, short("cj"), subs("status"), generation)
	b.add("jobs", "Job", true, subs("status"), generation)
	b.group("certificates.k8s.io", "v1")
	b.add("certificatesigningrequests", "CertificateSigningRequest", false, short("csr"), subs("approval", "status"))
	b.group("networking.k8s.io", "v1")
	b.add("ingresses", "Ingress", true, short("ing"), subs("status"), generation)
	b.group("policy", "v1")
	b.add("poddisruptionbudgets", "PodDisruptionBudget", true, short("pdb"), subs("status"), generation)
	b.group("discovery.k8s.io", "v1")
	b.add("endpointslices", "EndpointSlice", true, generation)
	b.group("coordination.k8s.io", "v1")
	b.add("leases", "Lease", true, versioned)
	return b.all
}

func (b *builder) core() {
	b.group("", "v1")
	b.add("configmaps", "ConfigMap", true, short("cm"))
	b.add("endpoints", "Endpoints", true, short("ep"))
	b.add("events", "Event", true, short("ev"))
	b.add("namespaces", "Namespace", false, short("ns"), subs("status"))
	b.add("nodes", "Node", false, short("no"), subs("status"))
	b.add("pods", "Pod", true, short("po"), subs("eviction", "log", "status"), generation)
	b.add("resourcequotas", "ResourceQuota", true, short("quota"), subs("status"))
	b.add("secrets", "Secret", true)
	b.add("serviceaccounts", "ServiceAccount", true, short("sa"))
	b.add("services", "Service", true, short("svc"), subs("proxy", "status"))
}
