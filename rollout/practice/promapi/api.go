package promapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for path, f := range map[string]func(*http.Request) (any, error){
		"/api/v1/query":               s.query,
		"/api/v1/query_range":         s.queryRange,
		"/api/v1/series":              s.series,
		"/api/v1/labels":              s.labelNames,
		"/api/v1/label/{name}/values": s.labelValues,
		"/api/v1/alerts":              s.alerts,
		"/api/v1/rules":               s.rules,
		"/api/v1/status/buildinfo":    buildinfo,
	} {
		mux.Handle(path, endpoint(f))
	}
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "Prometheus Server is Healthy.")
		})
	}
	return mux
}

// failure is an error with the type that the API names it by.
type failure struct {
	kind  string
	cause error
}

func (f *failure) Error() string { return f.cause.Error() }
func (f *failure) Unwrap() error { return f.cause }

func badData(format string, args ...any) error {
	return &failure{kind: "bad_data", cause: fmt.Errorf(format, args...)}
}

func (f *failure) code() int {
	switch f.kind {
	case "bad_data":
		return http.StatusBadRequest
	case "execution":
		return http.StatusUnprocessableEntity
	case "timeout":
		return http.StatusServiceUnavailable
	case "canceled":
		return 499
	default:
		return http.StatusInternalServerError
	}
}

// endpoint wraps an answer into the API's envelope.
func endpoint(answer func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodPost {
			http.Error(w, "Method Not Allowed", http.StatusMethodNotAllowed)
			return
		}
		body := map[string]any{"status": "success"}
		code := http.StatusOK
		err := r.ParseForm()
		if err != nil {
			err = badData("error parsing form values: %w", err)
		} else {
			body["data"], err = answer(r)
		}
		if err != nil {
			f := &failure{kind: "internal", cause: err}
			errors.As(err, &f)
			code = f.code()
			body = map[string]any{"status": "error", "errorType": f.kind, "error": f.Error()}
		}
		text, err := json.Marshal(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		w.Write(text) // a client that has gone needs no answer
	})
}

func buildinfo(*http.Request) (any, error) {
	return map[string]string{
		"version": "3.16.0", "revision": "practice", "branch": "HEAD",
		"buildUser": "", "buildDate": "", "goVersion": "",
	}, nil
}

// queryData is the data of an answer to a query.
type queryData struct {
	ResultType parser.ValueType `json:"resultType"`
	Result     parser.Value     `json:"result"`
}

func (s *Server) query(r *http.Request) (any, error) {
	now := s.present()
	at, err := instant(r, "time", now)
	if err != nil {
		return nil, err
	}
	q, err := s.engine.NewInstantQuery(r.Context(), s, nil, r.FormValue("query"), at)
	if err != nil {
		return nil, badData("invalid parameter \"query\": %w", err)
	}
	return s.run(r, q)
}

// mostPoints is Prometheus's own limit for one series of a range query.
const mostPoints = 11_000

func (s *Server) queryRange(r *http.Request) (any, error) {
	s.present()
	start, err := instant(r, "start", time.Time{})
	if err != nil {
		return nil, err
	}
	end, err := instant(r, "end", time.Time{})
	if err != nil {
		return nil, err
	}
	step, err := duration(r.FormValue("step"))
	switch {
	case err != nil:
		return nil, badData("invalid parameter \"step\": %w", err)
	case start.IsZero() || end.IsZero():
		return nil, badData("invalid parameter: \"start\" and \"end\" are needed")
	case end.Before(start):
		return nil, badData("invalid parameter \"end\": end timestamp must not be before start time")
	case step <= 0:
		return nil, badData("invalid parameter \"step\": zero or negative query resolution step widths are not accepted. Try a positive integer")
	case end.Sub(start)/step > mostPoints:
		return nil, badData("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
	}
	q, err := s.engine.NewRangeQuery(r.Context(), s, nil, r.FormValue("query"), start, end, step)
	if err != nil {
		return nil, badData("invalid parameter \"query\": %w", err)
	}
	return s.run(r, q)
}

// run executes a query. The result is turned into JSON before the query is closed, which takes back its memory.
func (s *Server) run(r *http.Request, q promql.Query) (any, error) {
	defer q.Close()
	defer s.options.Hold()()
	result := q.Exec(r.Context())
	if result.Err != nil {
		return nil, queryFailure(result.Err)
	}
	text, err := json.Marshal(queryData{result.Value.Type(), spoil(result.Value, s.Outage().Trouble)})
	if err != nil {
		return nil, fmt.Errorf("writing the result of a query: %w", err)
	}
	return json.RawMessage(text), nil
}

func queryFailure(err error) error {
	var timeout promql.ErrQueryTimeout
	var canceled promql.ErrQueryCanceled
	switch {
	case errors.As(err, &timeout):
		return &failure{kind: "timeout", cause: err}
	case errors.As(err, &canceled):
		return &failure{kind: "canceled", cause: err}
	default:
		return &failure{kind: "execution", cause: err}
	}
}

// spoil gives a result the looks of an outage.
func spoil(v parser.Value, t Trouble) parser.Value {
	switch t {
	case Empty:
		switch v.(type) {
		case promql.Vector:
			return promql.Vector{}
		case promql.Matrix:
			return promql.Matrix{}
		}
	case NotANumber:
		switch v := v.(type) {
		case promql.Vector:
			for i := range v {
				v[i].F = math.NaN()
			}
		case promql.Matrix:
			for _, s := range v {
				for i := range s.Floats {
					s.Floats[i].F = math.NaN()
				}
			}
		}
	}
	return v
}

// instant reads a time as Prometheus does: seconds since the epoch, or RFC 3339.
func instant(r *http.Request, name string, otherwise time.Time) (time.Time, error) {
	text := r.FormValue(name)
	if text == "" {
		return otherwise, nil
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil && math.Abs(f) < 1e11 {
		whole, part := math.Modf(f)
		return time.Unix(int64(whole), int64(math.Round(part*1000))*int64(time.Millisecond)).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return t, badData("invalid parameter %q: cannot parse %q to a valid timestamp", name, text)
	}
	return t, nil
}

// duration reads a step: seconds, or a duration such as 15s.
func duration(text string) (time.Duration, error) {
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if math.Abs(f) > math.MaxInt64/float64(time.Second) || math.IsNaN(f) {
			return 0, fmt.Errorf("cannot parse %q to a valid duration: it is out of range", text)
		}
		return time.Duration(f * float64(time.Second)), nil
	}
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("cannot parse %q to a valid duration", text)
	}
	return time.Duration(d), nil
}
