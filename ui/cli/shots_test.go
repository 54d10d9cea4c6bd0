package cli

import (
	"bytes"
	"context"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui"
)

// shots is where `make shots` wants the pictures of the README; empty: they are drawn and looked at, and not kept.
var shots = flag.String("shots", "", "directory to write the pictures of the README into")

// shot is one picture: the first State of a drill for which when is true, on a screen.
type shot struct {
	name string
	keys []string // pressed before the picture is taken
	w, h int
	when func(run.State) bool
	says []string // what must be read on it
}

// still is a run that stands still for its picture.
type still struct {
	state run.State
	now   time.Time
}

func (s still) States() <-chan run.State { return nil }
func (s still) Latest() run.State        { return s.state }
func (s still) Send(run.Intent)          {}
func (s still) Now() time.Time           { return s.now }

// TestShots draws the pictures of the README from drills that are played: nothing in them is made up.
func TestShots(t *testing.T) {
	t.Parallel()
	for scenario, list := range map[string][]shot{
		"tuesday": {
			{name: "rollout", keys: []string{"2"}, w: 120, h: 34, when: func(s run.State) bool {
				d := s.Deploys["execute"]
				return d.Stage == run.Holding && d.Move == 5
			}, says: []string{"api", "50 %"}},
		},
		"wednesday": {
			{name: "checklist", w: 120, h: 34, when: func(s run.State) bool { return s.Phase == 1 && s.At.Sub(s.Started) > 40*time.Second }, says: []string{"Pre-Deployment", "Infrastructure Ready", "saw"}},
		},
		"thursday": {
			{name: "watch", keys: []string{"3"}, w: 120, h: 34, when: suspicious, says: []string{"Error rate", "suspect"}},
			{name: "rollback", keys: []string{"4"}, w: 80, h: 24, when: func(s run.State) bool {
				r := s.Rollback
				return r != nil && r.Stage == run.Restoring && s.Envs[r.Env].Components["api"].Undo.Accepted
			}, says: []string{"ROLL", "v1.4.1"}},
		},
	} {
		t.Run(scenario, func(t *testing.T) {
			t.Parallel()
			for _, s := range play(t, scenario, list) {
				if *shots == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(*shots, s.name+".svg"), s.picture, 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// suspicious: a trigger of production has been over its line for a minute, and is about to trip.
func suspicious(s run.State) bool {
	for _, t := range s.Envs["production"].Triggers {
		if t.State == run.TriggerSuspect && s.At.Sub(t.Since) >= time.Minute {
			return true
		}
	}
	return false
}

// taken is a picture that was taken.
type taken struct {
	name    string
	picture []byte
}

// play plays a scenario and takes its pictures.
func play(t *testing.T, name string, list []shot) []taken {
	t.Helper()
	var all []taken
	inDrill(t, scenario(t, name), practiceFlags{policy: run.PolicyGoodOperator}, func(ctx context.Context, d *drilled) {
		changed := d.clock.NewSignal()
		d.engine.Notify(changed)
		ctx, leave := context.WithCancel(ctx)
		defer leave()
		d.clock.Go(func() {
			defer leave() // what comes after the last picture is not played
			for d.clock.Wait(ctx, never, changed) == nil && len(list) > 0 {
				if state := d.Latest(); !state.Started.IsZero() && list[0].when(state) {
					all = append(all, taken{list[0].name, take(t, list[0], still{state, d.clock.Now()}, d.cluster)})
					list = list[1:]
				}
			}
		})
		unattended(ctx, d.session, io.Discard)
	})
	for _, missed := range list {
		t.Errorf("%s never came to the picture %s", name, missed.name)
	}
	return all
}

// take draws one picture and reads it.
func take(t *testing.T, s shot, session still, cluster string) []byte {
	t.Helper()
	m := ui.New(session, ui.Options{Cluster: cluster, Practice: true, Speed: 1})
	m.Update(tea.WindowSizeMsg{Width: s.w, Height: s.h})
	for _, k := range s.keys {
		m.Update(tea.KeyPressMsg{Code: rune(k[0]), Text: k})
	}
	content := m.View().Content
	picture := drawSVG(content, s.w, s.h)
	for _, text := range s.says {
		if !strings.Contains(content, text) {
			t.Errorf("the picture %s lacks %q:\n%s", s.name, text, content)
		}
	}
	if bytes.ContainsRune(picture, '\x1b') {
		t.Errorf("the picture %s holds an escape sequence", s.name)
	}
	return picture
}
