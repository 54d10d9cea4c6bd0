package checks

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
)

// What comes out of configurations and logs is shown so that people can work with it, but credentials are not.

// maxValue is how much of a value is shown.
const maxValue = 80

// showValue is a value that stands under a key; hidden when the key or the value looks like a credential, and counted
// when it is long.
func showValue(key, value string) string {
	switch {
	case web.IsSecretName(key) || web.LooksSecret(value):
		return web.Hidden
	case strings.Contains(value, "://") && !strings.ContainsAny(value, " \n,"):
		if u, err := url.Parse(value); err == nil && u.Host != "" {
			return web.ShowURL(u)
		}
		return web.Hidden
	case len(value) > maxValue || strings.ContainsRune(value, '\n'):
		return fmt.Sprintf("%d bytes", len(value))
	}
	return web.Scrub(value)
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
