package journal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestSecretsAreTakenOut(t *testing.T) {
	const secret = `p@ss "w<rd>/é+`
	b64 := base64.StdEncoding.EncodeToString
	asJSON, err := json.Marshal(map[string]string{"password": secret})
	if err != nil {
		t.Fatal(err)
	}
	key := "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0B\nq83vEjRWeJq83vEjRWeJ\n-----END KEY-----"
	r := newRedactor([]string{secret + "\n", "", "no", key, "12345678"}, nil)
	for _, c := range []struct{ name, in, want string }{
		{"plain", "a " + secret + " b " + secret, "a [redacted] b [redacted]"},
		{"whole", " " + secret + "\n", "[redacted]"},
		{"base64", "x " + b64([]byte(secret)) + " y", "x [redacted] y"},
		{"base64 for URLs", base64.URLEncoding.EncodeToString([]byte(secret)), "[redacted]"},
		{"query", "?p=" + url.QueryEscape(secret), "?p=[redacted]"},
		{"path", "/" + url.PathEscape(secret) + "/x", "/[redacted]/x"},
		{"lower-case escapes", strings.ToLower(url.PathEscape(secret)), "[redacted]"},
		{"needless escapes", "100% %70" + secret[1:] + "%", "100% [redacted]%"},
		{"hex", fmt.Sprintf("%x", secret), "[redacted]"},
		{"in JSON", string(asJSON), `{"password":"[redacted]"}`},
		{"one line of a key", "leak: q83vEjRWeJq83vEjRWeJ.", "leak: [redacted]."},
		{"short, whole", "no", "[redacted]"},
		{"short, inside", "nothing is known", "nothing is known"},
		{"nothing", "all is well, 100 %", "all is well, 100 %"},
	} {
		if got := r.text(c.in); got != c.want {
			t.Errorf("%s: %q became %q, want %q", c.name, c.in, got, c.want)
		}
	}
	in := `{"12345678":[12345678,1234567,-1.5e3,true,null,"id 12345678"],"k\u006f":"n\u006f","o":{}}`
	want := `{"[redacted]":["[redacted]",1234567,-1.5e3,true,null,"id [redacted]"],"k\u006f":"[redacted]","o":{}}`
	if got := string(r.json([]byte(in))); got != want {
		t.Errorf("JSON became\n%s\nwant\n%s", got, want)
	}
}

// Wherever a secret lies in bytes that are then encoded in base64, what is left of it cannot be decoded.
func TestSecretsInsideBase64(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{8,40}`).Draw(t, "secret")
		before := rapid.StringMatching(`[a-z:]{0,9}`).Draw(t, "before")
		after := rapid.StringMatching(`[a-z:]{0,9}`).Draw(t, "after")
		r := newRedactor([]string{secret}, nil)
		for _, enc := range []*base64.Encoding{base64.StdEncoding, base64.RawURLEncoding} {
			got := r.text(enc.EncodeToString([]byte(before + secret + after)))
			if !strings.Contains(got, mask) || len(got) > len(mask)+2*len(before+after)+12 {
				t.Fatalf("%q in %q became %q", secret, before+secret+after, got)
			}
		}
	})
}

// P8: no spelling of a secret in any file of a run, and the journal stays sound.
func TestNoSecretOnTheDisk(t *testing.T) {
	const secret, later = "s3cr3t/Token+Value", "learned-on-the-way"
	opts := quick()
	opts.Redact = []string{secret}
	opts.RedactFunc = func(s string) string { return strings.ReplaceAll(s, "Bearer xyz", "Bearer …") }
	j := create(t, opts)
	j.AddSecrets(later)
	spellings := []string{
		secret, later, "Bearer xyz", url.QueryEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)),
	}
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + secret))
	rec, err := j.Append(epoch, "by "+secret, "command.done", map[string]any{
		"argv": []string{"curl", "-H", "Authorization: Bearer xyz"}, later: spellings, "basic": basic,
	})
	if err != nil {
		t.Fatal(err)
	}
	sha, err := j.PutOutput([]byte("log " + basic + strings.Join(spellings, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	out, err := ReadOutput(j.Dir(), sha)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(spellings, basic[12:28]) {
		if bytes.Contains(data, []byte(s)) || bytes.Contains(out, []byte(s)) || strings.Contains(string(rec.Data)+rec.Actor, s) {
			t.Errorf("%q is in\n%s\nor\n%s", s, data, out)
		}
	}
	if _, _, err := Read(j.Dir()); err != nil || !json.Valid(rec.Data) {
		t.Errorf("read: %v, data %s", err, rec.Data)
	}
}
