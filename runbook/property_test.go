package runbook

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// draw fills a value of any of the runbook's types at random, without caring whether lint would accept it.
func draw(t *rapid.T, v reflect.Value, depth int) {
	if drawNotation(t, v, depth) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(anyText().Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(rapid.Bool().Draw(t, "bool"))
	case reflect.Int:
		v.SetInt(rapid.Int64Range(-9, 9).Draw(t, "int"))
	case reflect.Pointer:
		if rapid.Bool().Draw(t, "there") {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem(), depth+1)
		}
	case reflect.Slice:
		n := rapid.IntRange(0, 2).Draw(t, "length")
		if n > 0 || depth > 6 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			draw(t, v.Index(i), depth+1)
		}
	case reflect.Struct:
		for _, k := range fieldsOf(v.Type()) {
			f := v.FieldByIndex(k.index)
			draw(t, f, depth+1)
			if k.required && f.Kind() == reflect.String && f.String() == "" {
				f.SetString("x")
			}
		}
	}
}

// anyText is a text with whatever YAML could take for something else.
func anyText() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"", "no", "yes", "on", "null", "~", "true", "1.10", "0x10", "1e3", "2025-11-14", "- a", "a: b", "# c", " x ", "a\nb\n", "\n", "é\u00a0ü", "'", `"`, "${inputs.x}", "%", "@", "&a", "*a", "!t", "<<", "...", "---", "[", "{", "\t", "?", "|", ">", "5%", ".inf", "=", "12:30:00", "a\\nb", "\u2026", "𝄞", "\ufeff", "\u00ad", "a\u200b", "\U000e0001", "\ufffe"}),
		rapid.StringOfN(rapid.RuneFrom([]rune("ab -:#{}[],&*!|>'\"%@`?\n\té𝄞.~1")), 0, 12, -1),
	)
}

func drawNotation(t *rapid.T, v reflect.Value, depth int) bool {
	switch p := v.Addr().Interface().(type) {
	case *Duration:
		p.D = time.Duration(rapid.Int64Range(0, int64(maxDuration)).Draw(t, "duration"))
		if rapid.Bool().Draw(t, "expression") {
			*p = Duration{Expr: "${inputs." + rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "name") + "}"}
		}
	case *Percent:
		*p = Percent(rapid.Float64Range(0, 100).Draw(t, "percent"))
	case *Quantity:
		s := rapid.SampledFrom([]string{"10ms", "5pp", "0.5%", "1.5 GiB", "3/s"}).Draw(t, "quantity")
		value, _, _ := parseAmount(s)
		*p = Quantity{Text: s, Value: value}
	case *Names:
		p.All = rapid.Bool().Draw(t, "all")
		if !p.All {
			p.List = rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,5}`), 1, 3).Draw(t, "names")
		}
	case *Check:
		drawCheck(t, p)
	case *Map[string]:
		drawMap(t, p, depth)
	case *Map[Input]:
		drawMap(t, p, depth)
	case *Map[Environment]:
		drawMap(t, p, depth)
		for k, e := range p.All() {
			e.Name = k
			p.Set(k, e)
		}
	case *Map[Component]:
		drawMap(t, p, depth)
		for k, e := range p.All() {
			e.Name = k
			p.Set(k, e)
		}
	case *Map[Metric]:
		drawMap(t, p, depth)
		for k, e := range p.All() {
			e.Name = k
			p.Set(k, e)
		}
	default:
		return false
	}
	return true
}

func drawMap[T any](t *rapid.T, m *Map[T], depth int) {
	for range rapid.IntRange(0, 3).Draw(t, "entries") {
		var v T
		draw(t, reflect.ValueOf(&v).Elem(), depth+1)
		m.Set(anyText().Filter(func(s string) bool { return s != "" }).Draw(t, "key"), v)
	}
}

func drawCheck(t *rapid.T, c *Check) {
	c.Kind = rapid.StringMatching(`k[a-z]{3,9}`).Filter(func(s string) bool { return s != "interval" }).Draw(t, "kind")
	draw(t, reflect.ValueOf(&c.Interval).Elem(), 0)
	c.Expect = anyText().Draw(t, "expect")
	c.FailureThreshold = rapid.IntRange(0, 5).Draw(t, "threshold")
	if n := rapid.IntRange(0, 3).Draw(t, "params"); n > 0 {
		c.Params = map[string]any{}
		for range n {
			c.Params["p"+rapid.StringMatching(`[a-z]{1,5}`).Draw(t, "key")] = drawAny(t, 0)
		}
	}
}

func drawAny(t *rapid.T, depth int) any {
	switch k := rapid.IntRange(0, 6).Draw(t, "what"); {
	case k == 0:
		return rapid.Bool().Draw(t, "bool")
	case k == 1:
		return rapid.IntRange(-1000, 1000).Draw(t, "int")
	case k == 2:
		return nil
	case k == 3 && depth < 2:
		return []any{drawAny(t, depth+1), drawAny(t, depth+1)}
	case k == 4 && depth < 2:
		return map[string]any{anyText().Filter(func(s string) bool { return s != "" }).Draw(t, "key"): drawAny(t, depth+1)}
	}
	return anyText().Draw(t, "text")
}

// What is written loads again as the same runbook, and writing that gives the same bytes.
func TestMarshalAndLoadAreInverse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rb := &Runbook{}
		draw(t, reflect.ValueOf(rb).Elem(), 0)
		data, err := Marshal(rb)
		if err != nil {
			t.Fatal(err)
		}
		root, problems := parseFile(Source{Name: "x.yaml", Data: data})
		if len(problems) > 0 {
			t.Fatalf("parse: %v\n%s", problems, data)
		}
		again := &Runbook{}
		d := &decoder{anyKind: true}
		d.decode(root, reflect.ValueOf(again).Elem(), "")
		for _, p := range d.problems {
			if !strings.Contains(p.Message, "lacks") && !strings.Contains(p.Message, "must not be empty") {
				t.Fatalf("decode: %v\n%s", p, data)
			}
		}
		twice, err := Marshal(again)
		if err != nil || !bytes.Equal(data, twice) {
			t.Fatalf("written again it differs (%v):\n%s\n---\n%s", err, data, twice)
		}
		if !sameRunbook(rb, again) {
			t.Fatalf("loaded again it differs:\n%+v\n---\n%+v\n%s", rb, again, data)
		}
	})
}

// sameRunbook compares, taking an empty list for none.
func sameRunbook(a, b *Runbook) bool { return same(reflect.ValueOf(*a), reflect.ValueOf(*b)) }

func same(a, b reflect.Value) bool {
	switch a.Kind() {
	case reflect.Slice, reflect.Map:
		if a.Len() == 0 && b.Len() == 0 {
			return true
		}
		if a.Len() != b.Len() {
			return false
		}
		if a.Kind() == reflect.Slice {
			for i := range a.Len() {
				if !same(a.Index(i), b.Index(i)) {
					return false
				}
			}
			return true
		}
		for _, k := range a.MapKeys() {
			if !b.MapIndex(k).IsValid() || !same(a.MapIndex(k), b.MapIndex(k)) {
				return false
			}
		}
		return true
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return same(a.Elem(), b.Elem())
	case reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return a.IsNil() == b.IsNil()
		}
		return a.Elem().Type() == b.Elem().Type() && same(a.Elem(), b.Elem())
	case reflect.Struct:
		for i := range a.NumField() {
			if !same(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	}
	return a.Equal(b)
}

// Whatever is done to a runbook, Load says what is wrong at a place inside the file, and never gives a document
// together with an error.
func TestLoadSurvivesEverything(t *testing.T) {
	lines := strings.Split(small, "\n")
	rapid.Check(t, func(t *rapid.T) {
		data := mutate(t, lines)
		doc, problems := Load(stubKinds, Source{Name: "x.yaml", Data: []byte(data)})
		for _, p := range problems {
			checkProblem(t, p, data)
		}
		if HasErrors(problems) == (doc != nil) {
			t.Fatalf("document there: %v, problems: %v", doc != nil, problems)
		}
		if doc == nil {
			return
		}
		again, problems := Load(stubKinds, Source{Name: "runbook.yaml", Data: doc.Data})
		if again == nil || !bytes.Equal(again.Data, doc.Data) || again.Digest != doc.Digest {
			t.Fatalf("the frozen file loads differently: %v\n%s", problems, doc.Data)
		}
		_, _ = Resolve(doc, Choice{Inputs: map[string]string{"version": "v1"}})
		_ = Markdown(doc.Runbook)
	})
}

// mutate breaks some lines and characters.
func mutate(t *rapid.T, lines []string) string {
	out := append([]string(nil), lines...)
	for range rapid.IntRange(0, 4).Draw(t, "changes") {
		i := rapid.IntRange(0, len(out)-1).Draw(t, "line")
		line := out[i]
		at := 0
		if line != "" {
			at = rapid.IntRange(0, len(line)-1).Draw(t, "column")
		}
		switch rapid.IntRange(0, 6).Draw(t, "how") {
		case 0:
			out[i] = ""
		case 1:
			out[i] = line + "\n" + line
		case 2:
			out[i] = out[rapid.IntRange(0, len(out)-1).Draw(t, "other")]
		case 3:
			out[i] = line[:at] + anyText().Draw(t, "text") + line[at:]
		case 4:
			out[i] = line[:at]
		case 5:
			key, _, _ := strings.Cut(line, ":")
			out[i] = key + ": " + rapid.SampledFrom([]string{"~", "[]", "{}", "1", "x", "''", "[~]", "{a: ~}", "[[x]]", "true", "&a x", "*a", "!t x", "${", "'${x}'", "'${inputs.version}'"}).Draw(t, "value")
		case 6:
			out[i] = line[:at] + string(rapid.Byte().Draw(t, "byte")) + line[at:]
		}
	}
	return strings.Join(out, "\n")
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("a: [1\n---\n\tb: &x *x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, problems := Load(stubKinds, Source{Name: "x.yaml", Data: data})
		if HasErrors(problems) == (doc != nil) {
			t.Fatalf("document there: %v, problems: %v", doc != nil, problems)
		}
		for _, p := range problems {
			checkProblem(t, p, string(data))
		}
		if doc == nil {
			return
		}
		if again, problems := Load(stubKinds, Source{Name: "runbook.yaml", Data: doc.Data}); again == nil || again.Digest != doc.Digest {
			t.Fatalf("the frozen file loads differently: %v\n%s", problems, doc.Data)
		}
	})
}

func TestNearest(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"titel", "title"}, {"Title", "title"}, {"why?", "why"}, {"x", ""}, {"completely-different", ""}, {"over_ridable", "overridable"}, {"", ""},
	} {
		if got := nearest(c.name, []string{"id", "title", "why", "overridable"}); got != c.want {
			t.Errorf("nearest(%q) = %q, want %q", c.name, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		if d := distance(a, b); d != distance(b, a) || (d == 0) != (a == b) || d > max(len(a), len(b)) {
			t.Fatalf("distance(%q, %q) = %d, the other way %d", a, b, d, distance(b, a))
		}
	})
}

func TestDurationsReadBack(t *testing.T) {
	for d, want := range map[time.Duration]string{90 * time.Second: "1m30s", 5 * time.Minute: "5m", time.Hour: "1h", time.Hour + time.Second: "1h0m1s", 0: "0s", 200 * time.Millisecond: "200ms", 10 * time.Minute: "10m", 10 * time.Hour: "10h"} {
		if got := (Duration{D: d}).String(); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "0d": 0, "1d12h30m": 36*time.Hour + 30*time.Minute} {
		if got, err := parseDuration(text); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"d", "1.5d", "-1d", "1d-2h", "1d2d", "1d2", "2h1d", "99999d", "367d"} {
		if got, err := parseDuration(text); err == nil {
			t.Errorf("%q is taken for %v", text, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(rapid.Int64Range(0, int64(maxDuration)).Draw(t, "d"))
		if got, err := parseDuration(Duration{D: d}.String()); err != nil || got != d {
			t.Fatalf("%v became %v, %v", d, got, err)
		}
	})
}
