package web

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Secrets are texts that must not show in any result.
type Secrets []string

// LeastSecret is the shortest text that is hidden; shorter ones would tear holes into words.
const LeastSecret = 4

// Hidden stands where a secret was.
const Hidden = "…"

// Add adds texts, also as they look in a URL, in hexadecimal and in base64, alone or among other bytes.
func (s *Secrets) Add(texts ...string) {
	for _, t := range texts {
		if len(t) < LeastSecret {
			continue
		}
		forms := []string{t, url.QueryEscape(t), url.PathEscape(t), hex.EncodeToString([]byte(t))}
		for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			encoded := alphabet.EncodeToString([]byte(t))
			forms = append(forms, encoded, strings.TrimRight(encoded, "="))
			forms = append(forms, cores(alphabet, t)...)
		}
		for _, form := range forms {
			if !slices.Contains(*s, form) {
				*s = append(*s, form)
			}
		}
	}
	// A secret that is a part of another must not be replaced first.
	slices.SortFunc(*s, func(a, b string) int { return len(b) - len(a) })
}

// leastCore is the shortest text of which a part of its base64 is hidden; the part of a shorter one is found in words.
const leastCore = 8

// cores are the characters that a text determines alone when it is encoded among other bytes ("user:secret"), for each
// of the three ways in which it can lie across them.
func cores(alphabet *base64.Encoding, text string) []string {
	if len(text) < leastCore {
		return nil
	}
	var out []string
	for before := range 3 {
		encoded := alphabet.WithPadding(base64.NoPadding).EncodeToString([]byte(strings.Repeat("x", before) + text))
		out = append(out, encoded[(before*8+5)/6:(before+len(text))*8/6])
	}
	return out
}

// Texts that are credentials by their form, or by what stands before them.
var (
	tokenShape    = regexp.MustCompile(`\b(gh[pousr]_\w{16,}|github_pat_\w{20,}|glpat-[\w-]{16,}|(AKIA|ASIA)[A-Z0-9]{16}|xox[abeprs]-[\w-]{10,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)`)
	tokenBehind   = regexp.MustCompile(`(?i)\b(bearer\s+|basic\s+)[\w.~+/=-]{8,}`)
	tokenAssigned = regexp.MustCompile(`(?i)([\w-]*(?:passw|pwd|secret|token|api[_-]?key|credential)[\w-]*["']?\s*[=:]\s*["']?)[^\s"',;]{4,}`)
	tokenInURL    = regexp.MustCompile(`(://[^/\s:@]*:)[^@\s/]+@`)
)

// HideShapes hides what looks like a credential in text that a program wrote, of which nobody knows what it knew.
func HideShapes(text string) string {
	text = tokenShape.ReplaceAllString(text, Hidden)
	text = tokenBehind.ReplaceAllString(text, "${1}"+Hidden)
	text = tokenInURL.ReplaceAllString(text, "${1}"+Hidden+"@")
	return tokenAssigned.ReplaceAllString(text, "${1}"+Hidden)
}

// In returns the text with the secrets hidden. It works on the text as it came: once made safe, quoted or cut, a
// secret may not be found any more.
func (s Secrets) In(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, Hidden)
	}
	return text
}

// AddURL adds the password and the query values that may be credentials.
func (s *Secrets) AddURL(u *url.URL) {
	if password, ok := u.User.Password(); ok {
		s.Add(password, u.User.Username()+":"+password)
	} else if u.User != nil {
		s.Add(u.User.Username()) // a token in the place of the user
	}
	for name, values := range u.Query() {
		for _, v := range values {
			if IsSecretName(name) || LooksSecret(v) {
				s.Add(v)
			}
		}
	}
}

// AddHeaders adds the values of headers that carry credentials, whole and without their scheme.
func (s *Secrets) AddHeaders(headers map[string]string) {
	for name, value := range headers {
		if !IsSecretName(name) && !LooksSecret(value) {
			continue
		}
		_, bare, _ := strings.Cut(value, " ")
		s.Add(value, bare)
	}
}

// ShowURL is the address without user, password and fragment, and with the values of suspicious parameters hidden.
func ShowURL(u *url.URL) string {
	shown := *u
	shown.User, shown.Fragment, shown.RawFragment, shown.RawQuery = nil, "", "", ""
	text := shown.String()
	if u.RawQuery == "" {
		return text
	}
	var pairs []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, has := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(value)
		called, wrong := url.QueryUnescape(name)
		if has && (err != nil || wrong != nil || IsSecretName(called) || LooksSecret(plain)) {
			pair = name + "=" + Hidden
		}
		if !has && LooksSecret(pair) {
			pair = Hidden
		}
		pairs = append(pairs, pair)
	}
	return text + "?" + strings.Join(pairs, "&")
}

// IsSecretName tells whether a parameter, header or field of that name usually carries a credential.
func IsSecretName(name string) bool {
	lower := strings.ToLower(strings.NewReplacer("-", "", "_", "", ".", "").Replace(name))
	if lower == "key" || lower == "sig" || lower == "code" || lower == "jwt" || lower == "pwd" || lower == "sid" {
		return true
	}
	for _, part := range []string{"token", "secret", "passw", "apikey", "accesskey", "privatekey", "auth", "credential", "signature", "session", "cookie", "bearer"} {
		if strings.Contains(lower, part) {
			return true
		}
	}
	return false
}

// LooksSecret tells whether a value looks like a token whatever its name is: a JWT, or a long run of letters and
// digits such as a key.
func LooksSecret(value string) bool {
	if strings.HasPrefix(value, "eyJ") && strings.Count(value, ".") == 2 {
		return true
	}
	if len(value) < 24 {
		return false
	}
	var letters, digits bool
	for _, r := range value {
		switch {
		case r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			letters = true
		case r >= '0' && r <= '9':
			digits = true
		case !strings.ContainsRune("-_+/=", r):
			return false
		}
	}
	return letters && digits
}

// SetHeaders puts the headers of a check on a request; Host goes where net/http wants it.
func SetHeaders(r *http.Request, headers map[string]string) {
	for name, value := range headers {
		if strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
}
