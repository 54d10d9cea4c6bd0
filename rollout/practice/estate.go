package practice

import (
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/practice/promapi"
)

// The names that the world's objects have.
const (
	Staging    = "staging"
	Production = "production"
	registry   = "registry.example"
)

// component is one workload of the organisation and its usual life.
type component struct {
	name string
	port int32
	// replicas and rate (requests per second) by namespace.
	replicas map[string]int32
	rate     map[string]float64
	usual    promapi.Behaviour
}

// namespaces are the environments, in the order in which they are deployed to.
var namespaces = []string{Staging, Production}

// components are what the organisation runs. Staging mirrors production with a tenth of its data and traffic.
// Together they have a p95 in the middle of the histogram's finest buckets, well below the objective of 200 ms.
var components = []component{
	{
		name: "api", port: 3000,
		replicas: map[string]int32{Staging: 2, Production: 8},
		rate:     map[string]float64{Staging: 30, Production: 220},
		usual:    promapi.Behaviour{ErrorRatio: 0.0003, Median: 45 * time.Millisecond, Spread: 0.5, CPU: 0.32, Memory: 310 << 20},
	},
	{
		name: "web", port: 8080,
		replicas: map[string]int32{Staging: 2, Production: 4},
		rate:     map[string]float64{Staging: 16, Production: 130},
		usual:    promapi.Behaviour{ErrorRatio: 0.0002, Median: 55 * time.Millisecond, Spread: 0.5, CPU: 0.28, Memory: 240 << 20},
	},
	{
		name: "worker", port: 8080,
		replicas: map[string]int32{Staging: 2, Production: 3},
		rate:     map[string]float64{Staging: 8, Production: 40},
		usual:    promapi.Behaviour{ErrorRatio: 0.0004, Median: 70 * time.Millisecond, Spread: 0.4, CPU: 0.45, Memory: 420 << 20},
	},
	{
		name: "game-server", port: 8080,
		replicas: map[string]int32{Staging: 2, Production: 2},
		rate:     map[string]float64{Staging: 6, Production: 30},
		usual:    promapi.Behaviour{ErrorRatio: 0.0002, Median: 22 * time.Millisecond, Spread: 0.5, CPU: 0.55, Memory: 560 << 20},
	},
}

// dependencies are services that the components need and that others run.
var dependencies = []struct {
	name string
	port int32
}{{"postgres", 5432}, {"redis", 6379}}

// The hosts that the organisation's tools have.
const (
	forgeHost    = "github.example"
	artifactHost = "artifacts.example"
	chatHost     = "chat.example"
	repoOwner    = "political-sphere"
	repoName     = "platform"
)

// hosts are the names under which the world answers, and what of.
var hosts = map[string]site{
	"prometheus.staging.example":      {kind: prometheusSite},
	"prometheus.production.example":   {kind: prometheusSite},
	"alertmanager.staging.example":    {kind: alertmanagerSite, namespace: Staging},
	"alertmanager.production.example": {kind: alertmanagerSite, namespace: Production},
	"staging.example":                 {kind: frontSite, namespace: Staging},
	"example":                         {kind: frontSite, namespace: Production},
	registry:                          {kind: registrySite},
	forgeHost:                         {kind: forgeSite},
	artifactHost:                      {kind: artifactSite},
	chatHost:                          {kind: chatSite},
}

// site is what answers under a host's name, and for which namespace.
type site struct {
	kind      siteKind
	namespace string
}

type siteKind int

const (
	frontSite siteKind = iota
	prometheusSite
	alertmanagerSite
	registrySite
	forgeSite
	artifactSite
	chatSite
)

// frontOf is the host of a namespace's own site.
func frontOf(namespace string) string {
	for host, s := range hosts {
		if s.kind == frontSite && s.namespace == namespace {
			return host
		}
	}
	return ""
}

// dependencyNames are the names of the dependencies.
func dependencyNames() []string {
	var names []string
	for _, d := range dependencies {
		names = append(names, d.name)
	}
	return names
}

// loads are what Prometheus needs to know of the components.
func loads() []promapi.Load {
	var all []promapi.Load
	for _, ns := range namespaces {
		for _, c := range components {
			all = append(all, promapi.Load{Namespace: ns, Component: c.name, Rate: c.rate[ns], Behaviour: c.usual})
		}
	}
	return all
}

// replicasOf is how many pods a component has in this scenario.
func (spec WorldSpec) replicasOf(namespace string, c component) int32 {
	if n, ok := spec.Replicas[namespace][c.name]; ok {
		return n
	}
	return c.replicas[namespace]
}

// image is a component's image of some version.
func image(component, version string) string { return registry + "/" + component + ":" + version }

// tag is the version of an image; an image that is named by digest alone has none.
func tag(image string) string {
	name, _, _ := strings.Cut(image, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[i+1:]
	}
	return ""
}

// imageOf is how an image runs in this scenario: as written for it in this component, else for its version.
func (spec WorldSpec) imageOf(component, version string) Image {
	if i, ok := spec.Images[component+":"+version]; ok {
		return i
	}
	return spec.Images[version]
}
