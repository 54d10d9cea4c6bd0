package checks

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/politicalsphere/sop/rollout/web"
)

// reply is what a web API answered.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// askAPI sends a GET and reads the whole answer, up to most bytes. A redirect is followed on the same host only, so
// that credentials stay with the server that they are for.
func askAPI(ctx context.Context, transport http.RoundTripper, address string, headers map[string]string, most int) (reply, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return reply{}, errors.New("the request cannot be made; look at the address")
	}
	request.Header.Set("User-Agent", "sop")
	web.SetHeaders(request, headers)
	client := &http.Client{Transport: transport, CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= web.MaxRedirects {
			return fmt.Errorf("it redirects more than %d times", web.MaxRedirects)
		}
		if !web.MayFollow(via[0].URL, via[len(via)-1].URL, next.URL) || web.CheckHost(strings.ToLower(next.URL.Hostname())) != nil {
			return fmt.Errorf("it redirects to %s://%s, which is not followed", next.URL.Scheme, next.URL.Host)
		}
		return nil
	}}
	response, err := client.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return reply{}, cause
		}
		return reply{}, web.Bare(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(most)+1))
	switch {
	case context.Cause(ctx) != nil:
		return reply{}, context.Cause(ctx)
	case err != nil:
		return reply{}, fmt.Errorf("the answer broke off: %w", web.Bare(err))
	case len(body) > most:
		return reply{}, fmt.Errorf("the answer is larger than %d KiB", most>>10)
	}
	return reply{response.StatusCode, response.Header, body}, nil
}

// apiError is an answer that is a refusal.
type apiError struct {
	status  int
	message string // of the server: foreign text, secrets not hidden
	advice  string
}

func (e *apiError) Error() string {
	text := fmt.Sprintf("it answers %d %s", e.status, http.StatusText(e.status))
	if e.message != "" {
		text += ": " + e.message
	}
	return text + after("; ", e.advice)
}

// refused makes an apiError of a reply, with the message that stands in it under one of the names.
func refused(r reply, advice string) *apiError {
	e := &apiError{status: r.status, advice: advice}
	var document struct {
		Message, Error string
	}
	switch err := json.Unmarshal(r.body, &document); {
	case err == nil && document.Message != "":
		e.message = document.Message
	case err == nil && document.Error != "":
		e.message = document.Error
	}
	e.message = e.message[:min(len(e.message), 64<<10)] // more than is ever shown, so that no secret is cut in two
	if e.advice == "" {
		e.advice = advise(r.status)
	}
	return e
}

// advise says what a status usually means.
func advise(status int) string {
	switch {
	case status == http.StatusUnauthorized:
		return "it wants credentials"
	case status == http.StatusForbidden:
		return "these credentials may not ask"
	case status == http.StatusNotFound:
		return "there is nothing at this address"
	case status == http.StatusTooManyRequests:
		return "it is asked too often"
	case status >= 500:
		return "it, or a proxy before it, is not available"
	}
	return ""
}

// decodeReply reads the JSON of a reply.
func decodeReply(r reply, into any) error {
	err := json.Unmarshal(r.body, into)
	switch {
	case err == nil:
		return nil
	case bytes.HasPrefix(bytes.TrimSpace(r.body), []byte("<")):
		return errors.New("it answers with a web page instead of JSON; is the address that of the API, or is there a login before it?")
	}
	return fmt.Errorf("it does not answer with the JSON of this API: %w", err)
}
