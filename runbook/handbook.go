package runbook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Handbook is the file format and the check kinds as a page of Markdown, made from the types that Load fills and from
// what the kinds say of themselves.
func Handbook(kinds []Kind) string {
	r := &handbook{}
	r.line("# Reference: the runbook file and the check kinds\n")
	r.line("Made from the program itself (`sop schema -o markdown`); `sop schema` prints the same as JSON Schema for editors,")
	r.line("and `sop kinds NAME` one kind. How to write a runbook stands in [WRITING.md](WRITING.md).\n")
	r.line("A field in **bold** must be there. A text may hold `${…}`, a CEL expression over `inputs`, `env`, `component` and `run`.\n")
	r.line("## The file\n")
	r.structure(reflect.TypeFor[Runbook]())
	r.line("## Check kinds\n")
	for _, k := range kinds {
		fmt.Fprintf(&r.out, "- [`%s`](#%s): %s\n", k.Name, k.Name, firstSentence(k.Doc))
	}
	r.line("")
	for _, k := range kinds {
		r.kind(k)
	}
	return r.out.String()
}

type handbook struct {
	out  strings.Builder
	seen []reflect.Type
}

func (r *handbook) line(text string) { r.out.WriteString(text + "\n") }

// structure writes a type's fields, then the types that they hold and that were not written yet.
func (r *handbook) structure(t reflect.Type) {
	if slices.Contains(r.seen, t) {
		return
	}
	r.seen = append(r.seen, t)
	fmt.Fprintf(&r.out, "### %s\n\n%s\n\n| field | holds | meaning |\n|---|---|---|\n", t.Name(), cell(typeDoc(t.Name())))
	fields := t
	if t == reflect.TypeFor[Check]() {
		fields = reflect.TypeFor[commonFields]()
		r.row("KIND", true, "mapping", "the kind's name with its parameters, see below")
	}
	var inner []reflect.Type
	for _, f := range fieldsOf(fields) {
		field := fields.FieldByIndex(f.index)
		r.row(f.key, f.required, holds(field.Type), fieldDoc(t.Name(), field.Name))
		if s, ok := structIn(field.Type); ok {
			inner = append(inner, s)
		}
	}
	r.line("")
	for _, s := range inner {
		r.structure(s)
	}
}

func (r *handbook) row(key string, required bool, holds, doc string) {
	name := "`" + key + "`"
	if required {
		name = "**" + name + "**"
	}
	fmt.Fprintf(&r.out, "| %s | %s | %s |\n", name, holds, cell(doc))
}

func (r *handbook) kind(k Kind) {
	fmt.Fprintf(&r.out, "### %s\n\n```text\n%s\n```\n\n", k.Name, strings.TrimSpace(k.Doc))
	if params := k.Parameters(); len(params) > 0 {
		r.line("| parameter | holds | meaning |\n|---|---|---|")
		for _, p := range params {
			r.row(p.Name, p.Required, p.Holds, p.Doc)
		}
		r.line("")
	}
	fmt.Fprintf(&r.out, "Looks every %s, gives up after %s.\n\n```yaml\n- %s\n```\n\n", k.Interval, k.Timeout,
		strings.ReplaceAll(strings.TrimSpace(k.Example), "\n", "\n  "))
}

// Parameter is one parameter of a check kind. Name is its key, with those above it: reports.*.path is the key path of
// every entry of reports. Holds says what is written there.
type Parameter struct {
	Name     string
	Required bool
	Holds    string
	Doc      string
}

// Parameters are the kind's parameters in the order of its struct, each followed by those within it.
func (k Kind) Parameters() []Parameter {
	if k.Params == nil {
		return nil
	}
	return parameters(reflect.TypeOf(newParams(k)).Elem(), "")
}

func parameters(t reflect.Type, under string) []Parameter {
	var list []Parameter
	for _, f := range fieldsOf(t) {
		field := t.FieldByIndex(f.index)
		list = append(list, Parameter{Name: under + f.key, Required: f.required, Holds: holds(field.Type), Doc: f.doc})
		if s, ok := structIn(field.Type); ok {
			within := under + f.key + "."
			if many := field.Type.Kind(); many == reflect.Map || many == reflect.Slice || isMap(field.Type) {
				within += "*."
			}
			list = append(list, parameters(s, within)...)
		}
	}
	return list
}

func isMap(t reflect.Type) bool { _, ok := mapElement(t); return ok }

// structIn is the struct that a field holds, itself or as its elements; ok is false for what has a notation.
func structIn(t reflect.Type) (reflect.Type, bool) {
	if element, ok := mapElement(t); ok {
		return structIn(element)
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		return structIn(t.Elem())
	case reflect.Struct:
		return t, holds(t) == "mapping"
	}
	return nil, false
}

// holds says what a field is written as.
func holds(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Duration](), reflect.TypeFor[time.Duration]():
		return "time, such as `90s`"
	case reflect.TypeFor[Percent]():
		return "share, such as `25%`"
	case reflect.TypeFor[Quantity]():
		return "amount, such as `10ms`"
	case reflect.TypeFor[Names]():
		return "`all` or names"
	}
	if element, ok := mapElement(t); ok {
		return "mapping of names to " + holds(element)
	}
	switch t.Kind() {
	case reflect.Pointer:
		return holds(t.Elem())
	case reflect.Slice:
		return "list of " + holds(t.Elem())
	case reflect.Map:
		return "mapping of names to " + holds(t.Elem())
	case reflect.Struct:
		return "mapping"
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Interface:
		return "anything"
	}
	return "number"
}

// cell is a text that fits into a cell of a table.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

// firstSentence is a doc's first sentence in one line.
func firstSentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.Index(s, ". "); i >= 0 {
		return s[:i+1]
	}
	return s
}
