package run

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestMakeSafe(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"empty", "", ""},
		{"plain", "12/12 pods available", "12/12 pods available"},
		{"other scripts", "größer 日本 — 38 %", "größer 日本 — 38 %"},
		{"newline and tab", "a\nb\tc", "a b c"},
		{"carriage return", "GOOD\rEVIL", "GOOD^MEVIL"},
		{"escape", "\x1b[31mred\x1b[0m", "^[[31mred^[[0m"},
		{"OSC 52", "\x1b]52;c;aGk=\x07", "^[]52;c;aGk=^G"},
		{"backspace, NUL, DEL", "a\bb\x00c\x7f", "a^Hb^@c^?"},
		{"C1 as UTF-8", "\u009b31m", "<U+009B>31m"},
		{"C1 as a byte", "\x9b31m", "\uFFFD31m"},
		{"a truncated lead byte before an escape", "\xe2\x1b[2J", "\uFFFD^[[2J"},
		{"a run of broken bytes", "a\xff\xfe\xfdb", "a\uFFFDb"},
		{"bidi override", "abc\u202etxt.exe", "abc<U+202E>txt.exe"},
		{"bidi isolate", "\u2066x\u2069", "<U+2066>x<U+2069>"},
		{"zero width", "a\u200bb\u200dc\ufeffd", "a<U+200B>b<U+200D>c<U+FEFF>d"},
		{"soft hyphen and no-break space", "a\u00adb\u00a0c", "a<U+00AD>b<U+00A0>c"},
		{"line separator", "a\u2028b", "a<U+2028>b"},
		{"variation selector", "⚠\ufe0f", "⚠<U+FE0F>"},
		{"tag characters", "x\U000e0041", "x<U+E0041>"},
		{"fillers", "\u115f\u3164\uffa0\u2800", "<U+115F><U+3164><U+FFA0><U+2800>"},
		{"private use", "\ue0b0", "<U+E0B0>"},
		{"two marks", "e\u0301\u0323", "e\u0301\u0323"},
		{"three marks", "e\u0301\u0323\u0302", "e\u0301\u0323<U+0302>"},
		{"a mark without a base", "\u0301x", "<U+0301>x"},
		{"a mark after a spelling", "\x1b\u0301", "^[<U+0301>"},
		{"a mark after a newline", "a\n\u0301", "a <U+0301>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := MakeSafe(c.in, 0); string(got) != c.want {
				t.Errorf("MakeSafe(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestMakeSafeTextKeepsLines(t *testing.T) {
	if got := MakeSafeText("a\n\tb\r\n\x1b", 0); got != "a\n\tb^M\n^[" {
		t.Errorf("got %q", got)
	}
}

func TestMakeSafeCuts(t *testing.T) {
	for _, c := range []struct {
		in   string
		max  int
		want string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdef", 5, "abcd…"},
		{"abcdef", 1, "…"},
		{"日本語テキスト", 4, "日本語…"},
		{"ab\u202ecd", 6, "ab…"}, // a spelling is kept whole or not at all
		{"ab\u202ecd", 12, "ab<U+202E>cd"},
		{"ab\u202ecd", 11, "ab<U+202E>…"},
		{"a\x1b", 2, "a…"},
	} {
		if got := MakeSafe(c.in, c.max); string(got) != c.want {
			t.Errorf("MakeSafe(%q, %d) = %q, want %q", c.in, c.max, got, c.want)
		}
	}
	if n := utf8.RuneCountInString(string(MakeSafe(strings.Repeat("x", 1<<20), 0))); n != SafeMax {
		t.Errorf("without a limit %d runes were kept, want %d", n, SafeMax)
	}
}

func TestSafeIsMadeAgainWhenRead(t *testing.T) {
	var got struct{ Summary Safe }
	if err := json.Unmarshal([]byte(`{"Summary":"one\nGOOD\rEVIL\u009b"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Summary != "one\nGOOD^MEVIL<U+009B>" {
		t.Errorf("got %q", got.Summary)
	}
	out, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	again := got
	if err := json.Unmarshal(out, &again); err != nil || again != got {
		t.Errorf("a round trip gave %q (%v), want %q", again.Summary, err, got.Summary)
	}
}

// checkSafe states what every Safe must be, by ranges of its own rather than by the sanitiser's.
func checkSafe(t rapid.TB, in string, max int, lines bool) {
	t.Helper()
	got := sanitise(in, max, lines)
	limit := max
	if limit <= 0 {
		limit = SafeMax
	}
	if n := utf8.RuneCountInString(string(got)); n > limit {
		t.Fatalf("%q: %d runes, limit %d", in, n, limit)
	}
	if !utf8.ValidString(string(got)) {
		t.Fatalf("%q became invalid UTF-8: %q", in, got)
	}
	marks := 0
	for i, r := range string(got) {
		switch {
		case r == '\n' || r == '\t':
			if !lines {
				t.Fatalf("%q: %q in one line", in, r)
			}
		case r < 0x20 || r >= 0x7f && r < 0xa0:
			t.Fatalf("%q: control %U in %q", in, r, got)
		case unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Co, unicode.Cs, unicode.Variation_Selector):
			t.Fatalf("%q: invisible %U in %q", in, r, got)
		}
		if !unicode.Is(unicode.M, r) {
			marks = 0
			continue
		}
		if marks++; marks > maxMarks || i == 0 {
			t.Fatalf("%q: stacked marks in %q", in, got)
		}
	}
	if again := sanitise(string(got), limit, lines); again != got {
		t.Fatalf("%q: made safe again, %q became %q", in, got, again)
	}
}

func TestSafeHolds(t *testing.T) {
	hostile := rapid.SampledFrom([]string{
		"a", " ", "\x1b", "\r", "\n", "\t", "\x7f", "\u009b", "\u202e", "\u200d", "\ufe0f",
		"\u0301", "\u0e33", "\u1161", "\x80", "\xe2\x82", "\xf0\x9f", "日", "👍", "🏽", "\U000e0020", "\ue000",
	})
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(
			rapid.String(),
			rapid.Map(rapid.SliceOf(hostile), func(p []string) string { return strings.Join(p, "") }),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(t, "in")
		checkSafe(t, in, rapid.IntRange(0, 40).Draw(t, "max"), rapid.Bool().Draw(t, "lines"))
	})
}

func FuzzMakeSafe(f *testing.F) {
	f.Add("GOOD\rEVIL\x1b[31m\u009b\u202e\u0301\xff", 20, false)
	f.Add("e\u0301\u0323\u0302\n\t", 0, true)
	f.Fuzz(func(t *testing.T, in string, max int, lines bool) { checkSafe(t, in, max, lines) })
}

func TestMakeSafeIsFreeForPlainText(t *testing.T) {
	s := "12/12 pods available, headroom 38 %"
	if n := testing.AllocsPerRun(100, func() { _ = MakeSafe(s, 200) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}
