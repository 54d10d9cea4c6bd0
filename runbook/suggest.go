package runbook

import (
	"slices"
	"strings"
)

// suggest says which of the known names was meant, or lists them when none is near and they are few.
func suggest(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "did you mean " + quote(near) + "?"
	}
	if len(known) == 0 {
		return ""
	}
	const most = 12
	if len(known) > most {
		known = append(slices.Clone(known[:most]), "…")
	}
	return "known here: " + strings.Join(known, ", ")
}

// nearest returns the known name that differs by the fewest letters; empty when all differ by too many.
func nearest(name string, known []string) string {
	fold := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	best, least := "", max(2, len(name)/3)+1
	if len(name) > 64 {
		return ""
	}
	for _, k := range known {
		d := distance(fold(name), fold(k))
		if d < least && d < len(k) {
			best, least = k, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with a neighbour to make a into b.
func distance(a, b string) int {
	before := make([]int, len(b)+1)
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}

// Suggest says which of the known names was meant, for other files that are as strict as a runbook.
func Suggest(name string, known []string) string { return suggest(name, known) }
