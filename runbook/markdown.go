package runbook

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Markdown returns the runbook as the page that people know: the headings of the procedure and its checkbox lines in
// their own words. Phases after the last that belongs to a group follow the rollback, metrics and environments.
func Markdown(rb *Runbook) string {
	p := &page{}
	p.heading(1, rb.Metadata.Title)
	p.header(rb.Metadata)
	p.prose("Purpose", rb.Purpose)
	p.prose("Scope", rb.Scope)
	last := len(rb.Phases)
	for i, ph := range rb.Phases {
		if ph.Group != "" {
			last = i + 1
		}
	}
	p.phases(rb.Phases[:last])
	p.rollback(rb.Rollback)
	p.monitoring(rb)
	p.environments(rb)
	p.phases(rb.Phases[last:])
	p.communication(rb.Communication)
	p.closing(rb)
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// page is the text so far.
type page struct{ strings.Builder }

func (p *page) heading(level int, title string) {
	if title != "" {
		fmt.Fprintf(p, "%s %s\n\n", strings.Repeat("#", level), title)
	}
}

func (p *page) list(lines ...string) {
	for _, l := range lines {
		fmt.Fprintf(p, "- %s\n", l)
	}
	if len(lines) > 0 {
		p.WriteByte('\n')
	}
}

func (p *page) header(m Metadata) {
	var rows [][2]string
	for _, r := range [][2]string{
		{"Classification", title(m.Classification)}, {"Version", m.Version}, {"Last Updated", m.LastUpdated}, {"Owner", m.Owner}, {"Review By", m.ReviewBy},
	} {
		if r[1] != "" {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return
	}
	var names, rule, values strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&names, "| %s ", r[0])
		rule.WriteString("| --- ")
		fmt.Fprintf(&values, "| %s ", r[1])
	}
	fmt.Fprintf(p, "%s|\n%s|\n%s|\n\n", names.String(), rule.String(), values.String())
}

func (p *page) prose(heading, text string) {
	if text != "" {
		p.heading(2, heading)
		fmt.Fprintf(p, "%s\n\n", strings.TrimSpace(text))
	}
}

func (p *page) phases(phases []Phase) {
	group := ""
	for _, ph := range phases {
		level := 2
		if ph.Group != "" {
			level = 3
			if ph.Group != group {
				p.heading(2, ph.Group)
			}
		}
		group = ph.Group
		p.heading(level, ph.Title)
		for _, s := range ph.Sections {
			p.heading(level+1, s.Title)
			p.steps(s.Steps, ph.List == "bullets")
		}
	}
}

func (p *page) steps(steps []Step, bullets bool) {
	var lines []string
	for _, s := range steps {
		line := s.Title
		if s.Text != "" {
			line = fmt.Sprintf("**%s**: %s", s.Title, s.Text)
		}
		if !bullets {
			line = "[ ] " + line
		}
		lines = append(lines, line)
	}
	p.list(lines...)
}

func (p *page) rollback(r *Rollback) {
	if r == nil {
		return
	}
	p.heading(2, "Rollback Procedures")
	if len(r.Triggers) > 0 {
		p.heading(3, "Trigger Conditions")
		p.list(r.Triggers...)
	}
	p.heading(3, "Rollback Steps")
	p.steps(r.Steps, false)
}

// monitoring lists the metrics in the words of the procedure; several metrics may share a line of it.
func (p *page) monitoring(rb *Runbook) {
	var lines, levels []string
	seen := map[string]bool{}
	for _, m := range rb.Metrics.All() {
		if m.Text != "" && !seen[m.Text] {
			lines = append(lines, m.Text)
		}
		seen[m.Text] = true
	}
	for name, asks := range rb.Severities.All() {
		levels = append(levels, title(name)+": "+asks)
	}
	if len(lines)+len(levels) > 0 {
		p.heading(2, "Monitoring & Alerting")
	}
	if len(lines) > 0 {
		p.heading(3, "Key Metrics")
		p.list(lines...)
	}
	if len(levels) > 0 {
		p.heading(3, "Alert Thresholds")
		p.list(levels...)
	}
}

func (p *page) environments(rb *Runbook) {
	first := true
	for name, e := range rb.Environments.All() {
		if len(e.Notes) == 0 {
			continue
		}
		if first {
			p.heading(2, "Environment Management")
			first = false
		}
		p.heading(3, title(name)+" Environment")
		p.list(e.Notes...)
	}
}

func (p *page) communication(c *Communication) {
	if c == nil {
		return
	}
	var lines []string
	for _, l := range [][2]string{{"Pre-deployment", c.Before}, {"During deployment", c.During}, {"Post-deployment", c.After}, {"Incidents", c.Incidents}} {
		if l[1] != "" {
			lines = append(lines, fmt.Sprintf("**%s**: %s", l[0], l[1]))
		}
	}
	p.heading(2, "Communication Plan")
	p.list(lines...)
}

func (p *page) closing(rb *Runbook) {
	if len(rb.KPIs) > 0 {
		p.heading(2, "Metrics & KPIs")
	}
	var lines []string
	for _, k := range rb.KPIs {
		lines = append(lines, fmt.Sprintf("%s (target: %s)", k.Title, k.Target))
	}
	p.list(lines...)
	if len(rb.References) > 0 {
		p.heading(2, "Related Documentation")
	}
	lines = nil
	for _, r := range rb.References {
		lines = append(lines, fmt.Sprintf("[%s](%s)", r.Title, r.URL))
	}
	p.list(lines...)
	if rb.Metadata.Owner != "" {
		fmt.Fprintf(p, "---\n\n**Document Owner:** %s\n", rb.Metadata.Owner)
	}
	if day, err := time.Parse(time.DateOnly, rb.Metadata.ReviewBy); err == nil {
		fmt.Fprintf(p, "**Review Date:** %s\n", day.Format("January 2, 2006"))
	}
}

// title begins a word with a capital.
func title(s string) string {
	r, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(r)) + s[size:]
}
