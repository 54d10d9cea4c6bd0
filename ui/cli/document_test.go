package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v4"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbooks"
)

func TestShowHasEveryBox(t *testing.T) {
	t.Parallel()
	data, _ := runbooks.Find("deployment")
	doc, problems := runbook.Load(checks.Kinds(), runbook.Source{Name: "deployment.yaml", Data: data})
	if runbook.HasErrors(problems) {
		t.Fatal(problems)
	}
	lines := strings.Split(must(t, exitDone, "show", "deployment").out, "\n")
	boxes := 0
	for _, line := range lines {
		if strings.HasPrefix(line, "- [ ] ") {
			boxes++
		}
	}
	wantBoxes := 0
	has := func(mark, title string) {
		if mark == "- [ ] " {
			wantBoxes++
		}
		if !slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, mark) && strings.Contains(line, title) }) {
			t.Errorf("there is no line %s%s", mark, title)
		}
	}
	for _, ph := range doc.Runbook.Phases {
		mark := "- [ ] "
		if ph.ID == "prerequisites" { // the SOP lists them without boxes
			mark = "- "
		}
		for _, s := range ph.Sections {
			for _, step := range s.Steps {
				has(mark, step.Title)
			}
		}
	}
	for _, step := range doc.Runbook.Rollback.Steps {
		has("- [ ] ", step.Title)
	}
	if boxes != wantBoxes {
		t.Errorf("%d boxes for %d steps", boxes, wantBoxes)
	}
}

func TestShowJSON(t *testing.T) {
	t.Parallel()
	var shown struct {
		Name, Digest string
		Phases       []struct {
			ID    string
			Steps []struct{ ID, Title string }
		}
		Rollback []struct{ ID string }
	}
	must(t, exitDone, "show", "deployment", "-o", "json").into(t, &shown)
	if shown.Name != "deployment" || len(shown.Digest) != 64 || len(shown.Phases) == 0 || len(shown.Rollback) != 5 {
		t.Errorf("got %+v", shown)
	}
	for _, ph := range shown.Phases {
		if ph.ID == "" || len(ph.Steps) == 0 {
			t.Errorf("got phase %+v", ph)
		}
	}
}

// What show prints as YAML is a runbook again, of the same digest.
func TestShowYAML(t *testing.T) {
	t.Parallel()
	file := write(t, "ours.yaml", must(t, exitDone, "show", "deployment", "-o", "yaml").out)
	must(t, exitDone, "lint", file)
	var shipped, ours struct{ Digest string }
	must(t, exitDone, "show", "deployment", "-o", "json").into(t, &shipped)
	must(t, exitDone, "show", file, "-o", "json").into(t, &ours)
	if shipped != ours {
		t.Errorf("digest %s, printed and read again %s", shipped.Digest, ours.Digest)
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	var list struct {
		Kinds []struct{ Name, Doc, Example string }
	}
	must(t, exitDone, "kinds", "-o", "json").into(t, &list)
	if len(list.Kinds) != len(checks.Kinds()) {
		t.Fatalf("%d kinds, want %d", len(list.Kinds), len(checks.Kinds()))
	}
	all := must(t, exitDone, "kinds").out
	for _, k := range list.Kinds {
		if k.Doc == "" || !strings.Contains(k.Example, k.Name) {
			t.Errorf("got %+v", k)
		}
		page := must(t, exitDone, "kinds", k.Name).out
		if !strings.HasPrefix(page, k.Name+"\n") || !strings.Contains(page, "example:") || !strings.Contains(all, page) {
			t.Errorf("kinds %s prints\n%s", k.Name, page)
		}
	}
}

// The schema that editors get must accept what ships; the loader's own tests say what it refuses.
func TestTheSchemaAcceptsWhatShips(t *testing.T) {
	t.Parallel()
	var schema jsonschema.Schema
	must(t, exitDone, "schema").into(t, &schema)
	resolved, err := schema.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"deployment.yaml", "testbed.site.yaml"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "runbooks", name))
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := yaml.Unmarshal(data, &document); err != nil {
			t.Fatal(err)
		}
		plain, err := json.Marshal(document)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(plain, &document); err != nil {
			t.Fatal(err)
		}
		if err := resolved.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if page := must(t, exitDone, "schema", "-o", "markdown").out; !strings.Contains(page, "### Step") {
		t.Errorf("the reference lacks a section: %.300s", page)
	}
}
