package report

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// Rollout is one attempt to bring components to their new image.
type Rollout struct {
	Step        string          `json:"step"`
	Title       string          `json:"title"`
	Environment string          `json:"environment"`
	By          string          `json:"by,omitempty"` // empty: it began by itself
	Attempt     int             `json:"attempt"`
	Stage       run.DeployStage `json:"stage"` // the last one it was in
	Why         run.Safe        `json:"why,omitempty"`
	Started     time.Time       `json:"started"`
	Ended       time.Time       `json:"ended,omitzero"`
	Undone      time.Time       `json:"undone,omitzero"` // when it was rolled back after it was done
	Problems    []run.Safe      `json:"problems,omitempty"`
	Unknown     []run.Safe      `json:"unknown,omitempty"`
	Notes       []run.Safe      `json:"notes,omitempty"`
	Moves       []Move          `json:"moves"`
	Spans       []Span          `json:"spans"`

	open bool // its last span goes on
}

// Move is one patch of one wave, and what came of it.
type Move struct {
	Wave       int       `json:"wave"`
	Components []string  `json:"components"`
	Share      int       `json:"share"`
	Wished     time.Time `json:"wished,omitzero"`
	Reached    time.Time `json:"reached,omitzero"`
	Patches    []Patch   `json:"patches,omitempty"`
}

// Patch is the outcome of one component's patch.
type Patch struct {
	Component string    `json:"component"`
	At        time.Time `json:"at"`
	Already   bool      `json:"already,omitempty"`
	Refused   bool      `json:"refused,omitempty"`
	Error     run.Safe  `json:"error,omitempty"`
}

// SpanKind says what a rollout did for a while.
type SpanKind string

// The kinds of spans.
const (
	SpanPreflight SpanKind = "preflight"
	SpanRefused   SpanKind = "refused" // the preflight found problems; it waits for a person
	SpanBaseline  SpanKind = "baseline"
	SpanLock      SpanKind = "lock"
	SpanMove      SpanKind = "move"
	SpanHold      SpanKind = "hold"
	SpanFrozen    SpanKind = "frozen"
	SpanStuck     SpanKind = "stuck" // it waits for a person
)

// Span is a while in which a rollout did one thing. Move is the index of its move; -1 before the first.
type Span struct {
	Kind SpanKind  `json:"kind"`
	Move int       `json:"move"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

// Took is how long it lasted.
func (s Span) Took() time.Duration { return s.To.Sub(s.From) }

// spanOf is what a deploy does in this state; ok is false when it is over.
func spanOf(d run.DeployState) (kind SpanKind, move int, ok bool) {
	if d.Stage == run.DeployDone || d.Stage == run.RolledOff {
		return "", 0, false
	}
	if d.MoveAt.IsZero() {
		move = -1
	} else {
		move = d.Move
	}
	if d.Frozen {
		return SpanFrozen, move, true
	}
	kind = map[run.DeployStage]SpanKind{
		run.Preflight: SpanPreflight, run.Refused: SpanRefused, run.Baselining: SpanBaseline, run.Locking: SpanLock,
		run.InMove: SpanMove, run.Holding: SpanHold, run.Stuck: SpanStuck,
	}[d.Stage]
	return kind, move, kind != ""
}

// rollout takes what an event did to the deploys.
func (t *teller) rollout(before run.State, e run.Stamped) {
	if v, ok := e.Event.(run.DeployStarted); ok {
		t.closeRollout(v.Step, e.At)
		r := Rollout{Step: v.Step, Title: t.stepTitle(v.Step), Environment: v.Env, By: e.Actor, Attempt: v.Attempt, Started: e.At}
		for _, m := range v.Moves {
			r.Moves = append(r.Moves, Move{Wave: m.Wave, Components: m.Components, Share: m.Share})
		}
		t.r.Rollouts = append(t.r.Rollouts, r)
	}
	for step, after := range t.s.Deploys {
		r := t.newest(step)
		if r == nil {
			continue
		}
		r.follow(after, e.At)
	}
	t.moves(before, e)
}

// follow closes the span that a deploy was in, and opens the next one, when it does something else now.
func (ro *Rollout) follow(d run.DeployState, at time.Time) {
	if !ro.Ended.IsZero() {
		if d.Stage == run.RolledOff && ro.Stage == run.DeployDone && ro.Undone.IsZero() {
			ro.Undone = at
		}
		return
	}
	kind, move, going := spanOf(d)
	ro.Stage, ro.Why = d.Stage, d.Why
	ro.Problems, ro.Unknown, ro.Notes = d.Problems, d.Unknown, d.Notes
	if n := len(ro.Spans); ro.open {
		last := &ro.Spans[n-1]
		last.To = at
		if going && last.Kind == kind && last.Move == move {
			return
		}
		ro.open = false
		if kind := last.Kind; kind == SpanHold && last.Took() == 0 {
			ro.Spans = ro.Spans[:n-1] // nothing is held after the last move
		}
	}
	if !going {
		ro.Ended = at
		return
	}
	ro.Spans, ro.open = append(ro.Spans, Span{Kind: kind, Move: move, From: at, To: at}), true
}

// moves takes wishes and their outcomes.
func (t *teller) moves(before run.State, e run.Stamped) {
	switch v := e.Event.(type) {
	case run.Wished:
		if r := t.newest(v.Step); r != nil && v.Move < len(r.Moves) {
			r.Moves[v.Move].Wished = e.At
		}
	case run.MovePatched:
		r := t.newest(v.Step)
		if i := before.Deploys[v.Step].Move; r != nil && i < len(r.Moves) {
			r.Moves[i].Patches = append(r.Moves[i].Patches, Patch{Component: v.Component, At: e.At, Already: v.Already, Refused: v.Refused, Error: v.Err})
		}
	case run.MoveReached:
		if r := t.newest(v.Step); r != nil && v.Move < len(r.Moves) {
			r.Moves[v.Move].Reached = e.At
		}
	}
}

// newest is the last attempt of a deploy.
func (t *teller) newest(step string) *Rollout {
	for i := len(t.r.Rollouts) - 1; i >= 0; i-- {
		if t.r.Rollouts[i].Step == step {
			return &t.r.Rollouts[i]
		}
	}
	return nil
}

func (t *teller) closeRollout(step string, at time.Time) {
	if r := t.newest(step); r != nil && r.Ended.IsZero() {
		if r.open {
			r.Spans[len(r.Spans)-1].To, r.open = at, false
		}
		r.Ended = at
	}
}

// closeSpans ends what still goes on with the last record: nothing is known of the time after it.
func (t *teller) closeSpans() {
	for i := range t.r.Rollouts {
		if r := &t.r.Rollouts[i]; r.open {
			r.Spans[len(r.Spans)-1].To = later(r.Spans[len(r.Spans)-1].From, t.r.Last)
		}
	}
}
