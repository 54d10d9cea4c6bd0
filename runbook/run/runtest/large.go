package runtest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/politicalsphere/sop/runbook"
)

// Large is a plan with one phase of many sensed steps, each with as many checks: s-0, s-1, … in sections of eight. The
// longest ids and texts that lint accepts are in it, so that what is stored of it is as large as it gets.
func Large(tb testing.TB, steps, checks int) *runbook.Plan {
	tb.Helper()
	var b strings.Builder
	b.WriteString("apiVersion: sop/v1\nkind: Runbook\nmetadata: {name: large, title: Large}\nenvironments: {production: {namespace: production}}\n")
	b.WriteString("phases:\n  - id: all\n    title: All\n    environment: production\n    sections:\n")
	for i := range steps {
		if i%8 == 0 {
			fmt.Fprintf(&b, "      - title: Section %d\n        steps:\n", i/8)
		}
		list := strings.Repeat("{probe: {}, interval: 30s, ttl: 2m}, ", checks)
		fmt.Fprintf(&b, "          - {id: %s, title: Step %d, verify: [%s]}\n", LargeStep(i), i, strings.TrimSuffix(list, ", "))
	}
	doc, problems := runbook.Load(Kinds, runbook.Source{Name: "large.yaml", Data: []byte(b.String())})
	if doc == nil {
		tb.Fatalf("load the large runbook: %v", problems)
	}
	plan, problems := runbook.Resolve(doc, runbook.Choice{Environment: "production", Run: ID, Operator: "alice"})
	if plan == nil {
		tb.Fatalf("resolve the large runbook: %v", problems)
	}
	return plan
}

// LargeStep is the id of a step of Large, as long as an id may be.
func LargeStep(i int) string {
	id := fmt.Sprintf("s-%d-", i)
	return id + strings.Repeat("x", 63-len(id))
}
