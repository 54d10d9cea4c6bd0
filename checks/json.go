package checks

import (
	"bufio"
	"context"

	"github.com/politicalsphere/sop/rollout/web"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

type jsonParams struct {
	Document `yaml:",inline" doc:"where the document is"`
}

var jsonKind = runbook.Kind{
	Name: "json",
	Doc: `A JSON document is as expected: the summary of a load test, a benchmark, whatever a tool wrote.
passes   expect is true
fails    expect is false, or there is no such document
unknown  the document cannot be fetched or is no whole JSON (a key that stands twice in an object is none); or what
         expect looks at is not in it
expect is needed: only it says what is good.
self     the document; all its numbers have fractions, so write 200.0 where you calculate with them`,
	Example:  "json: {url: 'https://artifacts.example/v1.4.2/benchmark.json', expect: 'self.metrics.http_req_duration.values[\"p(95)\"] < 200.0'}",
	Params:   jsonParams{},
	Interval: documentInterval,
	Timeout:  documentTimeout,
	Lint:     lintJSON,
}

func lintJSON(params any, c runbook.Check) []runbook.ParamProblem {
	out := lintDocument("", params.(*jsonParams).Document, false)
	if c.Expect == "" {
		out = append(out, problem("expect", "write expect: 'self.errors == 0'", "nothing says what is good"))
	}
	return out
}

func readyJSON(w *Worker, work run.CheckWork) (check, error) {
	p, err := decode[jsonParams](jsonKind, work.Check)
	if err != nil {
		return check{}, err
	}
	r, err := newReader(w, work.Env, p.Document, parseJSON)
	if err != nil {
		return check{}, err
	}
	c := check{look: jsonLook{r}.look}
	c.reads(r.mapOf, r.watches(), r.hide)
	return c, nil
}

func parseJSON(in *bufio.Reader, _ web.Secrets) (any, error) {
	var v any
	err := readJSON(in, &v)
	return v, err
}

type jsonLook struct{ reader *reader[any] }

func (l jsonLook) look(ctx context.Context) seen {
	e := l.reader.evidence()
	parts, err := l.reader.read(ctx)
	if err != nil {
		s := notRead(e, "", err)
		s.Sensor = l.reader.asks()
		return s
	}
	s := seen{self: parts[0].value}
	s.Sensor = l.reader.asks()
	s.summed(run.Passed, "as expected, %s of JSON", size(parts[0].size))
	e.Observed = s.Summary
	e.ResourceVersion = parts[0].version
	s.Evidence = []run.Evidence{e}
	return s
}
