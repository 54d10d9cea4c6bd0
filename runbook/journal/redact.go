package journal

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	// mask stands where a secret was.
	mask = "[redacted]"
	// shortest is the length in bytes from which a secret is looked for inside other text. A shorter one would be
	// found everywhere, so it counts only as a whole string.
	shortest = 4
	// shortestLine is the same for one line of a secret of several lines, a private key say.
	shortestLine = 16
)

// redactor takes secrets out of text before anything is hashed or written.
type redactor struct {
	plain    []string        // as they are, long enough to be looked for inside text
	whole    map[string]bool // every secret
	forms    []string        // every spelling of plain
	replacer *strings.Replacer
	fn       func(string) string
}

func newRedactor(secrets []string, fn func(string) string) *redactor {
	r := &redactor{whole: map[string]bool{}, fn: fn}
	r.add(secrets)
	return r
}

func (r *redactor) add(secrets []string) {
	for _, s := range secrets {
		s = strings.TrimSpace(s) // files of tokens end in a line feed that the token has not
		if s == "" || r.whole[s] {
			continue
		}
		r.whole[s] = true
		if len(s) >= shortest {
			r.look(s)
		}
		if !strings.Contains(s, "\n") {
			continue
		}
		for line := range strings.Lines(s) {
			if line = strings.TrimSpace(line); len(line) >= shortestLine {
				r.look(line)
			}
		}
	}
	// At one place the replacer takes the first that fits, so the longest must come first.
	slices.SortStableFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, f := range r.forms {
		pairs = append(pairs, f, mask)
	}
	r.replacer = strings.NewReplacer(pairs...)
}

// look adds the spellings of one secret.
func (r *redactor) look(s string) {
	r.plain = append(r.plain, s)
	forms := []string{s, quoted(s), url.QueryEscape(s), url.PathEscape(s), hex.EncodeToString([]byte(s))}
	if html, err := json.Marshal(s); err == nil {
		forms = append(forms, string(html[1:len(html)-1]))
	}
	for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, enc.EncodeToString([]byte(s)))
		forms = append(forms, base64Cores(enc, s)...)
	}
	slices.Sort(forms)
	r.forms = append(r.forms, slices.Compact(forms)...)
}

// base64Cores are the characters a secret determines alone when it is encoded within other bytes ("user:secret"),
// for each of the three ways it can lie across them.
func base64Cores(enc *base64.Encoding, s string) []string {
	var cores []string
	for before := range 3 {
		text := enc.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + s))
		first, end := (before*8+5)/6, (before+len(s))*8/6
		cores = append(cores, text[first:end])
	}
	return cores
}

func quoted(s string) string {
	b, err := marshal(s)
	if err != nil {
		return s
	}
	return string(b[1 : len(b)-1])
}

// text returns s without secrets.
func (r *redactor) text(s string) string {
	if len(r.whole) > 0 {
		if r.whole[strings.TrimSpace(s)] {
			return mask
		}
		s = r.replacer.Replace(s)
		if strings.Contains(s, "%") {
			s = r.unescaped(s)
		}
	}
	if r.fn != nil {
		s = r.fn(s)
	}
	return s
}

// unescaped finds secrets of which any bytes, not only those that must be, are escaped as %XX.
func (r *redactor) unescaped(s string) string {
	plain := make([]byte, 0, len(s))
	start := make([]int, 0, len(s)+1) // where in s each byte of plain begins
	for i := 0; i < len(s); {
		start = append(start, i)
		if i+2 < len(s) && s[i] == '%' {
			if b, err := hex.DecodeString(s[i+1 : i+3]); err == nil {
				plain = append(plain, b[0])
				i += 3
				continue
			}
		}
		plain = append(plain, s[i])
		i++
	}
	start = append(start, len(s))
	text := string(plain)
	for _, secret := range r.plain {
		if i := strings.Index(text, secret); i >= 0 {
			return r.unescaped(s[:start[i]]) + mask + r.unescaped(s[start[i+len(secret)]:])
		}
	}
	return s
}

// json returns raw, which is valid, with every string in it redacted, and a number that is a secret too.
func (r *redactor) json(raw []byte) json.RawMessage {
	if len(r.whole) == 0 && r.fn == nil {
		return raw
	}
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		n := tokenLen(raw)
		out = append(out, r.token(raw[:n])...)
		raw = raw[n:]
	}
	return out
}

// tokenLen is the length of the string, the number or word, or the single mark that raw begins with.
func tokenLen(raw []byte) int {
	if raw[0] == '"' {
		for i := 1; i < len(raw); i++ {
			switch raw[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(raw)
	}
	n := 0
	for n < len(raw) && !strings.ContainsRune("\"{}[]:, \t\r\n", rune(raw[n])) {
		n++
	}
	return max(n, 1)
}

func (r *redactor) token(tok []byte) []byte {
	if tok[0] != '"' {
		if (tok[0] == '-' || tok[0] >= '0' && tok[0] <= '9') && r.whole[string(tok)] {
			return []byte(quote(mask))
		}
		return tok
	}
	var s string
	if err := json.Unmarshal(tok, &s); err != nil {
		return []byte(quote(mask)) // cannot be looked into, so it must not be written
	}
	clean := r.text(s)
	if clean == s && utf8.Valid(tok) {
		return tok
	}
	return []byte(quote(clean))
}

func quote(s string) string { return `"` + quoted(s) + `"` }
