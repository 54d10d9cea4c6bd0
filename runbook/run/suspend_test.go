package run

import (
	"testing"

	"github.com/politicalsphere/sop/runbook"
)

// TestWhatARolloutChanges: these boxes are put off while we move components. What users see and what the rollout is
// judged by goes on being looked at.
func TestWhatARolloutChanges(t *testing.T) {
	for _, test := range []struct {
		kind   string
		params map[string]any
		want   bool
	}{
		{kind: "workload", want: true},
		{kind: "endpoints", want: true},
		{kind: "reach", want: true},
		{kind: "events", want: true},
		{kind: "nodes", params: map[string]any{"headroom": "surge"}, want: true},
		{kind: "nodes", params: map[string]any{"headroom": ""}},
		{kind: "nodes", params: map[string]any{"ready": true}},
		{kind: "nodes"},
		{kind: "image"},
		{kind: "http"},
		{kind: "tls"},
		{kind: "prometheus"},
		{kind: "alerts"},
		{kind: "secret"},
		{kind: "flags"},
		{kind: "object"},
		{kind: "job"},
	} {
		if got := changedByUs(runbook.Check{Kind: test.kind, Params: test.params}); got != test.want {
			t.Errorf("%s %v: %v, want %v", test.kind, test.params, got, test.want)
		}
	}
}
