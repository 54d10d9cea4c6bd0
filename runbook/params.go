package runbook

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// DecodeParams fills into, a pointer to the kind's parameter struct, from the parameters of a resolved check. It is
// as strict as Load: an unknown key, a wrong type or a missing field is an error that names the key. What the values
// of inputs put into a text is read as the field's type wants it: "8080" fits a number, "api, web" a list of names.
func DecodeParams(c Check, into any) error {
	v := reflect.ValueOf(into)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		return fmt.Errorf("decode the parameters of check %s: want a pointer to fill, not %T", c.Kind, into)
	}
	d := &decoder{lenient: true}
	d.decode(rawNode(c.Params), v.Elem(), c.Kind)
	if len(d.problems) == 0 {
		return nil
	}
	texts := make([]string, len(d.problems))
	for i, p := range d.problems {
		texts[i] = p.Message
		if p.Hint != "" {
			texts[i] += " (" + p.Hint + ")"
		}
	}
	return fmt.Errorf("check %s: %w", c.Kind, errors.New(strings.Join(texts, "; ")))
}

// rawNode makes a node of what raw made of one, or of what Go code wrote by hand.
func rawNode(v any) *node {
	switch v := v.(type) {
	case nil:
		return &node{tag: "!!null"}
	case map[string]any:
		n := &node{shape: mappingNode}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			n.fields = append(n.fields, field{key: &node{tag: "!!str", text: k}, value: rawNode(v[k])})
		}
		return n
	case string:
		return &node{tag: "!!str", text: v}
	case bool:
		return &node{tag: "!!bool", text: fmt.Sprint(v)}
	case float64:
		return &node{tag: "!!float", text: formatFloat(v)}
	}
	if l := reflect.ValueOf(v); l.Kind() == reflect.Slice {
		n := &node{shape: listNode}
		for i := range l.Len() {
			n.items = append(n.items, rawNode(l.Index(i).Interface()))
		}
		return n
	}
	return &node{tag: "!!int", text: fmt.Sprint(v)}
}
