package runbook

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Marshal writes a runbook in its canonical form: keys in the order of the types, no comments, no site files. It
// loads again to the same runbook, and the same runbook gives the same bytes.
func Marshal(rb *Runbook) ([]byte, error) {
	n, err := encode(reflect.ValueOf(rb).Elem())
	if err != nil {
		return nil, fmt.Errorf("write runbook %s as YAML: %w", rb.Metadata.Name, err)
	}
	var out bytes.Buffer
	d, err := yaml.NewDumper(&out, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err == nil {
		err = d.Dump(n)
	}
	if err == nil {
		err = d.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("write runbook %s as YAML: %w", rb.Metadata.Name, err)
	}
	return out.Bytes(), nil
}

// selfEncoder is a value that writes its own notation.
type selfEncoder interface {
	encodeNode() (*yaml.Node, error)
}

func encode(v reflect.Value) (*yaml.Node, error) {
	if s, ok := v.Interface().(selfEncoder); ok {
		return s.encodeNode()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return plainNode("!!null", "null"), nil
		}
		return encode(v.Elem())
	case reflect.Struct:
		return encodeStruct(v)
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i := range v.Len() {
			item, err := encode(v.Index(i))
			if err != nil {
				return nil, err
			}
			list.Content = append(list.Content, item)
		}
		return list, nil
	case reflect.Map:
		return encodeGoMap(v)
	case reflect.String:
		return textNode(v.String()), nil
	case reflect.Bool:
		return plainNode("!!bool", fmt.Sprint(v.Bool())), nil
	case reflect.Int, reflect.Int64:
		return plainNode("!!int", fmt.Sprint(v.Int())), nil
	case reflect.Float64:
		return plainNode("!!float", formatFloat(v.Float())), nil
	}
	return nil, fmt.Errorf("no notation for %s", v.Kind())
}

func encodeStruct(v reflect.Value) (*yaml.Node, error) {
	m := mapping()
	for _, k := range fieldsOf(v.Type()) {
		f := v.FieldByIndex(k.index)
		if !k.required && isEmpty(f) {
			continue
		}
		e, err := encode(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k.key, err)
		}
		m.Content = append(m.Content, textNode(k.key), e)
	}
	return m, nil
}

// isEmpty tells whether an optional value may be left out.
func isEmpty(v reflect.Value) bool {
	if l, ok := v.Interface().(interface{ Len() int }); ok {
		return l.Len() == 0
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		if _, ok := v.Interface().(selfEncoder); !ok {
			for _, k := range fieldsOf(v.Type()) {
				if !isEmpty(v.FieldByIndex(k.index)) {
					return false
				}
			}
			return true
		}
		if n, ok := v.Interface().(Names); ok {
			return !n.All && len(n.List) == 0
		}
	}
	return v.IsZero()
}

func encodeGoMap(v reflect.Value) (*yaml.Node, error) {
	m := mapping()
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	for _, k := range keys {
		e, err := encode(v.MapIndex(k))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		m.Content = append(m.Content, textNode(k.String()), e)
	}
	return m, nil
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }

func plainNode(tag, text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: text}
}

// textNode quotes whatever YAML could take for something other than the text that it is.
func textNode(s string) *yaml.Node {
	n := plainNode("!!str", s)
	safe := s != ""
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if i == 0 && !letter || !letter && !(r >= '0' && r <= '9') && !strings.ContainsRune("-_./ ", r) {
			safe = false
			break
		}
	}
	if !safe || strings.HasSuffix(s, " ") || n.ShortTag() != "!!str" || (&yaml.Node{Kind: yaml.ScalarNode, Value: s}).ShortTag() != "!!str" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func (v Duration) encodeNode() (*yaml.Node, error) { return textNode(v.String()), nil }

func (v Percent) encodeNode() (*yaml.Node, error) { return textNode(v.String()), nil }

func (v Quantity) encodeNode() (*yaml.Node, error) { return textNode(v.Text), nil }

func (v Names) encodeNode() (*yaml.Node, error) {
	if v.All {
		return textNode("all"), nil
	}
	return encode(reflect.ValueOf(v.List))
}

func (m Map[T]) encodeNode() (*yaml.Node, error) {
	out := mapping()
	for k, v := range m.All() {
		e, err := encode(reflect.ValueOf(v))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		out.Content = append(out.Content, textNode(k), e)
	}
	return out, nil
}

func (c Check) encodeNode() (*yaml.Node, error) {
	params, err := encode(reflect.ValueOf(c.Params))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", c.Kind, err)
	}
	common, err := encodeStruct(reflect.ValueOf(commonFields{c.Interval, c.Timeout, c.TTL, c.FailureThreshold, c.SuccessThreshold, c.Expect}))
	if err != nil {
		return nil, fmt.Errorf("check %s: %w", c.Kind, err)
	}
	out := mapping()
	out.Content = append(append(out.Content, textNode(c.Kind), params), common.Content...)
	return out, nil
}
