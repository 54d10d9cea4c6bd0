package plain

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/politicalsphere/sop/runbook/run"
)

// MaxLine is how many characters a line has at most.
const MaxLine = 200

// aloud are signs that stand for words.
var aloud = map[rune]string{
	'→': " to ", '➜': " to ", '←': " from ", '≥': " at least ", '≤': " at most ", '≠': " is not ", '≈': " about ", '×': " times ", '±': " plus or minus ",
	'·': ", ", '•': ", ", '›': ", ", '»': ", ", '«': ", ", '…': "...", '–': "-", '—': " - ", '−': "-", '‑': "-", '“': `"`, '”': `"`, '„': `"`, '‘': "'", '’': "'",
	'✔': " yes ", '✓': " yes ", '✖': " no ", '✗': " no ", '°': " degrees ", '§': " section ", '\u00a0': " ", '\u202f': " ",
}

// plainly makes any text one line that can be heard: what a terminal would obey is spelt out, and so is every sign
// that is neither a letter, a digit nor ASCII.
func plainly(s string) string {
	s = string(run.MakeSafe(s, 0))
	var b strings.Builder
	for _, r := range s {
		word, sign := aloud[r]
		switch {
		case sign:
			b.WriteString(word)
		case r >= ' ' && r < 0x7f, unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r), unicode.Is(unicode.Sc, r):
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "<U+%04X>", r)
		}
	}
	return strings.TrimSpace(squeeze(b.String()))
}

// squeeze leaves one space where there are several, and none before a comma.
func squeeze(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), " ,", ",")
}

var (
	goSpan  = regexp.MustCompile(`^(?:(\d+)h)?(?:(\d+)m)?(\d+)(?:\.\d+)?s$`)
	keyHint = regexp.MustCompile(` \((?:esc|space|R|[a-z])\)`) // of the screens
	share   = regexp.MustCompile(`^\d+/\d+$`)
	points  = regexp.MustCompile(`^([+-]?[\d.]+)pp$`)
	instant = regexp.MustCompile(`^\d\d:\d\d:\d\d$`)
	percent = regexp.MustCompile(`^([+-]?[\d.]+)%$`)
)

// speak is plainly for prose: lengths of time, shares and percents are put into words too.
func speak(s string) string {
	words := strings.Fields(plainly(keyHint.ReplaceAllString(s, "")))
	for i, w := range words {
		body := strings.TrimRight(w, ".,;:)")
		tail := w[len(body):]
		head := body[:len(body)-len(strings.TrimLeft(body, "("))]
		body = body[len(head):]
		switch {
		case goSpan.MatchString(body):
			if d, err := time.ParseDuration(body); err == nil {
				body = span(d)
			}
		case share.MatchString(body):
			body = strings.Replace(body, "/", " of ", 1)
		case points.MatchString(body):
			body = strings.TrimSuffix(body, "pp") + " percentage points"
		case percent.MatchString(body):
			body = strings.TrimSuffix(body, "%") + " percent"
		case body == "%":
			body = "percent"
		case instant.MatchString(body) && !(i+1 < len(words) && strings.HasPrefix(words[i+1], "UTC")):
			body += " UTC"
		case body == "pp":
			body = "percentage points"
		}
		words[i] = head + body + tail
	}
	return strings.Join(words, " ")
}

// sentence makes the parts one sentence: a capital first, a full stop last; empty when nothing is in them.
func sentence(parts ...string) string {
	s := squeeze(strings.Join(parts, " "))
	if s == "" {
		return ""
	}
	if r, size := utf8.DecodeRuneInString(s); unicode.IsLower(r) && begins(s) {
		s = string(unicode.ToUpper(r)) + s[size:]
	}
	if !strings.ContainsRune(".?!:", rune(s[len(s)-1])) {
		s += "."
	}
	return s
}

// begins tells whether a text begins with a word, and not with a name such as error-rate or v1.4.2.
func begins(s string) bool {
	word, _, _ := strings.Cut(s, " ")
	for _, r := range strings.TrimRight(word, ".,:;") {
		if !unicode.IsLetter(r) {
			return false
		}
	}
	return true
}

// wrap breaks a text into lines of at most MaxLine characters: between sentences where it can, else after a comma, else
// between words.
func wrap(text string) []string {
	var lines []string
	line := ""
	for _, s := range sentences(text) {
		if line != "" && length(line)+1+length(s) <= MaxLine {
			line += " " + s
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for line = s; length(line) > MaxLine; {
			at := breakAt(line)
			lines = append(lines, strings.TrimSpace(line[:at]))
			line = strings.TrimSpace(line[at:])
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

func length(s string) int { return utf8.RuneCountInString(s) }

// sentences cuts a text after each full stop that a space follows.
func sentences(text string) []string {
	var list []string
	from := 0
	for i := 0; i+1 < len(text); i++ {
		if strings.IndexByte(".?!", text[i]) >= 0 && text[i+1] == ' ' {
			list = append(list, strings.TrimSpace(text[from:i+1]))
			from = i + 1
		}
	}
	if rest := strings.TrimSpace(text[from:]); rest != "" {
		list = append(list, rest)
	}
	return list
}

// breakAt is where to break a sentence that is too long for a line.
func breakAt(s string) int {
	end, n := len(s), 0
	for i := range s {
		if n == MaxLine {
			end = i
			break
		}
		n++
	}
	for _, mark := range []string{"; ", ", ", " "} {
		if at := strings.LastIndex(s[:end], mark); at > end/2 {
			return at + len(mark)
		}
	}
	return end
}

// span says a length of time: 3 seconds, 1 minute 30 seconds, 2 hours 5 minutes.
func span(d time.Duration) string {
	s := int(max(d, 0).Round(time.Second).Seconds())
	if days := s / 86400; days > 1 && s%86400 == 0 {
		return plural(days, "day", "days")
	}
	var parts []string
	if h := s / 3600; h > 0 {
		parts = append(parts, plural(h, "hour", "hours"))
	}
	if m := s / 60 % 60; m > 0 {
		parts = append(parts, plural(m, "minute", "minutes"))
	}
	if sec := s % 60; (sec > 0 && s < 3600) || s == 0 {
		parts = append(parts, plural(sec, "second", "seconds"))
	}
	return strings.Join(parts, " ")
}

// clock says an instant.
func clock(t time.Time) string { return t.UTC().Format("15:04:05") + " UTC" }

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// list joins names as they are said.
func list(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// version is the part of an image that tells versions apart: its tag, or the start of its digest.
func version(image string) string {
	name := image[strings.LastIndexByte(image, '/')+1:]
	if _, digest, ok := strings.Cut(name, "@"); ok {
		return plainly(digest[:min(len(digest), len("sha256:")+8)])
	}
	if _, tag, ok := strings.Cut(name, ":"); ok {
		return plainly(tag)
	}
	return plainly(name)
}

// Sentence is a text as it is said: prose without signs, ended by a full stop, in lines of at most MaxLine characters.
func Sentence(text string) []string { return wrap(sentence(speak(text))) }
