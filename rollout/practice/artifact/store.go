// Package artifact makes the reports that the practice world's CI leaves for each version: test reports as gotestsum,
// pytest and Playwright write them (JUnit), findings as CodeQL, Semgrep, ZAP and Trivy write them (SARIF), and the
// benchmark as k6 writes its summary.
//
//	store := artifact.New(artifact.Options{Seed: 310, Built: built, Exists: func(v string) bool { return v == "v1.4.2" }})
//	http.Handle("/", store) // GET /v1.4.2/unit.xml
//
// The data's way: Options and the State of the moment → the numbers of a report → its text. The same seed gives the
// same bytes, and a report changes only when its State does.
package artifact

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Options are the facts that the reports are made of.
type Options struct {
	Seed int64
	// Built is when CI had finished; a report of State.Age is so much older.
	Built time.Time
	// Exists says whether there are reports of a version.
	Exists func(version string) bool
	// Commit is the hash of the commit that a version was built from.
	Commit func(version string) string
	// Repository is its address, as the reports name it.
	Repository string
	// State is what is wrong with a report at present, by its name; nil: nothing ever is.
	State func(name string) State
}

// State is what is wrong with a report. The zero value is a report that nothing is wrong with.
type State struct {
	// Missing: there is no such report.
	Missing bool
	// Broken: only its first half was uploaded.
	Broken bool
	// Age is how much older it is than the build.
	Age time.Duration
	// Failures, Errors and Skipped are numbers of tests.
	Failures, Errors, Skipped int
	// Critical and High are numbers of findings.
	Critical, High int
	// P95 is the response time that the benchmark measured; 0 means a good one.
	P95 time.Duration
}

// facts are what one report is written from.
type facts struct {
	State
	o       Options
	version string
	commit  string
	at      time.Time
	chance  *rand.Rand
}

// writers make the reports, by name.
var writers = map[string]func(facts) ([]byte, error){
	"unit.xml":        unitReport,
	"integration.xml": integrationReport,
	"e2e.xml":         endToEndReport,
	"codeql.sarif":    codeQL.report,
	"semgrep.sarif":   semgrep.report,
	"zap.sarif":       zap.report,
	"trivy.sarif":     trivy.report,
	"benchmark.json":  benchmarkReport,
}

// Names are the names of the reports, in order.
func Names() []string { return slices.Sorted(maps.Keys(writers)) }

// Store serves the reports. It is safe for use by many goroutines.
type Store struct{ o Options }

// New makes a store.
func New(o Options) *Store {
	if o.State == nil {
		o.State = func(string) State { return State{} }
	}
	if o.Commit == nil {
		o.Commit = func(string) string { return "" }
	}
	return &Store{o}
}

// Report is a report of a version and when it was written; false if there is none.
func (s *Store) Report(version, name string) ([]byte, time.Time, bool, error) {
	write, known := writers[name]
	state := s.o.State(name)
	if !known || state.Missing || !s.o.Exists(version) {
		return nil, time.Time{}, false, nil
	}
	h := fnv.New64a()
	fmt.Fprint(h, version, "/", name) // a hash never fails
	f := facts{
		State: state, o: s.o, version: version, commit: s.o.Commit(version),
		at:     s.o.Built.Add(-state.Age).UTC().Truncate(time.Second),
		chance: rand.New(rand.NewPCG(uint64(s.o.Seed), h.Sum64())),
	}
	text, err := write(f)
	if err != nil {
		return nil, f.at, false, fmt.Errorf("writing the practice world's report %s of %s: %w", name, version, err)
	}
	if state.Broken {
		text = text[:len(text)/2]
	}
	return text, f.at, true, nil
}

// ServeHTTP answers GET /VERSION/NAME, also when it is only asked whether something changed.
func (s *Store) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	version, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		http.Error(rw, "only GET and HEAD are answered here", http.StatusMethodNotAllowed)
		return
	}
	text, at, ok, err := s.Report(version, name)
	switch {
	case err != nil:
		http.Error(rw, err.Error(), http.StatusInternalServerError)
	case !ok:
		http.Error(rw, "no such report", http.StatusNotFound)
	default:
		sum := sha256.Sum256(text)
		rw.Header().Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
		rw.Header().Set("Content-Type", contentType(name))
		http.ServeContent(rw, r, name, at, bytes.NewReader(text))
	}
}

func contentType(name string) string {
	switch {
	case strings.HasSuffix(name, ".xml"):
		return "application/xml"
	case strings.HasSuffix(name, ".sarif"):
		return "application/sarif+json"
	}
	return "application/json"
}
