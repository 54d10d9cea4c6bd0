package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/chart"
)

// sections lists the parts of the document in their order. One that has nothing to say is left out.
var sections = []func(*Report) []Section{
	one((*Report).resultSection),
	one((*Report).verdictSection),
	one((*Report).rollbackSection),
	one((*Report).exceptionsSection),
	one((*Report).approvalsSection),
	one((*Report).componentsSection),
	(*Report).rolloutSections,
	(*Report).chartSections,
	(*Report).checklistSections,
	one((*Report).actsSection),
	one((*Report).messagesSection),
	one((*Report).gatesSection),
	one((*Report).logSection),
	one((*Report).recordSection),
}

// one makes a list of a single section.
func one(make func(*Report) Section) func(*Report) []Section {
	return func(r *Report) []Section { return []Section{make(r)} }
}

// Sections are the document, but for its title.
func (r *Report) Sections() []Section {
	var all []Section
	for _, part := range sections {
		for _, s := range part(r) {
			if len(s.Blocks) > 0 {
				s.ID = fmt.Sprintf("s%d", len(all)+1)
				all = append(all, s)
			}
		}
	}
	return all
}

// Heading is the title of the document.
func (r *Report) Heading() string {
	return "Run " + clean(r.Run) + " of " + cmp.Or(clean(r.Runbook), "an unknown runbook")
}

// section is a section of nothing but the table; an empty one leaves it with nothing to say.
func (t *Table) section(title string) Section {
	s := Section{Title: title}
	if len(t.Rows) > 0 {
		s.Blocks = []Block{{Table: t}}
	}
	return s
}

// resultSection is what the run came to, and first of all what is wrong with its record.
func (r *Report) resultSection() Section {
	s := Section{Title: "Result", Blocks: r.warnings()}
	out := Cell{Words{r.outcome(), {Text: ", verdict "}, verdict(r.Verdict)}}
	if r.Reason != "" {
		out.line(Part{Text: string(r.Reason)})
	}
	facts := []Fact{{"Outcome", out}, {"Environment", words(r.Environment)}, {"Operator", words(r.Operator)}}
	if r.Auto != "" {
		facts = append(facts, Fact{"Unattended", words("policy " + r.Auto)})
	}
	facts = append(facts, Fact{"Started", words(stamp(r.Started))})
	switch {
	case !r.Ended.IsZero():
		facts = append(facts, Fact{"Ended", words(fmt.Sprintf("%s (%s)", stamp(r.Ended), r.Ended.Sub(r.Started).Round(time.Second)))})
	case !r.Last.IsZero():
		facts = append(facts, Fact{"Last record", words(stamp(r.Last))})
	}
	if len(r.Tripped) > 0 {
		facts = append(facts, Fact{"Tripped", words(strings.Join(r.Tripped, ", "))})
	}
	for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
		facts = append(facts, Fact{"Input " + clean(name), words(r.Inputs[name])})
	}
	s.Blocks = append(s.Blocks, Block{Facts: facts})
	return s
}

// warnings are what a reader must know before all else.
func (r *Report) warnings() []Block {
	var list []Block
	note := func(word, format string, args ...any) {
		list = append(list, Block{Note: &Note{Word: word, Text: fmt.Sprintf(format, args...)}})
	}
	if r.Practice != "" {
		note("Practice", "scenario %s, in the simulated world: no real cluster was touched.", clean(r.Practice))
	}
	if !r.Journal.Whole {
		note("Warning", "the journal is not whole: %s. What follows tells only the %d records before that.", cmp.Or(r.Journal.Flaw, "it could not be verified"), r.Journal.Records)
	}
	if r.Journal.Unread > 0 {
		note("Warning", "%d records are of kinds that this version of sop does not know, and are not told: use the version that wrote them.", r.Journal.Unread)
	}
	if r.Flaw != "" {
		note("Warning", "not all of the record is told: %s.", r.Flaw)
	}
	if r.Open {
		note("Note", "the run is not over: its journal has no end yet. It was live, or its program ended, at %s.", stamp(r.Last))
	}
	return list
}

// verdictSection is what was watched, what tripped, and the numbers behind it.
func (r *Report) verdictSection() Section {
	s := Section{Title: "Verdict"}
	if len(r.Watches) > 0 {
		t := &Table{Columns: []string{"watch", "environment", "from", "to", "verdict", "why"}}
		for _, w := range r.Watches {
			to := w.Ended
			if to.IsZero() {
				to = w.Until
			}
			why := w.Why
			if w.Ended.IsZero() {
				why = "it did not come to its end"
			}
			t.Rows = append(t.Rows, row(words(w.Title), words(w.Environment), words(r.when(w.From)), words(r.when(to)), Cell{Words{verdict(w.Verdict)}}, words(string(why))))
		}
		s.Blocks = append(s.Blocks, Block{Table: t})
	}
	if len(r.Triggers) == 0 {
		return s
	}
	t := &Table{Columns: []string{"time", "trigger", "state", "value", "baseline", "line", "why"}}
	for _, turn := range r.Triggers {
		name := Cell{Words{{Text: turn.Title + " " + turn.Trip}}}
		name.line(Part{Text: strings.TrimSpace(turn.Environment + " " + turn.Severity), Style: Dim})
		line := value(turn.Unit, turn.Limit)
		if turn.Limit == 0 {
			line = "–"
		}
		var why Cell
		why.line(Part{Text: string(turn.Why)})
		if !turn.Since.IsZero() {
			why.line(Part{Text: "over the line since " + r.when(turn.Since), Style: Dim})
		}
		cells := row(words(r.when(turn.At)), name, Cell{Words{trigger(turn.To)}}, words(value(turn.Unit, turn.Value)), words(value(turn.Unit, turn.Baseline)), words(line), why)
		cells.Loud = turn.To == run.TriggerTripped
		t.Rows = append(t.Rows, cells)
	}
	s.Blocks = append(s.Blocks, Block{Text: words("The triggers that changed their state, with the numbers they were judged by:")}, Block{Table: t})
	return s
}

// value writes a number of a metric as a person reads it.
func value(unit string, v float64) string {
	u, _ := chart.ParseUnit(unit)
	if u == chart.Percent {
		v /= 100
	}
	return chart.FormatValue(u, v)
}

// exceptionsSection is what was passed over, put off, or contradicted.
func (r *Report) exceptionsSection() Section {
	t := &Table{Columns: []string{"time", "box", "what", "by", "reason"}}
	for _, o := range r.Overrides {
		what := Cell{Words{state(run.Overridden, false), {Text: " while " + string(o.Status)}}}
		if o.Value != "" {
			what.line(Part{Text: string(o.Value), Style: Dim})
		}
		if !o.Voided.IsZero() {
			what.line(Part{Text: fmt.Sprintf("void from %s: %s", r.when(o.Voided), o.Why), Style: Strong})
		}
		t.Rows = append(t.Rows, row(words(r.when(o.At)), words(o.Title), what, words(o.By), words(string(o.Reason))))
	}
	for _, b := range r.Steps {
		if d := b.Deferral; d != nil {
			what := Cell{Words{state(run.Deferred, false), {Text: " to " + d.To}}}
			t.Rows = append(t.Rows, row(words(r.when(d.At)), words(b.Title), what, words(d.By), words(string(d.Note))))
		}
		if a := b.Attested; a != nil && !a.Contradicted.IsZero() {
			what := Cell{Words{state(run.Conflicted, false), {Text: " a sensor contradicted the hand tick"}}}
			t.Rows = append(t.Rows, row(words(r.when(a.Contradicted)), words(b.Title), what, words(a.By), words(string(a.Note))))
		}
	}
	return t.section("Passed over")
}

func (r *Report) componentsSection() Section {
	t := &Table{Columns: []string{"component", "from", "to", "state"}}
	for _, c := range r.Components {
		t.Rows = append(t.Rows, row(words(c.Name), words(c.From), words(c.To), words(string(c.State))))
	}
	return t.section("Components")
}

// chartSections are the metrics, one section for each environment.
func (r *Report) chartSections() []Section {
	var list []Section
	for i := 0; i < len(r.Charts); {
		env := r.Charts[i].Environment
		s := Section{Title: "Metrics of " + clean(env)}
		t := &Table{Columns: []string{"metric", "baseline", "last", "lowest", "highest", "objective", "triggers", "samples"}}
		var pictures []Block
		for ; i < len(r.Charts) && r.Charts[i].Environment == env; i++ {
			c := &r.Charts[i]
			pictures = append(pictures, Block{Chart: c.picture(fmt.Sprintf("c%d", i+1))})
			t.Rows = append(t.Rows, c.row())
		}
		s.Blocks = append(pictures, Block{Table: t})
		list = append(list, s)
	}
	return list
}

// row are the numbers of a chart.
func (c *Chart) row() Row {
	base := words("none")
	switch {
	case c.Baseline != nil:
		b := c.Baseline
		base = words(fmt.Sprintf("%s (%s to %s)", value(c.Unit, b.Mean), value(c.Unit, b.Low), value(c.Unit, b.High)))
		if b.Broken {
			base.line(Part{Text: "its objective was broken already", Style: Dim})
		}
	case c.Refused != "":
		base.line(Part{Text: string(c.Refused), Style: Dim})
	}
	last, low, high := "–", "–", "–"
	if lo, hi, end, ok := c.extent(); ok {
		last, low, high = value(c.Unit, end), value(c.Unit, lo), value(c.Unit, hi)
	}
	var trips Cell
	for _, l := range c.Limits {
		trips.line(trigger(l.State), Part{Text: " " + l.Trip})
	}
	samples := words(fmt.Sprintf("%d of %d", c.Conclusive, c.Conclusive+c.Unclear+c.Unknown))
	if c.Unclear+c.Unknown > 0 {
		samples.line(Part{Text: fmt.Sprintf("%d inconclusive, %d not answered", c.Unclear, c.Unknown), Style: Dim})
	}
	return row(words(c.Title), base, words(last), words(low), words(high), words(cmp.Or(c.Objective, "–")), trips, samples)
}

// extent is what the samples of the watch were between, and the last of them.
func (c *Chart) extent() (low, high, last float64, ok bool) {
	for _, p := range c.Points {
		if p.Base || p.State != run.PointOK {
			continue
		}
		if !ok {
			low, high = p.V, p.V
		}
		low, high, last, ok = min(low, p.V), max(high, p.V), p.V, true
	}
	return low, high, last, ok
}

// gatesSection are the gates, with the hash of what every box showed when one opened.
func (r *Report) gatesSection() Section {
	t := &Table{Columns: []string{"time", "gate after", "asked by", "what", "snapshot"}}
	for _, g := range r.Gates {
		what := Cell{Words{{Text: "opened", Style: State, Mark: "✔", Tone: "good"}}}
		snap := Cell{Words{{Text: g.Hash, Style: Code}}}
		if !g.Opened {
			what = Cell{Words{{Text: "stayed shut", Style: State, Mark: "✖", Tone: "bad"}}}
			what.line(Part{Text: strings.Join(g.Blocking, ", "), Style: Dim})
			snap = words("–")
		} else {
			said := fmt.Sprintf("%d boxes, hash fits", len(g.Snapshot))
			if !g.Matches {
				said = fmt.Sprintf("%d boxes, HASH DOES NOT FIT", len(g.Snapshot))
			}
			if g.Cut > 0 {
				said += fmt.Sprintf(", %d texts cut (in full: %s)", g.Cut, g.Whole)
			}
			snap.line(Part{Text: said, Style: Dim})
		}
		cells := row(words(r.when(g.At)), words(g.Title), words(g.By), what, snap)
		cells.Loud = !g.Opened
		t.Rows = append(t.Rows, cells)
	}
	return t.section("Gates")
}

func (r *Report) logSection() Section {
	t := &Table{Columns: []string{"time", "who", "what"}}
	for _, l := range r.Log {
		cells := row(words(r.when(l.At)), words(l.By), words(string(l.Text)))
		cells.Loud = l.Loud
		t.Rows = append(t.Rows, cells)
	}
	return t.section("What happened")
}

// recordSection says what the report rests on.
func (r *Report) recordSection() Section {
	whole := Cell{Words{{Text: "whole", Style: State, Mark: "✔", Tone: "good"}, {Text: fmt.Sprintf(": every hash of its %d records fits", r.Journal.Records)}}}
	if !r.Journal.Whole {
		whole = Cell{Words{{Text: "DAMAGED", Style: State, Mark: "✖", Tone: "bad"}, {Text: ": " + string(r.Journal.Flaw)}}}
	}
	if r.Journal.Repairs > 0 {
		whole.line(Part{Text: fmt.Sprintf("%d torn tails were healed", r.Journal.Repairs)})
	}
	facts := []Fact{
		{"Procedure", words(strings.TrimSpace(cmp.Or(r.Title, r.Runbook) + " " + r.Version))},
		{"Runbook digest", code(r.Digest)},
		{"Journal", whole},
		{"Journal head", code(r.Head)},
	}
	for _, again := range r.Resumptions {
		facts = append(facts, Fact{"Resumed", words(fmt.Sprintf("%s by %s; nobody watched for %s", r.when(again.At), again.By, took(again.At.Sub(again.Last))))})
	}
	facts = append(facts, Fact{"Verify it", code("sop verify " + r.Run)})
	return Section{Title: "Record", Blocks: []Block{{Facts: facts}}}
}
