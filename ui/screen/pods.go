package screen

import (
	"fmt"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/theme"
)

// podKind is what one cell of the strip tells.
type podKind int

// The kinds in the order in which a strip shows them.
const (
	newReady podKind = iota
	newComing
	newFailing
	oldReady
	oldLeaving
)

// podSigns are chosen to differ without colour and in ASCII too.
var podSigns = [...]string{newReady: "●", newComing: "◌", newFailing: "✖", oldReady: "○", oldLeaving: "–"}

func kindOf(p run.Pod) podKind {
	failing := strings.HasSuffix(p.State, "BackOff") || strings.Contains(p.State, "Err") || p.State == "Failed" ||
		p.State == "OOMKilled" || strings.HasPrefix(p.State, "CreateContainer") || p.State == "InvalidImageName"
	switch {
	case p.State == "Terminating":
		return oldLeaving
	case p.New && p.Ready:
		return newReady
	case p.New && failing:
		return newFailing
	case p.New:
		return newComing
	case p.Ready:
		return oldReady
	case failing:
		return newFailing
	}
	return oldLeaving
}

func podStyle(th *theme.Theme, k podKind) theme.Style {
	return [...]theme.Style{newReady: th.Good, newComing: th.Accent, newFailing: th.Bad, oldReady: th.Text, oldLeaving: th.Dim}[k]
}

// podStrip is one cell a pod in at most width cells; what does not fit is counted at the end.
func podStrip(th *theme.Theme, pods []run.Pod, width int) string {
	if rows := podRows(th, pods, width, 1); len(rows) > 0 {
		return rows[0]
	}
	return ""
}

// podRows is one cell a pod in at most so many rows of width cells; what does not fit is counted at the end.
func podRows(th *theme.Theme, pods []run.Pod, width, rows int) (lines []string) {
	if len(pods) == 0 || width <= 0 || rows <= 0 {
		return nil
	}
	kinds := make([]podKind, len(pods))
	for i, p := range pods {
		kinds[i] = kindOf(p)
	}
	slices.Sort(kinds)
	rest, room := "", rows*width
	const counted = 6 // " +1234"
	switch {
	case len(kinds) > room && width <= counted:
		kinds = kinds[:room]
	case len(kinds) > room:
		rest = theme.Truncate(fmt.Sprintf(" +%d", len(kinds)-(room-counted)), counted)
		kinds = kinds[:room-counted]
	}
	for row := range slices.Chunk(kinds, width) {
		lines = append(lines, podRow(th, row))
	}
	lines[len(lines)-1] += th.Dim.Render(rest)
	return lines
}

func podRow(th *theme.Theme, kinds []podKind) string {
	var b strings.Builder
	for i := 0; i < len(kinds); {
		j := i
		for j < len(kinds) && kinds[j] == kinds[i] {
			j++
		}
		b.WriteString(podStyle(th, kinds[i]).Render(strings.Repeat(podSigns[kinds[i]], j-i)))
		i = j
	}
	return b.String()
}

// allOld are the pods of a workload whose template is the old one still: to it they are its newest.
func allOld(pods []run.Pod) []run.Pod {
	old := slices.Clone(pods)
	for i := range old {
		old[i].New = false
	}
	return old
}

// podLegend explains the strip.
func podLegend(th *theme.Theme) string {
	words := [...]string{newReady: "new, ready", newComing: "new, coming", newFailing: "failing", oldReady: "old, ready", oldLeaving: "leaving"}
	parts := make([]string, len(words))
	for k, word := range words {
		parts[k] = podStyle(th, podKind(k)).Render(podSigns[k]) + " " + th.Dim.Render(word)
	}
	return strings.Join(parts, "   ")
}
