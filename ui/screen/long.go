package screen

import "github.com/politicalsphere/sop/ui/theme"

// long is a text of many lines of which only those in view are drawn: a run's timeline grows to hundreds.
type long struct {
	blocks []block
	n      int // lines in all
}

// block is n lines that draw makes when one of them is to be seen.
type block struct {
	n    int
	draw func() []string
}

// add puts lines that are drawn already at the end.
func (l *long) add(lines ...string) {
	if len(lines) > 0 {
		l.later(len(lines), func() []string { return lines })
	}
}

// later puts n lines at the end that draw makes when they are needed.
func (l *long) later(n int, draw func() []string) {
	l.blocks = append(l.blocks, block{n, draw})
	l.n += n
}

// around draws h lines of which those from at to last are in view, beginning at top if that lets it; at < 0: none has to.
func (l *long) around(th *theme.Theme, at, last, top, h, w int) (shown []string, newTop int) {
	return l.window(th, scrolled(l.n, at, last, top, h), h, w)
}

// scrolled is the first of n lines to show in h so that those from at to last are in view; at < 0: none has to. The edges
// say what is left out, so nothing that must be seen stands there.
func scrolled(n, at, last, top, h int) int {
	if n > h && at >= 0 {
		top = min(max(top, last-h+2), max(0, at-1))
	}
	return max(0, min(top, n-h))
}

// window draws the h lines from top on as the function window does.
func (l *long) window(th *theme.Theme, top, h, w int) (shown []string, newTop int) {
	if h <= 0 {
		return nil, 0
	}
	top = max(0, min(top, l.n-h))
	at := 0 // line of the text at which the block begins
	for _, b := range l.blocks {
		if at >= top+h {
			break
		}
		if at+b.n > top {
			shown = append(shown, fitLines(b.draw(), b.n)[max(0, top-at):min(b.n, top+h-at)]...)
		}
		at += b.n
	}
	edges(th, shown, top, l.n-top-h, w)
	return shown, top
}
