package runtest

import (
	"time"

	"github.com/politicalsphere/sop/runbook/run"
)

func (w *World) wrote(at time.Time, wish, env, component, kind string) {
	w.Writes = append(w.Writes, Write{At: at, Wish: wish, Env: env, Component: component, Kind: kind})
}

// move writes once for each wish, and only what carries the fence that the wish expects, as the real one does.
func (w *World) move(b run.MoveWork, at time.Time) []run.Observation {
	var out []run.Observation
	for _, t := range b.Targets {
		name := t.Component.Name
		l := w.workload(b.Env.Name, name)
		o := run.Patched{Wish: b.Wish, Component: name, Generation: l.generation}
		switch {
		case l.act == b.Wish:
			o.Already = true
		case w.Refuse[name] != "":
			o.Refused, o.Err = true, w.Refuse[name]
		case l.fence != t.Fence:
			o.Refused, o.Err = true, "it carries another fence"
		case l.paused:
			o.Refused, o.Err = true, "it is paused"
		default:
			l.image, l.hash, l.share, l.since = t.Component.Image, "hash-of-"+t.Component.Image, b.Share, at
			l.act, l.run, l.fence = b.Wish, b.Run, t.Stamp
			l.generation++
			o.Generation = l.generation
			w.wrote(at, b.Wish, b.Env.Name, name, "move")
		}
		out = append(out, o)
	}
	return out
}

func (w *World) freeze(b run.FreezeWork, at time.Time) []run.Observation {
	kind := "freeze"
	if b.Thaw {
		kind = "thaw"
	}
	var out []run.Observation
	for _, c := range b.Targets {
		l := w.workload(b.Env.Name, c.Name)
		if w.Cold[c.Name] == "" && l.paused == b.Thaw {
			l.paused, l.since = !b.Thaw, at
			l.generation++
			w.wrote(at, b.Wish, b.Env.Name, c.Name, kind)
		}
		out = append(out, run.Frozen{Wish: b.Wish, Component: c.Name, Err: w.Cold[c.Name]})
	}
	return out
}

func (w *World) undo(b run.UndoWork, at time.Time) (out []run.Observation, again time.Duration) {
	again = Done
	for _, p := range b.Pins {
		l := w.workload(b.Env.Name, p.Component)
		o := run.Undone{Wish: b.Wish, Component: p.Component, AfterMs: float64(at.Sub(b.Burnt).Milliseconds())}
		switch {
		case l.act == b.Wish:
			o.Already, o.Accepted = true, true
		case w.Deny[p.Component] != "":
			o.Err, again = w.Deny[p.Component], 5*time.Second
		default:
			l.image, l.hash, l.share, l.paused, l.since = p.Image, p.Hash, 100, false, at
			l.act, l.run = b.Wish, b.Run
			l.fence++
			l.generation++
			o.Accepted = true
			w.wrote(at, b.Wish, b.Env.Name, p.Component, "undo")
		}
		o.Generation, o.Fence = l.generation, l.fence
		out = append(out, o)
	}
	return out, again
}
