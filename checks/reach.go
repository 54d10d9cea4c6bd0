package checks

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	discoveryv1 "k8s.io/api/discovery/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type reachParams struct {
	Services []string `yaml:"services,omitempty" doc:"Services of the environment's namespace; a site where the API server has no way to the pods fills in none"`
	Path     string   `yaml:"path,omitempty" doc:"what to ask each of them, with its query if any; / when not written"`
	Port     string   `yaml:"port,omitempty" doc:"name or number of the Service's port; its only one when not written"`
	Scheme   string   `yaml:"scheme,omitempty" doc:"http (the default) or https"`
	Status   []string `yaml:"status,omitempty" doc:"statuses that are good, such as 200, 2xx or 200-204; 2xx when not written"`
	Contains string   `yaml:"contains,omitempty" doc:"text that the body must contain"`
}

const (
	reachInterval = 5 * time.Minute
	// reachGap is how soon a Service is asked again at the earliest, however often its endpoints change, and reachRetry
	// when one that did not answer well is asked again.
	reachGap   = 10 * time.Second
	reachRetry = 15 * time.Second
)

var reachKind = runbook.Kind{
	Name: "reach",
	Doc: `Services answer from inside of the cluster: the API server sends a GET to one ready endpoint of each (its Service
proxy, which needs the right to get services/proxy). Endpoints are followed; a Service is asked again when they change.
passes   each Service has a ready endpoint, and its answer is good
fails    a Service is not there or has no ready endpoint, nothing listens behind it, or the answer is another one
unknown  the cluster does not answer or forbids to look, or the API server itself has no way to the pods
Without any Service it is not applicable.
self     a map by Service of status (0 without an answer), ms and ready (the number of ready endpoints)`,
	Example:  "reach: {services: [api, web], path: /healthz, port: http}",
	Params:   reachParams{},
	Interval: reachInterval,
	Timeout:  clusterTimeout,
	Lint:     lintReach,
}

func lintReach(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*reachParams)
	out := lintNames("services", p.Services)
	switch n := len(p.Services); {
	case n == 0:
		p := problem("services", "write services: [name, …]", "no Service is named")
		p.Warning = true // what fills it in may mean it so
		out = append(out, p)
	case n > maxAddresses:
		out = append(out, problem("services", "spread them over several checks", "%d Services are more than %d", n, maxAddresses))
	}
	if _, _, err := parseServicePath(p.Path); err != nil && known(p.Path) {
		out = append(out, problem("path", "write it like /healthz", "%v", err))
	}
	if known(p.Port) && p.Port != "" && !isPort(p.Port) {
		out = append(out, problem("port", "write the name or the number of a Service's port", "%q is not a port", p.Port))
	}
	if known(p.Scheme) && !slices.Contains([]string{"", "http", "https"}, p.Scheme) {
		out = append(out, problem("scheme", "write http or https", "%q cannot be asked", p.Scheme))
	}
	for i, s := range p.Status {
		if _, err := runbook.ParseStatus(s); err != nil && known(s) {
			out = append(out, problem(fmt.Sprintf("status[%d]", i), "write 200, 2xx or 200-204", "%v", err))
		}
	}
	return out
}

// isPort tells whether text is a port's number or may be its name.
func isPort(text string) bool {
	if n, err := strconv.Atoi(text); err == nil {
		return n > 0 && n < 1<<16
	}
	return len(text) <= 63 && isObjectName(text) && !strings.Contains(text, ".")
}

// parseServicePath splits a path from its query. It takes nothing that leads out of the Service: the path is put behind the
// API server's own.
func parseServicePath(text string) (path, query string, err error) {
	if text == "" {
		return "/", "", nil
	}
	u, err := url.ParseRequestURI(text)
	if err != nil || !strings.HasPrefix(text, "/") || strings.HasPrefix(text, "//") || u.Fragment != "" {
		return "", "", errors.New("a path begins with one slash and names no host")
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return "", "", errors.New("a path must not hold . or .. segments")
		}
	}
	return u.Path, u.RawQuery, nil
}

func readyReach(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[reachParams](reachKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if len(p.Services) == 0 {
		return check{look: noService}, nil
	}
	cluster, err := w.cluster(work.Env)
	if err != nil {
		return check{}, err
	}
	l := &reachLook{
		reachParams: p, env: work.Env, cluster: cluster, clock: w.Clock, last: map[string]reached{},
		every: work.Check.Interval.Or(reachInterval), patience: work.Check.Timeout.Or(clusterTimeout) * 3 / 4,
	}
	if l.path, l.query, err = parseServicePath(p.Path); err != nil {
		return check{}, fmt.Errorf("path: %w", err)
	}
	if len(p.Status) == 0 {
		l.Status = []string{"2xx"}
	}
	for _, s := range l.Status {
		r, err := runbook.ParseStatus(s)
		if err != nil {
			return check{}, fmt.Errorf("status: %w", err)
		}
		l.good = append(l.good, r)
	}
	if u, err := url.Parse("https://service/?" + l.query); err == nil {
		l.hide.AddURL(u)
	}
	source := said("Services of namespace %s", work.Env.Namespace)
	return check{
		look: onCluster(cluster, source, l.look), cluster: cluster, follows: []kube.Resource{kube.EndpointSlices},
		sensor: clusterSensor(cluster.Context()), secrets: l.hide,
	}, nil
}

// noService is the look where there is nothing to reach.
func noService(context.Context) seen {
	var s seen
	s.summed(run.NotApplicable, "no Service is named to be reached")
	return s
}

// reachLook remembers what each Service said, so that a change of the endpoints of one does not ask them all.
type reachLook struct {
	reachParams
	env             runbook.Environment
	cluster         *kube.Cluster
	clock           run.Clock
	every, patience time.Duration
	path, query     string
	good            []runbook.StatusRange
	hide            web.Secrets
	last            map[string]reached
}

// reached is what one Service said when it was asked, or why it was not.
type reached struct {
	at        time.Time // zero: it was not asked
	endpoints string    // the ready ones at that time
	status    run.Status
	words     string
	code      int
	took      time.Duration
	ill       bool // the API server did not answer
}

// behind are the endpoints of a Service as its slices tell.
type behind struct {
	ready, total int
	addresses    string
	ports        []string
	slice        *discoveryv1.EndpointSlice // the first
	missing      bool                       // there is no such Service
}

func (l *reachLook) look(ctx context.Context) seen {
	all := make([]behind, len(l.Services))
	for i, service := range l.Services {
		var err error
		if all[i], err = l.endpoints(ctx, service); err != nil {
			return couldNotLook(run.Evidence{Source: object("EndpointSlices of Service", l.env, service)}, err)
		}
	}
	results := make([]reached, len(l.Services))
	kube.Each(l.clock, len(l.Services), func(i int) { results[i] = l.reach(ctx, l.Services[i], all[i]) })
	s, self, status := seen{}, map[string]any{}, run.Passed
	var wrong, fine []string
	for i, r := range results {
		service := l.Services[i]
		l.last[service] = r
		status = worst(status, r.status)
		s.Evidence = append(s.Evidence, l.evidence(service, all[i], r))
		self[service] = map[string]any{"status": r.code, "ms": float64(r.took) / float64(time.Millisecond), "ready": all[i].ready}
		if line := service + " " + r.words; r.status == run.Passed {
			fine = append(fine, line)
		} else {
			wrong = append(wrong, line)
		}
		if r.status == run.Failed {
			s.Badness++
		}
		s.Ill = s.Ill || r.ill
		if again := l.again(r, all[i]); again > 0 && (s.again == 0 || again < s.again) {
			s.again = again
		}
	}
	s.self, s.Ill = self, s.Ill && status == run.Unknown
	if len(wrong) == 0 {
		wrong = fine
	}
	prefix := ""
	if status == run.Unknown {
		prefix = "could not look: "
	}
	s.summed(status, "%s%s", prefix, strings.Join(wrong, "; "))
	return s
}

// endpoints reads the cache of slices.
func (l *reachLook) endpoints(ctx context.Context, service string) (behind, error) {
	list, err := l.cluster.EndpointSlices(ctx, service)
	if err != nil {
		return behind{}, err
	}
	var b behind
	var addresses []string
	b.ready, b.total = readyEndpointsOf(list)
	for _, slice := range list {
		for _, e := range slice.Endpoints {
			if e.Conditions.Ready == nil || *e.Conditions.Ready {
				addresses = append(addresses, e.Addresses...)
			}
		}
		for _, p := range slice.Ports {
			name := ""
			if p.Name != nil {
				name = *p.Name
			}
			b.ports = append(b.ports, name)
		}
	}
	slices.Sort(addresses)
	slices.Sort(b.ports)
	b.addresses, b.ports = strings.Join(addresses, " "), slices.Compact(b.ports)
	if len(list) > 0 {
		b.slice = list[0]
		return b, nil
	}
	_, err = l.cluster.Service(ctx, service)
	b.missing = apierrors.IsNotFound(err) // otherwise it counts as there: without endpoints it fails anyway
	return b, nil
}

// reach asks a Service, unless what it said before still holds or nobody is there to answer.
func (l *reachLook) reach(ctx context.Context, service string, b behind) reached {
	before := l.last[service]
	now := l.clock.Now()
	none := reached{status: run.Failed}
	switch {
	case b.missing:
		none.words = "is not there: no Service of this name"
		return none
	case b.ready == 0:
		none.words = fmt.Sprintf("has no ready endpoint (0 of %d)", b.total)
		return none
	case !before.at.IsZero() && !l.isDue(before, b, now):
		return before
	}
	r := l.ask(ctx, service, b)
	r.at, r.endpoints = now, b.addresses
	return r
}

// isDue tells whether a Service has to be asked again.
func (l *reachLook) isDue(before reached, b behind, now time.Time) bool {
	age := now.Sub(before.at)
	news := before.endpoints != b.addresses || before.status != run.Passed
	return age >= l.every*8/10 || news && age >= reachGap // rounds are jittered by a tenth
}

// again is when to look again before the interval is over: for Services that did not answer well, and for those whose
// endpoints have changed too soon after they were asked.
func (l *reachLook) again(r reached, b behind) time.Duration {
	switch {
	case b.missing || b.ready == 0:
		return 0 // a change of the slices tells
	case r.status == run.Unknown:
		return longestBackOff
	case r.status == run.Failed:
		return reachRetry
	case r.endpoints != b.addresses:
		return max(reachGap-l.clock.Now().Sub(r.at), time.Second)
	}
	return 0
}

func (l *reachLook) request(service string, b behind) kube.ServiceRequest {
	port := l.Port
	if port == "" && len(b.ports) == 1 {
		port = b.ports[0]
	}
	return kube.ServiceRequest{Service: service, Port: port, HTTPS: l.Scheme == "https", Path: l.path, Query: l.query, Most: defaultBody}
}

// errNobody ends a request before the check's own time-out does, so that there is more to say than that.
var errNobody = errors.New("no answer in time")

func (l *reachLook) ask(ctx context.Context, service string, b behind) reached {
	if l.Port == "" && len(b.ports) > 1 {
		return reached{status: run.Unknown, words: fmt.Sprintf("has the ports %s; write port", strings.Join(b.ports, ", "))}
	}
	within, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	l.clock.Go(func() {
		if l.clock.Wait(within, l.patience, nil) == nil {
			cancel(errNobody)
		}
	})
	began := l.clock.Now()
	answer, err := l.cluster.AskService(within, l.request(service, b))
	if errors.Is(context.Cause(within), errNobody) {
		return reached{status: run.Unknown, words: fmt.Sprintf("gave no answer within %s: the pod is silent, or the API server has no way to it", l.patience), ill: true}
	}
	if err != nil {
		return unreached(err)
	}
	return l.judge(answer, l.clock.Now().Sub(began))
}

func (l *reachLook) judge(a kube.ServiceAnswer, took time.Duration) reached {
	r := reached{status: run.Passed, code: a.Status, took: took, words: fmt.Sprintf("%d in %d ms", a.Status, took.Milliseconds())}
	good := slices.ContainsFunc(l.good, func(s runbook.StatusRange) bool { return s.Has(a.Status) })
	switch found := strings.Contains(string(a.Body), l.Contains); {
	case !good:
		r.status = run.Failed
		if a.Location != "" {
			r.words += ", a redirect, which is not followed"
		}
		r.words += ", expected " + strings.Join(l.Status, " or ")
	case !found && a.More:
		r.status = run.Unknown
		r.words += fmt.Sprintf(", the first %d bytes of the body do not contain %q", len(a.Body), l.Contains)
	case !found:
		r.status = run.Failed
		r.words += fmt.Sprintf(", the body does not contain %q", l.Contains)
	}
	return r
}

// unreached tells what it means that the API server answered instead of the Service. What a pod did is a failure of the
// Service; that the API server has no way to the pods says nothing about it.
func unreached(err error) reached {
	text := cause(err)
	_, pod, tried := strings.Cut(text, "error trying to reach service: ")
	switch {
	case apierrors.IsNotFound(err):
		return reached{status: run.Failed, words: "is not there: " + text}
	case apierrors.IsForbidden(err):
		return reached{status: run.Unknown, words: "forbidden, the right to get services/proxy is missing: " + text, ill: true}
	case tried && slices.ContainsFunc(podsOwn, func(s string) bool { return strings.Contains(pod, s) }):
		return reached{status: run.Failed, words: "does not answer behind its ready endpoint: " + pod}
	case tried:
		return reached{status: run.Unknown, words: "cannot be asked, the API server has no way to its pods: " + pod}
	case strings.Contains(text, "no endpoints available"):
		return reached{status: run.Failed, words: "has no ready endpoint on this port: " + text}
	case strings.Contains(text, "no service port"):
		return reached{status: run.Failed, words: "has no such port: " + text}
	}
	return reached{status: run.Unknown, words: why(err), ill: true}
}

// podsOwn are parts of the API server's words for what only the pod can have done.
var podsOwn = []string{"connection refused", "EOF", "reset by peer", "broken pipe", "gave HTTP response", "malformed HTTP", "tls:"}

func (l *reachLook) evidence(service string, b behind, r reached) run.Evidence {
	expected := strings.Join(l.Status, " or ") + " from " + l.path
	if l.Contains != "" {
		expected += fmt.Sprintf(", a body with %q", l.Contains)
	}
	e := run.Evidence{
		Source:   object("Service", l.env, service),
		Observed: said("%s; %d of %s ready", r.words, b.ready, count(b.total, "endpoint")),
		Expected: said("%s, ≥ 1 ready endpoint", expected),
		Query:    kubectlRaw(l.env, l.hide.In(l.request(service, b).Address(l.env.Namespace))),
	}
	if b.slice != nil {
		e.ResourceVersion = b.slice.ResourceVersion
	}
	return e
}

// kubectlRaw is the call that asks the API server for an address of its own.
func kubectlRaw(env runbook.Environment, address string) run.Safe {
	env.Namespace = "" // it is in the address
	return kubectl(env, "get", "--raw", address)
}
