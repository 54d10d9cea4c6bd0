package checks

import (
	"context"
	"net"
	"testing"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// zone is a resolver with a few names, each of its methods giving the records under TYPE name.
type zone map[string]any

func (z zone) answer(what string) ([]string, error) {
	switch a := z[what].(type) {
	case []string:
		return a, nil
	case error:
		return nil, a
	}
	return nil, &net.DNSError{Err: "no such host", Name: what, IsNotFound: true}
}

func (z zone) LookupHost(_ context.Context, host string) ([]string, error) {
	return z.answer("A " + host)
}

func (z zone) LookupTXT(_ context.Context, host string) ([]string, error) {
	return z.answer("TXT " + host)
}

func (z zone) LookupCNAME(_ context.Context, host string) (string, error) {
	all, err := z.answer("CNAME " + host)
	if err != nil {
		return "", err
	}
	return all[0], nil
}

func TestDNS(t *testing.T) {
	names := zone{
		"A www.example":     []string{"192.0.2.2", "192.0.2.1", "2001:db8::1", "192.0.2.2"},
		"CNAME www.example": []string{"cdn.example.net."},
		"TXT www.example":   []string{"v=spf1 -all", hostile},
		"A fails.example":   &net.DNSError{Err: "server misbehaving", Server: "10.0.0.53:53", IsTemporary: true},
		"A slow.example":    &net.DNSError{Err: "i/o timeout", IsTimeout: true},
		"A odd.example":     []string{"not an address"},
	}
	for _, c := range []struct {
		name   string
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"any address", params("name", "www.example"), "", run.Passed, []string{"www.example is 192.0.2.1, 192.0.2.2, 2001:db8::1", "dig +noall +answer www.example A"}},
		{"A", params("name", "www.example", "type", "a"), "", run.Passed, []string{"is 192.0.2.1, 192.0.2.2"}},
		{"AAAA", params("name", "www.example", "type", "AAAA", "addresses", []any{"2001:DB8:0::1"}), "", run.Passed, nil},
		{"CNAME", params("name", "www.example", "type", "CNAME", "contains", "cdn."), "", run.Passed, []string{"is cdn.example.net"}},
		{"TXT", params("name", "www.example", "type", "TXT", "contains", "-all"), "", run.Passed, []string{"^[]52"}},
		{"those addresses", params("name", "www.example", "type", "A", "addresses", "192.0.2.2, 192.0.2.1"), "", run.Passed, nil},
		{"one is missing", params("name", "www.example", "type", "A", "addresses", []any{"192.0.2.1", "192.0.2.2", "192.0.2.3"}), "", run.Failed, []string{"expected 192.0.2.1, 192.0.2.2, 192.0.2.3"}},
		{"one too many", params("name", "www.example", "type", "A", "addresses", []any{"192.0.2.1"}), "", run.Failed, nil},
		{"another text", params("name", "www.example", "type", "CNAME", "contains", "old."), "", run.Failed, []string{`no answer contains "old."`}},
		{"no such name", params("name", "nobody.example"), "", run.Failed, []string{"does not exist in DNS"}},
		{"no such record", params("name", "nobody.example", "type", "TXT"), "", run.Failed, []string{"or has no record of type TXT"}},
		{"not an address", params("name", "odd.example"), "", run.Failed, []string{"no record of type address"}},
		{"SERVFAIL", params("name", "fails.example"), "", run.Unknown, []string{"could not look: the resolver failed: server misbehaving"}},
		{"too slow", params("name", "slow.example"), "", run.Unknown, []string{"does not answer in time"}},
		{"expect", params("name", "www.example", "type", "A"), `self.count == 2 && "192.0.2.1" in self.answers`, run.Passed, nil},
		{"expect is false", params("name", "www.example"), "self.count == 1", run.Failed, []string{"count = 3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.network.resolver = names
			r := b.look(runbook.Check{Kind: "dns", Params: c.params, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if r.Sensor != "DNS" || r.Ill != (c.status == run.Unknown) || (r.Badness > 0) != (c.status == run.Failed && c.expect == "") {
				t.Errorf("sensor %q, ill %v, badness %v", r.Sensor, r.Ill, r.Badness)
			}
		})
	}
}
