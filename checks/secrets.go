package checks

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/politicalsphere/sop/runbook/run"
)

// secrets are texts that must not show in any result.
type secrets []string

// leastSecret is the shortest text that is hidden; shorter ones would tear holes into words.
const leastSecret = 4

const hidden = "…"

func (s *secrets) add(texts ...string) {
	for _, t := range texts {
		for _, form := range []string{t, url.QueryEscape(t), url.PathEscape(t)} {
			if len(form) >= leastSecret && !slices.Contains(*s, form) {
				*s = append(*s, form)
			}
		}
	}
}

func (s secrets) hide(text string) string {
	for _, secret := range s {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	return text
}

// hideIn hides them in every text of a result. What a look observed may repeat them, as an echoing server does.
func (s secrets) hideIn(in seen) seen {
	if len(s) == 0 {
		return in
	}
	hide := func(t run.Safe) run.Safe { return run.MakeSafe(s.hide(string(t)), 0) }
	in.Summary = hide(in.Summary)
	in.Evidence = slices.Clone(in.Evidence)
	for i := range in.Evidence {
		e := &in.Evidence[i]
		e.Observed, e.Expected, e.Source, e.Query = hide(e.Observed), hide(e.Expected), hide(e.Source), hide(e.Query)
	}
	return in
}

// secretsOfURL are the password and the query values that may be credentials.
func secretsOfURL(u *url.URL) secrets {
	var out secrets
	if password, ok := u.User.Password(); ok {
		out.add(password)
		out.add(u.User.Username())
	}
	for name, values := range u.Query() {
		for _, v := range values {
			if isSecretName(name) || looksSecret(v) {
				out.add(v)
			}
		}
	}
	return out
}

// secretsOfHeaders are the values of headers that carry credentials, whole and without their scheme.
func secretsOfHeaders(headers map[string]string) secrets {
	var out secrets
	for name, value := range headers {
		if !isSecretName(name) && !looksSecret(value) {
			continue
		}
		out.add(value)
		if _, bare, ok := strings.Cut(value, " "); ok {
			out.add(bare)
		}
	}
	return out
}

// showURL is the address without user, password and fragment, and with the values of suspicious parameters hidden.
func showURL(u *url.URL) string {
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
		if has && (err != nil || isSecretName(name) || looksSecret(plain)) {
			pair = name + "=" + hidden
		}
		if !has && looksSecret(pair) {
			pair = hidden
		}
		pairs = append(pairs, pair)
	}
	return text + "?" + strings.Join(pairs, "&")
}

// isSecretName tells whether a parameter, header or field of that name usually carries a credential.
func isSecretName(name string) bool {
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

// looksSecret tells whether a value looks like a token whatever its name is: a JWT, or a long run of letters and
// digits such as a key.
func looksSecret(value string) bool {
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

// setHeaders puts the headers of a check on a request; Host goes where net/http wants it.
func setHeaders(r *http.Request, headers map[string]string) {
	for name, value := range headers {
		if strings.EqualFold(name, "Host") {
			r.Host = value
			continue
		}
		r.Header.Set(name, value)
	}
}
