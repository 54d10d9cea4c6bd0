package practice

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/kubeapi"
)

func sortedHosts() []string { return sortedKeys(hosts) }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// handler is what answers under a host's name, or nil when there is no such host.
func (w *World) handler(host string) http.Handler {
	s, ok := hosts[host]
	if !ok {
		return w.inCluster(host)
	}
	return w.troubled(host, w.siteOf(s, w.tools))
}

// siteOf is what answers for a site when nothing is wrong with it.
func (w *World) siteOf(s site, t tools) http.Handler {
	switch s.kind {
	case prometheusSite:
		return w.prom
	case alertmanagerSite:
		return w.prom.Alertmanager(s.namespace)
	case registrySite:
		return w.images
	case forgeSite, artifactSite:
		return t.atHost(s.kind)
	case chatSite:
		return http.HandlerFunc(w.chat)
	}
	return w.front(s.namespace)
}

// troubled answers as a host does that something may be wrong with at the moment. Where nobody should be listening it
// cuts the connection; who can, asks refuses first.
func (w *World) troubled(host string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if t := w.siteTrouble(host); t != nil {
			switch t.Trouble {
			case siteDown:
				panic(http.ErrAbortHandler)
			case siteUnavailable:
				http.Error(rw, "Service Unavailable", http.StatusServiceUnavailable)
				return
			case siteLimited:
				rw.Header().Set("Retry-After", "5")
				http.Error(rw, "rate_limited", http.StatusTooManyRequests)
				return
			case siteBroken:
				http.Error(rw, "Internal Server Error", http.StatusInternalServerError)
				return
			case siteSlow:
				if w.wait(r.Context(), t.Delay) != nil {
					return // the client has gone
				}
			}
		}
		h.ServeHTTP(rw, r)
	})
}

// inCluster answers under the names that components have inside of the cluster: api.production.svc and longer.
func (w *World) inCluster(host string) http.Handler {
	name, ns, ok := splitService(host)
	if !ok || !slices.Contains(namespaces, ns) {
		return nil
	}
	for _, c := range components {
		if c.name == name {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.answer(rw, r, ns, name) })
		}
	}
	return nil
}

// behindService answers on the port of a Service when the API server is asked to hand a request on.
func (w *World) behindService(namespace, service, _ string) http.Handler {
	return w.inCluster(service + "." + namespace + ".svc")
}

// splitService reads NAME.NAMESPACE.svc, with or without the cluster's domain.
func splitService(host string) (name, namespace string, ok bool) {
	short, ok := strings.CutSuffix(strings.TrimSuffix(host, ".cluster.local"), ".svc")
	if !ok {
		return "", "", false
	}
	return strings.Cut(short, ".")
}

// front is a namespace's site: the paths of the API go to api, all others to web.
func (w *World) front(namespace string) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		component := "web"
		if p := r.URL.Path; isProbe(p) || p == "/api" || strings.HasPrefix(p, "/api/") {
			component = "api"
		}
		w.answer(rw, r, namespace, component)
	})
}

// isProbe: the paths that only say whether a pod lives. They do no work, so they do not fail as work does.
func isProbe(path string) bool { return path == "/healthz" || path == "/ready" }

// answer lets one of the component's ready pods answer, as fast and as well as its metrics tell of it.
func (w *World) answer(rw http.ResponseWriter, r *http.Request, namespace, component string) {
	var ready []kubeapi.PodView
	for _, p := range w.kube.Pods(namespace) {
		if p.Ready && !p.Terminating && p.Labels["app"] == component {
			ready = append(ready, p)
		}
	}
	if len(ready) == 0 {
		reply(rw, http.StatusServiceUnavailable, map[string]any{"status": "unavailable", "error": "no pod of " + component + " is ready"})
		return
	}
	luck := w.luck(namespace, r.Method, r.URL.Path)
	pod := ready[luck.IntN(len(ready))]
	how := w.prom.Behaviour(identity(pod), pod.Started)
	took := time.Duration(float64(how.Median) * (0.8 + 0.4*luck.Float64()))
	if w.wait(r.Context(), took) != nil {
		return // the client has gone
	}
	if luck.Float64() < how.ErrorRatio && !isProbe(r.URL.Path) {
		reply(rw, http.StatusInternalServerError, map[string]any{"status": "error", "error": "internal server error"})
		return
	}
	reply(rw, http.StatusOK, map[string]any{
		"status": "ok", "component": component, "environment": namespace,
		"version": tag(pod.Image), "pod": pod.Name,
	})
}

// luck is chance for one request. It comes from the request and the world's time, not from how many requests came
// before, so that two that arrive in one instant do not depend on their order.
func (w *World) luck(words ...string) *rand.Rand {
	h := fnv.New64a()
	fmt.Fprint(h, w.clock.Now().UnixNano(), words) // a hash.Hash never fails
	return rand.New(rand.NewPCG(uint64(w.seed), h.Sum64()))
}

func reply(rw http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	_, _ = rw.Write(append(text, '\n')) // a client that has gone needs no answer
}
