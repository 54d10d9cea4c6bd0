package theme

import (
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

func TestFit(t *testing.T) {
	for _, c := range []struct {
		in                    string
		width                 int
		truncate, right, left string
	}{
		{"api", 5, "api", "api  ", "  api"},
		{"api", 3, "api", "api", "api"},
		{"worker", 4, "wor…", "wor…", "wor…"},
		{"worker", 1, "…", "…", "…"},
		{"worker", 0, "", "", ""},
		{"", 2, "", "  ", "  "},
		{"日本語", 6, "日本語", "日本語", "日本語"},
		{"日本語", 5, "日本…", "日本…", "日本…"},
		{"日本語", 4, "日…", "日… ", " 日…"},
		{"a\nb", 4, "a b", "a b ", " a b"},
		{"e\u0301te\u0301", 3, "e\u0301te\u0301", "e\u0301te\u0301", "e\u0301te\u0301"},
		{"\x1b[1mworker\x1b[m", 6, "\x1b[1mworker\x1b[m", "\x1b[1mworker\x1b[m", "\x1b[1mworker\x1b[m"},
		{"\x1b[1mworker\x1b[m", 4, "\x1b[1mwor…\x1b[m", "\x1b[1mwor…\x1b[m", "\x1b[1mwor…\x1b[m"},
	} {
		if got := Truncate(c.in, c.width); got != c.truncate {
			t.Errorf("Truncate(%q, %d) = %q, want %q", c.in, c.width, got, c.truncate)
		}
		if got := PadRight(c.in, c.width); got != c.right {
			t.Errorf("PadRight(%q, %d) = %q, want %q", c.in, c.width, got, c.right)
		}
		if got := PadLeft(c.in, c.width); got != c.left {
			t.Errorf("PadLeft(%q, %d) = %q, want %q", c.in, c.width, got, c.left)
		}
	}
}

func TestBetween(t *testing.T) {
	for _, c := range []struct {
		left, right string
		width       int
		want        string
	}{
		{"Deployment", "armed", 18, "Deployment   armed"},
		{"Deployment", "armed", 12, "Deplo… armed"},
		{"Deployment", "armed", 5, "armed"},
		{"Deployment", "armed", 3, "ar…"},
		{"Deployment", "", 12, "Deployment  "},
	} {
		if got := Between(c.left, c.right, c.width); got != c.want {
			t.Errorf("Between(%q, %q, %d) = %q, want %q", c.left, c.right, c.width, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"a rollout needs room for its surge", 12, "a rollout|needs room|for its|surge"},
		{"short", 10, "short"},
		{"one\n\ntwo", 10, "one||two"},
		{"unbreakablelongword", 8, "unbreaka|blelongw|ord"},
		{"  - list item one two", 12, "  - list|  item one|  two"},
		{"\tcode", 10, "    code"},
		{"日本語日本語", 5, "日本|語日|本語"},
		{"日", 1, "日"},
	} {
		if got := strings.Join(Wrap(c.in, c.width), "|"); got != c.want && c.width > 1 {
			t.Errorf("Wrap(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

func anyText() *rapid.Generator[string] {
	piece := rapid.SampledFrom([]string{
		"a", " ", "word", "ö", "日", "👍🏽", "🇩🇪", "e\u0301", "✔", "⣿", "─", "\x1b[1m", "\x1b[m",
		"\u1112\u1161\u11ab", "\n", "\t", "–", "©", "⌚", "☺",
	})
	return rapid.OneOf(
		rapid.Map(rapid.SliceOf(piece), func(p []string) string { return strings.Join(p, "") }),
		rapid.Map(rapid.String(), func(s string) string { return strings.Map(printable, s) }),
	)
}

// printable leaves what a Safe may hold.
func printable(r rune) rune {
	if r < 0x20 || r >= 0x7f && r < 0xa0 || ansi.StringWidth(string(r)) == 0 {
		return ' '
	}
	return r
}

func both(s string) int { return max(ansi.StringWidth(s), ansi.StringWidthWc(s)) }

func TestNothingIsWiderThanAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, w := anyText().Draw(t, "s"), rapid.IntRange(0, 30).Draw(t, "w")
		for name, got := range map[string]string{
			"Truncate": Truncate(s, w), "PadRight": PadRight(s, w), "PadLeft": PadLeft(s, w), "Between": Between(s, s, w),
		} {
			if both(got) > w || strings.ContainsAny(got, "\n\t") {
				t.Fatalf("%s(%q, %d) = %q, %d cells", name, s, w, got, both(got))
			}
			if name != "Truncate" && Width(got) != w {
				t.Fatalf("%s(%q, %d) = %q, %d cells, want exactly %d", name, s, w, got, Width(got), w)
			}
		}
		for _, line := range Wrap(s, w) {
			if both(line) > w {
				t.Fatalf("Wrap(%q, %d) has the line %q, %d cells", s, w, line, both(line))
			}
		}
		if Width(s) < both(strings.NewReplacer("\n", " ", "\t", " ").Replace(s)) {
			t.Fatalf("Width(%q) = %d, a terminal may take %d", s, Width(s), both(s))
		}
	})
}

func TestWrapLosesNoWord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOf(rapid.StringMatching(`[a-z]{1,12}`)).Draw(t, "words"), " ")
		w := rapid.IntRange(1, 40).Draw(t, "w")
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := squeeze(strings.Join(Wrap(s, w), "")); got != squeeze(s) {
			t.Fatalf("Wrap(%q, %d) kept %q", s, w, got)
		}
	})
}

func TestEncodeKeepsColumns(t *testing.T) {
	th := New(Options{ASCII: true})
	if got := th.Encode("(✔) 3 → 5 ▸ 日 ─│┊ …"); got != "(v) 3 > 5 > ?? -|: ~" {
		t.Errorf("got %q", got)
	}
	if s := "(✔) →"; New(Options{}).Encode(s) != s {
		t.Error("Encode changed text for a terminal with Unicode")
	}
	rapid.Check(t, func(t *rapid.T) {
		s := anyText().Draw(t, "s")
		if got := th.Encode(s); !isASCII(got) || Width(got) != Width(s) {
			t.Fatalf("Encode(%q) = %q", s, got)
		}
	})
}

func TestFittingPlainTextIsFree(t *testing.T) {
	buf := make([]byte, 0, 256)
	s := "Network Connectivity · 0 of 3 ready"
	if n := testing.AllocsPerRun(100, func() { buf = AppendFit(buf[:0], s, 60); _ = Truncate(s, 60) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkWidth(b *testing.B) {
	for name, s := range map[string]string{"ascii": "Network Connectivity 0 of 3 endpoints ready", "signs": "(✔) ▸ │ ─────── · 38 % …", "wide": "日本語テキスト"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Width(s)
			}
		})
	}
}

// A comparison that loses its "or equal" says something else than was checked.
func TestAComparisonKeepsItsMeaningInASCII(t *testing.T) {
	th := New(Options{ASCII: true})
	for text, want := range map[string]string{
		"expected ≥ 1": "expected >=1", "≤ 5 pp": "<=5 pp", "ready ≥1": "ready>=1", "x≥1": "x?1", "↳ because": "> because",
	} {
		if got := th.Encode(text); got != want {
			t.Errorf("%s shows as %q, want %q", text, got, want)
		}
	}
}
