package runbook

import (
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/jsonschema-go/jsonschema"
)

// Schema is the JSON Schema of the file format, for editors that complete and check YAML while it is written. It is
// made from the same types that Load fills, with the kinds that the program has; what needs more than the shape of a
// file (names that must exist, CEL, triggers) only lint finds. It accepts everything that Load accepts.
func Schema(kinds []Kind) *jsonschema.Schema {
	m := &schemaMaker{kinds: kinds, defs: map[string]*jsonschema.Schema{}}
	rb, site := m.of(reflect.TypeFor[Runbook](), ""), m.site()
	return &jsonschema.Schema{
		Schema: "https://json-schema.org/draft/2020-12/schema", Title: "sop/v1",
		Description: "A runbook of sop, or a site file that is laid over one.",
		Type:        "object", Defs: m.defs, AnyOf: []*jsonschema.Schema{rb, site},
	}
}

// holdsExpr is the pattern of a text that Resolve fills in.
const holdsExpr = `\$\{`

// schemaMaker turns types into schemas; structs become definitions that are referred to.
type schemaMaker struct {
	kinds []Kind
	defs  map[string]*jsonschema.Schema
}

// site is a site file: the keys that it may lay over a runbook, none of them needed whole.
func (m *schemaMaker) site() *jsonschema.Schema {
	s := &jsonschema.Schema{
		Title: "Site", Type: "object", Required: []string{"apiVersion", "kind"}, AdditionalProperties: never(),
		Properties: map[string]*jsonschema.Schema{"apiVersion": fixed("sop/v1"), "kind": fixed("Site")},
	}
	for _, key := range siteKeys {
		s.Properties[key] = &jsonschema.Schema{Type: "object", Description: "laid over the runbook's " + key + " by name", AdditionalProperties: &jsonschema.Schema{Type: "object"}}
	}
	return s
}

// of is the schema of a value of type t. doc explains the field it stands in.
func (m *schemaMaker) of(t reflect.Type, doc string) *jsonschema.Schema {
	s := m.shape(t)
	if doc != "" {
		s.Description = doc
	}
	return s
}

func (m *schemaMaker) shape(t reflect.Type) *jsonschema.Schema {
	switch t {
	case reflect.TypeFor[Duration](), reflect.TypeFor[time.Duration]():
		return text(`^\s*([0-9]*\.?[0-9]+(ns|us|µs|ms|s|m|h|d))+\s*$|^0$|`+holdsExpr, "90s", "5m", "1h30m")
	case reflect.TypeFor[Percent]():
		return text(`%\s*$`, "25%")
	case reflect.TypeFor[Quantity]():
		return text(`[0-9]\s*(pp|%|us|µs|ms|/s|s|KiB|MiB|GiB|kB|MB|GB|B|count)\s*$`, "10ms", "5pp")
	case reflect.TypeFor[Names]():
		return &jsonschema.Schema{Types: []string{"string", "array"}, Items: scalar(), Examples: []any{"all"}}
	case reflect.TypeFor[Check]():
		return m.check()
	}
	if element, ok := mapElement(t); ok {
		return &jsonschema.Schema{Type: "object", AdditionalProperties: m.shape(element)}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return m.shape(t.Elem())
	case reflect.Struct:
		return m.reference(t)
	case reflect.Slice:
		return &jsonschema.Schema{Type: "array", Items: m.shape(t.Elem())}
	case reflect.Map:
		return &jsonschema.Schema{Type: "object", AdditionalProperties: m.shape(t.Elem())}
	case reflect.Interface:
		return &jsonschema.Schema{}
	case reflect.String:
		return scalar()
	case reflect.Bool:
		return &jsonschema.Schema{Type: "boolean"}
	case reflect.Float32, reflect.Float64:
		return &jsonschema.Schema{Type: "number"}
	}
	return &jsonschema.Schema{Type: "integer"}
}

// mapElement is what a Map holds.
func mapElement(t reflect.Type) (reflect.Type, bool) {
	if t.Kind() != reflect.Struct || !strings.HasPrefix(t.Name(), "Map[") {
		return nil, false
	}
	f, ok := t.FieldByName("values")
	return f.Type.Elem(), ok
}

// reference refers to the definition of a struct, which is made when it is asked for the first time.
func (m *schemaMaker) reference(t reflect.Type) *jsonschema.Schema {
	if _, ok := m.defs[t.Name()]; !ok {
		m.defs[t.Name()] = nil // a step of a rollback holds steps again
		s := m.structure(t, false)
		s.Description = typeDoc(t.Name())
		if t == reflect.TypeFor[Runbook]() {
			s.Properties["apiVersion"], s.Properties["kind"] = fixed("sop/v1"), fixed("Runbook")
		}
		m.defs[t.Name()] = s
	}
	return &jsonschema.Schema{Ref: "#/$defs/" + t.Name()}
}

// structure is a mapping with a struct's keys and no others. Among the parameters of a check a text with ${…} may
// stand for anything that is no mapping.
func (m *schemaMaker) structure(t reflect.Type, params bool) *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: never()}
	for _, f := range fieldsOf(t) {
		doc := f.doc
		if doc == "" {
			doc = fieldDoc(documented(t), t.FieldByIndex(f.index).Name)
		}
		field := m.of(t.FieldByIndex(f.index).Type, doc)
		if params {
			field = orExpr(field)
		}
		s.Properties[f.key] = field
		if f.required {
			s.Required = append(s.Required, f.key)
		}
		s.PropertyOrder = append(s.PropertyOrder, f.key)
	}
	return s
}

// documented is the type whose comments speak for the fields of t.
func documented(t reflect.Type) string {
	if t == reflect.TypeFor[commonFields]() {
		return "Check"
	}
	return t.Name()
}

// check is one item of a verify list: one kind, and the common fields beside or among its parameters.
func (m *schemaMaker) check() *jsonschema.Schema {
	if _, ok := m.defs["Check"]; ok {
		return &jsonschema.Schema{Ref: "#/$defs/Check"}
	}
	s := m.structure(reflect.TypeFor[commonFields](), false)
	m.defs["Check"] = s
	s.Description = typeDoc("Check")
	for _, k := range m.kinds {
		params := m.params(k)
		params.Description = strings.TrimSpace(k.Doc)
		s.Properties[k.Name] = params
		s.PropertyOrder = append(s.PropertyOrder, k.Name)
		s.OneOf = append(s.OneOf, &jsonschema.Schema{Required: []string{k.Name}})
	}
	return &jsonschema.Schema{Ref: "#/$defs/Check"}
}

func (m *schemaMaker) params(k Kind) *jsonschema.Schema {
	s := &jsonschema.Schema{Types: []string{"object", "null"}, Properties: map[string]*jsonschema.Schema{}, AdditionalProperties: never()}
	if k.Params != nil {
		s = m.structure(reflect.TypeOf(newParams(k)).Elem(), true)
		if len(s.Required) == 0 {
			s.Type, s.Types = "", []string{"object", "null"}
		}
	}
	for _, f := range fieldsOf(reflect.TypeFor[commonFields]()) {
		if s.Properties[f.key] == nil {
			t := reflect.TypeFor[commonFields]().FieldByIndex(f.index)
			s.Properties[f.key] = m.of(t.Type, fieldDoc("Check", t.Name))
		}
	}
	return s
}

// orExpr also accepts what the decoder does among parameters: a text with ${…} for a number or truth value, one text
// with commas for a list of texts.
func orExpr(s *jsonschema.Schema) *jsonschema.Schema {
	switch {
	case s.Type == "array" && s.Items != nil && slices.Contains(s.Items.Types, "string"):
		return &jsonschema.Schema{Types: []string{"array", "string"}, Items: s.Items, Description: s.Description}
	case s.Type == "boolean" || s.Type == "integer" || s.Type == "number":
		return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: s.Type}, {Type: "string", Pattern: holdsExpr}}, Description: s.Description}
	}
	return s
}

func text(pattern string, examples ...any) *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: pattern, Examples: examples}
}

// scalar is a text; YAML may take an unquoted one, such as 200 or true, for a number or truth value.
func scalar() *jsonschema.Schema {
	return &jsonschema.Schema{Types: []string{"string", "number", "boolean"}}
}

func fixed(value any) *jsonschema.Schema { return &jsonschema.Schema{Const: &value} }

// never accepts nothing.
func never() *jsonschema.Schema { return &jsonschema.Schema{Not: &jsonschema.Schema{}} }
