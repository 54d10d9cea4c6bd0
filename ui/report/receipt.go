package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

// What no rollback of this program puts back is said in every receipt. Flags that the run itself raised are turned off.
const (
	notRestored     = "ConfigMaps, Secrets, feature flags and the database stay as they are."
	notRestoredElse = "ConfigMaps, Secrets, the database, and all feature flags but those above stay as they are."
)

// Receipt tells one press of R, and what came of it.
type Receipt struct {
	Environment string            `json:"environment"`
	Stage       run.RollbackStage `json:"stage"`
	By          string            `json:"by"` // empty: a trigger
	Because     run.Safe          `json:"because,omitempty"`
	Reason      run.Safe          `json:"reason,omitempty"` // given afterwards
	Pressed     time.Time         `json:"pressed"`
	Frozen      time.Time         `json:"frozen,omitzero"` // when the last component stood still
	Burnt       time.Time         `json:"burnt,omitzero"`
	Took        time.Time         `json:"took,omitzero"`   // when every component had taken
	InBand      time.Time         `json:"inBand,omitzero"` // since when the metrics were back
	Ended       time.Time         `json:"ended,omitzero"`
	Verified    run.Status        `json:"verified,omitempty"`
	Why         run.Safe          `json:"why,omitempty"` // of Verified, or why the fuse asked
	Late        bool              `json:"late,omitempty"`
	Components  []Undo            `json:"components"`
	Flags       []FlagsOff        `json:"flags,omitempty"` // that the run had raised
	NotRestored string            `json:"notRestored"`
}

// FlagsOff is what came of turning off the flags of one step.
type FlagsOff struct {
	Step  string   `json:"step"`
	Title string   `json:"title"`
	Off   bool     `json:"off"`
	Error run.Safe `json:"error,omitempty"`
}

// Undo is the way back of one component.
type Undo struct {
	Name           string    `json:"name"`
	From           string    `json:"from"`
	To             string    `json:"to"`
	ReplicaSet     string    `json:"replicaSet"`
	Digests        []string  `json:"digests,omitempty"` // pinned
	Guess          bool      `json:"guess,omitempty"`
	PatchedAfterMs float64   `json:"patchedAfterMs"`
	TookAt         time.Time `json:"tookAt,omitzero"`
	State          string    `json:"state"` // took, pending or failed
	Error          run.Safe  `json:"error"`
	Warning        run.Safe  `json:"warning,omitempty"`
	Redone         int       `json:"redone,omitempty"` // how often something undid it again
}

// receipt tells the rollback as it stands now.
func (t *teller) receipt() Receipt {
	rb := t.s.Rollback
	r := Receipt{
		Environment: rb.Env, Stage: rb.Stage, By: rb.By, Because: rb.Because, Reason: rb.Reason, Pressed: rb.Pressed,
		Frozen: rb.FrozenAt, Burnt: rb.Burnt, Took: rb.SettleFrom, InBand: rb.InBand, Ended: rb.Ended,
		Verified: rb.Verified, Why: t.settle, Late: rb.Late, Components: []Undo{}, NotRestored: notRestored,
	}
	if r.Why == "" {
		r.Why = rb.AskWhy
	}
	for _, id := range slices.Sorted(maps.Keys(rb.Flags)) {
		step, _ := t.s.FlagStep(id)
		r.Flags = append(r.Flags, FlagsOff{Step: id, Title: cmp.Or(step.Title, id), Off: rb.Flags[id].Done, Error: rb.Flags[id].Err})
		r.NotRestored = notRestoredElse
	}
	if mended := t.s.Mended(); len(mended) > 0 {
		r.NotRestored = strings.TrimSuffix(r.NotRestored, ".") + ", but for what was done by " + clean(strings.Join(mended, ", ")) + "."
	}
	for _, p := range rb.Pins {
		c := t.s.Envs[rb.Env].Components[p.Component]
		u := Undo{
			Name: p.Component, From: c.From, To: p.Image, ReplicaSet: p.ReplicaSet, Digests: p.Digests, Guess: p.Guess,
			State: "pending", Error: c.Undo.Err, Warning: t.took[p.Component], Redone: t.redone[p.Component],
		}
		switch {
		case rb.Burnt.IsZero(): // nothing was written
		case c.Stage == run.Took:
			u.State, u.TookAt = "took", c.TookAt
		case t.s.Outcome == run.RunFailed:
			u.State = "failed"
		}
		if c.Undo.Accepted && !rb.Burnt.IsZero() {
			u.PatchedAfterMs = c.Undo.AfterMs
		}
		r.Components = append(r.Components, u)
	}
	return r
}

// words say in a sentence what became of it.
func (rc Receipt) words() string {
	who := "R was pressed by " + rc.By
	if rc.By == "" {
		who = "It began by itself"
	}
	text := fmt.Sprintf("%s at %s", who, clock(rc.Pressed))
	if rc.Because != "" {
		text += ": " + string(rc.Because)
	}
	return text + "."
}
