package kubeapi

import (
	"net/http"
	"runtime"
	"slices"
	"strings"

	apidiscoveryv2 "k8s.io/api/apidiscovery/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	apiversion "k8s.io/apimachinery/pkg/version"
)

// Version is the Kubernetes version that the practice world says it is.
const Version = "v1.37.2"

// discover answers the paths that tell what is served; it returns whether the path is one of them.
func (s *Server) discover(w http.ResponseWriter, r *http.Request, path string) bool {
	parts := strings.Split(path, "/")
	switch {
	case parts[0] == "openapi":
		return s.openAPI(w, path)
	case path == "version":
		writeJSON(w, http.StatusOK, apiversion.Info{
			Major: "1", Minor: "37", GitVersion: Version, GitTreeState: "clean", GitCommit: "practice",
			BuildDate: "2026-01-01T00:00:00Z", GoVersion: runtime.Version(), Compiler: runtime.Compiler, Platform: "linux/amd64",
		})
	case path == "healthz" || path == "readyz" || path == "livez":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("ok")) // a client that has gone needs no answer
	case path == "api" && aggregated(r):
		s.writeAggregated(w, func(g string) bool { return g == "" })
	case path == "apis" && aggregated(r):
		s.writeAggregated(w, func(g string) bool { return g != "" })
	case path == "api":
		writeJSON(w, http.StatusOK, metav1.APIVersions{
			TypeMeta: metav1.TypeMeta{Kind: "APIVersions"}, Versions: []string{"v1"},
			ServerAddressByClientCIDRs: []metav1.ServerAddressByClientCIDR{},
		})
	case path == "apis":
		list := metav1.APIGroupList{TypeMeta: metav1.TypeMeta{Kind: "APIGroupList", APIVersion: "v1"}}
		for _, gv := range s.versions() {
			if gv.Group != "" {
				list.Groups = append(list.Groups, group(gv))
			}
		}
		writeJSON(w, http.StatusOK, list)
	case parts[0] == "api" && len(parts) == 2:
		return s.writeResources(w, schema.GroupVersion{Version: parts[1]})
	case parts[0] == "apis" && len(parts) == 3:
		return s.writeResources(w, schema.GroupVersion{Group: parts[1], Version: parts[2]})
	case parts[0] == "apis" && len(parts) == 2:
		for _, gv := range s.versions() {
			if gv.Group == parts[1] {
				g := group(gv)
				g.TypeMeta = metav1.TypeMeta{Kind: "APIGroup", APIVersion: "v1"}
				writeJSON(w, http.StatusOK, g)
				return true
			}
		}
		return false
	default:
		return false
	}
	return true
}

// versions are the served groups, in the order of the table of resources.
func (s *Server) versions() []schema.GroupVersion {
	var all []schema.GroupVersion
	for _, r := range s.resources {
		if gv := r.gvr.GroupVersion(); !slices.Contains(all, gv) {
			all = append(all, gv)
		}
	}
	return all
}

func group(gv schema.GroupVersion) metav1.APIGroup {
	v := metav1.GroupVersionForDiscovery{GroupVersion: gv.String(), Version: gv.Version}
	return metav1.APIGroup{Name: gv.Group, Versions: []metav1.GroupVersionForDiscovery{v}, PreferredVersion: v}
}

func (s *Server) writeResources(w http.ResponseWriter, gv schema.GroupVersion) bool {
	list := metav1.APIResourceList{TypeMeta: metav1.TypeMeta{Kind: "APIResourceList", APIVersion: "v1"}, GroupVersion: gv.String()}
	for _, r := range s.resources {
		if r.gvr.GroupVersion() != gv {
			continue
		}
		list.APIResources = append(list.APIResources, metav1.APIResource{
			Name: r.gvr.Resource, SingularName: r.singular(), Namespaced: r.namespaced, Kind: r.kind, Verbs: r.verbs,
			ShortNames: r.short, Categories: r.categories(),
		})
		for _, sub := range r.subs {
			kind := r.subKind(sub)
			list.APIResources = append(list.APIResources, metav1.APIResource{
				Name: r.gvr.Resource + "/" + sub, Namespaced: r.namespaced, Kind: kind.Kind, Group: kind.Group,
				Version: kind.Version, Verbs: subVerbs(sub),
			})
		}
	}
	if len(list.APIResources) == 0 {
		return false
	}
	writeJSON(w, http.StatusOK, list)
	return true
}

func (r *resource) singular() string { return strings.ToLower(r.kind) }

// categories puts into "all" what kubectl get all shows.
func (r *resource) categories() []string {
	switch r.gvr.Group {
	case "apps", "batch", "autoscaling":
		if r.gvr.Resource != "controllerrevisions" {
			return []string{"all"}
		}
	case "":
		if r.gvr.Resource == "pods" || r.gvr.Resource == "services" {
			return []string{"all"}
		}
	}
	return nil
}

func (r *resource) subKind(sub string) schema.GroupVersionKind {
	switch sub {
	case "scale":
		return scaleKind
	case proxySub:
		return r.gvr.GroupVersion().WithKind(r.kind + "ProxyOptions")
	case "eviction":
		return schema.GroupVersionKind{Group: "policy", Version: "v1", Kind: "Eviction"}
	}
	return r.gvk()
}

func subVerbs(sub string) []string {
	switch sub {
	case "log":
		return []string{"get"}
	case proxySub:
		return []string{"create", "delete", "get", "patch", "update"}
	case "eviction":
		return []string{"create"}
	}
	return []string{"get", "patch", "update"}
}

// aggregated says whether the client takes all groups in one answer.
func aggregated(r *http.Request) bool {
	accept := r.Header.Get("Accept")
	return strings.Contains(accept, "as=APIGroupDiscoveryList") && strings.Contains(accept, "v=v2;") ||
		strings.Contains(accept, "v=v2,") || strings.HasSuffix(accept, "v=v2")
}

// writeAggregated answers with the groups of which ours says yes.
func (s *Server) writeAggregated(w http.ResponseWriter, ours func(string) bool) {
	gvk := apidiscoveryv2.SchemeGroupVersion.WithKind("APIGroupDiscoveryList")
	list := apidiscoveryv2.APIGroupDiscoveryList{TypeMeta: metav1.TypeMeta{Kind: gvk.Kind, APIVersion: gvk.GroupVersion().String()}}
	for _, gv := range s.versions() {
		if !ours(gv.Group) {
			continue
		}
		v := apidiscoveryv2.APIVersionDiscovery{Version: gv.Version, Freshness: apidiscoveryv2.DiscoveryFreshnessCurrent}
		for _, r := range s.resources {
			if r.gvr.GroupVersion() == gv {
				v.Resources = append(v.Resources, r.aggregated())
			}
		}
		list.Items = append(list.Items, apidiscoveryv2.APIGroupDiscovery{
			ObjectMeta: metav1.ObjectMeta{Name: gv.Group}, Versions: []apidiscoveryv2.APIVersionDiscovery{v},
		})
	}
	w.Header().Set("Content-Type", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
	writeJSON(w, http.StatusOK, list)
}

func (r *resource) aggregated() apidiscoveryv2.APIResourceDiscovery {
	scope := apidiscoveryv2.ScopeCluster
	if r.namespaced {
		scope = apidiscoveryv2.ScopeNamespace
	}
	d := apidiscoveryv2.APIResourceDiscovery{
		Resource: r.gvr.Resource, ResponseKind: responseKind(r.gvk()), Scope: scope, SingularResource: r.singular(),
		Verbs: r.verbs, ShortNames: r.short, Categories: r.categories(),
	}
	for _, sub := range r.subs {
		d.Subresources = append(d.Subresources, apidiscoveryv2.APISubresourceDiscovery{
			Subresource: sub, ResponseKind: responseKind(r.subKind(sub)), Verbs: subVerbs(sub),
		})
	}
	return d
}

func responseKind(gvk schema.GroupVersionKind) *metav1.GroupVersionKind {
	return &metav1.GroupVersionKind{Group: gvk.Group, Version: gvk.Version, Kind: gvk.Kind}
}
