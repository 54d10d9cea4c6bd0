package checks

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/rollout/process"
	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type dnsParams struct {
	Name      string   `yaml:"name" doc:"the name to look up"`
	Type      string   `yaml:"type,omitempty" doc:"A (IPv4), AAAA (IPv6), CNAME or TXT; both kinds of addresses when not written"`
	Addresses []string `yaml:"addresses,omitempty" doc:"the addresses it must have: these and no others, in any order"`
	Contains  string   `yaml:"contains,omitempty" doc:"a text that one of the answers must contain"`
}

// maxAnswers is how many records are looked at; a name needs no more.
const maxAnswers = 64

var dnsKind = runbook.Kind{
	Name: "dns",
	Doc: `A name resolves, as this machine's resolver sees it.
passes   it has a record of the type, the written addresses and no others, and the text is in one answer
fails    the name does not exist or has no such record, or the answer is another one
unknown  the resolver does not answer in time, or says that it failed (SERVFAIL)
A name without CNAME is its own canonical name.
self     a map of answers (a sorted list of texts) and count`,
	Example:  "dns: {name: www.example.com, type: CNAME, contains: cdn.example.net}",
	Params:   dnsParams{},
	Interval: time.Minute,
	Timeout:  defaultTimeout,
	Lint:     lintDNS,
}

func lintDNS(params any, _ runbook.Check) []runbook.ParamProblem {
	p := params.(*dnsParams)
	var out []runbook.ParamProblem
	if _, err := netip.ParseAddr(p.Name); known(p.Name) && (err == nil || !web.IsHostName(strings.TrimSuffix(p.Name, "."))) {
		out = append(out, problem("name", "write a name such as www.example.com", "%q is not a name in DNS", p.Name))
	}
	kind := strings.ToUpper(p.Type)
	if known(p.Type) && !slices.Contains([]string{"", "A", "AAAA", "CNAME", "TXT"}, kind) {
		out = append(out, problem("type", "write A, AAAA, CNAME or TXT", "%q is not a type that is looked up", p.Type))
	}
	if len(p.Addresses) > 0 && (kind == "CNAME" || kind == "TXT") {
		out = append(out, problem("addresses", "write contains: …", "a %s record has no address", kind))
	}
	for i, text := range p.Addresses {
		a, err := netip.ParseAddr(text)
		switch {
		case !known(text):
		case err != nil || a.Zone() != "":
			out = append(out, problem(fmt.Sprintf("addresses[%d]", i), "write it like 192.0.2.1 or 2001:db8::1", "%q is not an IP address", text))
		case kind == "A" && !a.Unmap().Is4() || kind == "AAAA" && a.Unmap().Is4():
			out = append(out, problem(fmt.Sprintf("addresses[%d]", i), "", "%s cannot be in a record of type %s", text, kind))
		}
	}
	return out
}

func readyDNS(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[dnsParams](dnsKind, work.Check)
	if err != nil {
		return check{}, err
	}
	if w.Resolver == nil {
		return check{}, errNoDoor("DNS")
	}
	p.Type = strings.ToUpper(p.Type)
	return check{look: dnsLook{p, w.Resolver}.look, sensor: "DNS"}, nil
}

type dnsLook struct {
	dnsParams
	resolver Resolver
}

func (l dnsLook) look(ctx context.Context) seen {
	source := run.Evidence{
		Source: said("DNS %s", strings.TrimSpace(l.Name+" "+l.Type)), Expected: l.expected(),
		Query: run.MakeSafe("dig +noall +answer "+process.ShellWord(l.Name)+" "+cmp.Or(l.Type, "A"), maxQuery),
	}
	answers, err := l.ask(ctx)
	var failed *net.DNSError
	switch {
	case context.Cause(ctx) != nil:
		return couldNotLook(source, context.Cause(ctx))
	case errors.As(err, &failed) && failed.IsNotFound:
		answers = nil
	case errors.As(err, &failed) && failed.IsTimeout:
		return couldNotLook(source, errors.New("the resolver does not answer in time"))
	case errors.As(err, &failed):
		return couldNotLook(source, fmt.Errorf("the resolver failed: %s", failed.Err)) // without the resolver's address
	case err != nil:
		return couldNotLook(source, err)
	}
	return l.judge(answers, source)
}

// ask looks the name up and gives the answers in a fixed order, whatever order the resolver has them in.
func (l dnsLook) ask(ctx context.Context) ([]string, error) {
	var answers []string
	var err error
	switch l.Type {
	case "CNAME":
		var name string
		if name, err = l.resolver.LookupCNAME(ctx, l.Name); name != "" {
			answers = []string{strings.TrimSuffix(name, ".")}
		}
	case "TXT":
		answers, err = l.resolver.LookupTXT(ctx, l.Name)
	default:
		answers, err = l.resolver.LookupHost(ctx, l.Name)
		answers = slices.DeleteFunc(slices.Clone(answers), func(text string) bool { return !l.isWanted(text) })
	}
	answers = slices.Compact(slices.Sorted(slices.Values(answers)))
	return answers[:min(len(answers), maxAnswers)], err
}

// isWanted tells whether an address is of the family that the type asks for.
func (l dnsLook) isWanted(text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return false
	}
	return l.Type == "" || a.Unmap().Is4() == (l.Type == "A")
}

func (l dnsLook) expected() run.Safe {
	var words []string
	if len(l.Addresses) > 0 {
		words = append(words, strings.Join(l.Addresses, ", ")+" and no other")
	}
	if l.Contains != "" {
		words = append(words, fmt.Sprintf("an answer with %q", l.Contains))
	}
	if len(words) == 0 {
		return "an answer"
	}
	return said("%s", strings.Join(words, ", "))
}

func (l dnsLook) judge(answers []string, source run.Evidence) seen {
	list := make([]any, len(answers))
	for i, a := range answers {
		list[i] = a
	}
	s := seen{self: map[string]any{"answers": list, "count": len(answers)}}
	kind := cmp.Or(l.Type, "address")
	shown := fmt.Sprintf("%s is %s", l.Name, strings.Join(answers, ", "))
	missing, foreign := difference(l.Addresses, answers), difference(answers, l.Addresses)
	switch {
	case len(answers) == 0:
		shown = fmt.Sprintf("%s does not exist in DNS, or has no record of type %s", l.Name, kind)
		s.summed(run.Failed, "%s", shown)
		s.Badness = 1 + float64(len(missing))
	case len(l.Addresses) > 0 && len(missing)+len(foreign) > 0:
		s.summed(run.Failed, "%s, expected %s", shown, strings.Join(l.Addresses, ", "))
		s.Badness = float64(len(missing) + len(foreign))
	case !slices.ContainsFunc(answers, func(a string) bool { return strings.Contains(a, l.Contains) }):
		s.summed(run.Failed, "no answer contains %q: %s", l.Contains, shown)
		s.Badness = 1
	default:
		s.summed(run.Passed, "%s", shown)
	}
	source.Observed = said("%s", shown)
	s.Evidence = []run.Evidence{source}
	return s
}

// difference are the addresses of a that b does not have, however they are written.
func difference(a, b []string) []string {
	same := func(x string) func(string) bool {
		return func(y string) bool {
			p, err := netip.ParseAddr(x)
			q, err2 := netip.ParseAddr(y)
			return err == nil && err2 == nil && p.Unmap() == q.Unmap()
		}
	}
	return slices.DeleteFunc(slices.Clone(a), func(x string) bool { return slices.ContainsFunc(b, same(x)) })
}
