package runbook

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

// wants is one problem that a broken file must have, on one line with its place.
type wants struct {
	name          string
	old, becomes  string // replaced in the small runbook; without old the whole file is becomes
	line, column  int    // 0: anywhere
	message, hint string // parts of them
	warning       bool
}

func (w wants) check(t *testing.T) {
	t.Helper()
	data := w.becomes
	if w.old != "" {
		data = with(t, w.old, w.becomes)
	}
	doc, problems := loadSmall(t, data)
	if (doc == nil) == w.warning {
		t.Errorf("document there: %v; problems %v", doc != nil, problems)
	}
	for _, p := range problems {
		checkProblem(t, p, data)
	}
	for _, p := range problems {
		severity := SeverityError
		if w.warning {
			severity = SeverityWarning
		}
		if strings.Contains(p.Message, w.message) && strings.Contains(p.Hint, w.hint) && p.Severity == severity &&
			(w.line == 0 || p.Line == w.line) && (w.column == 0 || p.Column == w.column) {
			return
		}
	}
	t.Errorf("want %d:%d %q (%q), got %v", w.line, w.column, w.message, w.hint, problems)
}

type failer interface {
	Helper()
	Errorf(format string, args ...any)
}

// checkProblem checks what holds for every problem: one line, for people, at a place inside the file.
func checkProblem(t failer, p Problem, data string) {
	t.Helper()
	s := p.String()
	if strings.ContainsAny(s, "\n\r\x00\x1b") {
		t.Errorf("a problem is one line of plain text: %q", s)
	}
	for _, word := range []string{"runbook.", "reflect", "struct", "interface {}", "map[", "[]string", "!!str", "!!map", "yaml:"} {
		if strings.Contains(p.Message, word) {
			t.Errorf("a problem is for people: %q holds %q", s, word)
		}
	}
	lines := strings.Split(data, "\n")
	if p.Line < 1 || p.Line > len(lines) || p.Column < 1 || p.Column > len([]rune(lines[p.Line-1]))+1 {
		t.Errorf("%q is not inside the file of %d lines", s, len(lines))
	}
	if p.File == "" || p.Message == "" || p.Severity != SeverityError && p.Severity != SeverityWarning {
		t.Errorf("incomplete problem %+v", p)
	}
}

func TestSmallRunbookIsFine(t *testing.T) {
	doc := mustLoad(t, small)
	if at := doc.Positions["phases[0].sections[0].steps[1].id"]; at != (Position{"small.yaml", 35, 17}) {
		t.Errorf("position of the second step's id: %+v", at)
	}
	if len(doc.Digest) != 64 {
		t.Errorf("digest %q", doc.Digest)
	}
}

func TestBadFiles(t *testing.T) {
	for _, w := range []wants{
		{name: "empty", becomes: "", line: 1, column: 1, message: "empty", hint: "apiVersion"},
		{name: "only a comment", becomes: "# nothing\n", line: 1, message: "empty"},
		{name: "null document", becomes: "---\n", message: "empty"},
		{name: "a list", becomes: "- a\n", line: 1, column: 1, message: "the file must be a mapping, not a list"},
		{name: "a text", becomes: "hello\n", line: 1, message: "must be a mapping"},
		{name: "unknown key", old: "purpos", becomes: "x"},
		{name: "duplicate key", old: "kind: Runbook\n", becomes: "kind: Runbook\nkind: Runbook\n", line: 3, column: 1, message: `key "kind" stands twice`, hint: "line 2"},
		{name: "duplicate key, quoted", old: "kind: Runbook\n", becomes: "kind: Runbook\n'kind': Runbook\n", line: 3, message: "stands twice"},
		{name: "second document", becomes: small + "---\na: 1\n", message: "second document", hint: "one file"},
		{name: "broken second document", becomes: small + "---\na: [1\n", message: "not valid YAML"},
		{name: "anchor", old: "title: Small", becomes: "title: &x Small", line: 3, column: 32, message: "anchor &x is not allowed"},
		{name: "alias", old: "title: Small", becomes: "title: &x Small, owner: *x", line: 3, column: 49, message: "alias *x is not allowed"},
		{name: "alias to nothing", old: "title: Small", becomes: "title: *x", message: "alias to an unknown anchor"},
		{name: "merge key", old: "metadata: {name", becomes: "metadata: {<<: {version: v1}, name", message: "merge key << is not allowed"},
		{name: "unknown tag", old: "title: Small", becomes: "title: !secret Small", line: 3, column: 32, message: "tag !secret is not allowed", hint: "leave the tag out"},
		{name: "binary tag", old: "title: Small", becomes: "title: !!binary aGk=", message: "is not allowed"},
		{name: "missing field", old: "title: Small, ", becomes: "", line: 3, message: `metadata lacks "title"`},
		{name: "null for a required field", old: "title: Small", becomes: "title: ~", line: 3, message: "metadata.title needs a value"},
		{name: "nothing for a required field", old: "title: Small", becomes: "title: ''", line: 3, message: "metadata.title must not be empty"},
		{name: "NUL", old: "title: Small", becomes: "title: Sm\x00all", line: 3, column: 34, message: "U+0000", hint: "delete it"},
		{name: "ESC", old: "title: Small", becomes: "title: Sm\x1b[31mall", line: 3, column: 34, message: "U+001B"},
		{name: "CSI", old: "title: Small", becomes: "title: Sm\u009ball", message: "U+009B"},
		{name: "bidi", old: "title: Small", becomes: "title: Sm\u202eall", message: "U+202E"},
		{name: "escaped ESC", old: "title: Small", becomes: `title: "Sm\e[31mall"`, line: 3, column: 32, message: "U+001B"},
		{name: "carriage return", old: "title: Small", becomes: "title: Sm\rall", message: "U+000D"},
		{name: "not UTF-8", old: "title: Small", becomes: "title: Sm\xffall", line: 3, column: 34, message: "not UTF-8"},
		{name: "tab", old: "  version: {title", becomes: "\tversion: {title", line: 5, column: 1, message: "a tab cannot indent YAML", hint: "use spaces"},
		{name: "too deep", becomes: strings.Repeat("[", 40), line: 1, message: "nested too deep", hint: "32"},
		{name: "much too deep", becomes: strings.Repeat("{a: ", 20_000), message: "nested too deep"},
		{name: "deep in blocks and flows", becomes: "a:\n" + strings.Repeat(" ", 1) + "b: " + strings.Repeat("[", 31) + strings.Repeat("]", 31), message: "nested too deep"},
		{name: "too large", becomes: "a: " + strings.Repeat("x", 10<<20), line: 1, message: "at most 1048576"},
		{name: "unclosed bracket", old: "[200, 2xx]", becomes: "[200, 2xx", message: "not valid YAML"},
		{name: "colon in a text", old: "title: Before", becomes: "title: Before: all", line: 30, message: "a second ': ' on this line", hint: "quotes"},
		{name: "text with a sigil", old: "title: Before", becomes: "title: @before", line: 30, message: `cannot begin with "@"`},
		{name: "a key that is a mapping", becomes: "? {a: b}\n: c\n", message: "a key must be a text"},
		{name: "a site file", old: "kind: Runbook", becomes: "kind: Site", line: 2, message: "site file", hint: "--values"},
		{name: "another version", old: "sop/v1", becomes: "sop/v2", line: 1, column: 13, message: "must be sop/v1"},
	} {
		if w.old == "purpos" {
			w = wants{name: w.name, old: "title: Before", becomes: "title: Before\n    purpos: x", line: 31, column: 5, message: `unknown key "purpos" in phases[0]`, hint: "known here"}
		}
		t.Run(w.name, w.check)
	}
}

func TestWrongTypes(t *testing.T) {
	for _, w := range []wants{
		{name: "did you mean", old: "recheck: run", becomes: "recheckk: run", line: 34, message: `unknown key "recheckk"`, hint: `did you mean "recheck"?`},
		{name: "case", old: "deferTo: after", becomes: "deferto: after", hint: `did you mean "deferTo"?`},
		{name: "list for mapping", old: "metadata: {name: small, title: Small, lastUpdated: 2025-11-14}", becomes: "metadata: []", line: 3, message: "metadata must be a mapping, not a list"},
		{name: "mapping for list", old: "steps: [5%, 50%]", becomes: "steps: {a: 1}", message: "steps must be a list, not a mapping"},
		{name: "list for text", old: "title: Before", becomes: "title: [a]", line: 30, message: "phases[0].title must be a text, not a list"},
		{name: "text for bool", old: "required: true", becomes: "required: yes", line: 5, message: `must be true or false, not the text "yes"`},
		{name: "quoted bool", old: "required: true", becomes: "required: 'true'", message: "must be true or false", hint: "leave the quotes out"},
		{name: "duration without unit", old: "fuse: 3s", becomes: "fuse: 3", line: 55, column: 9, message: `"3" is not a length of time`, hint: "such as 90s"},
		{name: "negative duration", old: "fuse: 3s", becomes: "fuse: -3s", message: "below zero"},
		{name: "percent without unit", old: "steps: [5%, 50%]", becomes: "steps: [5, 50%]", message: "needs its unit", hint: "5%?"},
		{name: "percent above all", old: "steps: [5%, 50%]", becomes: "steps: [5%, 150%]", message: "from 0% to 100%"},
		{name: "quantity without unit", old: "atLeast: 10ms", becomes: "atLeast: 10", message: `"10" has no unit`, hint: "10ms"},
		{name: "null in a list", old: "steps: [5%, 50%]", becomes: "steps: [5%, ~]", message: "steps[1] is empty"},
		{name: "null for a name", old: "  hold: {type: duration, default: 5m}", becomes: "  hold: ~", line: 6, message: "inputs.hold is empty"},
		{name: "text for a check", old: "verify: [{workload: {components: [api]}, interval: 10s}]", becomes: "verify: [workload]", message: "must be a check", hint: "kind:"},
		{name: "check without kind", old: "{workload: {components: [api]}, interval: 10s}", becomes: "{interval: 10s}", message: "names no check kind", hint: "http"},
		{name: "check with two kinds", old: "{workload: {components: [api]}, interval: 10s}", becomes: "{workload: {components: [api]}, bare: {}}", message: `two kinds, "workload" and "bare"`},
		{name: "unknown kind", old: "{workload: {components: [api]}", becomes: "{workloads: {components: [api]}", message: `unknown check kind "workloads"`, hint: `did you mean "workload"?`},
		{name: "later kind", old: "{workload: {components: [api]}", becomes: "{nodes: {ready: true}", message: "check kind nodes is not in this version of sop", hint: "hand item"},
		{name: "unknown channel", old: "title: Roll, deploy: {strategy: rolling}", becomes: "title: Roll, notify: {channel: x, text: done}", message: `unknown channel "x"`, hint: "add it under communication: channels:"},
		{name: "common field twice", old: "ttl: 1m}", becomes: "ttl: 1m}\n                ttl: 2m", message: `"ttl" stands among the parameters and beside the kind`},
		{name: "unknown parameter", old: "{components: [api]}", becomes: "{component: [api]}", message: `unknown key "component"`, hint: `did you mean "components"?`},
		{name: "missing parameter", old: "{components: [api]}", becomes: "{available: true}", message: `lacks "components"`},
		{name: "parameter of the wrong type", old: "{components: [api]}", becomes: "{components: [api], available: 3}", message: "available must be true or false, not the number 3"},
		{name: "parameter to a kind without", old: "{workload: {components: [api]}", becomes: "{bare: {x: 1}", message: "takes no parameters"},
		{name: "parameters that are none", old: "{workload: {components: [api]}", becomes: "{workload: 3", message: "must be a mapping"},
		{name: "wrong common field", old: "interval: 10s", becomes: "interval: 10", message: "interval", hint: "90s"},
	} {
		t.Run(w.name, w.check)
	}
}

func TestEveryProblemInOnePass(t *testing.T) {
	data := strings.NewReplacer("title: Before", "titel: Before", "fuse: 3s", "fuse: 3", "unit: seconds", "unit: parsecs", "steps: [5%, 50%]", "steps: [50%, 5%]").Replace(small)
	_, problems := loadSmall(t, data)
	if len(problems) != 5 { // an unknown and a missing key, a duration, a unit, a canary
		t.Errorf("got %d problems: %v", len(problems), problems)
	}
	for i := 1; i < len(problems); i++ {
		if problems[i-1].Line > problems[i].Line {
			t.Errorf("problems are not in the order of the file: %v", problems)
		}
	}
}

func TestTextsStayTexts(t *testing.T) {
	doc := mustLoad(t, with(t, "title: Small, ", "title: no, version: 1.10, owner: 0x10, classification: true, reviewBy: 2026-02-14, "))
	m := doc.Runbook.Metadata
	want := Metadata{Name: "small", Title: "no", Version: "1.10", Owner: "0x10", Classification: "true", LastUpdated: "2025-11-14", ReviewBy: "2026-02-14"}
	if m != want {
		t.Errorf("got %+v, want %+v", m, want)
	}
	again := mustLoad(t, string(doc.Data))
	if again.Runbook.Metadata != want {
		t.Errorf("after a round: %+v", again.Runbook.Metadata)
	}
}

func TestCheckKeepsWhatWasWritten(t *testing.T) {
	doc := mustLoad(t, with(t, "http: {url: '${env.values.url}/healthz', status: [200, 2xx], ttl: 1m}",
		"http: {url: http://x, status: [200], headers: {a: 1.10, b: no}, maxBody: 5, ratio: 0.5, strict: true, share: 5%, wait: 3s, plain: 90s, level: 5pp, nested: {deep: x}, any: {k: [1, ~]}, interval: 7s}"))
	c := doc.Runbook.Phases[0].Sections[0].Steps[1].Verify[0]
	want := map[string]any{
		"url": "http://x", "status": []any{200}, "headers": map[string]any{"a": "1.10", "b": "no"}, "maxBody": 5, "ratio": 0.5, "strict": true,
		"share": "5%", "wait": "3s", "plain": "90s", "level": "5pp", "nested": map[string]any{"deep": "x"}, "any": map[string]any{"k": []any{1, nil}},
	}
	if !reflect.DeepEqual(c.Params, want) {
		t.Errorf("params %#v", c.Params)
	}
	if c.Interval.D != 7*time.Second || c.Expect == "" {
		t.Errorf("common fields: %+v", c)
	}
	var p httpStub
	if err := DecodeParams(c, &p); err != nil {
		t.Fatal(err)
	}
	if p.MaxBody != 5 || p.Status[0] != "200" || p.Headers["a"] != "1.10" || p.Share != 5 || p.Wait.D != 3*time.Second || p.Plain != 90*time.Second || p.Level.Value != 5 || !*p.Strict || p.Nested.Deep != "x" {
		t.Errorf("decoded %+v", p)
	}
}

func TestDecodeParamsReadsTexts(t *testing.T) {
	var p httpStub
	c := Check{Kind: "http", Params: map[string]any{"url": "u", "status": "200, 204", "maxBody": "5", "strict": "false", "ratio": 1}}
	if err := DecodeParams(c, &p); err != nil || p.MaxBody != 5 || *p.Strict || len(p.Status) != 2 || p.Status[1] != "204" || p.Ratio != 1 {
		t.Errorf("got %+v, %v", p, err)
	}
	err := DecodeParams(Check{Kind: "http", Params: map[string]any{"uri": "u", "maxBody": "five"}}, &p)
	if err == nil || !strings.Contains(err.Error(), `unknown key "uri"`) || !strings.Contains(err.Error(), `lacks "url"`) || !strings.Contains(err.Error(), "maxBody must be a whole number") {
		t.Errorf("got %v", err)
	}
	if err := DecodeParams(c, httpStub{}); err == nil {
		t.Error("a struct that is no pointer was filled")
	}
}
