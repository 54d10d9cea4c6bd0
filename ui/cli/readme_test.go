package cli

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/ui/config"
	"github.com/politicalsphere/sop/ui/keys"
)

var update = flag.Bool("update", false, "write the pages that are made from the program")

func readme(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// between is what stands in the README between two marks.
func between(t *testing.T, from, to string) string {
	t.Helper()
	_, rest, ok := strings.Cut(readme(t), from)
	part, _, ended := strings.Cut(rest, to)
	if !ok || !ended {
		t.Fatalf("the README has no %s … %s", from, to)
	}
	return strings.TrimSpace(part)
}

func TestREADMEHasTheKeys(t *testing.T) {
	t.Parallel()
	got, want := between(t, "<!-- keys -->", "<!-- /keys -->"), keyTable()
	if got == want {
		return
	}
	if !*update {
		t.Fatalf("the README's table of keys is not that of the program: go test ./ui/cli -update. This is:\n\n%s", want)
	}
	if err := os.WriteFile("../../README.md", []byte(strings.Replace(readme(t), got, want, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestREADMEHasTheConfiguration(t *testing.T) {
	t.Parallel()
	if got := between(t, "<!-- config -->", "<!-- /config -->"); !strings.Contains(got, config.Settings()) {
		t.Errorf("the README's configuration is not that of the program, which is:\n%s", config.Settings())
	}
}

// row is a line of the table of keys.
type row struct{ keys, help string }

// keyTable is the README's table of keys: each of them once, with the places where it works.
func keyTable() string {
	var order []row
	where := map[row][]keys.Scope{}
	for _, scope := range keys.Scopes() {
		for _, h := range keys.Standard().HelpLines(scope) {
			r := row{h.Keys, h.Help}
			if where[r] == nil {
				order = append(order, r)
			}
			where[r] = append(where[r], scope)
		}
	}
	var b strings.Builder
	b.WriteString("| key | what it does | where |\n|---|---|---|")
	for _, r := range order {
		fmt.Fprintf(&b, "\n| %s | %s | %s |", codes(r.keys), strings.ReplaceAll(r.help, "|", `\|`), places(where[r]))
	}
	return b.String()
}

func codes(list string) string {
	var out []string
	for _, k := range strings.Fields(list) {
		out = append(out, "`"+k+"`")
	}
	return strings.Join(out, " ")
}

// places names scopes; the six screens together have a name of their own.
func places(scopes []keys.Scope) string {
	screens := []keys.Scope{keys.Checklist, keys.Rollout, keys.Watch, keys.Rollback, keys.Report, keys.Commands}
	everywhere := !slices.ContainsFunc(screens, func(s keys.Scope) bool { return !slices.Contains(scopes, s) })
	var out []string
	for _, s := range scopes {
		if !everywhere || !slices.Contains(screens, s) {
			out = append(out, string(s))
		}
	}
	switch {
	case everywhere && len(out) == 0:
		return "every screen"
	case everywhere:
		return "every screen; " + strings.Join(out, ", ")
	}
	return strings.Join(out, ", ")
}

// Every command of the program is in the README with flags that it has, and no other is.
func TestREADMEHasTheCommands(t *testing.T) {
	t.Parallel()
	root := (&app{}).root()
	told := map[string]bool{}
	flag := regexp.MustCompile(`(?:^|[ \[])(--?[a-z]+)`)
	block := strings.Trim(between(t, "<!-- commands -->", "<!-- /commands -->"), "`\n")
	for _, line := range strings.Split(block, "\n") {
		name := strings.Fields(line)[1]
		told[name] = true
		i := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
		if i < 0 {
			t.Errorf("the README tells of the command %q, which there is not", name)
			continue
		}
		line, _, _ = strings.Cut(line, "     ")
		for _, m := range flag.FindAllStringSubmatch(line, -1) {
			long, isLong := strings.CutPrefix(m[1], "--")
			flags := root.Commands()[i].Flags()
			if isLong && flags.Lookup(long) == nil || !isLong && flags.ShorthandLookup(m[1][1:]) == nil {
				t.Errorf("the README tells of %s %s, which there is not", name, m[1])
			}
		}
	}
	for _, c := range root.Commands() {
		if !c.Hidden && !told[c.Name()] {
			t.Errorf("the README does not tell of the command %q", c.Name())
		}
	}
}

// The README's site file fits the runbook that ships.
func TestREADMESite(t *testing.T) {
	t.Parallel()
	text := between(t, "<!-- site -->", "```\n\n")
	text = strings.ReplaceAll(strings.TrimPrefix(text, "```yaml"), "\n   ", "\n")
	site := write(t, "acme.site.yaml", text)
	if s := must(t, exitDone, "lint", "deployment", "--values", site); s.out != "" {
		t.Errorf("lint says %s", s.out)
	}
	var shown struct{ Environments, Components []string }
	must(t, exitDone, "show", "deployment", "--values", site, "-o", "json").into(t, &shown)
	if !slices.Contains(shown.Environments, "production") || !slices.Contains(shown.Components, "web") {
		t.Errorf("got %+v", shown)
	}
}
