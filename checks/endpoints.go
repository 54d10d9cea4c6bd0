package checks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type endpointsParams struct {
	Services []string `yaml:"services" doc:"Services of the environment's namespace"`
	Min      *int     `yaml:"min,omitempty" doc:"how many ready endpoints each of them needs; 1 when neither this nor expect is written"`
}

var endpointsKind = runbook.Kind{
	Name: "endpoints",
	Doc: `Services have ready endpoints behind them.
passes   each Service has at least min ready endpoints
fails    one has fewer, or is not there
unknown  the cluster does not answer, or forbids to look
Endpoints are read from EndpointSlices; one with an IPv4 and an IPv6 address counts once.
self     a map of the number of ready endpoints by Service`,
	Example:  "endpoints: {services: [api, worker], min: 1}",
	Params:   endpointsParams{},
	Interval: 15 * time.Second,
	Timeout:  clusterTimeout,
	Lint:     lintEndpoints,
}

func lintEndpoints(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*endpointsParams)
	out := lintNames("services", p.Services)
	if len(p.Services) == 0 {
		out = append(out, problem("services", "write services: [name, …]", "no Service is named"))
	}
	if p.Min != nil && *p.Min < 1 {
		out = append(out, problem("min", "write 1 or more", "min: %d asks for nothing", *p.Min))
	}
	return out
}

func readyEndpoints(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[endpointsParams](endpointsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := endpointsLook{env: work.Env, cluster: cluster, services: p.Services, min: 1}
	switch {
	case p.Min != nil:
		l.min = *p.Min
	case work.Check.Expect != "":
		l.min = 0
	}
	return check{look: onCluster(cluster, said("EndpointSlices of namespace %s", work.Env.Namespace), l.look), cluster: cluster, follows: []kube.Resource{kube.EndpointSlices}, cached: true}, nil
}

type endpointsLook struct {
	env      runbook.Environment
	cluster  *kube.Cluster
	services []string
	min      int // 0: expect alone judges
}

func (l endpointsLook) look(ctx context.Context) seen {
	s, self := seen{}, map[string]any{}
	var all, wrong []string
	bad := 0
	for _, service := range l.services {
		source := run.Evidence{
			Source: object("EndpointSlices of Service", l.env, service),
			Query:  kubectl(l.env, "get", "endpointslices", "-l", discoveryv1.LabelServiceName+"="+service),
		}
		if l.min > 0 {
			source.Expected = said("≥ %d ready", l.min)
		}
		slices, err := l.cluster.EndpointSlices(ctx, service)
		if err == nil && len(slices) == 0 && l.isMissing(ctx, service) {
			err = apierrors.NewNotFound(discoveryv1.Resource("services"), service)
		}
		if err != nil && !apierrors.IsNotFound(err) {
			return couldNotLook(source, err)
		}
		ready, total := readyEndpointsOf(slices)
		words := fmt.Sprintf("%s %d of %s ready", service, ready, count(total, "endpoint"))
		if err != nil {
			words = fmt.Sprintf("there is no Service %s", service)
			s.follows = []followed{{l.cluster, kube.Services}}
		}
		if len(slices) > 0 {
			source.Source = object("EndpointSlice", l.env, slices[0].Name)
			source.ResourceVersion = slices[0].ResourceVersion
		}
		source.Observed = said("%s", words)
		s.Evidence = append(s.Evidence, source)
		self[service] = ready
		all = append(all, fmt.Sprintf("%s %d ready", service, ready))
		if err != nil || ready < l.min {
			wrong = append(wrong, words)
			bad += max(l.min-ready, 1)
		}
	}
	s.self = self
	if len(wrong) > 0 {
		s.summed(run.Failed, "%s", strings.Join(wrong, "; "))
		s.Badness = float64(bad)
	} else {
		s.summed(run.Passed, "%s", strings.Join(all, ", "))
	}
	return s
}

// isMissing tells a Service that is not there from one without endpoints. When it cannot be looked at, it counts as
// there: without endpoints it fails anyway.
func (l endpointsLook) isMissing(ctx context.Context, service string) bool {
	_, err := l.cluster.Service(ctx, service)
	return apierrors.IsNotFound(err)
}

// readyEndpointsOf counts endpoints by address family and takes the family that has most: a Service with two
// families has a slice, and each of its pods an entry, in both.
func readyEndpointsOf(slices []*discoveryv1.EndpointSlice) (ready, total int) {
	readyIn, totalIn := map[discoveryv1.AddressType]int{}, map[discoveryv1.AddressType]int{}
	for _, slice := range slices {
		for _, e := range slice.Endpoints {
			totalIn[slice.AddressType]++
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				readyIn[slice.AddressType]++
			}
		}
	}
	for family, n := range totalIn {
		ready, total = max(ready, readyIn[family]), max(total, n)
	}
	return ready, total
}
