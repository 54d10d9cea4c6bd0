package checks

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// flagd is a document with the flag new-lobby and one that was there before.
func flagd(lobby string) string {
	return `{"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": {
  "new-lobby": ` + lobby + `,
  "matchmaking": {"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "on"}}}`
}

// lobby is the flag new-lobby with a default variant and targeting, if any.
func lobby(state, variant, targeting string) string {
	if targeting != "" {
		targeting = `, "targeting": ` + targeting
	}
	return fmt.Sprintf(`{"state": %q, "variants": {"on": true, "off": false}, "defaultVariant": %q%s}`, state, variant, targeting)
}

const (
	off       = `{"state": "ENABLED", "variants": {"on": true, "off": false}, "defaultVariant": "off"}`
	quarter   = `{"fractional": [["on", 25], ["off", 75]]}`
	byCountry = `{"if": [{"==": [{"var": "country"}, "at"]}, "on", "off"]}`
)

func TestFlags(t *testing.T) {
	isOff, quarterOn := params("flags", "new-lobby", "off", true), params("flags", "new-lobby", "share", "25%")
	for _, c := range []struct {
		name   string
		text   string
		params map[string]any
		expect string
		status run.Status
		words  []string
	}{
		{"off", flagd(off), isOff, "", run.Passed, []string{"new-lobby is off", "there and off: new-lobby", "cat flags.json"}},
		{"off is what counts without a word", flagd(off), params("flags", "new-lobby"), "", run.Passed, nil},
		{"disabled", flagd(lobby("DISABLED", "on", "")), isOff, "", run.Passed, []string{"new-lobby is disabled"}},
		{"on", flagd(lobby("ENABLED", "on", "")), isOff, "", run.Failed, []string{"new-lobby is on"}},
		{"on for a share", flagd(lobby("ENABLED", "off", quarter)), isOff, "", run.Failed, []string{"new-lobby is on for 25 %"}},
		{"on for some", flagd(lobby("ENABLED", "off", byCountry)), isOff, "", run.Warn, []string{"has targeting rules"}},
		{"targeting that leads to off alone", flagd(lobby("ENABLED", "off", `{"if": [true, "off", "off"]}`)), isOff, "", run.Passed, []string{"new-lobby is off"}},
		{"missing", `{"flags": {}}`, isOff, "", run.Failed, []string{"there is no flag new-lobby"}},
		{"one of all is on", flagd(off), params("flags", "all"), "", run.Failed, []string{"matchmaking is on"}},
		{"the share asked for", flagd(lobby("ENABLED", "off", quarter)), quarterOn, "", run.Passed, []string{"on for 25 %"}},
		{"another share", flagd(lobby("ENABLED", "off", `{"fractional": [["on", 50], ["off", 50]]}`)), quarterOn, "", run.Failed, []string{"on for 50 %", "on for 25 %: new-lobby"}},
		{"all at last", flagd(lobby("ENABLED", "on", "")), params("flags", "new-lobby", "share", "100%"), "", run.Passed, []string{"new-lobby is on"}},
		{"expect alone", flagd(off), params("flags", "new-lobby, matchmaking"), `self["new-lobby"].off && self.matchmaking.rollout == 100.0`, run.Passed, nil},
		{"a hostile name", flagd(off), params("flags", "new-\x1b]52;c;aGk=\x07"), "", run.Failed, []string{"there is no flag new-^[]52"}},
		{"no JSON", "flags: {}", isOff, "", run.Unknown, []string{"cannot be read"}},
		{"another document", `[1, 2]`, isOff, "", run.Unknown, []string{"cannot be read"}},
		{"a flag twice", `{"flags": {"new-lobby": ` + off + `, "new-lobby": ` + lobby("ENABLED", "on", "") + `}}`, isOff, "", run.Unknown, []string{"twice"}},
		{"nothing", "", isOff, "", run.Unknown, []string{"empty"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t)
			b.files = fstest.MapFS{"flags.json": {Data: []byte(c.text)}}
			p := params("path", "flags.json")
			for k, v := range c.params {
				p[k] = v
			}
			r := b.look(runbook.Check{Kind: "flags", Params: p, Expect: c.expect})
			want(t, r, c.status, c.words...)
			if bad := r.Status == run.Failed || r.Status == run.Warn; bad != (r.Badness > 0) {
				t.Errorf("badness %v of %s", r.Badness, r.Status)
			}
			if r.Sensor != "files" {
				t.Errorf("sensor %q", r.Sensor)
			}
		})
	}
}

func TestNewFlagsAreThoseThatWereNotThereBefore(t *testing.T) {
	b := newBench(t)
	b.files = fstest.MapFS{
		"now.json":    {Data: []byte(flagd(lobby("ENABLED", "on", "")))},
		"before.json": {Data: []byte(`{"flags": {"matchmaking": ` + off + `}}`)},
	}
	check := runbook.Check{Kind: "flags", Params: params("path", "now.json", "flags", "all-new", "before", params("path", "before.json"))}
	want(t, b.look(check), run.Failed, "new-lobby is on")
	check.Params["before"] = params("path", "now.json")
	want(t, b.look(check), run.Passed, "no flag is new")
	check.Params["before"] = params("path", "gone.json")
	want(t, b.look(check), run.Failed, "the flags before: missing: there is no file gone.json")
}

// A flag in a ConfigMap that somebody switches on is seen at once, long before the next look is due.
func TestAFlagInAConfigMapIsFollowed(t *testing.T) {
	c := newCluster(t)
	object := func(text string) []byte {
		return fmt.Appendf(nil, "{apiVersion: v1, kind: ConfigMap, metadata: {name: feature-flags, namespace: production}, data: {flags.json: %q}}", text)
	}
	if err := c.server.CreateFromYAML(object(flagd(off))); err != nil {
		t.Fatal(err)
	}
	check := runbook.Check{Kind: "flags", Params: params("configmap", params("name", "feature-flags", "key", "flags.json"), "flags", "new-lobby"), Interval: runbook.Duration{D: time.Hour}}
	want(t, c.look(check), run.Passed, "new-lobby is off", "ConfigMap production/feature-flags, key flags.json")
	r := c.after(func(c *cluster) { c.switchOn(); c.wait(time.Second) }, check)
	want(t, r, run.Failed, "new-lobby is on")
}

// switchOn switches the flag new-lobby on.
func (c *cluster) switchOn() {
	c.t.Helper()
	maps := c.client.CoreV1().ConfigMaps("production")
	m, err := maps.Get(c.t.Context(), "feature-flags", metav1.GetOptions{})
	if err != nil {
		c.t.Error(err)
		return
	}
	m.Data["flags.json"] = flagd(lobby("ENABLED", "on", ""))
	if _, err := maps.Update(c.t.Context(), m, metav1.UpdateOptions{}); err != nil {
		c.t.Error(err)
		return
	}
}
