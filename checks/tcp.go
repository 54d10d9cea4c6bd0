package checks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/politicalsphere/sop/rollout/kube"
	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type tcpParams struct {
	Address []string `yaml:"address" doc:"host:port, or a list of them"`
	Send    string   `yaml:"send,omitempty" doc:"a text to send once connected, such as \"PING\\r\\n\""`
	Answer  string   `yaml:"answer,omitempty" doc:"a text that the other end must then say, within its first 4096 bytes"`
}

const (
	maxAddresses = 32
	maxAnswer    = 4096
	// patience ends a conversation in which the other end says nothing, by the machine's clock: while somebody is blocked
	// in reading, a virtual clock stands still, and a check's time-out with it.
	patience = 10 * time.Second
)

var tcpKind = runbook.Kind{
	Name: "tcp",
	Doc: `Something listens at each address: a TCP connection comes about. Link-local and metadata addresses are blocked.
passes   all of them connect, and say the text of answer if there is one
fails    one refuses the connection, its name does not exist, or it says something else
unknown  no answer in time, no way there, or the name cannot be looked up
self     a map by address of connected (true or false), ms and said (the first bytes, when send or answer is written)`,
	Example:  "tcp: {address: ['db.example.com:5432', 'cache.example.com:6379'], timeout: 3s}",
	Params:   tcpParams{},
	Interval: 30 * time.Second,
	Timeout:  defaultTimeout,
	Lint:     lintTCP,
}

func lintTCP(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*tcpParams)
	out := lintAddresses("address", p.Address, "")
	switch n := len(p.Address); {
	case n == 0:
		out = append(out, problem("address", "write address: host:port", "no address is named"))
	case n > maxAddresses:
		out = append(out, problem("address", "spread them over several checks", "%d addresses are more than %d", n, maxAddresses))
	}
	if len(p.Answer) > maxAnswer {
		out = append(out, problem("answer", "", "the text is longer than what is read"))
	}
	return out
}

func readyTCP(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[tcpParams](tcpKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Dial == nil {
		return check{}, errNoDoor("network connections")
	}
	return check{look: tcpLook{p, w.Sources}.look, sensor: said("%s", strings.Join(p.Address, ", "))}, nil
}

// errNoDoor is why a check cannot look at all where its source was not opened.
func errNoDoor(to string) error { return fmt.Errorf("there is no way to %s from here", to) }

type tcpLook struct {
	tcpParams
	doors Sources
}

// touched is what came of one address.
type touched struct {
	status run.Status
	words  string
	took   time.Duration
	said   []byte
}

func (l tcpLook) look(ctx context.Context) seen {
	results := make([]touched, len(l.Address))
	kube.Each(l.doors.Clock, len(l.Address), func(i int) { results[i] = l.touch(ctx, l.Address[i]) })
	s, self := seen{}, map[string]any{}
	var bad, blind, good []string
	for i, r := range results {
		address := l.Address[i]
		s.Evidence = append(s.Evidence, run.Evidence{
			Source: said("TCP %s", address), Observed: said("%s", r.words), Expected: l.expected(), Query: l.query(address),
		})
		one := map[string]any{"connected": r.status == run.Passed, "ms": float64(r.took) / float64(time.Millisecond)}
		if r.said != nil {
			one["said"] = string(r.said)
		}
		self[address] = one
		switch line := address + " " + r.words; r.status {
		case run.Failed:
			bad = append(bad, line)
		case run.Unknown:
			blind = append(blind, line)
		default:
			good = append(good, line)
		}
	}
	s.self, s.Badness, s.Ill = self, float64(len(bad)), len(blind) > 0 && len(bad) == 0
	switch {
	case len(bad) > 0:
		s.summed(run.Failed, "%s", strings.Join(append(bad, blind...), "; "))
	case len(blind) > 0:
		s.summed(run.Unknown, "could not look: %s", strings.Join(blind, "; "))
	default:
		s.summed(run.Passed, "%s", strings.Join(good, ", "))
	}
	return s
}

func (l tcpLook) expected() run.Safe {
	if l.Answer != "" {
		return said("connects and says %q", l.Answer)
	}
	return "connects"
}

func (l tcpLook) query(address string) run.Safe {
	host, port, _ := net.SplitHostPort(address) // lint has seen it
	at := process.ShellWord(host) + " " + process.ShellWord(port)
	switch {
	case l.Send != "":
		return run.MakeSafe("printf %b "+process.ShellWord(escaped(l.Send))+" | nc -w 5 "+at, maxQuery)
	case l.Answer != "":
		return run.MakeSafe("nc -w 5 "+at+" </dev/null", maxQuery)
	}
	return run.MakeSafe("nc -vz -w 5 "+at, maxQuery)
}

// escaped writes control characters as printf %b reads them.
func escaped(text string) string {
	return strings.NewReplacer(`\`, `\\`, "\r", `\r`, "\n", `\n`, "\t", `\t`, "\x00", `\0`).Replace(text)
}

func (l tcpLook) touch(ctx context.Context, address string) touched {
	began := l.doors.Clock.Now()
	conn, err := connect(ctx, l.doors, address)
	if err != nil {
		status, words := noConnection(ctx, err)
		return touched{status: status, words: words}
	}
	defer conn.Close()
	r := touched{status: run.Passed, took: l.doors.Clock.Now().Sub(began)}
	r.words = fmt.Sprintf("connected in %d ms", r.took.Milliseconds())
	if l.Send != "" || l.Answer != "" {
		l.talk(ctx, conn, &r)
	}
	return r
}

// connect dials an address and bounds the conversation: it breaks off when ctx ends or the other end is silent.
func connect(ctx context.Context, doors Sources, address string) (net.Conn, error) {
	conn, err := doors.Dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(patience)) // one that cannot is bounded by ctx alone
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	return boundConn{conn, stop}, nil
}

// boundConn is a connection that ends with a context.
type boundConn struct {
	net.Conn
	stop func() bool
}

func (b boundConn) Close() error {
	b.stop()
	return b.Conn.Close()
}

// talk sends the text and reads until the answer is there.
func (l tcpLook) talk(ctx context.Context, conn net.Conn, r *touched) {
	var err error
	if l.Send != "" {
		_, err = io.WriteString(conn, l.Send)
	}
	r.said = []byte{}
	buffer := make([]byte, 512)
	for err == nil && l.Answer != "" && !bytes.Contains(r.said, []byte(l.Answer)) && len(r.said) < maxAnswer {
		var n int
		n, err = conn.Read(buffer)
		r.said = append(r.said, buffer[:n]...)
	}
	r.said = r.said[:min(len(r.said), maxAnswer)]
	switch ended := errors.Is(err, io.EOF); {
	case err == nil && l.Answer == "":
	case bytes.Contains(r.said, []byte(l.Answer)) && l.Answer != "":
		r.words += fmt.Sprintf(", says %q", l.Answer)
	case err == nil || ended:
		r.status, r.words = run.Failed, fmt.Sprintf("said %q, expected %q", r.said, l.Answer)
	default:
		r.status, r.words = noConnection(ctx, err)
	}
}

// noConnection tells what a failed connection means. Refused and "no such host" are facts about the other end; silence
// and a missing route may as well be our own trouble.
func noConnection(ctx context.Context, err error) (run.Status, string) {
	var name *net.DNSError
	switch {
	case context.Cause(ctx) != nil:
		return run.Unknown, why(context.Cause(ctx))
	case errors.Is(err, web.ErrBlocked):
		return run.Unknown, web.ErrBlocked.Error()
	case errors.Is(err, syscall.ECONNREFUSED):
		return run.Failed, "refuses the connection: nothing listens there"
	case errors.As(err, &name) && name.IsNotFound:
		return run.Failed, "has no such host: " + name.Name + " does not exist in DNS"
	case errors.As(err, &name):
		return run.Unknown, "cannot be looked up in DNS: " + name.Err
	case isTimeout(err):
		return run.Unknown, "does not answer in time"
	}
	return run.Unknown, "cannot be reached: " + err.Error()
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
