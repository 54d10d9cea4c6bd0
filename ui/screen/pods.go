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
	kinds
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

// podStrip is one cell a pod in one row of at most width cells; where there are more pods, a cell stands for several.
func podStrip(th *theme.Theme, pods []run.Pod, width int) string {
	if rows := podRows(th, pods, width, 1); len(rows) > 0 {
		return rows[0]
	}
	return ""
}

// podRows is one cell a pod in at most so many rows of width cells. Where that is too little a cell stands for several
// pods, which is said at the end, and what there are only few of keeps a cell.
func podRows(th *theme.Theme, pods []run.Pod, width, rows int) (lines []string) {
	if len(pods) == 0 || width <= 0 || rows <= 0 {
		return nil
	}
	var count [kinds]int
	for _, p := range pods {
		count[kindOf(p)]++
	}
	rest, room := "", rows*width
	if len(pods) > room {
		if width > told {
			room -= told
		}
		each := (len(pods) + room - 1) / room
		for scaled(count, each) > room && each < len(pods) {
			each++
		}
		if width > told {
			rest = theme.Truncate(fmt.Sprintf(" ×%d", each), told)
		}
		for k, n := range count {
			count[k] = (n + each - 1) / each
		}
	}
	cells := make([]podKind, 0, room)
	for k, n := range count {
		for range n {
			cells = append(cells, podKind(k))
		}
	}
	for row := range slices.Chunk(cells[:min(len(cells), room)], width) {
		lines = append(lines, podRow(th, row))
	}
	lines[len(lines)-1] += th.Dim.Render(rest)
	return lines
}

// told is what is left free at the end of a strip to say how many pods a cell stands for.
const told = 5

// scaled is how many cells pods take if each stands for so many, and each kind that there is has one at least.
func scaled(count [kinds]int, each int) (n int) {
	for _, c := range count {
		if c > 0 {
			n += (c + each - 1) / each
		}
	}
	return n
}

func podRow(th *theme.Theme, cells []podKind) string {
	var b strings.Builder
	for i := 0; i < len(cells); {
		j := i
		for j < len(cells) && cells[j] == cells[i] {
			j++
		}
		b.WriteString(podStyle(th, cells[i]).Render(strings.Repeat(podSigns[cells[i]], j-i)))
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
