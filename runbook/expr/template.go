package expr

import (
	"fmt"
	"strconv"
	"strings"
)

// Template is a compiled text with any number of ${…}. $${ stands for a literal ${.
type Template struct {
	parts      []part
	references []Reference
}

// part is literal text, or an expression.
type part struct {
	literal string
	program *program
}

// ParseTemplate compiles every ${…} of a text. The error is of type Errors, with the offset of each within text.
func ParseTemplate(text string, scope Scope) (*Template, error) {
	t := &Template{}
	var wrong Errors
	rest, done, expressions := text, 0, 0
	for {
		before, after, found := strings.Cut(rest, "${")
		if !found {
			t.parts = append(t.parts, part{literal: rest})
			break
		}
		if strings.HasSuffix(before, "$") {
			t.parts = append(t.parts, part{literal: before + "{"})
			rest, done = after, done+runes(before)+2
			continue
		}
		t.parts = append(t.parts, part{literal: before})
		start := done + runes(before) + 2
		end := closing(after)
		if end < 0 {
			wrong = append(wrong, &Error{Offset: start - 2, Message: "${ without its }", Hint: "close it, or write $${ for a literal ${"})
			break
		}
		if expressions++; expressions > maxTemplates {
			wrong = append(wrong, &Error{Offset: start - 2, Message: fmt.Sprintf("more than %d expressions in one text", maxTemplates), Hint: "split the text"})
			break
		}
		wrong = append(wrong, t.add(after[:end], scope, start)...)
		rest, done = after[end+1:], start+runes(after[:end])+1
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return t, nil
}

// add compiles one expression that begins at character start of the text.
func (t *Template) add(source string, scope Scope, start int) Errors {
	p, err := compile(source, scope)
	if err == nil && !p.gives("string", "int", "uint", "double", "bool") {
		err = Errors{{Message: "${…} must give a text, a number or a truth value, this gives " + inWords(p.output)}}
	}
	if err != nil {
		var moved Errors
		for _, e := range err {
			moved = append(moved, &Error{Offset: start + e.Offset, Message: e.Message, Hint: e.Hint})
		}
		return moved
	}
	for _, r := range p.references {
		r.Offset += start
		t.references = append(t.references, r)
	}
	t.parts = append(t.parts, part{program: p})
	return nil
}

// Expand fills in every expression.
func (t *Template) Expand(v Vars) (string, error) {
	var b strings.Builder
	for _, p := range t.parts {
		if p.program == nil {
			b.WriteString(p.literal)
			continue
		}
		out, err := p.program.eval(v)
		if err != nil {
			return "", err
		}
		s, err := textOf(out)
		if err != nil {
			return "", fmt.Errorf("expand ${%s}: %w", p.program.text, err)
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// References lists the names that the text uses.
func (t *Template) References() []Reference { return t.references }

func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case bool, int64, uint64:
		return fmt.Sprint(v), nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	}
	return "", fmt.Errorf("it gives %v, not a text, a number or a truth value", v)
}

// closing finds the } that ends an expression; braces in quotes and pairs of braces belong to it.
func closing(s string) int {
	depth := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\'', '"':
			if i = skipQuoted(s, i); i < 0 {
				return -1
			}
		case '{':
			depth++
		case '}':
			if depth == 0 {
				return i
			}
			depth--
		}
	}
	return -1
}

// skipQuoted returns where the quoted text that begins at i ends; -1 when it does not.
func skipQuoted(s string, i int) int {
	quote := s[i]
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case quote:
			return i
		}
	}
	return -1
}

func runes(s string) int { return len([]rune(s)) }
