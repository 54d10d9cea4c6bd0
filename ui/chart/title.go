package chart

import "github.com/politicalsphere/sop/ui/theme"

// part is one piece of the title row.
type part struct {
	text  string
	style theme.Style
	width int
}

// The places of the parts, from left to right.
const (
	partName = iota
	partValue
	partDelta
	partTrip
	partVerdict
	partEvidence
	parts
)

// title writes the title row: all parts three cells apart, then two, then fewer parts.
func (c *Chart) title(t *Title, width int) {
	tone := [...]theme.Style{Quiet: c.th.Text, Good: c.th.Good, Warn: c.th.Warn, Bad: c.th.Bad}[t.Tone&3]
	row := [parts]part{
		partName:     {t.Name, c.th.Title, 0},
		partValue:    {t.Value, c.th.Text, 0},
		partDelta:    {t.Delta, c.th.Text, 0},
		partTrip:     {t.Trip, c.th.Dim, 0},
		partVerdict:  {t.Verdict, tone, 0},
		partEvidence: {t.Evidence, c.th.Dim, 0},
	}
	for i := range row {
		row[i].width = theme.Width(row[i].text)
	}
	apart := 3
	if rowWidth(&row, apart) > width {
		apart = 2
	}
	for _, drop := range [...]int{partEvidence, partTrip, partDelta} {
		if rowWidth(&row, apart) > width {
			row[drop] = part{}
		}
	}
	if rowWidth(&row, apart) > width {
		apart = 1
		squeeze(&row, width)
	}
	c.writeParts(&row, apart, width)
}

// rowWidth is what the parts take, with one cell before the first.
func rowWidth(row *[parts]part, apart int) int {
	w := 0
	for _, p := range row {
		if p.width > 0 {
			w += apart + p.width
		}
	}
	return w - apart + 1
}

// leastName is how far a name is cut before the verdict is.
const leastName = 6

// squeeze cuts name, value and verdict, in that order of what can be missed least.
func squeeze(row *[parts]part, width int) {
	name, value, verdict := &row[partName], &row[partValue], &row[partVerdict]
	over := rowWidth(row, 1) - width
	less := min(over, max(0, name.width-leastName))
	name.width -= less
	over -= less
	for _, p := range [...]*part{verdict, value, name} {
		if over <= 0 {
			return
		}
		less := min(over, p.width)
		p.width -= less
		over -= less
		if p.width == 0 {
			over-- // its distance goes too
		}
	}
}

func (c *Chart) writeParts(row *[parts]part, apart, width int) {
	at := 0
	lead := 1
	for _, p := range row {
		if p.width == 0 || at+lead >= width {
			continue
		}
		c.out = theme.Spaces(c.out, lead)
		at += lead
		lead = apart
		w := min(p.width, width-at)
		c.out = append(c.out, p.style.On()...)
		c.out = theme.AppendFit(c.out, p.text, w)
		c.out = append(c.out, p.style.Off()...)
		at += w
	}
	c.out = theme.Spaces(c.out, width-at)
	c.endLine()
}
