package practice

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// lobby is a document of flagd with the flag new-lobby.
func lobby(rest string) string {
	return `{"flags":{"new-lobby":{"variants":{"on":true,"off":false,"blue":"b"},` + rest + `}}}`
}

// split has the flag on for so many percent of all people, as the program writes it.
func split(share int) string {
	return lobby(fmt.Sprintf(`"state":"ENABLED","defaultVariant":"off","targeting":{"fractional":[["on",%d],["off",%d]]}`, share, 100-share))
}

func TestFlagShare(t *testing.T) {
	for _, c := range []struct {
		name, document string
		want           int
	}{
		{"a quarter", split(25), 25},
		{"by what it is split", lobby(`"state":"ENABLED","defaultVariant":"off","targeting":{"fractional":[{"var":"user"},["on",5],["off",95]]}`), 5},
		{"weights that are no percents", lobby(`"state":"ENABLED","defaultVariant":"off","targeting":{"fractional":[["on",1],["off",3]]}`), 25},
		{"a split beats the default", lobby(`"state":"ENABLED","defaultVariant":"on","targeting":{"fractional":[["off",1]]}`), 0},
		{"a variant that is not true", lobby(`"state":"ENABLED","defaultVariant":"off","targeting":{"fractional":[["blue",50],["on",50]]}`), 50},
		{"on for everybody", lobby(`"state":"ENABLED","defaultVariant":"on"`), 100},
		{"off for everybody", lobby(`"state":"ENABLED","defaultVariant":"off"`), 0},
		{"switched off", lobby(`"state":"DISABLED","defaultVariant":"on","targeting":{"fractional":[["on",25],["off",75]]}`), 0},
		{"another flag", strings.ReplaceAll(split(25), "new-lobby", "old-lobby"), 0},
		{"no document", "", 0},
		{"no JSON", "flags: {}", 0},
	} {
		if got := flagShare(c.document, "new-lobby"); got != c.want {
			t.Errorf("%s: %d %%, want %d %%", c.name, got, c.want)
		}
	}
}

// raises puts a document of the flags into the cluster.
func (d drill) raises(document string) {
	d.t.Helper()
	patch := fmt.Sprintf(`{"data":{%q:%q}}`, flagsKey, document)
	if _, err := d.client.CoreV1().ConfigMaps(Production).Patch(d.ctx, flagsName, types.MergePatchType, []byte(patch), metav1.PatchOptions{}); err != nil {
		d.t.Error(err)
	}
}

// A fault that lasts while something is true comes with it, goes with it, comes again, and does not come at all when
// it is over before its moment.
func TestFaultWhileAFlagIsOn(t *testing.T) {
	const down = "connection refused"
	sc := scenarioWith(t, "", "faults:\n  - at: {after: production new-lobby at 25%, delay: 20s}\n    while: true\n    site: {host: github.example, trouble: down}\n")
	inWorld(t, sc, 1, func(d drill) {
		forge := func(what string, want bool) {
			t.Helper()
			if got := strings.Contains(d.says(repoAPI), down); got != want {
				t.Errorf("%s: down is %t, want %t", what, got, want)
			}
		}
		at := func(share int, wait time.Duration) {
			d.raises(split(share))
			d.sleep(wait)
		}
		at(5, time.Minute)
		forge("at 5 %", false)
		at(25, 15*time.Second)
		forge("15 s after 25 %", false)
		if !d.FaultBegan().IsZero() {
			t.Error("it counts as begun before its moment")
		}
		d.sleep(10 * time.Second)
		forge("25 s after 25 %", true)
		began := d.FaultBegan()
		if began.IsZero() {
			t.Error("it does not count as begun")
		}
		at(50, time.Minute)
		forge("at 50 %", true)
		d.raises(lobby(`"state":"ENABLED","defaultVariant":"off"`))
		d.sleep(time.Second)
		forge("off", false)
		at(25, 15*time.Second)
		d.raises(split(5))
		d.sleep(time.Minute)
		forge("lowered before its moment", false)
		at(100, 25*time.Second)
		forge("raised again", true)
		if !d.FaultBegan().Equal(began) {
			t.Errorf("it began at %s, and now says %s", began, d.FaultBegan())
		}
		d.raises(split(5))
		d.sleep(time.Second)
		forge("lowered again", false)
	})
}
