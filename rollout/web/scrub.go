package web

import (
	"regexp"
	"strings"
)

var (
	// credentialField is NAME=value and "name": "value" where the name is one of a credential.
	credentialField = regexp.MustCompile(`(?i)("?[\w.-]*(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credential|authorization|cookie|session)[\w.-]*"?\s*[:=]\s*)("[^"]*"|'[^']*'|(?:bearer|basic|token)\s+\S+|[^\s,;&]+)`)
	// credentialWord is a credential after the word that announces it.
	credentialWord = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[\w.+/=~-]{6,}`)
	// credentialURL is the user information of an address.
	credentialURL = regexp.MustCompile(`://[^/\s@]+@`)
	longWord      = regexp.MustCompile(`[\w.+/=-]{24,}`)
)

// Scrub hides what looks like a credential in a line that somebody else wrote, such as one of a log.
func Scrub(line string) string {
	line = credentialURL.ReplaceAllString(line, "://"+Hidden+"@")
	line = credentialField.ReplaceAllString(line, "${1}"+Hidden)
	line = credentialWord.ReplaceAllString(line, "${1} "+Hidden)
	return longWord.ReplaceAllStringFunc(line, func(word string) string {
		if LooksSecret(word) && looksRandom(word) {
			return Hidden
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
