package checks

import (
	"cmp"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// What is judged of certificates, wherever they come from: the kinds tls and certificate.

const (
	day         = 24 * time.Hour
	usualWarn   = 30 * day
	usualFail   = 14 * day
	maxChain    = 16 // certificates that are looked at; real chains have two to four
	maxNames    = 64
	gravelyElse = 1000 // how bad a wrong name or a broken chain is, in days: worse than any expiry
)

// chainRules are what a chain of certificates must be.
type chainRules struct {
	names      []string       // that the first certificate must be valid for
	trusted    bool           // an authority of roots stands behind it
	roots      *x509.CertPool // nil: the machine's
	warn, fail time.Duration  // how long it must still be valid
	now        time.Time
}

// limits are warn and fail as the file has them, or the usual ones.
func limits(warn, fail runbook.Duration) (time.Duration, time.Duration) {
	f := fail.Or(usualFail)
	return max(warn.Or(usualWarn), f), f
}

func lintLimits(warn, fail runbook.Duration) []runbook.ParamProblem {
	if warn.Expr == "" && fail.Expr == "" && warn.D > 0 && warn.D < fail.Or(usualFail) {
		return []runbook.ParamProblem{problem("warn", "write a longer time than that of fail", "it fails %v before its end, so it never warns", fail.Or(usualFail))}
	}
	return nil
}

func lintHostNames(path string, names []string) []runbook.ParamProblem {
	var out []runbook.ParamProblem
	for i, name := range names {
		if known(name) && net.ParseIP(name) == nil && !web.IsHostName(name) {
			out = append(out, problem(fmt.Sprintf("%s[%d]", path, i), "write a name such as www.example.com", "%q is not the name of a host", name))
		}
	}
	return out
}

// judged is what a chain turned out to be.
type judged struct {
	status  run.Status
	words   string // all of it in a line
	self    map[string]any
	badness float64
}

// judgeChain judges certificates, the first being the one that names are checked of.
func judgeChain(chain []*x509.Certificate, r chainRules) judged {
	leaf := chain[0]
	var wrong []string
	until, distrust := r.verify(chain)
	left := until.Sub(r.now)
	if r.now.Before(leaf.NotBefore) {
		wrong = append(wrong, "not valid before "+dateOf(leaf.NotBefore))
	}
	for _, name := range r.names {
		if leaf.VerifyHostname(name) != nil {
			wrong = append(wrong, "not for "+name)
		}
	}
	if distrust != nil && left >= 0 && !r.now.Before(leaf.NotBefore) { // those are said already
		wrong = append(wrong, distrust.Error())
	}
	j := judged{status: run.Passed, badness: gravelyElse * float64(len(wrong))}
	j.self = map[string]any{
		"daysLeft": daysOf(left), "until": dateOf(until), "names": anys(certifiedNames(leaf)), "issuer": entity(leaf.Issuer.CommonName, leaf.Issuer.String()),
		"subject": entity(leaf.Subject.CommonName, leaf.Subject.String()), "valid": len(wrong) == 0 && left >= 0,
	}
	switch {
	case left < 0:
		wrong = append(wrong, fmt.Sprintf("expired %s ago, on %s", count(daysOf(-left), "day"), dateOf(until)))
	case left < r.fail:
		wrong = append(wrong, fmt.Sprintf("%s left, until %s", count(daysOf(left), "day"), dateOf(until)))
	}
	j.words = fmt.Sprintf("%s left (until %s), for %s, by %s", count(daysOf(left), "day"), dateOf(until),
		cmp.Or(strings.Join(certifiedNames(leaf), ", "), "no name"), j.self["issuer"])
	switch {
	case len(wrong) > 0:
		j.status, j.words = run.Failed, strings.Join(wrong, ", ")+"; for "+cmp.Or(strings.Join(certifiedNames(leaf), ", "), "no name")+fmt.Sprintf(", by %s", j.self["issuer"])
		j.badness += daysShort(r.fail - left)
	case left < r.warn:
		j.status, j.badness = run.Warn, daysShort(r.warn-left)
	}
	return j
}

// expected says the rules in a line.
func (r chainRules) expected() run.Safe {
	words := []string{fmt.Sprintf("≥ %s left (warns below %d)", count(daysOf(r.fail), "day"), daysOf(r.warn))}
	if len(r.names) > 0 {
		words = append(words, "for "+strings.Join(r.names, ", "))
	}
	if r.trusted {
		words = append(words, "from a trusted authority")
	}
	return said("%s", strings.Join(words, ", "))
}

// verify looks for a chain to a trusted authority, or, where none is asked for, that each certificate is signed by the
// one after it. until is when the first link of the chain ends.
func (r chainRules) verify(chain []*x509.Certificate) (until time.Time, err error) {
	if !r.trusted {
		links := signers(chain)
		if len(links) < len(chain) {
			err = errors.New("the chain is broken: one certificate is not signed by the next")
		}
		return firstEnd(links), err
	}
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	found, err := chain[0].Verify(x509.VerifyOptions{
		Roots: r.roots, Intermediates: between, CurrentTime: r.now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	var unknownBy x509.UnknownAuthorityError
	switch {
	case errors.As(err, &unknownBy):
		return chain[0].NotAfter, errors.New("signed by an authority that is not trusted here")
	case err != nil:
		return chain[0].NotAfter, fmt.Errorf("not trusted: %s", strings.TrimPrefix(err.Error(), "x509: "))
	}
	for _, way := range found { // of several ways to an authority the one that lasts longest counts
		if end := firstEnd(way); end.After(until) {
			until = end
		}
	}
	return until, nil
}

// firstEnd is when the first of the certificates ends.
func firstEnd(chain []*x509.Certificate) time.Time {
	end := chain[0].NotAfter
	for _, c := range chain[1:] {
		if c.NotAfter.Before(end) {
			end = c.NotAfter
		}
	}
	return end
}

// signers is the chain as far as each certificate is signed by the next.
func signers(chain []*x509.Certificate) []*x509.Certificate {
	n := 1
	for n < len(chain) && chain[n-1].CheckSignatureFrom(chain[n]) == nil {
		n++
	}
	return chain[:n]
}

// parseChain reads certificates in PEM.
func parseChain(text []byte) ([]*x509.Certificate, error) {
	var chain []*x509.Certificate
	for len(chain) < maxChain {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("it holds a %s where certificates belong", block.Type)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("it holds no readable certificate: %w", err)
		}
		chain = append(chain, c)
	}
	if len(chain) == 0 {
		return nil, errors.New("it holds no certificate in PEM")
	}
	return chain, nil
}

// certifiedNames are the names and addresses that a certificate is valid for.
func certifiedNames(c *x509.Certificate) []string {
	names := slices.Clone(c.DNSNames)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	return names[:min(len(names), maxNames)]
}

func entity(common, whole string) string { return cmp.Or(common, whole, "nobody") }

func anys(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// daysOf are the whole days in d.
func daysOf(d time.Duration) int { return int(math.Floor(d.Hours() / 24)) }

// daysShort are the days, a begun one counted, by which a limit is missed.
func daysShort(d time.Duration) float64 { return math.Ceil(d.Hours() / 24) }

func dateOf(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// worst of several statuses: failed before unknown before warn before passed.
func worst(a, b run.Status) run.Status {
	order := []run.Status{run.Passed, run.Warn, run.Unknown, run.Failed}
	return order[max(slices.Index(order, a), slices.Index(order, b), 0)]
}
