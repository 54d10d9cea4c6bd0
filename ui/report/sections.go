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

// rollbackSection is the receipt of every press of R.
func (r *Report) rollbackSection() Section {
	if r.Rollback == nil {
		return Section{}
	}
	s := Section{Title: "Rollback of " + clean(r.Rollback.Environment)}
	for _, e := range r.Earlier {
		s.Blocks = append(s.Blocks, r.receiptBlocks(e)...)
	}
	s.Blocks = append(s.Blocks, r.receiptBlocks(*r.Rollback)...)
	return s
}

func (r *Report) receiptBlocks(rc Receipt) []Block {
	blocks := []Block{{Text: words(rc.words())}}
	facts := []Fact{{"Pressed", words(r.when(rc.Pressed))}}
	if !rc.Frozen.IsZero() {
		facts = append(facts, Fact{"Frozen", words(fmt.Sprintf("%s, %.2f s after the press", r.when(rc.Frozen), rc.Frozen.Sub(rc.Pressed).Seconds()))})
	}
	switch {
	case rc.Stage == run.TakenBack:
		facts = append(facts, Fact{"Taken back", words(r.when(rc.Ended) + ", before anything was written")})
	case rc.Burnt.IsZero():
		facts = append(facts, Fact{"Not burnt", words(cmp.Or(string(rc.Why), "the record ends before it"))})
	default:
		facts = append(facts, Fact{"Patches went out", words(r.when(rc.Burnt))})
		facts = append(facts, rc.after(r)...)
	}
	for _, f := range rc.Flags {
		said := Cell{Words{{Text: "off", Style: State, Mark: "✔", Tone: "good"}}}
		if !f.Off {
			said = Cell{Words{{Text: "NOT off", Style: State, Mark: "✖", Tone: "bad"}, {Text: " " + string(f.Error)}}}
		}
		facts = append(facts, Fact{"Flags of " + clean(f.Title), said})
	}
	if rc.Reason != "" {
		facts = append(facts, Fact{"Reason", words(string(rc.Reason))})
	}
	blocks = append(blocks, Block{Facts: facts})
	if rc.Burnt.IsZero() {
		return blocks
	}
	t := &Table{Columns: []string{"component", "from", "to", "patched after", "took at", "state"}}
	for _, u := range rc.Components {
		t.Rows = append(t.Rows, r.undoRow(rc, u))
	}
	return append(blocks, Block{Table: t}, Block{Note: &Note{Word: "Not restored", Text: rc.NotRestored}})
}

// after are the facts from the burnt fuse on.
func (rc Receipt) after(r *Report) (facts []Fact) {
	if !rc.Took.IsZero() {
		facts = append(facts, Fact{"Every component took", words(fmt.Sprintf("%s, %s after the patches went out", r.when(rc.Took), took(rc.Took.Sub(rc.Burnt))))})
	} else {
		facts = append(facts, Fact{"Every component took", words("no")})
	}
	if rc.Late {
		facts = append(facts, Fact{"Late", words("not every component took within the deadline")})
	}
	if rc.Ended.IsZero() {
		return append(facts, Fact{"Stability", words("the record ends before it was verified")})
	}
	said := Cell{Words{state(rc.Verified, false), {Text: " at " + r.when(rc.Ended)}}}
	if rc.Why != "" {
		said.line(Part{Text: string(rc.Why)})
	}
	return append(facts, Fact{"Stability", said})
}

func (r *Report) undoRow(rc Receipt, u Undo) Row {
	to := words(u.To)
	if u.Guess {
		to.line(Part{Text: "a guess: no pin was found", Style: Dim})
	}
	if u.ReplicaSet != "" {
		to.line(Part{Text: "ReplicaSet " + u.ReplicaSet, Style: Dim})
	}
	for _, d := range u.Digests {
		to.line(Part{Text: d, Style: Code})
	}
	tookAt := words("–")
	if !u.TookAt.IsZero() {
		tookAt = words(fmt.Sprintf("%s (+%s)", r.when(u.TookAt), took(u.TookAt.Sub(rc.Burnt))))
	}
	word := map[string]Part{"took": {Text: "took", Style: State, Mark: "✔", Tone: "good"}, "failed": {Text: "failed", Style: State, Mark: "✖", Tone: "bad"}}
	p, ok := word[u.State]
	if !ok {
		p = Part{Text: u.State, Style: State, Mark: "◌", Tone: "warn"}
	}
	said := Cell{Words{p}}
	for _, text := range []run.Safe{u.Error, u.Warning} {
		if text != "" {
			said.line(Part{Text: string(text)})
		}
	}
	if u.Redone > 0 {
		said.line(Part{Text: fmt.Sprintf("something undid it %d times", u.Redone)})
	}
	return row(words(u.Name), words(u.From), to, words(fmt.Sprintf("%.0f ms", u.PatchedAfterMs)), tookAt, said)
}

// exceptionsSection is what was passed over, put off, or contradicted.
func (r *Report) exceptionsSection() Section {
	s := Section{Title: "Passed over"}
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
	if len(t.Rows) > 0 {
		s.Blocks = []Block{{Table: t}}
	}
	return s
}

func (r *Report) componentsSection() Section {
	s := Section{Title: "Components"}
	if len(r.Components) == 0 {
		return s
	}
	t := &Table{Columns: []string{"component", "from", "to", "state"}}
	for _, c := range r.Components {
		t.Rows = append(t.Rows, row(words(c.Name), words(c.From), words(c.To), words(string(c.State))))
	}
	s.Blocks = []Block{{Table: t}}
	return s
}

// rolloutSections are the time lines, one for each environment, in the order in which they were deployed to.
func (r *Report) rolloutSections() []Section {
	var list []Section
	var envs []string
	for _, ro := range r.Rollouts {
		if !slices.Contains(envs, ro.Environment) {
			envs = append(envs, ro.Environment)
		}
	}
	for _, env := range envs {
		s := Section{Title: "Rollout to " + clean(env)}
		if lanes := r.lanes(env); lanes != nil {
			s.Blocks = append(s.Blocks, Block{Lanes: lanes})
		}
		for _, ro := range r.Rollouts {
			if ro.Environment == env {
				s.Blocks = append(s.Blocks, r.rolloutBlocks(ro)...)
			}
		}
		list = append(list, s)
	}
	return list
}

func (r *Report) rolloutBlocks(ro Rollout) []Block {
	how := string(ro.Stage)
	if ro.Why != "" {
		how += ": " + string(ro.Why)
	}
	if !ro.Undone.IsZero() {
		how += ", and rolled back at " + r.when(ro.Undone)
	}
	who := "by itself"
	if ro.By != "" {
		who = "by " + ro.By
	}
	title := fmt.Sprintf("%s, started %s at %s", ro.Title, who, r.when(ro.Started))
	if ro.Attempt > 1 {
		title += fmt.Sprintf(", attempt %d", ro.Attempt)
	}
	blocks := []Block{{Text: words(title + "; " + how + ".")}}
	for _, list := range []struct {
		word  string
		texts []run.Safe
	}{{"Problem", ro.Problems}, {"Could not look", ro.Unknown}, {"Note", ro.Notes}} {
		for _, text := range list.texts {
			blocks = append(blocks, Block{Note: &Note{Word: list.word, Text: string(text)}})
		}
	}
	t := &Table{Columns: []string{"from", "to", "took", "what", "wave", "components", "share"}}
	for _, span := range ro.Spans {
		wave, components, share := words(""), words(""), words("")
		if span.Move >= 0 && span.Move < len(ro.Moves) {
			m := ro.Moves[span.Move]
			wave, components, share = words(fmt.Sprint(m.Wave+1)), words(strings.Join(m.Components, ", ")), words(fmt.Sprintf("%d %%", m.Share))
		}
		what := words(spanWords[span.Kind])
		if span.Kind == SpanMove {
			what = append(what, ro.Moves[max(0, min(span.Move, len(ro.Moves)-1))].trouble()...)
		}
		cells := row(words(r.when(span.From)), words(r.when(span.To)), words(took(span.Took())), what, wave, components, share)
		cells.Loud = span.Kind == SpanFrozen || span.Kind == SpanStuck || span.Kind == SpanRefused
		t.Rows = append(t.Rows, cells)
	}
	return append(blocks, Block{Table: t})
}

// trouble is what did not go as wished in a move.
func (m Move) trouble() (c Cell) {
	for _, p := range m.Patches {
		switch {
		case p.Refused:
			c.line(Part{Text: p.Component + " not patched, somebody changed it: " + string(p.Error), Style: Dim})
		case p.Error != "":
			c.line(Part{Text: p.Component + " not patched: " + string(p.Error), Style: Dim})
		case p.Already:
			c.line(Part{Text: p.Component + " was found patched already", Style: Dim})
		}
	}
	return c
}

var spanWords = map[SpanKind]string{
	SpanPreflight: "preflight", SpanRefused: "refused, waiting for a person", SpanBaseline: "freezing the baseline", SpanLock: "taking the lock",
	SpanMove: "moving", SpanHold: "held", SpanFrozen: "frozen", SpanStuck: "stuck, waiting for a person",
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
	s := Section{Title: "Gates"}
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
	if len(t.Rows) > 0 {
		s.Blocks = []Block{{Table: t}}
	}
	return s
}

func (r *Report) logSection() Section {
	s := Section{Title: "What happened"}
	t := &Table{Columns: []string{"time", "who", "what"}}
	for _, l := range r.Log {
		cells := row(words(r.when(l.At)), words(l.By), words(string(l.Text)))
		cells.Loud = l.Loud
		t.Rows = append(t.Rows, cells)
	}
	if len(t.Rows) > 0 {
		s.Blocks = []Block{{Table: t}}
	}
	return s
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
