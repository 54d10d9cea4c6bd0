package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// stage is one of the things that must be seen before a component's undoing is known to have taken.
type stage struct {
	done bool
	ill  bool // it is known to be otherwise
	text string
}

// stagesOf are the stages of a component's way back, in the order in which they come true.
func stagesOf(s run.State, c run.ComponentState, p run.Pin) []stage {
	g := c.Progress
	pinned := c.Undo.Accepted && g.Generation >= c.Undo.Generation && g.Hash == p.Hash // what is counted is the pinned revision
	accepted := stage{done: c.Undo.Accepted, ill: !c.Undo.Accepted && c.Undo.Err != "", text: "accepted"}
	switch {
	case accepted.ill:
		accepted.text = "not accepted"
	case c.Undo.Already:
		accepted.text = "ran it already"
	case accepted.done:
		accepted.text = fmt.Sprintf("accepted %.0f ms", c.Undo.AfterMs)
	}
	back, gone := stage{text: "pods back"}, stage{text: leavingTag(s, c, p) + " gone"}
	if pinned || c.Stage == run.Took {
		back.done = g.UpdatedReady >= g.Desired
		gone.done = g.OldReady == 0
	}
	if pinned && !back.done {
		back.text = fmt.Sprintf("back %d/%d", g.UpdatedReady, g.Desired)
	}
	if pinned && !gone.done {
		gone.text = fmt.Sprintf("%d old left", g.OldReady)
	}
	return []stage{accepted, back, gone, digestStage(c, p)}
}

// digestStage tells whether the pods run the very images that were pinned.
func digestStage(c run.ComponentState, p run.Pin) stage {
	switch have := c.Progress.Digests; {
	case len(p.Digests) == 0:
		return stage{text: "no digest was pinned"}
	case c.Stage != run.Took:
		return stage{text: "digest " + bare(p.Digests[0])}
	case len(have) == 0:
		return stage{text: "digest not seen yet"}
	case !slices.Equal(have, p.Digests):
		return stage{ill: true, text: "runs " + bare(have[0]) + ", pinned was " + bare(p.Digests[0])}
	}
	return stage{done: true, text: "digest " + bare(p.Digests[0])}
}

// bare is what a person compares of a digest.
func bare(digest string) string { return strings.TrimPrefix(shortDigest(digest), "sha256:") }

// stageRow is the stages of a component in one line.
func stageRow(f Frame, c run.ComponentState, p run.Pin) string {
	th := f.Theme
	parts := make([]string, 0, 4)
	for _, s := range stagesOf(f.State, c, p) {
		sign, look := "◌", th.Dim
		switch {
		case s.ill:
			sign, look = "✖", th.Bad
		case s.done:
			sign, look = "✔", th.Good
		}
		parts = append(parts, look.Render(sign)+" "+look.Render(s.text))
	}
	return theme.Truncate("              "+strings.Join(parts, "  "), f.W)
}
