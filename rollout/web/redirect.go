package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// MaxRedirects is how many redirects are followed.
const MaxRedirects = 5

// FollowSameServer follows redirects that stay with the server that was asked. Where another one leads to is put into
// moved, and the redirect itself is the answer.
func FollowSameServer(moved *string) func(next *http.Request, via []*http.Request) error {
	return func(next *http.Request, via []*http.Request) error {
		if len(via) >= MaxRedirects {
			return fmt.Errorf("it redirects more than %d times", MaxRedirects)
		}
		if !MayFollow(via[0].URL, via[len(via)-1].URL, next.URL) || CheckHost(strings.ToLower(next.URL.Hostname())) != nil {
			*moved = next.URL.Scheme + "://" + next.URL.Host
			return http.ErrUseLastResponse
		}
		return nil
	}
}

// MayFollow tells whether a redirect stays with the server that was asked: the same host and port, or the same host
// on the usual ports from http up to https.
func MayFollow(first, last, next *url.URL) bool {
	if next.Scheme != "https" && last.Scheme == "https" || !strings.EqualFold(first.Hostname(), next.Hostname()) {
		return false
	}
	if portOf(first) == portOf(next) && first.Scheme == next.Scheme {
		return true
	}
	return portOf(first) == "80" && portOf(next) == "443"
}

func portOf(u *url.URL) string {
	if u.Scheme == "https" {
		return cmp.Or(u.Port(), "443")
	}
	return cmp.Or(u.Port(), "80")
}

// Bare strips net/http's "Get "https://…":" from an error: the URL may hold credentials.
func Bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
