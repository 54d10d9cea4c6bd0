package runbook

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func mustResolve(t *testing.T, doc *Document, c Choice) *Plan {
	t.Helper()
	plan, problems := Resolve(doc, c)
	if plan == nil || len(problems) > 0 {
		t.Fatalf("Resolve: %v", problems)
	}
	return plan
}

var v1 = map[string]string{"version": "v1.4.2"}

func TestResolveFillsIn(t *testing.T) {
	doc := mustLoad(t, small)
	before := string(doc.Data)
	plan := mustResolve(t, doc, Choice{Inputs: v1, Run: "01J", Operator: "alice"})
	if plan.Environment != "production" || plan.Digest != doc.Digest {
		t.Errorf("environment %q, digest %q", plan.Environment, plan.Digest)
	}
	if want := map[string]string{"version": "v1.4.2", "hold": "5m"}; !reflect.DeepEqual(plan.Inputs, want) {
		t.Errorf("inputs %v", plan.Inputs)
	}
	rb := plan.Runbook
	for i, want := range []string{"production", "staging", "production"} {
		if rb.Phases[i].Environment != want {
			t.Errorf("phase %d is for %q, want %q", i, rb.Phases[i].Environment, want)
		}
	}
	if c := rb.Phases[0].Sections[0].Steps[1].Verify[0]; c.Params["url"] != "https://example/healthz" || c.Expect != "self.status < 300" {
		t.Errorf("check %+v", c)
	}
	move := rb.Phases[2].Sections[0].Steps[0].Deploy
	if move.Hold.D != 5*time.Minute || move.Hold.Expr != "" {
		t.Errorf("hold %+v", move.Hold)
	}
	if got := plan.Waves(move); !reflect.DeepEqual(got, [][]string{{"web"}, {"api"}}) {
		t.Errorf("waves %v", got)
	}
	if got := plan.Waves(rb.Phases[1].Sections[0].Steps[0].Deploy); !reflect.DeepEqual(got, [][]string{{"api", "web"}}) {
		t.Errorf("waves of a deploy that names none: %v", got)
	}
	if api, _ := plan.Component("api"); api.Image != "registry.example/api:v1.4.2" {
		t.Errorf("image %q", api.Image)
	}
	if len(plan.Metrics) != 2 || plan.Metrics["staging"][0].Numerator != `n{ns="staging"}` || plan.Metrics["production"][0].Numerator != `n{ns="production"}` || plan.Metrics["production"][1].Name != "p95" {
		t.Errorf("metrics %+v", plan.Metrics)
	}
	if again, _ := Marshal(doc.Runbook); string(again) != before {
		t.Error("Resolve changed the document")
	}
}

func TestResolveTarget(t *testing.T) {
	doc := mustLoad(t, small)
	plan := mustResolve(t, doc, Choice{Inputs: v1, Environment: "staging"})
	if plan.Runbook.Phases[0].Environment != "staging" || plan.Runbook.Phases[2].Environment != "production" {
		t.Error("-e names the target of phases that name none, and only of those")
	}
	if got := plan.Runbook.Phases[0].Sections[0].Steps[1].Verify[0].Params["url"]; got != "https://staging.example/healthz" {
		t.Errorf("url %v", got)
	}
	free := strings.NewReplacer("    environment: production\n", "", "    environment: staging\n", "").Replace(small)
	_, problems := Resolve(mustLoad(t, free), Choice{Inputs: v1})
	if len(problems) != 1 || !strings.Contains(problems[0].Hint, "-e: staging, production") {
		t.Errorf("of two environments none is named: %v", problems)
	}
	_, problems = Resolve(doc, Choice{Inputs: v1, Environment: "prod"})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, `unknown environment "prod"`) {
		t.Errorf("unknown environment: %v", problems)
	}
	_, problems = Resolve(doc, Choice{Inputs: v1, Context: "other"})
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "spans the environments production, staging") {
		t.Errorf("--context over two environments: %v", problems)
	}
	plan = mustResolve(t, mustLoad(t, free), Choice{Inputs: v1, Environment: "staging", Context: "other", Namespace: "drill"})
	if e := plan.Env("staging"); e.Context != "other" || e.Namespace != "drill" || plan.Metrics["staging"][0].Numerator != `n{ns="drill"}` {
		t.Errorf("overridden environment %+v, %+v", e, plan.Metrics)
	}
}

func TestResolveRefusesInputs(t *testing.T) {
	doc := mustLoad(t, with(t, "  hold:", "  free: {title: Anything}\n  pick: {options: [a, b], default: a}\n  hold:"))
	for _, c := range []struct {
		name, value, message, hint string
	}{
		{"version", "", "input version (Version to deploy) is required", "--set version=…"},
		{"version", "1.4.2", "does not match v[0-9.]+", "--set"},
		{"version", "v1.4.2 ", "does not match", ""},
		{"version", "v1.4.2\nx", "U+000A", ""},
		{"version", "xv1.4.2", "does not match", ""},
		{"versoin", "v1", `unknown input "versoin"`, `did you mean "version"?`},
		{"hold", "5", "not a length of time", "such as 5m"},
		{"hold", "-5m", "begins with -", ""},
		{"hold", "", "is empty", ""},
		{"pick", "c", "none of a, b", "one of a, b"},
		{"free", "-rf", "begins with -", ""},
		{"free", "a\x1b[31m", "U+001B", ""},
		{"free", "a\x00", "U+0000", ""},
		{"free", "a\tb", "U+0009", ""},
		{"free", "\xff", "not UTF-8", ""},
		{"free", strings.Repeat("é", 257), "at most 256", ""},
		{"free", "${inputs.version}", "never expressions", ""},
	} {
		given := map[string]string{"version": "v1.4.2", c.name: c.value}
		if c.value == "" && c.name == "version" {
			delete(given, "version")
		}
		plan, problems := Resolve(doc, Choice{Inputs: given})
		if plan != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, c.message) || !strings.Contains(problems[0].Hint, c.hint) {
			t.Errorf("--set %s=%.20q: %v", c.name, c.value, problems)
		}
	}
	for _, value := range []string{"'; rm -rf /", "$(id)", "`id`", strings.Repeat("é", 256), ""} {
		if plan := mustResolve(t, doc, Choice{Inputs: map[string]string{"version": "v1", "free": value}}); plan.Inputs["free"] != value {
			t.Errorf("%q became %q", value, plan.Inputs["free"])
		}
	}
}

func TestResolveFindsWhatOnlyShowsThen(t *testing.T) {
	base := with(t, "  hold: {type: duration, default: 5m}", "  hold: {default: 5m}\n  where: {default: 'https://x.example'}\n  tag: {default: v1}\n  count: {default: '3'}")
	base = strings.NewReplacer("'https://prometheus.example'", "'${inputs.where}'", "registry.example/web:${inputs.version}", "registry.example/web:${inputs.tag}", "status: [200, 2xx]", "maxBody: '${inputs.count}'").Replace(base)
	doc := mustLoad(t, base)
	plan := mustResolve(t, doc, Choice{Inputs: v1})
	if got := plan.Runbook.Phases[0].Sections[0].Steps[1].Verify[0].Params["maxBody"]; got != "3" {
		t.Errorf("maxBody %v", got)
	}
	for name, c := range map[string]struct{ value, message string }{
		"hold":  {"soon", "not a length of time"},
		"where": {"nowhere", "must begin with http"},
		"tag":   {"a b", "not the name of an image"},
		"count": {"many", "maxBody must be a whole number"},
	} {
		_, problems := Resolve(doc, Choice{Inputs: map[string]string{"version": "v1", name: c.value}})
		if len(problems) != 1 || !strings.Contains(problems[0].Message, c.message) || problems[0].Line == 0 {
			t.Errorf("--set %s=%s: %v", name, c.value, problems)
		}
	}
}

func TestPlanEvaluatesConditions(t *testing.T) {
	plan := mustResolve(t, mustLoad(t, small), Choice{Inputs: v1})
	step := plan.Runbook.Phases[0].Sections[0].Steps[1]
	for status, want := range map[string]bool{"passed": true, "failed": false} {
		if got, err := plan.Wanted(step, "production", map[string]string{"ready": status}, nil); err != nil || got != want {
			t.Errorf("when ready is %s: %v, %v", status, got, err)
		}
	}
	if _, err := plan.Wanted(step, "production", nil, nil); err == nil {
		t.Error("a status that is not there gives an error, not an answer")
	}
	if got, err := plan.Wanted(Step{}, "production", nil, nil); !got || err != nil {
		t.Error("a step without a when is wanted")
	}
	c := step.Verify[0]
	for status, want := range map[int]bool{200: true, 500: false} {
		if got, err := plan.Expects(c, "production", map[string]any{"status": status}); err != nil || got != want {
			t.Errorf("expect with status %d: %v, %v", status, got, err)
		}
	}
	if _, err := plan.Expects(c, "production", nil); err == nil {
		t.Error("an expect about nothing gives an error, not an answer")
	}
}

// A rollback in an incident must not wait for a version that nobody is about to deploy.
func TestResolvePartial(t *testing.T) {
	broken := strings.NewReplacer("url: '${env.values.url}/healthz'", "url: '${inputs.version}'", "for: 30m", "for: '${inputs.long}'",
		"  hold:", "  long: {type: duration, required: true}\n  hold:", "'https://prometheus.example'", "'${inputs.version}'").Replace(small)
	doc := mustLoad(t, broken)
	plan := mustResolve(t, doc, Choice{Partial: true})
	if api, _ := plan.Component("api"); api.Workload != "deployment/api" || plan.Environment != "production" {
		t.Errorf("plan %+v", plan)
	}
	if _, problems := Resolve(doc, Choice{}); len(problems) != 2 {
		t.Errorf("two inputs are required, got %v", problems)
	}
	_, problems := Resolve(doc, Choice{Partial: true, Inputs: map[string]string{"version": "v1", "long": "5m"}})
	if len(problems) != 2 { // the address of Prometheus and that of the check
		t.Errorf("with all inputs given everything is judged, got %v", problems)
	}
	if _, problems := Resolve(doc, Choice{Partial: true, Inputs: map[string]string{"version": "-v"}}); len(problems) != 1 {
		t.Errorf("what is given must fit, got %v", problems)
	}
}

func TestResolveFillsInTheKindsDefaults(t *testing.T) {
	kinds := []Kind{stubKinds[0], {Name: "workload", Params: workloadStub{}, Interval: time.Minute, Timeout: 3 * time.Second}}
	doc, problems := Load(kinds, Source{Name: "x.yaml", Data: []byte(small)})
	if doc == nil {
		t.Fatal(problems)
	}
	c := mustResolve(t, doc, Choice{Inputs: v1}).Runbook.Phases[0].Sections[0].Steps[0].Verify[0]
	if c.Interval.D != 10*time.Second || c.Timeout.D != 3*time.Second {
		t.Errorf("interval %v is the file's, timeout %v the kind's", c.Interval, c.Timeout)
	}
}
