package expr

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var vars = Vars{
	Inputs: map[string]string{"version": "v1.4.2", "hold-time": "5m", "n": "3"},
	Env:    Environment{Name: "staging", Namespace: "st", PrometheusURL: "https://prometheus", Protected: true, Values: map[string]string{"url": "https://s", "secret-keys": "A, B"}},
	Run:    RunInfo{ID: "01J", Operator: "alice", Environment: "production", Version: "v1.4.2"}, Component: "api",
	Steps: map[string]string{"smoke-tests": "passed"},
	Self:  map[string]any{"status": 200, "ratio": 0.25, "tags": []any{"a", "b"}},
}

const everything = Inputs | Env | Component | Run | Steps | Self

func TestTemplateExpands(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "",
		"plain $5 {x}":                 "plain $5 {x}",
		"a:${inputs.version}":          "a:v1.4.2",
		"${inputs.version}${env.name}": "v1.4.2staging",
		"${inputs.hold-time}":          "5m",
		`${inputs["hold-time"]}`:       "5m",
		"${env.values.secret-keys}":    "A, B",
		"${env.prometheus.url}/x":      "https://prometheus/x",
		"${run.operator}@${run.environment} ${run.id} ${run.version}": "alice@production 01J v1.4.2",
		"${component.name}":                  "api",
		"${env.protected}":                   "true",
		"${1 + 2}":                           "3",
		"${0.5}":                             "0.5",
		"${env.name == 'x' ? 'a}' : \"b{\"}": "b{",
		"${{'k': 'v'}.k}":                    "v",
		"$${inputs.version}":                 "${inputs.version}",
		"é ${inputs.version.substring(1)} é": "é 1.4.2 é",
		`sum(rate(x{ns="${env.namespace}",s=~"5.."}[2m]))`: `sum(rate(x{ns="st",s=~"5.."}[2m]))`,
		"${'inputs.hold-time'}":                            "inputs.hold-time",
	} {
		tpl, err := ParseTemplate(text, everything)
		if err != nil {
			t.Errorf("ParseTemplate(%q): %v", text, err)
			continue
		}
		got, err := tpl.Expand(vars)
		if err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestTemplateErrorsHaveTheirPlace(t *testing.T) {
	for _, c := range []struct {
		text    string
		scope   Scope
		offset  int
		message string
	}{
		{"x ${", everything, 2, "without its }"},
		{"x ${'a}", everything, 2, "without its }"},
		{"${}", everything, 2, "empty"},
		{"é ${env.nam}", everything, 4, `"env.nam" is not known here`},
		{"${inputs.hold-time + 1}", everything, 19, "+ does not take"},
		{"ab ${component.name}", Inputs, 5, `"component`},
		{"${foo}", everything, 2, `"foo" is not known`},
		{"${1 +}", everything, 5, "ends too early"},
		{"${[1]}", everything, 2, "must give a text, a number or a truth value, this gives a list"},
		{"${" + strings.Repeat("(", 100) + "1" + strings.Repeat(")", 100) + "}", everything, 2, ""},
		{"${'" + strings.Repeat("x", 3000) + "'}", everything, 2, "at most 2048"},
		{strings.Repeat("${1}", 65), everything, 256, "more than 64"},
	} {
		_, err := ParseTemplate(c.text, c.scope)
		var wrong Errors
		if !errors.As(err, &wrong) || len(wrong) == 0 {
			t.Errorf("ParseTemplate(%.40q): want Errors, got %v", c.text, err)
			continue
		}
		if !strings.Contains(wrong[0].Message, c.message) || c.message != "" && wrong[0].Offset != c.offset {
			t.Errorf("ParseTemplate(%.40q): got %q at %d, want %q at %d", c.text, wrong[0].Message, wrong[0].Offset, c.message, c.offset)
		}
		for _, word := range []string{"expecting", "interface", "types.", "ERROR", "\n"} {
			if strings.Contains(err.Error(), word) {
				t.Errorf("ParseTemplate(%.40q): the message is not for people: %v", c.text, err)
			}
		}
	}
}

func TestConditions(t *testing.T) {
	for text, want := range map[string]bool{
		"true":                                   true,
		"inputs.version == 'v1.4.2'":             true,
		"env.name != 'staging' || env.protected": true,
		"steps.smoke-tests == 'passed'":          true,
		"steps['smoke-tests'] == 'failed'":       false,
		"self.status > 199 && self.status < 300": true,
		"self.ratio < 1":                         true,
		"self.status < 200.5":                    true,
		"self.tags.exists(t, t == 'b')":          true,
		"size(self.tags) == 3":                   false,
	} {
		c, err := ParseCondition(text, everything)
		if err != nil {
			t.Errorf("ParseCondition(%q): %v", text, err)
			continue
		}
		if got, err := c.Eval(vars); err != nil || got != want {
			t.Errorf("Eval(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestConditionsThatCannotBe(t *testing.T) {
	for text, message := range map[string]string{
		"inputs.version":              "must give true or false",
		"inputs.version.matches('[')": "missing closing ]",
		"self > ":                     "ends too early",
		"":                            "empty",
	} {
		if _, err := ParseCondition(text, everything); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("ParseCondition(%q): got %v, want %q", text, err, message)
		}
	}
	for text, self := range map[string]any{
		"self":         "a text",
		"self > 1":     "a text",
		"self.x.y > 1": map[string]any{"x": nil},
		"[1,2,3,4,5,6,7,8,9].all(a, [1,2,3,4,5,6,7,8,9].all(b, [1,2,3,4,5,6,7,8,9].all(c, [1,2,3,4,5,6,7,8,9].all(d, [1,2,3,4,5,6,7,8,9].all(e, a+b+c+d+e > 0)))))": nil,
	} {
		c, err := ParseCondition(text, everything)
		if err != nil {
			t.Errorf("ParseCondition(%q): %v", text, err)
			continue
		}
		if got, err := c.Eval(Vars{Self: self}); err == nil {
			t.Errorf("Eval(%q) = %v, want an error", text, got)
		}
	}
}

func TestReferences(t *testing.T) {
	tpl, err := ParseTemplate("x ${inputs.hold-time + env.values.url} ${inputs['n']} ${run.version}", everything)
	if err != nil {
		t.Fatal(err)
	}
	want := []Reference{{"inputs", "hold-time", 4}, {"env.values", "url", 23}, {"inputs", "n", 41}, {"run", "version", 56}}
	got := tpl.References()
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("reference %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestNothingPanics(t *testing.T) {
	alphabet := []string{"${", "}", "$", "{", "inputs", ".", "-", "version", "'", `"`, `\`, "(", ")", "[", "]", "1", "é", "+", "==", " ", "self", "\n", "env.values.", "`", "matches"}
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(rapid.SampledFrom(alphabet), 0, 20).Draw(t, "text"), "")
		n := len([]rune(text))
		tpl, err := ParseTemplate(text, everything)
		checkOffsets(t, err, n)
		if err == nil {
			_, _ = tpl.Expand(vars)
			for _, r := range tpl.References() {
				if r.Offset < 0 || r.Offset > n {
					t.Fatalf("reference at %d of %d", r.Offset, n)
				}
			}
		}
		c, err := ParseCondition(text, Inputs|Self)
		checkOffsets(t, err, n)
		if err == nil {
			_, _ = c.Eval(vars)
		}
	})
}

func checkOffsets(t *rapid.T, err error, n int) {
	var wrong Errors
	if err == nil || !errors.As(err, &wrong) {
		return
	}
	for _, e := range wrong {
		if e.Offset < 0 || e.Offset > n || e.Message == "" {
			t.Fatalf("%q at %d of %d", e.Message, e.Offset, n)
		}
	}
}
