package checks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

type certificateParams struct {
	Secrets []string         `yaml:"secrets,omitempty" doc:"TLS Secrets of the environment's namespace, of which only tls.crt is looked at"`
	Hosts   []string         `yaml:"hosts,omitempty" doc:"live endpoints by host or host:port; the port is 443 when not written"`
	Names   []string         `yaml:"names,omitempty" doc:"names that every certificate must be valid for; that of an endpoint must be for its host anyway"`
	Trusted *bool            `yaml:"trusted,omitempty" doc:"whether an authority that this machine trusts must stand behind it; when not written: true for hosts, and for Secrets only the chain itself is judged"`
	Warn    runbook.Duration `yaml:"warn,omitempty" doc:"warn when it ends sooner than this; 30d when not written"`
	Fail    runbook.Duration `yaml:"fail,omitempty" doc:"fail when it ends sooner than this; 14d when not written"`
}

var certificateKind = runbook.Kind{
	Name: "certificate",
	Doc: `Certificates are in order: those in TLS Secrets, and those that endpoints show at this moment. Keys are never looked at.
passes   every chain is whole, for the names, and lasts
warns    one ends within warn
fails    one ends within fail or has ended, is for other names, its chain is broken or not trusted; the Secret or its
         certificate is not there, or an endpoint does not speak TLS
unknown  the cluster or an endpoint does not answer, or forbids to read the Secret
self     a map by Secret or host of daysLeft, until, names, subject, issuer and valid`,
	Example:  "certificate: {secrets: [web-tls], hosts: [www.example.com], warn: 30d, fail: 14d}",
	Params:   certificateParams{},
	Interval: 5 * time.Minute,
	Timeout:  clusterTimeout,
	Lint:     lintCertificate,
}

func lintCertificate(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*certificateParams)
	out := lintNames("secrets", p.Secrets)
	out = append(out, lintAddresses("hosts", p.Hosts, "443")...)
	out = append(out, lintHostNames("names", p.Names)...)
	switch n := len(p.Secrets) + len(p.Hosts); {
	case n == 0:
		out = append(out, problem("secrets", "write secrets: [name] or hosts: [host]", "no certificate is named"))
	case n > maxAddresses:
		out = append(out, problem("secrets", "spread them over several checks", "%d certificates are more than %d", n, maxAddresses))
	}
	return append(out, lintLimits(p.Warn, p.Fail)...)
}

func readyCertificate(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[certificateParams](certificateKind, work.Check)
	if err != nil {
		return check{}, err
	}
	l := certificateLook{certificateParams: p, env: work.Env, doors: w.Sources}
	l.warn, l.fail = limits(p.Warn, p.Fail)
	if len(p.Hosts) > 0 && w.Dial == nil {
		return check{}, errNoDoor("network connections")
	}
	for _, host := range p.Hosts {
		e, err := endpointAt(host, "")
		if err != nil {
			return check{}, fmt.Errorf("hosts: %w", err)
		}
		l.endpoints = append(l.endpoints, e)
	}
	c := check{sensor: said("%s", strings.Join(p.Hosts, ", "))}
	if len(p.Secrets) > 0 {
		if l.cluster, err = w.cluster(work.Env); err != nil {
			return check{}, err
		}
		c.cluster, c.sensor = l.cluster, clusterSensor(l.cluster.Context())
		for _, name := range p.Secrets {
			c.follows = append(c.follows, kube.Secrets.Named(name))
		}
	}
	c.look = l.look
	return c, nil
}

type certificateLook struct {
	certificateParams
	env        runbook.Environment
	doors      Sources
	cluster    *kube.Cluster
	endpoints  []tlsEndpoint
	warn, fail time.Duration
}

// one is what came of one certificate: a seen with its name.
type oneCertificate struct {
	seen
	name string
}

func (l certificateLook) look(ctx context.Context) seen {
	n := len(l.Secrets)
	all := make([]oneCertificate, n+len(l.endpoints))
	kube.Each(l.doors.Clock, len(all), func(i int) {
		if i < n {
			all[i] = oneCertificate{l.secret(ctx, l.Secrets[i]), l.Secrets[i]}
			return
		}
		all[i] = oneCertificate{l.host(ctx, l.endpoints[i-n]), l.Hosts[i-n]}
	})
	s, self, status := seen{}, map[string]any{}, run.Passed
	var lines, fine []string
	for _, one := range all {
		status = worst(status, one.Status)
		s.Evidence = append(s.Evidence, one.Evidence...)
		s.Badness += one.Badness
		if s.Ill = s.Ill || one.Ill; one.Ill && one.Sensor != "" {
			s.Sensor = one.Sensor
		}
		if one.self != nil {
			self[one.name] = one.self
		}
		if line := fmt.Sprintf("%s %s", one.name, one.Summary); one.Status == run.Passed {
			fine = append(fine, line)
		} else {
			lines = append(lines, line)
		}
	}
	s.self, s.Ill = self, s.Ill && status == run.Unknown
	if len(lines) == 0 {
		lines = fine
	}
	s.summed(status, "%s", strings.Join(lines, "; "))
	return s
}

// secret looks at the certificate of a Secret.
func (l certificateLook) secret(ctx context.Context, name string) seen {
	rules := l.rules(l.Names, false)
	source := run.Evidence{Source: object("Secret", l.env, name), Expected: rules.expected()}
	source.Query = run.MakeSafe(string(kubectl(l.env, "get", "secret", name, "-o", `jsonpath={.data.tls\.crt}`))+
		" | base64 -d | openssl x509 -noout -subject -issuer -enddate -ext subjectAltName", maxQuery)
	var text []byte
	err := l.cluster.VerifyUID(ctx)
	if err == nil {
		text, source.ResourceVersion, err = l.cluster.TLSCertificate(ctx, name)
	}
	switch {
	case apierrors.IsNotFound(err):
		return l.bad(source, "is not there: no Secret of this name")
	case err != nil:
		s := couldNotLook(source, err)
		s.Sensor = clusterSensor(l.cluster.Context())
		return s
	}
	chain, err := parseChain(text)
	if err != nil {
		return l.bad(source, fmt.Sprintf("has no certificate under tls.crt: %v", err))
	}
	return judgedSeen(judgeChain(chain, rules), source)
}

// host looks at the certificate of an endpoint.
func (l certificateLook) host(ctx context.Context, e tlsEndpoint) seen {
	rules := l.rules(withFirst(e.name, l.Names), true)
	source := run.Evidence{Source: said("TLS %s", e.address), Expected: rules.expected(), Query: e.query("-subject -issuer -enddate -ext subjectAltName")}
	state, _, err := e.shake(ctx, l.doors)
	if err != nil {
		s := noHandshake(ctx, source, err)
		s.Sensor = said("%s", e.address)
		return s
	}
	return judgedSeen(judgeChain(state.PeerCertificates, rules), source)
}

func (l certificateLook) rules(names []string, trusted bool) chainRules {
	if l.Trusted != nil {
		trusted = *l.Trusted
	}
	return chainRules{names: names, trusted: trusted, roots: l.doors.Roots, warn: l.warn, fail: l.fail, now: l.doors.Clock.Now()}
}

func (l certificateLook) bad(source run.Evidence, words string) seen {
	var s seen
	s.summed(run.Failed, "%s", words)
	s.Badness = 2 * gravelyElse
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	return s
}

func judgedSeen(j judged, source run.Evidence) seen {
	s := seen{self: j.self}
	s.summed(j.status, "%s", j.words)
	s.Badness = j.badness
	source.Observed = said("%s", j.words)
	s.Evidence = []run.Evidence{source}
	return s
}
