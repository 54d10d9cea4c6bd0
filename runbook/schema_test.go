package runbook

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"
)

// probes are kinds whose parameters have every shape.
func probes() []Kind {
	type inner struct {
		Path string `yaml:"path" doc:"where"`
	}
	type params struct {
		URL    string            `yaml:"url" doc:"what to ask"`
		Names  []string          `yaml:"names,omitempty" doc:"some names"`
		Many   map[string]inner  `yaml:"many,omitempty" doc:"documents by name"`
		Text   map[string]string `yaml:"text,omitempty" doc:"texts by name"`
		Least  int               `yaml:"least,omitempty" doc:"a number"`
		Strict bool              `yaml:"strict,omitempty" doc:"a choice"`
	}
	return []Kind{
		{Name: "probe", Doc: "Asks.", Example: "probe: {url: x}", Params: params{}},
		{Name: "bare", Doc: "Asks nothing.", Example: "bare: {}"},
	}
}

func schemaOf(t *testing.T, kinds []Kind) *jsonschema.Resolved {
	t.Helper()
	r, err := Schema(kinds).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func instance(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var out any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func bookWith(verify string) string {
	return `
apiVersion: sop/v1
kind: Runbook
metadata: {name: test, title: Test}
phases: [{id: one, title: One, sections: [{steps: [{id: a, title: A, verify: [` + verify + `]}]}]}]
`
}

func TestTheSchemaJudgesLikeTheLoader(t *testing.T) {
	schema := schemaOf(t, probes())
	for _, c := range []struct {
		verify string
		good   bool
	}{
		{"{probe: {url: x}}", true},
		{"{probe: {url: x, names: [a, b], many: {one: {path: p}}, text: {a: b}, least: 3, strict: true}}", true},
		{"{probe: {url: x, names: 'a, b', least: '${inputs.n}', strict: '${inputs.b}'}}", true},
		{"{probe: {url: x, interval: 10s}, ttl: 1h30m, expect: 'self > 1'}", true},
		{"{probe: {url: 200}}", true},
		{"{bare: {}}", true},
		{"{bare: }", true},
		{"{probe: {}}", false},
		{"{probe: {url: x, nmaes: [a]}}", false},
		{"{probe: {url: x, least: many}}", false},
		{"{probe: {url: x, interval: 10}}", false},
		{"{probe: {url: x}, intervall: 10s}", false},
		{"{probe: {url: x}, bare: {}}", false},
		{"{other: {url: x}}", false},
		{"{interval: 10s}", false},
		{"{bare: {url: x}}", false},
	} {
		text := bookWith(c.verify)
		err := schema.Validate(instance(t, text))
		if (err == nil) != c.good {
			t.Errorf("%s: schema says %v", c.verify, err)
		}
		if _, problems := Load(probes(), Source{Name: "t.yaml", Data: []byte(text)}); c.good && HasErrors(problems) && !strings.Contains(c.verify, "inputs.") && !strings.Contains(c.verify, "self") {
			t.Errorf("%s: the schema accepts what the loader does not: %v", c.verify, problems)
		} else if !c.good && !HasErrors(problems) {
			t.Errorf("%s: the schema refuses what the loader accepts", c.verify)
		}
	}
}

func TestTheSchemaKnowsASiteFile(t *testing.T) {
	schema := schemaOf(t, probes())
	if err := schema.Validate(instance(t, "apiVersion: sop/v1\nkind: Site\ninputs: {version: {default: v1}}\n")); err != nil {
		t.Error(err)
	}
	if schema.Validate(instance(t, "apiVersion: sop/v1\nkind: Site\nphases: []\n")) == nil {
		t.Error("a site file with phases is accepted")
	}
}

func TestEveryFieldIsExplained(t *testing.T) {
	found := map[string]bool{}
	listFields(reflect.TypeFor[Runbook](), found)
	for name := range found {
		if docs()[name] == "" {
			t.Errorf("%s has no comment in runbook.go, so the schema and the reference say nothing of it", name)
		}
	}
}

func TestTheHandbookNamesEverything(t *testing.T) {
	page := Handbook(probes())
	for _, want := range []string{"### Step", "`deferTo`", "### probe", "| **`url`** | text | what to ask |", "`many.*.path`", "### bare", "```yaml\n- probe: {url: x}\n```"} {
		if !strings.Contains(page, want) {
			t.Errorf("the handbook lacks %q", want)
		}
	}
}
