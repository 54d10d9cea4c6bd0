package act

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// A document of flags is changed where it must be and nowhere else: keys keep their order, and what this program does
// not know stays as somebody wrote it.

// span is a part of a document.
type span struct{ start, end int }

// member is one entry of a JSON object.
type member struct {
	key        string
	from       int // where its key begins
	start, end int // its value
}

// edit is one change of a document.
type edit struct {
	span
	text string
}

// setShare sets flags of a document in flagd's format to a share in percent. all means every flag. It returns the
// document as it was when nothing is to be changed.
func setShare(doc []byte, names []string, all bool, share int) ([]byte, error) {
	if !json.Valid(doc) {
		return nil, errors.New("the document of flags is no JSON")
	}
	flags, err := flagSpans(doc)
	if err != nil {
		return nil, err
	}
	if all {
		names = slices.Sorted(maps.Keys(flags))
	}
	if len(names) == 0 {
		return nil, errors.New("no flag is named")
	}
	var edits []edit
	for _, name := range names {
		at, ok := flags[name]
		if !ok {
			return nil, fmt.Errorf("there is no flag %.80q", name)
		}
		changes, err := setFlag(doc, at, share)
		if err != nil {
			return nil, fmt.Errorf("flag %.80q: %w", name, err)
		}
		edits = append(edits, changes...)
	}
	return changed(doc, edits), nil
}

// flagSpans are the flags of a document by name: a map of flags, or a list of flags with keys.
func flagSpans(doc []byte) (map[string]span, error) {
	top, err := members(doc, 0)
	if err != nil {
		return nil, errors.New(`the document of flags is not flagd's: it has no "flags"`)
	}
	i := slices.IndexFunc(top, func(m member) bool { return m.key == "flags" })
	if i < 0 {
		return nil, errors.New(`the document of flags is not flagd's: it has no "flags"`)
	}
	found := map[string]span{}
	if doc[top[i].start] == '[' {
		items, err := elements(doc, top[i].start)
		if err != nil {
			return nil, err
		}
		for _, at := range items {
			var f struct {
				Key string `json:"key"`
			}
			if err := json.Unmarshal(doc[at.start:at.end], &f); err != nil || f.Key == "" {
				return nil, errors.New("a flag of the list has no key")
			}
			if _, twice := found[f.Key]; twice {
				return nil, fmt.Errorf("the flag key %.80q stands twice", f.Key)
			}
			found[f.Key] = at
		}
		return found, nil
	}
	flags, err := members(doc, top[i].start)
	if err != nil {
		return nil, fmt.Errorf(`"flags" is no map of flags and no list: %w`, err)
	}
	for _, f := range flags {
		found[f.key] = span{f.start, f.end}
	}
	return found, nil
}

// members are the entries of the object that begins at an offset. A key that stands twice is refused: readers differ
// in which of the two they take.
func members(doc []byte, at int) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(doc[at:]))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("this is no object")
	}
	var list []member
	for dec.More() {
		before := at + int(dec.InputOffset())
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		end := at + int(dec.InputOffset())
		m := member{key: key.(string), from: before + bytes.IndexByte(doc[before:], '"'), start: end - len(value), end: end}
		if slices.ContainsFunc(list, func(o member) bool { return o.key == m.key }) {
			return nil, fmt.Errorf("the key %.80q stands twice", m.key)
		}
		list = append(list, m)
	}
	return list, nil
}

// elements are the items of the list that begins at an offset.
func elements(doc []byte, at int) ([]span, error) {
	dec := json.NewDecoder(bytes.NewReader(doc[at:]))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var list []span
	for dec.More() {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		end := at + int(dec.InputOffset())
		list = append(list, span{end - len(value), end})
	}
	return list, nil
}

// setFlag says what has to be changed so that one flag is on for a share.
func setFlag(doc []byte, at span, share int) ([]edit, error) {
	entries, err := members(doc, at.start)
	if err != nil {
		return nil, err
	}
	f := flagText{doc: doc, at: at, entries: entries}
	on, off, err := f.sides()
	if err != nil {
		return nil, err
	}
	was, err := f.split(on, off)
	if err != nil && share > 0 { // a rollback turns off whatever it finds
		return nil, err
	}
	state := f.text("state")
	if share == 0 && state == "DISABLED" {
		return nil, nil
	}
	if share > 0 && state != "ENABLED" {
		f.set("state", "ENABLED")
	}
	side := off
	if share >= 100 {
		side = on
	}
	if f.text("defaultVariant") != side {
		f.set("defaultVariant", side)
	}
	if share <= 0 || share >= 100 {
		f.remove("targeting")
		return f.edits, nil
	}
	buckets := append(slices.Clone(was.by), []any{on, float64(share)}, []any{off, float64(100 - share)})
	f.set("targeting", map[string]any{"fractional": buckets})
	return f.edits, nil
}

// flagText is one flag as it stands in a document.
type flagText struct {
	doc     []byte
	at      span
	entries []member
	edits   []edit
}

func (f *flagText) entry(key string) (member, int) {
	i := slices.IndexFunc(f.entries, func(m member) bool { return m.key == key })
	if i < 0 {
		return member{}, -1
	}
	return f.entries[i], i
}

// value is what stands under a key; nil when nothing does.
func (f *flagText) value(key string) any {
	m, i := f.entry(key)
	if i < 0 {
		return nil
	}
	var v any
	_ = json.Unmarshal(f.doc[m.start:m.end], &v) // it is valid: the whole document is
	return v
}

func (f *flagText) text(key string) string {
	s, _ := f.value(key).(string)
	return s
}

// sides are the variants that mean on and off.
func (f *flagText) sides() (on, off string, err error) {
	variants, _ := f.value("variants").(map[string]any)
	var ons, offs []string
	for _, name := range slices.Sorted(maps.Keys(variants)) {
		if yes, ok := variants[name].(bool); ok && yes {
			ons = append(ons, name)
		} else if ok {
			offs = append(offs, name)
		}
	}
	_, hasOn := variants["on"]
	_, hasOff := variants["off"]
	switch {
	case len(ons) == 1 && len(offs) == 1:
		return ons[0], offs[0], nil
	case hasOn && hasOff && len(ons) == 0 && len(offs) == 0:
		return "on", "off", nil
	}
	return "", "", errors.New("it has no clear on and off: one variant that is true and one that is false, or two by the names on and off")
}

// split is a fractional targeting between on and off; by is what stands in front of its buckets.
type split struct{ by []any }

// split reads the targeting. Rules of somebody else's are not overwritten.
func (f *flagText) split(on, off string) (split, error) {
	foreign := errors.New("it has targeting rules of its own, which a share would overwrite; raise it by hand, or remove them")
	switch rules := f.value("targeting").(type) {
	case nil:
		return split{}, nil
	case map[string]any:
		if len(rules) == 0 {
			return split{}, nil
		}
		list, ok := rules["fractional"].([]any)
		if !ok || len(rules) != 1 {
			return split{}, foreign
		}
		var s split
		for i, item := range list {
			bucket, isBucket := item.([]any)
			if !isBucket && i == 0 {
				s.by = []any{item}
				continue
			}
			if !isBucket || len(bucket) == 0 || bucket[0] != on && bucket[0] != off {
				return split{}, foreign
			}
		}
		return s, nil
	}
	return split{}, foreign
}

// set writes a value under a key, unless it stands there already.
func (f *flagText) set(key string, value any) {
	if reflect.DeepEqual(f.value(key), normal(value)) {
		return
	}
	text := encoded(value)
	if m, i := f.entry(key); i >= 0 {
		f.edits = append(f.edits, edit{span{m.start, m.end}, text})
		return
	}
	name := encoded(key)
	if len(f.entries) == 0 {
		f.edits = append(f.edits, edit{span{f.at.start + 1, f.at.start + 1}, name + ": " + text})
		return
	}
	last := f.entries[len(f.entries)-1]
	before := f.gap(len(f.entries) - 1)
	f.edits = append(f.edits, edit{span{last.end, last.end}, "," + before + name + ": " + text})
}

// gap is the white space before the key of an entry, so that a new one looks like its neighbours.
func (f *flagText) gap(i int) string {
	from := f.entries[i].from
	start := from
	for start > 0 && strings.IndexByte(" \t\r\n", f.doc[start-1]) >= 0 {
		start--
	}
	if gap := string(f.doc[start:from]); gap != "" || len(f.entries) > 1 {
		return gap
	}
	return " "
}

// remove takes an entry out, with the comma that parts it from its neighbour.
func (f *flagText) remove(key string) {
	m, i := f.entry(key)
	if i < 0 {
		return
	}
	if rules, isMap := f.value(key).(map[string]any); f.value(key) == nil || isMap && len(rules) == 0 {
		return // it says nothing
	}
	switch {
	case i > 0:
		f.edits = append(f.edits, edit{span{f.entries[i-1].end, m.end}, ""})
	case len(f.entries) > 1:
		f.edits = append(f.edits, edit{span{m.from, f.entries[1].from}, ""})
	default:
		f.edits = append(f.edits, edit{span{m.from, m.end}, ""})
	}
}

// normal is a value as it looks when it has been read.
func normal(value any) any {
	var v any
	_ = json.Unmarshal([]byte(encoded(value)), &v)
	return v
}

func encoded(value any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // texts, numbers, lists and maps
	return strings.TrimSpace(b.String())
}

// changed applies edits, the last first. Two that touch are kept in their order.
func changed(doc []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int { return b.start - a.start })
	out := slices.Clone(doc)
	for _, e := range edits {
		out = slices.Replace(out, e.start, e.end, []byte(e.text)...)
	}
	return out
}
