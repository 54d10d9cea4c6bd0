package run

import (
	"github.com/politicalsphere/sop/runbook"
)

// checked takes a look of a check: journaled when its state changes by the thresholds, else only refreshed.
func (d *decision) checked(v Checked) {
	step, _, ok := d.s.place(v.Step)
	if !ok || v.Index < 0 || v.Index >= len(step.Verify) {
		return
	}
	c := d.s.Steps[v.Step].Checks[v.Index]
	v.Result = c.identified(conclusion(v.Result))
	status := judgeCheck(c, step.Verify[v.Index], v.Result)
	if c.knows(status, v.Result) {
		d.emit(CheckSeen{Step: v.Step, Index: v.Index, Result: v.Result})
		return
	}
	e := CheckChanged{Step: v.Step, Index: v.Index, Status: status, Result: v.Result}
	if !isGood(status) && isGood(c.Status) {
		e.Before = c.History.Good
	}
	d.emit(e)
}

// knows tells whether a look shows nothing that the journal does not hold yet: the same state, of the same thing, by a
// sensor as well or ill as before.
func (c CheckState) knows(status Status, r Result) bool {
	pins := c.Pin == "" && r.Pin != "" && isGood(status)
	return status == c.Status && status != Pending && !c.Stale && !pins &&
		c.Result.Sensor == r.Sensor && c.Ill.IsZero() == !r.Ill
}

// maxResult is how many bytes of text a look may bring into the journal, whose records hold 64 KiB.
const maxResult = 32 << 10

// conclusion makes a result that is none an unknown: only the five words of a Result may count, a sensor that did not
// answer has nothing to say, and a badness that is no number says nothing.
func conclusion(r Result) Result {
	if r.Badness < 0 || !finite(r.Badness) {
		r.Badness = 0
	}
	r = r.fit()
	switch {
	case r.Status == Unknown:
		return r
	case r.Ill:
		return Result{
			Status: Unknown, Sensor: r.Sensor, Ill: true, Evidence: r.Evidence,
			Summary: MakeSafe("its sensor did not answer, so this says nothing: "+string(r.Summary), 300),
		}
	}
	switch r.Status {
	case Passed, Warn, Failed, NotApplicable:
		return r
	}
	return Result{
		Status: Unknown, Sensor: r.Sensor, Evidence: r.Evidence,
		Summary: MakeSafe("the check gave no answer: "+string(r.Status)+" "+string(r.Summary), 300),
	}
}

// maxEvidence is how many facts a look too large for a record keeps.
const maxEvidence = 32

// fit shortens a result until it fits into a record, whatever a kind brings.
func (r Result) fit() Result {
	if r.textSize() <= maxResult {
		return r
	}
	r.Evidence = r.Evidence[:min(len(r.Evidence), maxEvidence)]
	for room := 2 * maxResult / (3 + 4*len(r.Evidence)); room > 0 && r.textSize() > maxResult; room /= 2 {
		list := make([]Evidence, 0, len(r.Evidence))
		for _, e := range r.Evidence {
			list = append(list, Evidence{
				Observed: MakeSafeText(string(e.Observed), room), Expected: MakeSafeText(string(e.Expected), room),
				Source: MakeSafeText(string(e.Source), room), Query: MakeSafeText(string(e.Query), room),
				ResourceVersion: string(MakeSafe(e.ResourceVersion, min(room, 100))),
			})
		}
		r.Evidence = list
		r.Summary, r.Sensor, r.Pin = MakeSafe(string(r.Summary), room), MakeSafe(string(r.Sensor), room), MakeSafe(string(r.Pin), room)
	}
	return r
}

// textSize is about how many bytes a result takes in the journal.
func (r Result) textSize() int {
	n := inJSON(string(r.Summary)) + inJSON(string(r.Sensor)) + inJSON(string(r.Pin))
	for _, e := range r.Evidence {
		n += 80 + inJSON(e.ResourceVersion)
		for _, text := range [...]Safe{e.Observed, e.Expected, e.Source, e.Query} {
			n += inJSON(string(text))
		}
	}
	return n
}

// inJSON is how many bytes a text takes as JSON, which spells some characters out.
func inJSON(text string) int {
	n := len(text)
	for i := range len(text) {
		switch b := text[i]; {
		case b == '<' || b == '>' || b == '&' || b < ' ':
			n += 5
		case b == '"' || b == '\\':
			n++
		}
	}
	return n
}

// identified holds a pass against what was verified first: another thing behind the same name has not been verified,
// and one that can no longer be identified cannot be told from another. Only an override lets a gate open over it.
func (c CheckState) identified(r Result) Result {
	switch {
	case c.Pin == "" || r.Pin == c.Pin || r.Status != Passed && r.Status != Warn:
		return r
	case r.Pin == "":
		r.Status = Unknown
		r.Summary = MakeSafe("could not tell whether it is still what was verified ("+string(c.Pin)+"): "+string(r.Summary), 600)
	default:
		r.Status, r.Badness = Failed, 0
		r.Summary = MakeSafe("changed since it was verified: "+string(c.Pin)+" → "+string(r.Pin)+"; accept it with an override, or bring back what was verified", 1000)
	}
	return r
}

// judgeCheck applies the thresholds, as Kubernetes does for probes. Could-not-look has none: it is never kept back, so
// that a sick sensor cannot hold up a tick. Nor has another identity, which is no flicker.
func judgeCheck(c CheckState, check runbook.Check, r Result) Status {
	switch r.Status {
	case Failed:
		moved := c.Pin != "" && r.Pin != "" && r.Pin != c.Pin
		if (c.Status == Passed || c.Status == Warn) && c.Fails+1 < check.FailureThreshold && !moved {
			return c.Status
		}
	case Passed, Warn, NotApplicable:
		if (c.Status == Failed || c.Status == Unknown) && c.Passes+1 < check.SuccessThreshold {
			return c.Status
		}
	}
	return r.Status
}
