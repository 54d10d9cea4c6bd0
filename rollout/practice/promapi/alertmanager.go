package promapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// sent is an alert in the form of Alertmanager's API v2.
type sent struct {
	Fingerprint  string            `json:"fingerprint"`
	Labels       labels.Labels     `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	UpdatedAt    time.Time         `json:"updatedAt"`
	GeneratorURL string            `json:"generatorURL"`
	Receivers    []receiver        `json:"receivers"`
	Status       sentStatus        `json:"status"`
}

type receiver struct {
	Name string `json:"name"`
}

type sentStatus struct {
	State       string   `json:"state"`
	SilencedBy  []string `json:"silencedBy"`
	InhibitedBy []string `json:"inhibitedBy"`
	MutedBy     []string `json:"mutedBy"`
}

// Alertmanager answers the API v2 of the Alertmanager that gets the firing alerts of a namespace and those of no
// namespace. It goes on when Prometheus itself is in trouble; nobody is silenced.
func (s *Server) Alertmanager(namespace string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v2/alerts", func(rw http.ResponseWriter, r *http.Request) {
		list, code, err := s.sent(r, namespace)
		if err != nil {
			answerJSON(rw, code, err.Error())
			return
		}
		answerJSON(rw, http.StatusOK, list)
	})
	mux.HandleFunc("/api/v2/status", func(rw http.ResponseWriter, _ *http.Request) {
		answerJSON(rw, http.StatusOK, map[string]any{
			"cluster": map[string]any{"status": "ready", "peers": []any{}}, "uptime": s.options.Start,
			"versionInfo": map[string]string{"version": "0.30.0", "revision": "practice"}, "config": map[string]string{"original": ""},
		})
	})
	mux.HandleFunc("/api/v2/silences", func(rw http.ResponseWriter, _ *http.Request) { answerJSON(rw, http.StatusOK, []any{}) })
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		mux.HandleFunc(path, func(rw http.ResponseWriter, _ *http.Request) { fmt.Fprintln(rw, "OK") })
	}
	return mux
}

func answerJSON(rw http.ResponseWriter, code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		http.Error(rw, err.Error(), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(code)
	_, _ = rw.Write(text) // a client that has gone needs no answer
}

// sent lists the alerts that fire and that the request asks for.
func (s *Server) sent(r *http.Request, namespace string) ([]sent, int, error) {
	q := r.URL.Query()
	matchers, err := matchersOf(q["filter"])
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	list := []sent{}
	if q.Get("active") == "false" {
		return list, 0, nil
	}
	now := s.present().Truncate(judgeEvery)
	for _, rule := range s.allRules() {
		active, err := s.judge(r.Context(), rule, now)
		if err != nil {
			return nil, http.StatusInternalServerError, err
		}
		for _, a := range active {
			if ns := a.Labels.Get("namespace"); a.State != "firing" || ns != "" && ns != namespace || !matches(a.Labels, matchers) {
				continue
			}
			list = append(list, sent{
				Fingerprint: fmt.Sprintf("%016x", a.Labels.Hash()), Labels: a.Labels, Annotations: a.Annotations,
				StartsAt: a.ActiveAt.Add(rule.For), UpdatedAt: now, EndsAt: now.Add(4 * time.Minute),
				GeneratorURL: "https://prometheus." + namespace + ".example/graph", Receivers: []receiver{{"on-call"}},
				Status: sentStatus{State: "active", SilencedBy: []string{}, InhibitedBy: []string{}, MutedBy: []string{}},
			})
		}
	}
	slices.SortFunc(list, func(a, b sent) int { return strings.Compare(a.Fingerprint, b.Fingerprint) })
	return list, 0, nil
}

// matchersOf reads filters such as severity="critical".
func matchersOf(filters []string) ([]*labels.Matcher, error) {
	var all []*labels.Matcher
	for _, f := range filters {
		list, err := parser.NewParser(parser.Options{}).ParseMetricSelector("{" + strings.Trim(f, "{}") + "}")
		if err != nil {
			return nil, fmt.Errorf("bad matcher format: %s", f)
		}
		all = append(all, list...)
	}
	return all, nil
}
