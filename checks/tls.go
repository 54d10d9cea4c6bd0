package checks

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type tlsParams struct {
	Address    string           `yaml:"address" doc:"host or host:port; the port is 443 when not written"`
	ServerName string           `yaml:"serverName,omitempty" doc:"the name to ask for; that of address when not written"`
	MinVersion string           `yaml:"minVersion,omitempty" doc:"the oldest version of the protocol that is good: 1.2 (the default) or 1.3"`
	Names      []string         `yaml:"names,omitempty" doc:"names that the certificate must be valid for, besides serverName"`
	Warn       runbook.Duration `yaml:"warn,omitempty" doc:"warn when it ends sooner than this; 30d when not written"`
	Fail       runbook.Duration `yaml:"fail,omitempty" doc:"fail when it ends sooner than this; 14d when not written"`
}

var tlsKind = runbook.Kind{
	Name: "tls",
	Doc: `An endpoint makes a good TLS handshake: the certificate it shows at this moment, and the version it agrees to.
passes   a trusted authority stands behind the certificate, it is for the names and lasts, and the version is new enough
warns    the certificate ends within warn
fails    it ends within fail or has ended, is for other names or from an unknown authority, or the version is too old;
         or the endpoint does not speak TLS or refuses the handshake
unknown  nobody answers, or not in time
self     a map of daysLeft, until, names, subject, issuer, valid, version ("1.3") and ms`,
	Example:  "tls: {address: 'www.example.com:443', minVersion: '1.2', warn: 30d, fail: 14d}",
	Params:   tlsParams{},
	Interval: 5 * time.Minute,
	Timeout:  defaultTimeout,
	Lint:     lintTLS,
}

func lintTLS(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*tlsParams)
	var out []runbook.ParamProblem
	if known(p.Address) {
		if _, _, err := web.ParseAddress(p.Address, "443"); err != nil {
			out = append(out, problem("address", "write it as host or host:port", "%v", err))
		}
	}
	if p.ServerName != "" && known(p.ServerName) && !web.IsHostName(p.ServerName) {
		out = append(out, problem("serverName", "write a name such as www.example.com", "%q is not the name of a host", p.ServerName))
	}
	if known(p.MinVersion) && p.MinVersion != "" && versionOf(p.MinVersion) == 0 {
		out = append(out, problem("minVersion", "write '1.2' or '1.3'", "%q is not a version of TLS that is still good", p.MinVersion))
	}
	out = append(out, lintHostNames("names", p.Names)...)
	return append(out, lintLimits(p.Warn, p.Fail)...)
}

func versionOf(text string) uint16 {
	return map[string]uint16{"": tls.VersionTLS12, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[text]
}

// versionName is how people write a version of TLS.
func versionName(v uint16) string {
	names := map[uint16]string{tls.VersionTLS10: "1.0", tls.VersionTLS11: "1.1", tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3"}
	return cmp.Or(names[v], fmt.Sprintf("%#04x", v))
}

func readyTLS(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[tlsParams](tlsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Dial == nil {
		return check{}, errNoDoor("network connections")
	}
	e, err := endpointAt(p.Address, p.ServerName)
	if err != nil {
		return check{}, fmt.Errorf("address: %w", err)
	}
	l := tlsLook{tlsParams: p, endpoint: e, doors: w.Sources}
	return check{look: l.look, sensor: said("%s", e.address)}, nil
}

// tlsEndpoint is where a handshake is made.
type tlsEndpoint struct{ address, name string }

func endpointAt(address, name string) (tlsEndpoint, error) {
	host, port, err := web.ParseAddress(address, "443")
	return tlsEndpoint{net.JoinHostPort(host, port), cmp.Or(name, host)}, err
}

type tlsLook struct {
	tlsParams
	endpoint tlsEndpoint
	doors    Sources
}

func (l tlsLook) look(ctx context.Context) seen {
	warn, fail := limits(l.Warn, l.Fail)
	rules := chainRules{names: withFirst(l.endpoint.name, l.Names), trusted: true, roots: l.doors.Roots, warn: warn, fail: fail, now: l.doors.Clock.Now()}
	atLeast := versionOf(l.MinVersion)
	source := run.Evidence{
		Source: said("TLS %s", l.endpoint.address), Query: l.endpoint.query("-text"),
		Expected: said("TLS %s or newer, %s", versionName(atLeast), rules.expected()),
	}
	state, took, err := l.endpoint.shake(ctx, l.doors)
	if err != nil {
		return noHandshake(ctx, source, err)
	}
	j := judgeChain(state.PeerCertificates, rules)
	if state.Version < atLeast {
		j.status, j.words = run.Failed, fmt.Sprintf("speaks only TLS %s; %s", versionName(state.Version), j.words)
		j.badness += gravelyElse
	}
	j.self["version"], j.self["ms"] = versionName(state.Version), float64(took)/float64(time.Millisecond)
	s := seen{self: j.self}
	s.summed(j.status, "%s: %s", l.endpoint.address, j.words)
	s.Badness = j.badness
	source.Observed = said("TLS %s, %s", versionName(state.Version), j.words)
	s.Evidence = []run.Evidence{source}
	return s
}

// withFirst puts a name before others, once.
func withFirst(name string, others []string) []string {
	return append([]string{name}, slices.DeleteFunc(slices.Clone(others), func(o string) bool { return o == name })...)
}

func (e tlsEndpoint) query(show string) run.Safe {
	return run.MakeSafe("openssl s_client -connect "+process.ShellWord(e.address)+" -servername "+process.ShellWord(e.name)+" </dev/null | openssl x509 -noout "+show, maxQuery)
}

// shake makes one handshake. It takes any certificate and any version, because the checks judge them afterwards and
// have more to say than that it failed; nothing is sent over the connection.
func (e tlsEndpoint) shake(ctx context.Context, doors Sources) (tls.ConnectionState, time.Duration, error) {
	began := doors.Clock.Now()
	raw, err := connect(ctx, doors, e.address)
	if err != nil {
		return tls.ConnectionState{}, 0, err
	}
	defer raw.Close()
	config := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, Time: doors.Clock.Now}
	if net.ParseIP(e.name) == nil {
		config.ServerName = e.name
	}
	conn := tls.Client(raw, config)
	if err := conn.HandshakeContext(ctx); err != nil {
		return tls.ConnectionState{}, 0, &handshakeError{err}
	}
	state := conn.ConnectionState()
	if len(state.PeerCertificates) == 0 {
		return state, 0, &handshakeError{errors.New("it shows no certificate")}
	}
	state.PeerCertificates = state.PeerCertificates[:min(len(state.PeerCertificates), maxChain)]
	return state, doors.Clock.Now().Sub(began), nil
}

// handshakeError is what went wrong once connected.
type handshakeError struct{ err error }

func (e *handshakeError) Error() string { return e.err.Error() }
func (e *handshakeError) Unwrap() error { return e.err }

// noHandshake tells what a failed handshake means: an endpoint that speaks something else or says no has failed, one
// that is silent or breaks off could not be looked at.
func noHandshake(ctx context.Context, source run.Evidence, err error) seen {
	words, refused := refusedHandshake(err)
	switch {
	case context.Cause(ctx) != nil:
		return couldNotLook(source, context.Cause(ctx))
	case !refused:
		_, words = noConnection(ctx, err)
		return couldNotLook(source, errors.New(words))
	}
	var s seen
	s.summed(run.Failed, "%s", words)
	s.Badness = 2 * gravelyElse
	source.Observed = s.Summary
	s.Evidence = []run.Evidence{source}
	return s
}

// refusedHandshake tells whether the other end answered the handshake, but not with one.
func refusedHandshake(err error) (words string, refused bool) {
	var after *handshakeError
	var other tls.RecordHeaderError
	var alert *net.OpError
	switch {
	case !errors.As(err, &after):
		return "", false
	case errors.As(err, &other):
		return "does not speak TLS there", true
	case errors.As(err, &alert) && (alert.Op == "remote error" || alert.Op == "local error"):
		return "refuses the handshake: " + alert.Err.Error(), true
	case strings.HasPrefix(after.Error(), "tls: "): // what came is no handshake; the network's errors have other names
		return "makes no handshake: " + strings.TrimPrefix(after.Error(), "tls: "), true
	}
	return "", false
}
