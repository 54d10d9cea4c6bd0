package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
)

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
