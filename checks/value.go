package checks

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// What comes out of configurations and logs is shown so that people can work with it, but credentials are not.

// maxValue is how much of a value is shown.
const maxValue = 80

// showValue is a value that stands under a key; hidden when the key or the value looks like a credential, and counted
// when it is long.
func showValue(key, value string) string {
	switch {
	case isSecretName(key) || looksSecret(value):
		return hidden
	case strings.Contains(value, "://") && !strings.ContainsAny(value, " \n,"):
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			return showURL(u)
		}
		return hidden
	case len(value) > maxValue || strings.ContainsRune(value, '\n'):
		return fmt.Sprintf("%d bytes", len(value))
	}
	return scrub(value)
}

var (
	// credentialField is NAME=value and "name": "value" where the name is one of a credential.
	credentialField = regexp.MustCompile(`(?i)("?[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization|cookie|session)[\w.-]*"?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:bearer|basic|token)\s+\S+|[^\s,;&]+)`)
	// credentialWord is a credential after the word that announces it.
	credentialWord = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.+/=~-]{6,}`)
	// credentialURL is the user information of an address.
	credentialURL = regexp.MustCompile(`://[^/\s@]+@`)
	longWord      = regexp.MustCompile(`[\w.+/=-]{24,}`)
)

// scrub hides what looks like a credential in a line that somebody else wrote, such as one of a log.
func scrub(line string) string {
	line = credentialURL.ReplaceAllString(line, "://"+hidden+"@")
	line = credentialField.ReplaceAllString(line, "${1}"+hidden)
	line = credentialWord.ReplaceAllString(line, "${1} "+hidden)
	return longWord.ReplaceAllStringFunc(line, func(word string) string {
		if looksSecret(word) && looksRandom(word) {
			return hidden
		}
		return word
	})
}

// looksRandom tells a key from the name of a pod or an image: it mixes cases, or is one long hexadecimal number. A
// token of three parts (JWT) is random too.
func looksRandom(word string) bool {
	if strings.HasPrefix(word, "eyJ") {
		return true
	}
	upper, lower := strings.ToLower(word) != word, strings.ToUpper(word) != word
	return upper && lower || len(word) >= 32 && strings.Trim(word, "0123456789abcdefABCDEF") == ""
}

// slashed is the regular expression (RE2) that a parameter writes as /…/; nil when it is a plain text.
func slashed(text string) (*regexp.Regexp, error) {
	if len(text) < 2 || text[0] != '/' || text[len(text)-1] != '/' {
		return nil, nil
	}
	pattern, err := regexp.Compile(text[1 : len(text)-1])
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression: %w", text, err)
	}
	return pattern, nil
}
