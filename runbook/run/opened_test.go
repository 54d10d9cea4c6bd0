package run

import (
	"fmt"
	"strings"
	"testing"
)

// TestHundredsOfBoxesKeepTheirHashes: more boxes than any runbook has leave their states, or at least the hash of all.
func TestHundredsOfBoxesKeepTheirHashes(t *testing.T) {
	for _, n := range []int{150, 600} {
		var facts []BoxFact
		for i := range n {
			f := BoxFact{Step: fmt.Sprintf("s-%d", i), Status: Passed, Observed: "well"}
			for range 8 {
				f.Checks = append(f.Checks, CheckFact{Kind: "probe", Status: Passed, Observed: Safe(strings.Repeat("<", 100))})
			}
			facts = append(facts, f)
		}
		e := opened("all", facts)
		if size(e) > snapshotRoom || e.Whole != hashOf(facts) || e.Hash != hashOf(e.Snapshot) {
			t.Errorf("%d boxes: %d bytes, whole %q", n, size(e), e.Whole)
		}
		if n == 150 && (len(e.Snapshot) != n || e.Snapshot[7].Whole != hashOf(facts[7]) || e.Snapshot[7].Status != Passed) {
			t.Errorf("%d boxes: %d are left", n, len(e.Snapshot))
		}
	}
}
