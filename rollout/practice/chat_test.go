package practice

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

const room = "https://chat.example/hooks/releases"

// tells posts to the chat and gives its status, its text, and how long it wants to be left alone.
func (d drill) tells(url, key, body string) string {
	r, err := http.NewRequestWithContext(d.ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := d.http.Do(r)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s %s", answer.StatusCode, strings.TrimSpace(string(text)), answer.Header.Get("Retry-After")))
}

func TestChat(t *testing.T) {
	inWorld(t, scenarioWith(t, "", ""), 1, func(d drill) {
		for _, c := range []struct{ url, key, body, want string }{
			{room, "1", `{"text":"one"}`, "200 ok"},
			{room, "1", `{"text":"one"}`, "200 ok"}, // again, after a cut line
			{room, "2", `{"text":"two"}`, "200 ok"},
			{room, "", `{"text":"two"}`, "200 ok"},
			{room, "", `{"text":"two"}`, "200 ok"}, // without a key it cannot know
			{room, "3", `{"text":""}`, "400 no_text"},
			{room, "3", `text=three`, "400 invalid_payload"},
			{"https://chat.example/hooks/", "3", `{"text":"three"}`, "404 no_service"},
			{"https://chat.example/hooks/a/b", "3", `{"text":"three"}`, "404 no_service"},
			{"https://chat.example/releases", "3", `{"text":"three"}`, "404 no_service"},
		} {
			if got := d.tells(c.url, c.key, c.body); got != c.want {
				t.Errorf("%s to %s: %s, want %s", c.body, c.url, got, c.want)
			}
		}
		if got := d.says(room); got != "405 invalid_method\n" {
			t.Errorf("who only looks gets %q", got)
		}
		var texts []string
		for _, p := range d.Posts() {
			if p.Room != "releases" || p.At.IsZero() {
				t.Errorf("got %+v", p)
			}
			texts = append(texts, p.Text)
		}
		if got := strings.Join(texts, " "); got != "one two two two" {
			t.Errorf("the chat took %q", got)
		}
	})
}

func TestChatInTrouble(t *testing.T) {
	for trouble, want := range map[string]string{
		"limited": "429 rate_limited 5", "broken": "500 Internal Server Error", "unavailable": "503 Service Unavailable",
		"down": `Post "` + room + `": dial tcp chat.example: connection refused`,
	} {
		t.Run(trouble, func(t *testing.T) {
			inWorld(t, scenarioWith(t, "", "faults:\n  - at: {after: start, delay: 1m}\n    site: {host: chat.example, trouble: "+trouble+", for: 1m}\n"), 1, func(d drill) {
				d.sleep(90 * time.Second)
				if got := d.tells(room, "1", `{"text":"now"}`); got != want {
					t.Errorf("%s, want %s", got, want)
				}
				if took := d.Posts(); len(took) > 0 {
					t.Errorf("it took %+v all the same", took)
				}
				d.sleep(time.Minute)
				if got := d.tells(room, "1", `{"text":"now"}`); got != "200 ok" || len(d.Posts()) != 1 {
					t.Errorf("afterwards it says %s and has %+v", got, d.Posts())
				}
			})
		})
	}
}
