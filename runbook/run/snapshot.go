package run

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/politicalsphere/sop/runbook"
)

// BoxFact is one box in a gate's snapshot: what it showed at the keypress, and who vouched for it or passed over it.
type BoxFact struct {
	Step     string       `json:"step"`
	Status   Status       `json:"status"`
	Observed Safe         `json:"observed,omitempty"`
	Seen     time.Time    `json:"seen,omitzero"`
	Optional bool         `json:"optional,omitempty"` // the gate did not wait for it
	Checks   []CheckFact  `json:"checks,omitempty"`
	Attested *Attestation `json:"attested,omitempty"`
	Override *Overriding  `json:"override,omitempty"`
	Deferred *Deferral    `json:"deferred,omitempty"`
	Whole    string       `json:"whole,omitempty"` // SHA-256 of the box in full, where texts of it are shortened
}

// CheckFact is one check of a box: what was observed, when, where and how. ResourceVersion, Source and Query are of
// the first of its evidence that has one; the others are in the look itself, which the journal holds too.
type CheckFact struct {
	Kind            string    `json:"kind"`
	Status          Status    `json:"status"`
	Observed        Safe      `json:"observed,omitempty"`
	Expected        Safe      `json:"expected,omitempty"`
	Seen            time.Time `json:"seen,omitzero"`
	Source          Safe      `json:"source,omitempty"`
	ResourceVersion string    `json:"resourceVersion,omitempty"`
	Query           Safe      `json:"query,omitempty"`
	Sensor          Safe      `json:"sensor,omitempty"`
	Pin             Safe      `json:"pin,omitempty"`
	Flapping        bool      `json:"flapping,omitempty"`
}

// snapshot is what every box of a gate shows now.
func (s State) snapshot(phase int) []BoxFact {
	var facts []BoxFact
	for _, step := range s.gateSteps(phase) {
		st := s.Steps[step.ID]
		fact := BoxFact{
			Step: step.ID, Status: s.StepStatus(step.ID), Observed: s.Observed(step.ID), Seen: s.LastSeen(step.ID),
			Optional: !step.IsRequired(), Attested: st.Attested, Override: st.Override, Deferred: st.Deferral,
		}
		for i, c := range st.Checks {
			fact.Checks = append(fact.Checks, factOf(step.Verify[i], c))
		}
		facts = append(facts, fact)
	}
	return facts
}

func factOf(check runbook.Check, c CheckState) CheckFact {
	f := CheckFact{
		Kind: check.Kind, Status: c.Shown(), Observed: c.Result.Summary, Seen: c.Seen, Sensor: c.Result.Sensor,
		Pin: c.Result.Pin, Flapping: c.History.Flapping,
	}
	for _, e := range c.Result.Evidence {
		f.Expected, f.Source, f.Query = or(f.Expected, e.Expected), or(f.Source, e.Source), or(f.Query, e.Query)
		if f.ResourceVersion == "" {
			f.ResourceVersion = string(MakeSafe(e.ResourceVersion, 100))
		}
	}
	return f
}

func or(a, b Safe) Safe {
	if a != "" {
		return a
	}
	return b
}

// snapshotRoom is how many bytes of a journal's record (64 KiB) a snapshot may take; the rest is for what stands
// around it and for what redaction adds.
const snapshotRoom = 52 << 10

// textRooms are how long the texts of a snapshot may be, tried one after the other until it fits.
var textRooms = []int{400, 160, 80, 40, 20, 10, 1}

// opened makes the event of a gate that opens, short enough for one record.
func opened(phase string, snapshot []BoxFact) GateOpened {
	e := GateOpened{Phase: phase, Snapshot: snapshot, Hash: hashOf(snapshot)}
	if size(e) <= snapshotRoom {
		return e
	}
	e.Whole = e.Hash
	for _, room := range textRooms {
		e.Snapshot, e.Cut = shorten(snapshot, room)
		if size(e) <= snapshotRoom {
			e.Hash = hashOf(e.Snapshot)
			return e
		}
	}
	bare := make([]BoxFact, len(snapshot)) // hundreds of boxes: their states and their hashes
	for i, f := range snapshot {
		bare[i] = BoxFact{Step: f.Step, Status: f.Status, Seen: f.Seen, Whole: hashOf(f)}
	}
	if e.Snapshot = bare; size(e) > snapshotRoom {
		e.Snapshot = nil
	}
	e.Hash = hashOf(e.Snapshot)
	return e
}

// shorten cuts every text of a snapshot to room characters. Each box that lost something carries the hash of the whole.
func shorten(snapshot []BoxFact, room int) (out []BoxFact, cut int) {
	for _, f := range snapshot {
		short := shortener{room: room}
		b := f
		b.Observed = short.text(f.Observed)
		b.Checks = make([]CheckFact, len(f.Checks))
		for i, c := range f.Checks {
			c.Observed, c.Expected, c.Source = short.text(c.Observed), short.text(c.Expected), short.text(c.Source)
			c.Query, c.Sensor, c.Pin = short.text(c.Query), short.text(c.Sensor), short.text(c.Pin)
			b.Checks[i] = c
		}
		if a := f.Attested; a != nil {
			b.Attested = &Attestation{By: a.By, At: a.At, Note: short.text(a.Note)}
		}
		if o := f.Override; o != nil {
			v := *o
			v.Reason, v.Value, v.Checks = short.text(o.Reason), short.text(o.Value), nil
			b.Override = &v
		}
		if d := f.Deferred; d != nil {
			v := *d
			v.Note = short.text(d.Note)
			b.Deferred = &v
		}
		if short.cut > 0 {
			b.Whole = hashOf(f)
		}
		cut += short.cut
		out = append(out, b)
	}
	return out, cut
}

// shortener counts the texts that it cut.
type shortener struct{ room, cut int }

func (s *shortener) text(t Safe) Safe {
	short := MakeSafeText(string(t), s.room)
	if short != t {
		s.cut++
	}
	return short
}

func size(v any) int {
	data, err := json.Marshal(v)
	if err != nil { // only plain strings, numbers and times go in
		panic(err)
	}
	return len(data)
}

func hashOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil { // only plain strings, numbers and times go in
		panic(err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
