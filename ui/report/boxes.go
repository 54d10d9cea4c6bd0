package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// checklistSections are the boxes with their evidence, one section for each phase.
func (r *Report) checklistSections() []Section {
	var list []Section
	for i := 0; i < len(r.Steps); {
		phase := r.Steps[i].Phase
		t := &Table{Columns: []string{"box", "status", "evidence", "when"}}
		for ; i < len(r.Steps) && r.Steps[i].Phase == phase; i++ {
			t.Rows = append(t.Rows, r.boxRow(r.Steps[i]))
		}
		list = append(list, Section{Title: clean(phase), Blocks: []Block{{Table: t}}})
	}
	return list
}

func (r *Report) boxRow(b Step) Row {
	title := words(b.Title)
	if b.Optional {
		title.line(Part{Text: "optional", Style: Dim})
	}
	cells := row(title, Cell{Words{state(b.Status, b.Manual)}}, r.evidence(b), r.boxWhen(b))
	cells.Loud = !b.Status.OpensGate() && b.Status != run.Pending && b.Status != run.Checking
	return cells
}

// evidence is what stands behind a box: what was seen, by which question, and who vouched for it or passed over it.
func (r *Report) evidence(b Step) Cell {
	var c Cell
	if b.Observed != "" {
		c.line(Part{Text: string(b.Observed)})
	}
	for _, check := range b.Checks {
		c = append(c, r.checkLines(b, check)...)
	}
	if a := b.Attested; a != nil {
		c.line(Part{Text: strings.TrimSpace(fmt.Sprintf("attested by %s: %s", a.By, a.Note))})
	}
	if o := b.Override; o != nil {
		c.line(Part{Text: fmt.Sprintf("overridden by %s at %s while %s: %s", o.By, r.when(o.At), o.Status, o.Reason), Style: Strong})
	}
	if d := b.Deferral; d != nil {
		c.line(Part{Text: strings.TrimSpace(fmt.Sprintf("deferred to %s by %s at %s %s", d.To, d.By, r.when(d.At), d.Note)), Style: Strong})
	}
	if g := b.Gate; g != nil && g.Status != b.Status {
		c.line(Part{Text: "when its gate opened at " + r.when(g.At) + " it was "}, state(g.Status, b.Manual))
	}
	if f := b.LastFall; f != nil {
		text := fmt.Sprintf("un-ticked at %s (%s): %s, was: %s", r.when(f.At), f.To, f.After, f.Before)
		if !f.Back.IsZero() {
			text += "; back at " + r.when(f.Back)
		}
		if b.Falls > 1 {
			text += fmt.Sprintf("; %d times in all", b.Falls)
		}
		c.line(Part{Text: text})
	}
	return c
}

// checkLines tell one check: how it stands and since when that is known, then each fact behind it. Its summary is left
// out where the box says the same.
func (r *Report) checkLines(b Step, check Check) (c Cell) {
	head := Words{{Text: check.Kind + " ", Style: Dim}, state(check.Status, false)}
	if !check.Seen.IsZero() {
		head = append(head, Part{Text: ", seen " + r.when(check.Seen), Style: Dim})
	}
	if check.Flapping {
		head = append(head, Part{Text: ", flapping", Style: Strong})
	}
	if check.Summary != b.Observed && check.Summary != "" {
		head = append(head, Part{Text: ": " + string(check.Summary), Style: Dim})
	}
	c = append(c, head)
	if check.Pin != "" {
		c.line(Part{Text: "– pinned ", Style: Dim}, Part{Text: string(check.Pin), Style: Code})
	}
	for _, e := range check.Evidence {
		c = append(c, factLine(e))
	}
	return c
}

// factLine is one fact: what was seen, what should be, of what, and by which question.
func factLine(e run.Evidence) Words {
	said := []string{string(e.Observed)}
	if e.Expected != "" {
		said = append(said, "expected "+string(e.Expected))
	}
	if e.Source != "" {
		said = append(said, string(e.Source))
	}
	if e.ResourceVersion != "" {
		said = append(said, "resourceVersion "+e.ResourceVersion)
	}
	line := Words{{Text: "– " + strings.Join(said, " · "), Style: Dim}}
	if e.Query != "" {
		line = append(line, Part{Text: " · ", Style: Dim}, Part{Text: string(e.Query), Style: Code})
	}
	return line
}

// boxWhen is when a box was vouched for, passed over, or looked at last.
func (r *Report) boxWhen(b Step) Cell {
	switch {
	case b.Override != nil:
		return words(r.when(b.Override.At))
	case b.Attested != nil:
		return words(r.when(b.Attested.At))
	}
	var seen time.Time
	for _, c := range b.Checks {
		seen = later(seen, c.Seen)
	}
	if seen.IsZero() {
		return words("–")
	}
	return words(r.when(seen))
}
