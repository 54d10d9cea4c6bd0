package report

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbook/run/runtest"
)

// evil are texts that would like to be more than text.
var evil = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, "a|b|c", "x\x1b[2J\x9b31my", "\u202eevil", "`` `code` ``", "[a](javascript:alert(1))",
	"# heading", "line\nbreak\r\n# heading", "**bold** _it_ ~s~", `</title></svg><script>1</script>`, "{{.Title}}", "&lt;b&gt;", "- list", `\| escaped`,
}

// hostile is a report whose every foreign text is the given one.
func hostile(text string) Report {
	safe := run.Safe(text) // forged: a Safe never is this
	at := runtest.Begin
	evidence := []run.Evidence{{Observed: safe, Expected: safe, Source: safe, Query: safe, ResourceVersion: text}}
	return Report{
		Run: text, Outcome: run.RolledBack, Verdict: run.VerdictFail, Tripped: []string{text}, Reason: safe, Runbook: text, Title: text, Version: text,
		Digest: text, Inputs: map[string]string{text: text}, Environment: text, Operator: text, Auto: text, Practice: text, Started: at, Ended: at.Add(time.Hour),
		Components: []Component{{Name: text, From: text, To: text, State: run.ComponentStage(text)}},
		Steps: []Step{{
			Phase: text, Section: text, ID: text, Title: text, Status: run.Status(text), Observed: safe,
			Checks:   []Check{{Kind: text, Status: run.Failed, Summary: safe + "!", Seen: at, Sensor: safe, Pin: safe, Evidence: evidence}},
			Attested: &run.Attestation{By: text, At: at, Note: safe, Contradicted: at}, Deferral: &run.Deferral{By: text, At: at, To: text, Note: safe},
			Override: &run.Overriding{By: text, At: at, Reason: safe, Value: safe}, LastFall: &run.Fall{At: at, To: run.Failed, Before: safe, After: safe},
		}},
		Overrides: []Override{{Step: text, Title: text, By: text, At: at, Value: safe, Reason: safe, Voided: at, Why: safe}},
		Gates:     []Gate{{Phase: text, Title: text, By: text, At: at, Blocking: []string{text}}, {Title: text, Opened: true, Hash: text, Whole: text, Cut: 1}},
		Rollouts: []Rollout{{
			Step: text, Title: text, Environment: text, By: text, Stage: run.DeployDone, Why: safe, Started: at, Ended: at.Add(time.Minute),
			Problems: []run.Safe{safe}, Unknown: []run.Safe{safe}, Notes: []run.Safe{safe},
			Moves: []Move{{Components: []string{text}, Share: 5, Patches: []Patch{{Component: text, Error: safe}}}},
			Spans: []Span{{Kind: SpanMove, From: at, To: at.Add(time.Minute)}},
		}},
		Watches:  []Watch{{Title: text, Environment: text, From: at, Until: at, Verdict: run.VerdictFail, Why: safe}},
		Triggers: []Turn{{At: at, Environment: text, Metric: text, Title: text, Trip: text, Severity: text, To: run.TriggerTripped, Why: safe}},
		Charts: []Chart{{
			Environment: text, Metric: text, Title: text, Objective: text, Limits: []Limit{{Trip: text, On: true, Level: 3}}, Refused: safe,
			Points: []Point{{T: at.Unix(), V: 1, State: run.PointOK}, {T: at.Unix() + 15, State: run.PointUnknown, Why: safe}, {T: at.Unix() + 600, V: 2, State: run.PointOK}},
			Marks:  []run.ChartMark{{At: at, Label: text}},
		}},
		Rollback: &Receipt{
			Environment: text, By: text, Because: safe, Reason: safe, Pressed: at, Burnt: at, Why: safe, Ended: at, Verified: run.Passed, Flags: []FlagsOff{{Step: text, Title: text, Error: safe}},
			Components: []Undo{{Name: text, From: text, To: text, ReplicaSet: text, Digests: []string{text}, State: text, Error: safe, Warning: safe}},
		},
		Acts: []Act{
			{Step: text, Title: text, Kind: text, By: text, Stage: run.ActionFailed, Started: at, Ended: at, Summary: safe, Evidence: evidence, Output: safe, Kept: text, Answers: map[string]run.Safe{text: safe}},
			{Title: text, Kind: "approve", Stage: run.ActionDone, Digest: text, Asked: safe, Approval: &run.Approval{By: text, Words: safe, Digest: text, How: run.Stamp(text)}},
		},
		Messages:    []Message{{What: text, Channel: text, By: text, At: at, Text: safe, Error: safe}},
		Resumptions: []Resumption{{By: text, At: at, Last: at}},
		Log:         []Line{{At: at, By: text, Kind: text, Text: safe, Loud: true}},
		Head:        text, Journal: Journal{Flaw: safe}, Flaw: safe,
	}
}

var (
	tagNames = regexp.MustCompile(`<([a-zA-Z!/][a-zA-Z0-9]*)`)
	ourTags  = regexp.MustCompile(`^(/?(html|head|meta|title|style|body|svg|defs|pattern|line|main|header|h1|h2|p|span|nav|a|section|strong|div|dl|dt|dd|table|thead|tbody|tr|th|td|code|figure|desc|rect|g|text|path|circle|footer)|!DOCTYPE)$`)
)

// Foreign text is shown as text: no tag, no attribute, no line of Markdown and no control byte of its own.
func TestForeignTextStaysText(t *testing.T) {
	for i, text := range evil {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			r := hostile(text)
			page, plain := htmlOf(t, r), htmlOf(t, hostile("plain"))
			for _, m := range tagNames.FindAllStringSubmatch(page, -1) {
				if !ourTags.MatchString(m[1]) {
					t.Errorf("the page has a tag <%s", m[1])
				}
			}
			lines := 20 * strings.Count(text, "\n")                                                 // of a message and of an output they are lines
			if got, most := strings.Count(page, "<"), strings.Count(plain, "<")+lines; got > most { // fewer: a long label is left out of a bar
				t.Errorf("%d tags, %d with a harmless text", got, most)
			}
			text, harmless := markdownOf(t, r), markdownOf(t, hostile("plain"))
			if got, want := strings.Count(text, "\n"), strings.Count(harmless, "\n"); got != want {
				t.Errorf("%d lines of Markdown, %d with a harmless text", got, want)
			}
			if got, want := pipes(text), pipes(harmless); got != want {
				t.Errorf("%d cells, %d with a harmless text", got, want)
			}
			if strings.Contains(regexp.MustCompile("`+[^`]*`+").ReplaceAllString(text, ""), "<script") {
				t.Error("Markdown has a tag")
			}
			for _, form := range []string{page, text} {
				for _, c := range form {
					if unicode.IsControl(c) && c != '\n' || c == '\u202e' {
						t.Fatalf("control character %U", c)
					}
				}
			}
		})
	}
}

// pipes counts those that end a cell.
func pipes(s string) int { return strings.Count(s, "|") - strings.Count(s, `\|`) }

var numbers = regexp.MustCompile(` (x|y|x1|x2|y1|y2|cx|cy|width|height)="([^"]*)"`)

// inside checks every coordinate of the drawings of a page.
func inside(t interface{ Errorf(string, ...any) }, page string) {
	for _, svg := range regexp.MustCompile(`(?s)<svg viewBox="0 0 (\d+) (\d+)".*?</svg>`).FindAllStringSubmatch(page, -1) {
		w, _ := strconv.ParseFloat(svg[1], 64)
		h, _ := strconv.ParseFloat(svg[2], 64)
		check := func(name, text string) {
			v, err := strconv.ParseFloat(text, 64)
			most := w
			if strings.HasPrefix(name, "y") || name == "cy" || name == "height" {
				most = h
			}
			if err != nil || math.IsNaN(v) || v < 0 || v > most {
				t.Errorf("%s=%q is outside of the %gx%g drawing", name, text, w, h)
			}
		}
		for _, m := range numbers.FindAllStringSubmatch(svg[0], -1) {
			check(m[1], m[2])
		}
		for _, d := range regexp.MustCompile(` d="([^"]*)"`).FindAllStringSubmatch(svg[0], -1) {
			for _, m := range regexp.MustCompile(`[ML]([^ ]*) ([^ML]*)`).FindAllStringSubmatch(d[1], -1) {
				check("x", m[1])
				check("y", m[2])
			}
		}
		for _, m := range regexp.MustCompile(`<rect[^>]* x="([^"]*)"[^>]* width="([^"]*)"`).FindAllStringSubmatch(svg[0], -1) {
			x, _ := strconv.ParseFloat(m[1], 64)
			width, _ := strconv.ParseFloat(m[2], 64)
			if x+width > w+0.1 {
				t.Errorf("a bar from %g is %g wide", x, width)
			}
		}
	}
}

// Every coordinate is finite and inside of its drawing, whatever the numbers.
func TestDrawingsStayInside(t *testing.T) {
	inside(t, htmlOf(t, told(rolledBack(t))))
	number := rapid.OneOf(
		rapid.Float64Range(-1e3, 1e3), rapid.Float64(),
		rapid.SampledFrom([]float64{0, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, math.NaN(), math.Inf(1), math.Inf(-1), 1e-300}),
	)
	instant := rapid.OneOf(rapid.Int64Range(1.7e9, 1.7e9+7200), rapid.Int64Range(-62e9, 253e9))
	rapid.Check(t, func(t *rapid.T) {
		c := Chart{
			Title: "m", Unit: rapid.SampledFrom([]string{"percent", "seconds", "bytes", "count", "per-second", ""}).Draw(t, "unit"),
			Objective: rapid.SampledFrom([]string{"", "< 0.1%", "> 99.9%", "nonsense"}).Draw(t, "objective"), Every: number.Draw(t, "every"),
		}
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			c.Points = append(c.Points, Point{
				T: instant.Draw(t, "t"), V: number.Draw(t, "v"), Base: rapid.Bool().Draw(t, "base"),
				State: rapid.SampledFrom([]run.PointState{run.PointOK, run.PointOK, run.PointInconclusive, run.PointUnknown}).Draw(t, "state"),
			})
		}
		if rapid.Bool().Draw(t, "band") {
			c.Baseline = &Band{Low: number.Draw(t, "low"), High: number.Draw(t, "high"), Mean: number.Draw(t, "mean")}
		}
		for range rapid.IntRange(0, 4).Draw(t, "limits") {
			c.Limits = append(c.Limits, Limit{On: true, Level: number.Draw(t, "level")})
		}
		for range rapid.IntRange(0, 6).Draw(t, "marks") {
			c.Marks = append(c.Marks, run.ChartMark{At: time.Unix(instant.Draw(t, "mark"), 0), Label: rapid.SampledFrom([]string{"5%", "deploy", "rollback"}).Draw(t, "label")})
		}
		r := Report{Charts: []Chart{c}, Started: runtest.Begin}
		r.Rollouts = []Rollout{{Environment: "e", Stage: run.DeployDone, Moves: []Move{{Components: []string{"a"}, Share: 5}}}}
		for range rapid.IntRange(0, 5).Draw(t, "spans") {
			r.Rollouts[0].Spans = append(r.Rollouts[0].Spans, Span{
				Kind: rapid.SampledFrom([]SpanKind{SpanMove, SpanHold, SpanFrozen, SpanStuck, SpanLock}).Draw(t, "kind"), Move: rapid.IntRange(-1, 2).Draw(t, "move"),
				From: time.Unix(instant.Draw(t, "from"), 0), To: time.Unix(instant.Draw(t, "to"), 0),
			})
		}
		var b strings.Builder
		if err := r.HTML(&b); err != nil {
			t.Fatal(err)
		}
		inside(t, b.String())
	})
}
