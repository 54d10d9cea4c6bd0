package report

import (
	"cmp"
	"fmt"

	"github.com/politicalsphere/sop/runbook/run"
)

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
