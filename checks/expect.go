package checks

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook/run"
)

// expect judges what was seen by the check's own condition. A false one fails; a true one leaves what the kind
// itself found wrong; one that cannot be evaluated makes the result unknown.
func (w *Worker) expect(body run.CheckWork, s seen, hide web.Secrets) seen {
	text := body.Check.Expect
	fact := run.Evidence{Observed: observedFor(text, s, hide), Expected: run.MakeSafe(text, maxFact)}
	if len(s.Evidence) > 0 {
		first := s.Evidence[0]
		fact.Source, fact.Query, fact.ResourceVersion = first.Source, first.Query, first.ResourceVersion
	}
	ok, err := w.plan.Expects(body.Check, body.Env.Name, s.self)
	if err != nil {
		s.summed(run.Unknown, "could not judge: %s", hide.In(err.Error()))
		s.Evidence = append(slices.Clone(s.Evidence), fact)
		return s
	}
	if _, scalar := scalarText(s.self, hide); scalar {
		s.Evidence = nil // the condition says of the one value all that the kind did, and more
	}
	s.Evidence = append([]run.Evidence{fact}, s.Evidence...)
	if ok {
		return s
	}
	s.summed(run.Failed, "%s, expected %s", fact.Observed, text)
	return s
}

// selfPath is what an expression reads of self: self.json.status, self["game-server"].ready.
var selfPath = regexp.MustCompile(`\bself((?:\.[A-Za-z_][A-Za-z0-9_-]*|\[(?:'[^']*'|"[^"]*"|\d+)\])*)(\()?`)

var pathPart = regexp.MustCompile(`\.([A-Za-z_][A-Za-z0-9_-]*)|\[(?:'([^']*)'|"([^"]*)"|(\d+))\]`)

// maxPaths is how many values of self are shown beside an expression.
const maxPaths = 4

// observedFor shows the values that the expression looks at, so that a person sees why it is false: self.ready = 0.
// Values under the name of a credential and whole documents are not shown.
func observedFor(text string, s seen, hide web.Secrets) run.Safe {
	var shown []string
	for _, m := range selfPath.FindAllStringSubmatch(text, -1) {
		parts, secret := pathOf(m[1], m[2] != "")
		if len(parts) == 0 {
			continue
		}
		value, ok := dig(s.self, parts)
		words, scalar := scalarText(value, hide)
		if !ok {
			words, scalar = "missing", true
		}
		if secret {
			words = web.Hidden
		}
		if line := strings.Join(parts, ".") + " = " + words; scalar && !slices.Contains(shown, line) && len(shown) < maxPaths {
			shown = append(shown, line)
		}
	}
	if len(shown) > 0 {
		return run.MakeSafe(strings.Join(shown, ", "), maxFact)
	}
	if words, ok := scalarText(s.self, hide); ok {
		return run.MakeSafe(words, maxFact)
	}
	return s.Summary
}

// pathOf splits .a["b"][0] into its parts. The last part of a call is a function's name, not a field.
func pathOf(path string, call bool) (parts []string, secret bool) {
	for _, m := range pathPart.FindAllStringSubmatch(path, -1) {
		part := m[1] + m[2] + m[3] + m[4]
		parts = append(parts, part)
		secret = secret || web.IsSecretName(part)
	}
	if call && len(parts) > 0 {
		parts = parts[:len(parts)-1]
	}
	return parts, secret
}

// dig follows the parts into maps and lists.
func dig(v any, parts []string) (any, bool) {
	for _, part := range parts {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[part]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(x) {
				return nil, false
			}
			v = x[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// scalarText writes a value that fits into a line; ok is false for lists, maps and long texts.
func scalarText(v any, hide web.Secrets) (text string, ok bool) {
	switch x := v.(type) {
	case nil:
		return "", false
	case float64:
		return number(x), true
	case int, int64, bool:
		return fmt.Sprint(x), true
	case string:
		if len(x) > 80 || web.LooksSecret(x) {
			return "", false
		}
		return strconv.Quote(web.HideShapes(hide.In(x))), true
	}
	return "", false
}

// number writes a number for people: six digits, no exponent where it can be helped.
func number(x float64) string {
	if text := strconv.FormatFloat(x, 'g', 6, 64); !strings.Contains(text, "e") {
		return text
	}
	if x > -1e15 && x < 1e15 && x == float64(int64(x)) {
		return strconv.FormatInt(int64(x), 10)
	}
	return strconv.FormatFloat(x, 'g', 6, 64)
}
