package run

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// Verdict is what a watch comes to.
type Verdict string

// VerdictNone means that there was no watch. It is no pass, and neither is VerdictInconclusive: the numbers could
// not tell, so the watch has to go on or a person has to look.
const (
	VerdictPass         Verdict = "pass"
	VerdictFail         Verdict = "fail"
	VerdictInconclusive Verdict = "inconclusive"
	VerdictNone         Verdict = "none"
)

// verdict says what the watch from one instant to another comes to, and why in words. A trip of a critical trigger, or
// of one that says rollback, is a fail. A pass needs a conclusive point in 80 % of the ticks of every metric that has
// triggers, and no trigger that is over its line or could not be judged. No data never passes.
func verdict(metrics []runbook.Metric, triggers []TriggerState, samples []Sample, from, to time.Time,
	every time.Duration) (Verdict, Safe) {
	return VerdictInconclusive, "no sample yet"
}
