package practice

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Post is a message that the organisation's chat took.
type Post struct {
	At   time.Time
	Room string // the last part of the webhook's path
	Text string
	Key  string // Idempotency-Key: the chat takes a message with the same one once
}

// Posts are the messages that the chat took, the oldest first.
func (w *World) Posts() []Post {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.posts)
}

// chat takes messages at /hooks/ROOM, as Slack's incoming webhooks do.
func (w *World) chat(rw http.ResponseWriter, r *http.Request) {
	room, ok := strings.CutPrefix(r.URL.Path, "/hooks/")
	switch {
	case !ok || room == "" || strings.Contains(room, "/"):
		http.Error(rw, "no_service", http.StatusNotFound)
		return
	case r.Method != http.MethodPost:
		http.Error(rw, "invalid_method", http.StatusMethodNotAllowed)
		return
	}
	var message struct{ Text string }
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(body, &message) != nil {
		http.Error(rw, "invalid_payload", http.StatusBadRequest)
		return
	}
	if message.Text == "" {
		http.Error(rw, "no_text", http.StatusBadRequest)
		return
	}
	p := Post{At: w.clock.Now(), Room: room, Text: message.Text, Key: r.Header.Get("Idempotency-Key")}
	w.mu.Lock()
	if p.Key == "" || !slices.ContainsFunc(w.posts, func(o Post) bool { return o.Key == p.Key }) {
		w.posts = append(w.posts, p)
	}
	w.mu.Unlock()
	_, _ = io.WriteString(rw, "ok") // a client that has gone needs no answer
}
