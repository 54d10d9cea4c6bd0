package screen

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/keys"
)

// nextWords say what the deploy does next, by itself or by a person.
func nextWords(f Frame, d run.DeployState) string {
	switch d.Stage {
	case run.Preflight, run.Baselining, run.Locking:
		if len(d.Moves) == 0 {
			return ""
		}
		return "then " + moveWords(d.Moves[0]) + ", the first write"
	case run.Refused:
		return "nothing was written; " + f.Keys.Key(keys.Start) + " on the checklist asks again"
	case run.Stuck:
		return f.Keys.Key(keys.Resume) + " tries this move again; R takes all of it back"
	case run.RolledOff:
		return ""
	case run.DeployDone:
		if id := WatchStep(f.State); id != "" && f.State.Watches[id].Ended.IsZero() {
			return "the watch goes on until " + hour(f.State.Watches[id].Until) + " (" + f.Keys.Key(keys.GoTo+keys.ID(keys.Watch)) + ")"
		}
		return ""
	}
	if d.Frozen {
		return "nothing moves until " + f.Keys.Key(keys.Resume) + " resumes it; R takes all of it back"
	}
	left := d.Moves[min(d.Move+1, len(d.Moves)):]
	step, _, _ := StepOf(f.State, d.Step)
	hold := ""
	if step.Deploy != nil && step.Deploy.Hold.D > 0 {
		hold = Span(step.Deploy.Hold.D)
	}
	var words []string
	switch {
	case d.Stage == run.InMove && hold != "":
		words = append(words, "it holds "+hold+" once its pods are ready")
	case d.Stage == run.InMove:
		words = append(words, "it goes on once its pods are ready")
	}
	switch {
	case len(left) == 0:
		words = append(words, "that was the last move")
	case d.Stage == run.Holding && len(f.State.PromotionBlockers(d.Step)) > 0:
		words = append(words, moveWords(left[0])+" once nothing is in its way")
	case d.Stage == run.Holding:
		words = append(words, moveWords(left[0])+" in "+clock(d.HoldUntil.Sub(f.Now)))
	default:
		words = append(words, moveWords(left[0]))
	}
	if len(left) > 1 {
		words = append(words, plural(len(left)-1, "more move", "more moves"))
	}
	return strings.Join(words, ", then ")
}

func moveWords(m run.Move) string {
	return fmt.Sprintf("%s to %d %%", clean(strings.Join(m.Components, ", ")), m.Share)
}

// traffic is the share of requests that the new pods get, if a Service spreads them over all that are ready.
func traffic(p run.Progress) (percent int, ok bool) {
	if all := p.UpdatedReady + p.OldReady; all > 0 {
		return (p.UpdatedReady*100 + all/2) / all, true
	}
	return 0, false
}

// mostNamed is how many pods are named of those that are not ready for one reason.
const mostNamed = 2

// unready says why pods of a component are not ready, the most frequent reason first.
func unready(pods []run.Pod) string {
	type reason struct {
		state string
		names []string
	}
	var reasons []reason
	for _, p := range pods {
		if p.Ready || p.State == "Terminating" {
			continue
		}
		at := -1
		for i := range reasons {
			if reasons[i].state == p.State {
				at = i
			}
		}
		if at < 0 {
			reasons, at = append(reasons, reason{state: p.State}), len(reasons)
		}
		name := clean(p.Name)
		if p.Restarts > 0 {
			name += fmt.Sprintf(" ↺%d", p.Restarts)
		}
		reasons[at].names = append(reasons[at].names, name)
	}
	var words []string
	for _, r := range reasons {
		named := strings.Join(r.names[:min(mostNamed, len(r.names))], ", ")
		if n := len(r.names) - mostNamed; n > 0 {
			named += fmt.Sprintf(", +%d", n)
		}
		words = append(words, fmt.Sprintf("%d %s (%s)", len(r.names), cmp.Or(clean(r.state), "not ready"), named))
	}
	return strings.Join(words, ", ")
}
