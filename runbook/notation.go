package runbook

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file holds the notation of the values that read themselves: Duration, Percent, Quantity, Names, Map, Check.

const maxDuration = 366 * 24 * time.Hour

func (v *Duration) decodeNode(d *decoder, n *node, path string) {
	s, ok := d.text(n, path, "a length of time such as 90s or 5m")
	if !ok {
		return
	}
	if HasExpr(s) && (!d.lenient || d.template) {
		v.Expr = s
		return
	}
	long, err := parseDuration(s)
	if err != nil {
		d.errorf(n, "write a number and a unit, such as 90s, 5m, 1h30m or 14d", "%s: %v", what(path), err)
		return
	}
	v.D = long
}

// parseDuration reads a length of time; a negative or absurdly long one is an error.
func parseDuration(s string) (time.Duration, error) {
	long, err := parseDays(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%s is not a length of time", quote(s))
	case long < 0:
		return 0, fmt.Errorf("%s is below zero", quote(s))
	case long > maxDuration:
		return 0, fmt.Errorf("%s is longer than a year", quote(s))
	}
	return long, nil
}

// parseDays is time.ParseDuration with whole days before the rest: 30d, 1d12h. A day has 24 hours.
func parseDays(s string) (time.Duration, error) {
	days, rest, ok := strings.Cut(s, "d")
	n, err := strconv.ParseUint(days, 10, 16)
	if !ok || err != nil {
		return time.ParseDuration(s)
	}
	long := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return long, nil
	}
	more, err := time.ParseDuration(rest)
	if more < 0 {
		return 0, errors.New("the rest of it is below zero")
	}
	return long + more, err
}

// String is the duration as a file would write it.
func (v Duration) String() string {
	if v.Expr != "" {
		return v.Expr
	}
	s := v.D.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

func (v *Percent) decodeNode(d *decoder, n *node, path string) {
	s, ok := d.text(n, path, "a share such as 25%")
	if !ok || d.template && HasExpr(s) {
		return
	}
	number, found := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err != nil:
		d.errorf(n, "write it as 25%", "%s must be a share such as 25%%, not %s", what(path), n.describe())
	case !found:
		d.errorf(n, "did you mean "+s+"%?", "%s needs its unit", what(path))
	case !(f >= 0 && f <= 100):
		d.errorf(n, "", "%s must be from 0%% to 100%%, not %s", what(path), printable(s))
	default:
		*v = Percent(f)
	}
}

// String is the share as a file would write it.
func (v Percent) String() string { return formatFloat(float64(v)) + "%" }

func (v *Quantity) decodeNode(d *decoder, n *node, path string) {
	s, ok := d.text(n, path, "a number with its unit")
	if !ok || d.template && HasExpr(s) {
		return
	}
	value, _, err := parseAmount(s)
	if err != nil {
		d.errorf(n, amountHint(s), "%s: %v", what(path), err)
		return
	}
	*v = Quantity{Text: s, Value: value}
}

func (v *Names) decodeNode(d *decoder, n *node, path string) {
	if n.shape == scalarNode {
		switch {
		case HasExpr(n.text) && (d.template || !d.lenient):
			v.List = []string{n.text}
			if d.nodes != nil { // it stands for the list's only item
				delete(d.nodes, path)
				d.nodes[path+"[0]"] = n
			}
		case n.text == "all":
			v.All = true
		default:
			v.List = splitNames(n.text)
		}
		return
	}
	d.list(n, reflect.ValueOf(&v.List).Elem(), path)
}

// splitNames splits names at commas; no name is empty.
func splitNames(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

func (m *Map[T]) decodeNode(d *decoder, n *node, path string) {
	if n.shape != mappingNode {
		d.errorf(n, "write name: value lines", "%s must be a mapping, not %s", what(path), n.describe())
		return
	}
	for _, f := range n.fields {
		var v T
		at := join(path, f.key.text)
		if f.value.isNull() {
			d.errorf(f.value, "fill it or delete the name", "%s is empty", what(at))
			continue
		}
		e := reflect.ValueOf(&v).Elem()
		d.decode(f.value, e, at)
		if e.Kind() == reflect.Struct {
			if name, ok := e.Type().FieldByName("Name"); ok && name.Tag.Get("yaml") == "-" {
				e.FieldByIndex(name.Index).SetString(f.key.text)
			}
		}
		m.Set(f.key.text, v)
	}
}

// checkFields are the keys that every check may have.
var checkFields = []string{"interval", "timeout", "ttl", "failureThreshold", "successThreshold", "expect"}

func (c *Check) decodeNode(d *decoder, n *node, path string) {
	if n.shape != mappingNode {
		d.errorf(n, "write it as kind: {parameter: value}; `sop kinds` lists the kinds", "%s must be a check, not %s", what(path), n.describe())
		return
	}
	common := &node{shape: mappingNode, src: n.src, line: n.line, column: n.column}
	var kind *field
	for i, f := range n.fields {
		switch {
		case slices.Contains(checkFields, f.key.text):
			common.fields = append(common.fields, f)
		case kind != nil:
			d.errorf(f.key, "begin a new item of the list", "%s has two kinds, %s and %s", what(path), quote(kind.key.text), quote(f.key.text))
		default:
			kind = &n.fields[i]
		}
	}
	if kind == nil {
		d.errorf(n, suggest("", kindNames(d.kinds)), "%s names no check kind", what(path))
		return
	}
	c.Kind = kind.key.text
	c.decodeParams(d, kind, common, join(path, c.Kind))
	c.decodeCommon(d, common, path)
}

// decodeParams keeps the parameters as they are and lets the kind's own struct say what is wrong with them. Common
// fields among them move to common.
func (c *Check) decodeParams(d *decoder, kind *field, common *node, path string) {
	params := kind.value
	if d.nodes != nil {
		d.nodes[path] = params
	}
	if params.isNull() {
		params = &node{shape: mappingNode, src: params.src, line: params.line, column: params.column}
	}
	if params.shape != mappingNode {
		d.errorf(params, "write {parameter: value}; `sop kinds "+printable(c.Kind)+"` shows an example", "%s must be a mapping, not %s", what(path), params.describe())
		return
	}
	own := &node{shape: mappingNode, src: params.src, line: params.line, column: params.column}
	for _, f := range params.fields {
		switch {
		case !slices.Contains(checkFields, f.key.text):
			own.fields = append(own.fields, f)
		case common.get(f.key.text) != nil:
			d.errorf(f.key, "keep one", "%s stands among the parameters and beside the kind", quote(f.key.text))
		default:
			common.fields = append(common.fields, f)
		}
	}
	if len(own.fields) > 0 {
		c.Params = d.raw(own).(map[string]any)
	}
	d.checkKind(c, kind.key, own, path)
}

// checkKind decodes the parameters once for what is wrong with them.
func (d *decoder) checkKind(c *Check, key, params *node, path string) {
	i := slices.IndexFunc(d.kinds, func(k Kind) bool { return k.Name == c.Kind })
	if i < 0 {
		if !d.anyKind {
			d.unknownKind(key)
		}
		return
	}
	if d.kinds[i].Params == nil {
		if len(params.fields) > 0 {
			d.errorf(params.fields[0].key, "leave it out", "check %s takes no parameters", c.Kind)
		}
		return
	}
	template := d.template
	d.template = !d.lenient
	d.decode(params, reflect.ValueOf(newParams(d.kinds[i])).Elem(), path)
	d.template = template
}

func (d *decoder) unknownKind(key *node) {
	if slices.Contains(laterKinds, key.text) {
		d.errorf(key, laterHint("check"), "check kind %s is not in this version of sop", key.text)
		return
	}
	d.errorf(key, suggest(key.text, kindNames(d.kinds)), "unknown check kind %s", quote(key.text))
}

// commonFields are the common keys as a struct, so that they decode like any other.
type commonFields struct {
	Interval         Duration `yaml:"interval,omitempty"`
	Timeout          Duration `yaml:"timeout,omitempty"`
	TTL              Duration `yaml:"ttl,omitempty"`
	FailureThreshold int      `yaml:"failureThreshold,omitempty"`
	SuccessThreshold int      `yaml:"successThreshold,omitempty"`
	Expect           string   `yaml:"expect,omitempty"`
}

func (c *Check) decodeCommon(d *decoder, common *node, path string) {
	var f commonFields
	d.structure(common, reflect.ValueOf(&f).Elem(), path)
	c.Interval, c.Timeout, c.TTL = f.Interval, f.Timeout, f.TTL
	c.FailureThreshold, c.SuccessThreshold, c.Expect = f.FailureThreshold, f.SuccessThreshold, f.Expect
}

func kindNames(kinds []Kind) []string {
	names := map[string]bool{}
	for _, k := range kinds {
		names[k.Name] = true
	}
	return slices.Sorted(maps.Keys(names))
}
