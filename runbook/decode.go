package runbook

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// decoder fills Go values from nodes. It never stops at a problem: what is wrong stays zero and the rest is looked
// at. Struct fields are known by their yaml tags; a field whose tag lacks omitempty is required. ~ is the same as
// leaving the key out.
type decoder struct {
	kinds    []Kind
	problems []Problem
	nodes    map[string]*node // by path
	lenient  bool             // values come from a resolved check: texts may stand for numbers and bools
	anyKind  bool             // kinds were judged before
	template bool             // a text with ${…} may stand for any scalar
}

// selfDecoder is a value that reads its own notation.
type selfDecoder interface {
	decodeNode(d *decoder, n *node, path string)
}

func (d *decoder) errorf(n *node, hint, format string, args ...any) {
	d.problems = append(d.problems, problemAt(n.position(), fmt.Sprintf(format, args...), hint))
}

// decode fills v, which must be settable, from n.
func (d *decoder) decode(n *node, v reflect.Value, path string) {
	if d.nodes != nil {
		d.nodes[path] = n
	}
	if n.isNull() {
		return
	}
	if v.CanAddr() {
		if s, ok := v.Addr().Interface().(selfDecoder); ok {
			s.decodeNode(d, n, path)
			return
		}
	}
	switch v.Kind() {
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		before := len(d.problems)
		d.decode(n, p.Elem(), path)
		if len(d.problems) == before || v.Type().Elem().Kind() == reflect.Struct {
			v.Set(p)
		}
	case reflect.Struct:
		d.structure(n, v, path)
	case reflect.Slice:
		d.list(n, v, path)
	case reflect.Map:
		d.goMap(n, v, path)
	case reflect.Interface:
		v.Set(reflect.ValueOf(d.raw(n)))
	default:
		d.scalar(n, v, path)
	}
}

// structure fills a struct: known keys only, each required one there and not empty.
func (d *decoder) structure(n *node, v reflect.Value, path string) {
	if n.shape != mappingNode {
		d.errorf(n, "write key: value lines, or {key: value}", "%s must be a mapping, not %s", what(path), n.describe())
		return
	}
	fields := fieldsOf(v.Type())
	for _, f := range n.fields {
		i := slices.IndexFunc(fields, func(k keyField) bool { return k.key == f.key.text })
		if i < 0 {
			d.unknownKey(f.key, path, fields)
			continue
		}
		target := v.FieldByIndex(fields[i].index)
		at := join(path, f.key.text)
		if fields[i].required && f.value.isNull() {
			d.errorf(f.value, fields[i].doc, "%s needs a value, ~ and nothing are none", what(at))
			continue
		}
		d.decode(f.value, target, at)
		if fields[i].required && f.value.shape == scalarNode && f.value.text == "" {
			d.errorf(f.value, fields[i].doc, "%s must not be empty", what(at))
		}
	}
	for _, k := range fields {
		if k.required && n.get(k.key) == nil {
			d.errorf(n, k.doc, "%s lacks %s", what(path), quote(k.key))
		}
	}
}

func (d *decoder) unknownKey(key *node, path string, fields []keyField) {
	known := make([]string, 0, len(fields))
	for _, k := range fields {
		known = append(known, k.key)
	}
	d.errorf(key, suggest(key.text, known), "unknown key %s in %s", quote(key.text), what(path))
}

// list fills a slice. Among the parameters of a check a text with commas may stand for a list of texts, so that one
// ${…} can fill it.
func (d *decoder) list(n *node, v reflect.Value, path string) {
	if n.shape == scalarNode && (d.lenient || d.template) && v.Type().Elem().Kind() == reflect.String {
		names := splitNames(n.text)
		if d.template && HasExpr(n.text) {
			names = []string{n.text} // what it will hold is not known, but that it holds something is
		}
		for _, s := range names {
			v.Set(reflect.Append(v, reflect.ValueOf(s).Convert(v.Type().Elem())))
		}
		return
	}
	if n.shape == scalarNode && d.template && HasExpr(n.text) {
		return
	}
	if n.shape != listNode {
		d.errorf(n, "write - items, or [one, two]", "%s must be a list, not %s", what(path), n.describe())
		return
	}
	out := reflect.MakeSlice(v.Type(), len(n.items), len(n.items))
	for i, item := range n.items {
		at := fmt.Sprintf("%s[%d]", path, i)
		if item.isNull() {
			d.errorf(item, "delete the item or fill it", "%s is empty", what(at))
			continue
		}
		d.decode(item, out.Index(i), at)
	}
	v.Set(out)
}

func (d *decoder) goMap(n *node, v reflect.Value, path string) {
	if n.shape != mappingNode {
		d.errorf(n, "write key: value lines, or {key: value}", "%s must be a mapping, not %s", what(path), n.describe())
		return
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, f := range n.fields {
		e := reflect.New(v.Type().Elem()).Elem()
		d.decode(f.value, e, join(path, f.key.text))
		v.SetMapIndex(reflect.ValueOf(f.key.text).Convert(v.Type().Key()), e)
	}
}

// keyField is a struct field as the file sees it.
type keyField struct {
	key      string
	required bool
	doc      string
	index    []int
}

// fieldsOf lists the keys of a struct; embedded structs marked inline give theirs.
func fieldsOf(t reflect.Type) []keyField {
	var out []keyField
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == "-" || !f.IsExported() {
			continue
		}
		if f.Anonymous && f.Type.Kind() == reflect.Struct && (name == "" || strings.Contains(options, "inline")) {
			for _, k := range fieldsOf(f.Type) {
				k.index = append(slices.Clone(f.Index), k.index...)
				out = append(out, k)
			}
			continue
		}
		if name == "" {
			name = strings.ToLower(f.Name)
		}
		out = append(out, keyField{name, !strings.Contains(options, "omitempty"), f.Tag.Get("doc"), f.Index})
	}
	return out
}

// join makes the path of a key below a path.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// what names a path in a message; the whole file has none.
func what(path string) string {
	if path == "" {
		return "the file"
	}
	return printable(path)
}

// describe says what a node is, in the words of the file.
func (n *node) describe() string {
	switch {
	case n.shape == mappingNode:
		return "a mapping"
	case n.shape == listNode:
		return "a list"
	case n.isNull():
		return "nothing"
	}
	switch n.tag {
	case "!!int", "!!float":
		return "the number " + printable(n.text)
	case "!!bool":
		return "the truth value " + printable(n.text)
	}
	return "the text " + quote(n.text)
}
