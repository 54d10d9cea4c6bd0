package runbook

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// HasExpr tells whether a text holds an expression, ${…}, that Resolve fills in.
func HasExpr(s string) bool { return strings.Contains(strings.ReplaceAll(s, "$${", ""), "${") }

// text returns a scalar's text; ok is false, and the problem noted, when the node is none.
func (d *decoder) text(n *node, path, want string) (string, bool) {
	if n.shape != scalarNode {
		d.errorf(n, "", "%s must be %s, not %s", what(path), want, n.describe())
		return "", false
	}
	return n.text, true
}

func (d *decoder) scalar(n *node, v reflect.Value, path string) {
	want := map[reflect.Kind]string{reflect.String: "a text", reflect.Bool: "true or false"}[v.Kind()]
	if want == "" {
		want = "a number"
	}
	s, ok := d.text(n, path, want)
	if !ok {
		return
	}
	if v.Kind() == reflect.String {
		v.SetString(s)
		return
	}
	if d.template && HasExpr(s) {
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		var long Duration
		long.decodeNode(d, n, path)
		v.SetInt(int64(long.D))
		return
	}
	if !d.lenient && !n.plain() {
		d.errorf(n, "leave the quotes out", "%s must be %s, not %s", what(path), want, n.describe())
		return
	}
	if !setScalar(v, s) {
		d.errorf(n, "", "%s must be %s, not %s", what(path), wantOf(v), n.describe())
	}
}

// setScalar parses s into a bool or number; it reports whether it fits.
func setScalar(v reflect.Value, s string) bool {
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(s == "true")
		return s == "true" || s == "false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		i, err := strconv.ParseInt(s, 10, v.Type().Bits())
		v.SetInt(i)
		return err == nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		u, err := strconv.ParseUint(s, 10, v.Type().Bits())
		v.SetUint(u)
		return err == nil
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) || strings.ContainsAny(s, "xXpP_") {
			return false
		}
		v.SetFloat(f)
		return true
	}
	return false
}

// wantOf says what a scalar must be.
func wantOf(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 on"
	}
	return "a whole number"
}

// raw is a value whose type only a check kind knows. A number or truth value keeps its type only where that loses
// nothing of what was written: 1.10 stays a text.
func (d *decoder) raw(n *node) any {
	switch {
	case n.isNull():
		return nil
	case n.shape == mappingNode:
		m := make(map[string]any, len(n.fields))
		for _, f := range n.fields {
			m[f.key.text] = d.raw(f.value)
		}
		return m
	case n.shape == listNode:
		l := make([]any, len(n.items))
		for i, item := range n.items {
			l[i] = d.raw(item)
		}
		return l
	}
	if n.plain() {
		switch n.tag {
		case "!!bool":
			return n.text == "true"
		case "!!int":
			if i, err := strconv.Atoi(n.text); err == nil && strconv.Itoa(i) == n.text {
				return i
			}
		case "!!float":
			if f, err := strconv.ParseFloat(n.text, 64); err == nil && formatFloat(f) == n.text {
				return f
			}
		}
	}
	return n.text
}

func formatFloat(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
