package runbook

import (
	"slices"
	"strings"
	"testing"
)

const siteHead = "apiVersion: sop/v1\nkind: Site\n"

func site(name, rest string) Source { return Source{Name: name, Data: []byte(siteHead + rest)} }

func TestSiteFilesOverlayByName(t *testing.T) {
	doc := mustLoad(t, small,
		site("one.yaml", "environments:\n  production: {prometheus: {url: 'https://one.example'}, values: {more: x}}\ncomponents:\n  web: {image: 'registry.one/web:v9'}\nmetrics:\n  errors: {triggers: []}\n  p95: {query: ~, numerator: a, denominator: b}\n"),
		site("two.yaml", "inputs:\n  version: {default: v7, required: false}\nenvironments:\n  production: {prometheus: {url: 'https://two.example'}}\n  drill: {namespace: drill, values: {url: 'https://drill.example', only: x}}\n"))
	rb := doc.Runbook
	production, _ := rb.Environments.Get("production")
	if production.Prometheus.URL != "https://two.example" || production.Namespace != "production" {
		t.Errorf("production: %+v", production)
	}
	if v, _ := production.Values.Get("more"); v != "x" || production.Values.Len() != 2 {
		t.Errorf("values: %+v", production.Values)
	}
	if got := rb.Environments.Keys(); !slices.Equal(got, []string{"staging", "production", "drill"}) {
		t.Errorf("environments: %v", got)
	}
	web, _ := rb.Components.Get("web")
	if web.Image != "registry.one/web:v9" || web.Workload != "deployment/web" || web.Name != "web" {
		t.Errorf("web: %+v", web)
	}
	errors, _ := rb.Metrics.Get("errors")
	if len(errors.Triggers) != 0 || errors.Unit != UnitPercent {
		t.Errorf("errors: %+v", errors)
	}
	if p95, _ := rb.Metrics.Get("p95"); p95.Query != "" || p95.Numerator != "a" {
		t.Errorf("p95: %+v", p95)
	}
	version, _ := rb.Inputs.Get("version")
	if *version.Default != "v7" || version.Required || version.Pattern == "" {
		t.Errorf("version: %+v", version)
	}
	if at := doc.Positions["environments.production.prometheus.url"]; at.File != "two.yaml" || at.Line != 6 {
		t.Errorf("position of the address: %+v", at)
	}
	if at := doc.Positions["environments.production.namespace"]; at.File != "small.yaml" {
		t.Errorf("position of the namespace: %+v", at)
	}
	if again := mustLoad(t, string(doc.Data)); again.Digest != doc.Digest {
		t.Error("the frozen file loads to another digest")
	}
}

func TestBadSites(t *testing.T) {
	for _, c := range []struct {
		name, data    string
		line          int
		message, hint string
		severity      string
	}{
		{"the procedure", siteHead + "phases: []\n", 3, `unknown key "phases" in a site file`, "the procedure itself", SeverityError},
		{"unknown key", siteHead + "environmets: {}\n", 3, `unknown key "environmets"`, `"environments"`, SeverityError},
		{"unknown key of an entry", siteHead + "environments:\n  staging: {namspace: x}\n", 4, `unknown key "namspace"`, `"namespace"`, SeverityError},
		{"no kind", "apiVersion: sop/v1\n", 1, `lacks "kind"`, "kind: Site", SeverityError},
		{"a runbook", "apiVersion: sop/v1\nkind: Runbook\n", 2, "kind must be Site", "", SeverityError},
		{"a list", siteHead + "environments: [a]\n", 3, "environments must be a mapping", "", SeverityError},
		{"no mapping", "- a\n", 1, "must be a mapping", "kind: Site", SeverityError},
		{"incomplete addition", siteHead + "environments:\n  drill: {context: x}\n", 4, `environments.drill lacks "namespace"`, "", SeverityError},
		{"a slip", siteHead + "environments:\n  stagin: {namespace: x, values: {url: y, only: z}}\n", 4, `"stagin" is no name of the runbook's environments and is added`, `"staging"`, SeverityWarning},
		{"wrong value", siteHead + "components:\n  web: {image: nothing}\n", 4, "neither a tag nor a digest", "", SeverityError},
		{"emptied", siteHead + "components:\n  web: ~\n", 4, "components.web is empty", "", SeverityError},
		{"duplicate", siteHead + "components: {}\ncomponents: {}\n", 4, "stands twice", "", SeverityError},
		{"tab", siteHead + "components:\n\tweb: {}\n", 4, "a tab cannot indent", "", SeverityError},
		{"empty", "", 1, "the file is empty", "", SeverityError},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, problems := loadSmall(t, small, Source{Name: "site.yaml", Data: []byte(c.data)})
			for _, p := range problems {
				if p.File == "site.yaml" {
					checkProblem(t, p, c.data)
				}
				if p.File == "site.yaml" && p.Line == c.line && p.Severity == c.severity && strings.Contains(p.Message, c.message) && strings.Contains(p.Hint, c.hint) {
					return
				}
			}
			t.Errorf("got %v", problems)
		})
	}
}

func TestSiteOverABrokenRunbook(t *testing.T) {
	_, problems := loadSmall(t, "- a\n", site("site.yaml", "nonsense: 1\ncomponents: {}\n"))
	if len(problems) != 1 || problems[0].File != "small.yaml" {
		t.Errorf("got %v", problems)
	}
	_, problems = loadSmall(t, "a: [\n", site("site.yaml", "b: [\n"))
	if len(problems) != 2 {
		t.Errorf("both files are broken, got %v", problems)
	}
}
