package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// example is a block of YAML in a page, with what it is an example of.
var example = regexp.MustCompile("(?s)<!-- (lint|steps|verify) -->\n```yaml\n(.*?)```\n")

// around makes a whole runbook of an example.
func around(what, text string) string {
	indented := func(by string) string { return by + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n"+by) }
	const head = "apiVersion: sop/v1\nkind: Runbook\nmetadata: {name: example, title: Example}\n" +
		"environments: {production: {namespace: shop, prometheus: {url: 'https://prometheus.acme.example'}}}\n" +
		"components: {web: {workload: deployment/web, image: 'registry.acme.example/web:v1'}}\n" +
		"phases:\n- id: one\n  title: One\n  environment: production\n  sections:\n  - steps:\n"
	switch what {
	case "steps":
		return head + indented("    ") + "\n"
	case "verify":
		return head + "    - id: step\n      title: Step\n      verify:\n" + indented("      ") + "\n"
	}
	return text
}

// What the page on writing runbooks shows must be what lint has nothing to say about.
func TestTheExamplesOnWritingRunbooks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "runbooks", "WRITING.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllStringSubmatch(string(page), -1)
	if want := strings.Count(string(page), "```yaml"); len(found) != want {
		t.Fatalf("%d of %d examples have a mark", len(found), want)
	}
	for _, m := range found {
		file := filepath.Join(t.TempDir(), "example.yaml")
		if err := os.WriteFile(file, []byte(around(m[1], m[2])), 0o600); err != nil {
			t.Fatal(err)
		}
		if said := must(t, exitDone, "lint", file).out; said != "" {
			t.Errorf("lint says of the example\n%s\n%s", m[2], said)
		}
	}
}

// The reference is made from the program.
func TestTheReferenceIsThatOfTheProgram(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "runbooks", "REFERENCE.md")
	want := must(t, exitDone, "schema", "-o", "markdown").out
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != want {
		t.Error("runbooks/REFERENCE.md is not what the program prints: go test ./ui/cli -update")
	}
}
