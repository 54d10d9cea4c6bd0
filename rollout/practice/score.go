package practice

import (
	"fmt"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Performance is what a trainee did, as the caller knows it from its own state. Zero times mean never.
type Performance struct {
	// FaultAt is when the fault began, DetectedAt when the program or the person first called it one, RolledBackAt
	// when the rollback had taken on every component.
	FaultAt, DetectedAt, RolledBackAt time.Time
	Outcome                           run.Outcome
	// Steps are the required steps that came up, Done those that are green or attested, Overridden those that were
	// opened with a reason, Skipped those that were passed by without any.
	Steps, Done, Overridden, Skipped int
	// Verified: after the deploy or the rollback it was made sure that all is well.
	Verified bool
	// Deployed: something of the release went out.
	Deployed bool
	// HintCost is the price of all the hints that were asked for.
	HintCost int
	// WrongTarget: something else than the scenario's environment was written to.
	WrongTarget bool
}

// Score is the mark of a drill: at most 100, and never below 0.
type Score struct {
	Total int    `json:"total"`
	Parts []Part `json:"parts"`
}

// Part is one line of a score. A deduction has Of = 0 and negative points.
type Part struct {
	Name   string `json:"name"`
	Points int    `json:"points"`
	Of     int    `json:"of"`
	Why    string `json:"why"`
}

// The points, and what is taken off.
const (
	decisionPoints     = 40
	detectPoints       = 20
	rollbackPoints     = 20
	fidelityPoints     = 10
	verificationPoints = 10
	needlessCost       = 30
	skippedCost        = 15
)

// Judge marks a performance against what the scenario called for. It is pure.
func Judge(want Expect, p Performance) Score {
	needless := p.needless(want)
	right := p.right(want) && !needless
	var s Score
	s.add(decision(want, p, right))
	if want.Action == RollBack {
		s.add(detection(want, p, needless))
		s.add(reaction(want, p, needless))
	} else {
		s.add(calm("time to detect", detectPoints, right))
		s.add(calm("time to roll back", rollbackPoints, right))
	}
	s.add(fidelity(p))
	s.add(verification(want, p, right))
	if needless {
		s.deduct("needless rollback", needlessCost, "the release was not at fault when it was rolled back")
	}
	if p.Skipped > 0 {
		s.deduct("skipped checks", p.Skipped*skippedCost, fmt.Sprintf("%d passed by", p.Skipped))
	}
	if p.HintCost > 0 {
		s.deduct("hints", p.HintCost, "asked for")
	}
	for _, part := range s.Parts {
		s.Total += part.Points
	}
	s.Total = min(100, max(0, s.Total))
	if p.WrongTarget {
		s.deduct("wrong target", s.Total, "something else than the target was written to; that fails the drill")
		s.Total = 0
	}
	return s
}

func (s *Score) add(p Part) { s.Parts = append(s.Parts, p) }

func (s *Score) deduct(name string, points int, why string) {
	s.add(Part{Name: name, Points: -points, Why: why})
}

// needless: rolled back although nothing was wrong, or not yet.
func (p Performance) needless(want Expect) bool {
	if p.Outcome != run.RolledBack {
		return false
	}
	return want.Action != RollBack || p.FaultAt.IsZero() || (!p.RolledBackAt.IsZero() && p.RolledBackAt.Before(p.FaultAt))
}

func (p Performance) right(want Expect) bool {
	switch want.Action {
	case RollBack:
		return p.Outcome == run.RolledBack
	case Hold:
		return p.Outcome == run.Completed || p.Outcome == run.NeedsPerson
	case Abort:
		return !p.Deployed && (p.Outcome == run.NeedsPerson || p.Outcome == run.RunFailed)
	default:
		return p.Outcome == run.Completed
	}
}

func decision(want Expect, p Performance, right bool) Part {
	part := Part{Name: "right decision", Of: decisionPoints, Why: fmt.Sprintf("called for %s, ended as %s", want.Action, p.Outcome)}
	if right {
		part.Points = decisionPoints
	}
	return part
}

// detection: half of the time there is may go by until the fault is seen.
func detection(want Expect, p Performance, needless bool) Part {
	part := Part{Name: "time to detect", Of: detectPoints, Why: "not detected"}
	if p.FaultAt.IsZero() || p.DetectedAt.IsZero() || needless {
		return part
	}
	took := max(0, p.DetectedAt.Sub(p.FaultAt))
	part.Points = timed(detectPoints, took, want.Within/2)
	part.Why = fmt.Sprintf("%s after the fault began", took.Round(time.Second))
	return part
}

// reaction: the other half may go by from then until the rollback has taken.
func reaction(want Expect, p Performance, needless bool) Part {
	part := Part{Name: "time to roll back", Of: rollbackPoints, Why: "not rolled back"}
	if p.RolledBackAt.IsZero() || p.FaultAt.IsZero() || p.Outcome != run.RolledBack || needless {
		return part
	}
	from, since := p.DetectedAt, "it was detected"
	if from.Before(p.FaultAt) {
		from, since = p.FaultAt, "the fault began"
	}
	took := max(0, p.RolledBackAt.Sub(from))
	part.Points = timed(rollbackPoints, took, want.Within/2)
	part.Why = fmt.Sprintf("%s after %s", took.Round(time.Second), since)
	return part
}

// timed gives all points up to the limit, fewer beyond it and none at twice of it.
func timed(points int, took, limit time.Duration) int {
	switch {
	case took <= limit:
		return points
	case limit <= 0 || took >= 2*limit:
		return 0
	}
	return int(float64(points) * (2 - float64(took)/float64(limit)))
}

// calm is a part about a fault that was never there.
func calm(name string, points int, right bool) Part {
	if !right {
		return Part{Name: name, Of: points, Why: "the decision was wrong"}
	}
	return Part{Name: name, Points: points, Of: points, Why: "there was nothing to roll back, and nothing was"}
}

// fidelity counts an override, which has a reason, as half a step.
func fidelity(p Performance) Part {
	part := Part{Name: "fidelity", Of: fidelityPoints, Why: fmt.Sprintf("%d of %d steps done, %d overridden", p.Done, p.Steps, p.Overridden)}
	if p.Steps > 0 {
		share := (float64(p.Done) + float64(p.Overridden)/2) / float64(p.Steps)
		part.Points = int(float64(fidelityPoints) * min(1, share))
	}
	return part
}

func verification(want Expect, p Performance, right bool) Part {
	if want.Action == Abort && right {
		return Part{Name: "verification", Points: verificationPoints, Of: verificationPoints, Why: "nothing went out that would have to be verified"}
	}
	if p.Verified {
		return Part{Name: "verification", Points: verificationPoints, Of: verificationPoints, Why: "verified afterwards"}
	}
	return Part{Name: "verification", Of: verificationPoints, Why: "not verified afterwards"}
}
