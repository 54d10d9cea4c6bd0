package expr

import (
	"regexp"
	"strings"
)

// hyphenated finds names with a hyphen below inputs, env.values and steps. What they hold are texts, which nobody
// subtracts from.
var hyphenated = regexp.MustCompile(`\b(inputs|env\.values|steps)\.([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)+)`)

// escapeNames puts such names into CEL's backquotes, outside of quoted texts. back gives the offset in text of an
// offset in the escaped text.
func escapeNames(text string) (escaped string, back func(int) int) {
	var b strings.Builder
	var inserted []int // offsets in the escaped text, in characters
	write := func(s string) {
		last := 0
		for _, m := range hyphenated.FindAllStringSubmatchIndex(s, -1) {
			if m[0] > 0 && s[m[0]-1] == '.' {
				continue
			}
			b.WriteString(s[last:m[4]])
			inserted = append(inserted, runes(b.String()))
			b.WriteString("`" + s[m[4]:m[5]])
			inserted = append(inserted, runes(b.String()))
			b.WriteString("`")
			last = m[5]
		}
		b.WriteString(s[last:])
	}
	start := 0
	for i := 0; i < len(text); i++ {
		if text[i] != '\'' && text[i] != '"' {
			continue
		}
		write(text[start:i])
		start = i
		if end := skipQuoted(text, i); end >= 0 {
			i = end
		} else {
			i = len(text) - 1
		}
		b.WriteString(text[start : i+1])
		start = i + 1
	}
	write(text[start:])
	return b.String(), func(offset int) int {
		n := 0
		for _, at := range inserted {
			if at < offset {
				n++
			}
		}
		return offset - n
	}
}

// offsetOf is the character number of a line and column, as CEL counts them.
func offsetOf(text string, line, column int) int {
	offset := 0
	for i, l := range strings.Split(text, "\n") {
		if i+1 == line {
			return offset + min(max(column, 0), runes(l))
		}
		offset += runes(l) + 1
	}
	return max(offset-1, 0)
}

var (
	undeclared = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	overload   = regexp.MustCompile(`^found no matching overload for '([^']*)' applied to '([^']*)'`)
	meant      = regexp.MustCompile(`did you mean '([^']*)'`)
	operator   = regexp.MustCompile(`^_?([^_a-z]+)_?$`)
)

// plainWords says what CEL says in the words of a runbook.
func plainWords(message string, scope Scope) (text, hint string) {
	if m := undeclared.FindStringSubmatch(message); m != nil {
		hint = "known here: " + scope.names()
		if near := meant.FindStringSubmatch(message); near != nil {
			hint = `did you mean "` + near[1] + `"?`
		}
		return `"` + m[1] + `" is not known here`, hint
	}
	if m := overload.FindStringSubmatch(message); m != nil {
		name := m[1]
		if op := operator.FindStringSubmatch(name); op != nil {
			name = op[1]
		}
		if strings.Contains(m[2], "!error!") {
			hint = "correct the other problem of this expression first"
		}
		return name + " does not take " + m[2], hint
	}
	if syntax, ok := strings.CutPrefix(message, "Syntax error: "); ok {
		syntax, _, _ = strings.Cut(syntax, " expecting ")
		if strings.Contains(syntax, "<EOF>") {
			return "the expression ends too early", "look for an operator without its right side or an open bracket or quote"
		}
		return "not an expression: " + syntax, "expressions are CEL: inputs.version == 'v1.4.2' && env.name != 'staging'"
	}
	return strings.TrimSpace(message), ""
}

// inWords names a type of CEL's.
func inWords(output string) string {
	switch name, _, _ := strings.Cut(output, "("); name {
	case "string":
		return "a text"
	case "int", "uint", "double":
		return "a number"
	case "bool":
		return "true or false"
	case "list":
		return "a list"
	case "map":
		return "a mapping"
	}
	return "a value of type " + output
}
