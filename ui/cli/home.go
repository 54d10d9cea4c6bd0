package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/rollout/practice"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/runbooks"
	"github.com/politicalsphere/sop/ui"
)

// home is sop without a command: a person chooses from what there is, and what was chosen goes on as if it had been
// typed. Only the report of a past run comes back here.
func (a *app) home(ctx context.Context) error {
	if err := a.needTerminal("sop"); err != nil {
		return err
	}
	h := ui.NewHome(shelf{a}, a.liked(ui.Options{}))
	for ctx.Err() == nil {
		choice, err := h.Show(ctx)
		switch {
		case err != nil:
			return failed(err)
		case choice.Report != "":
			if err := a.lookBack(ctx, choice.Report); err != nil {
				return err
			}
		case choice.Args == nil:
			return nil
		default:
			root := a.root()
			root.SetArgs(choice.Args)
			root.SetIn(a.in)
			root.SetOut(a.out)
			root.SetErr(a.err)
			return root.ExecuteContext(ctx)
		}
	}
	return quiet(exitInterrupted)
}

// lookBack shows the report of a past run on the screens.
func (a *app) lookBack(ctx context.Context, id string) error {
	dir, err := runDir(id)
	if err != nil {
		return err
	}
	records, _, err := journal.Read(dir)
	if err != nil {
		return failed(err)
	}
	state, err := replay(id, dir, records)
	if err != nil {
		return failed(err)
	}
	p := pastRun{state: state, at: records[len(records)-1].At, states: make(chan run.State)}
	close(p.states)
	return failedIf(ui.Show(ctx, p, a.liked(ui.Options{First: "report", Practice: state.Practice != "", Cluster: "past run"})))
}

func failedIf(err error) error {
	if err == nil {
		return nil
	}
	return failed(err)
}

// pastRun is a run that is only looked at: nothing comes any more, and nothing that is wanted happens.
type pastRun struct {
	state  run.State
	at     time.Time // of its last record
	states chan run.State
}

// States is closed.
func (p pastRun) States() <-chan run.State { return p.states }

// Latest is how the run was left.
func (p pastRun) Latest() run.State { return p.state }

// Send does nothing.
func (p pastRun) Send(run.Intent) {}

// Now is when its last record was written.
func (p pastRun) Now() time.Time { return p.at }

// shelf is what this machine has to offer.
type shelf struct{ a *app }

// Now is the wall's time.
func (shelf) Now() time.Time { return time.Now() }

// Operator is who sits there.
func (shelf) Operator() string { return operatorName() }

// Attaches tells whether this sop has the command for it.
func (s shelf) Attaches() bool {
	for _, c := range s.a.root().Commands() {
		if c.Name() == "attach" {
			return true
		}
	}
	return false
}

// Runbook loads a runbook with its site files.
func (shelf) Runbook(name string, sites []string) (*runbook.Runbook, []runbook.Problem) {
	wrong := func(err error) []runbook.Problem {
		return []runbook.Problem{{Severity: runbook.SeverityError, Message: err.Error()}}
	}
	src, err := readRunbook(name)
	if err != nil {
		return nil, wrong(err)
	}
	over, err := readSites(sites)
	if err != nil {
		return nil, wrong(err)
	}
	doc, problems := runbook.Load(checks.Kinds(), src, over...)
	if doc == nil {
		return nil, problems
	}
	return doc.Runbook, problems
}

// Runbooks are those that ship, and those of the working directory.
func (s shelf) Runbooks() (cards []ui.RunbookCard) {
	for _, name := range runbooks.Names() {
		c := s.card(name)
		c.Ships = true
		cards = append(cards, c)
	}
	for _, name := range filesOfKind("Runbook") {
		cards = append(cards, s.card(name))
	}
	return cards
}

func (s shelf) card(name string) ui.RunbookCard {
	c := ui.RunbookCard{Name: name}
	rb, problems := s.Runbook(name, nil)
	if i := slices.IndexFunc(problems, func(p runbook.Problem) bool { return p.Severity == runbook.SeverityError }); i >= 0 {
		c.Problem = problems[i].String()
		return c
	}
	c.Title, c.Version, c.Owner = rb.Metadata.Title, rb.Metadata.Version, rb.Metadata.Owner
	c.Environments = rb.Environments.Keys()
	for _, p := range rb.Phases {
		c.Phases = append(c.Phases, p.Title)
		for range run.PhaseSteps(p) {
			c.Steps++
		}
	}
	return c
}

// Sites are the site files of the working directory.
func (shelf) Sites() []string { return filesOfKind("Site") }

// ofKind finds out cheaply what a YAML file is.
var ofKind = regexp.MustCompile(`(?m)^kind:[ \t]*["']?(Runbook|Site)["']?[ \t]*(#.*)?\r?$`)

// maxGlance is how much of a file is looked at to find out what it is.
const maxGlance = 1 << 20

// filesOfKind are the YAML files of the working directory of that kind, by name.
func filesOfKind(kind string) (names []string) {
	entries, err := os.ReadDir(".")
	if err != nil {
		return nil
	}
	for _, e := range entries {
		name := e.Name()
		info, err := e.Info()
		if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" || err != nil || !info.Mode().IsRegular() || info.Size() > maxGlance {
			continue
		}
		data, err := os.ReadFile(name)
		if m := ofKind.FindSubmatch(data); err == nil && m != nil && string(m[1]) == kind {
			names = append(names, name)
		}
	}
	return names
}

// Drills are the scenarios, the easiest first.
func (shelf) Drills() (cards []ui.DrillCard) {
	all, err := practice.Scenarios()
	if err != nil {
		return nil // those that ship are tested
	}
	for _, sc := range all {
		m := sc.Metadata
		cards = append(cards, ui.DrillCard{Name: m.Name, Title: m.Title, Difficulty: m.Difficulty})
	}
	slices.SortStableFunc(cards, func(a, b ui.DrillCard) int { return a.Difficulty - b.Difficulty })
	return cards
}

// Runs are the runs of this machine, newest first.
func (shelf) Runs() ([]ui.RunCard, error) {
	root, err := journal.DefaultRoot()
	if err != nil {
		return nil, err
	}
	infos, err := journal.List(root)
	if err != nil {
		return nil, err
	}
	cards := make([]ui.RunCard, 0, len(infos))
	for _, info := range infos {
		cards = append(cards, runCard(info))
	}
	return cards, nil
}

// runCard tells a run by the ends of its journal.
func runCard(info journal.RunInfo) ui.RunCard {
	s := summaryFrom(info)
	c := ui.RunCard{
		ID: info.ID, Runbook: s.Runbook, Environment: s.Environment, Practice: s.Practice, Operator: s.Operator,
		At: info.Started, Ended: !s.Open(), Outcome: s.Outcome, PID: info.LivePID, Damage: s.Damage,
	}
	if id, err := ulid.ParseStrict(info.ID); err == nil {
		c.At = ulid.Time(id.Time()).UTC() // by the wall's clock, also of a drill
	}
	if c.Ended {
		c.Lasted = s.Took()
	}
	if c.Practice != "" {
		c.Score = keptScore(info.Dir)
	}
	return c
}

// scoreFile keeps the score of a drill beside its journal: it needs the world, which is gone afterwards.
const scoreFile = "score.json"

// keepScore writes the score down. That it cannot is said; the drill is over all the same.
func (a *app) keepScore(id string, score practice.Score) {
	dir, err := runDir(id)
	var data []byte
	if err == nil {
		data, err = json.Marshal(score)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, scoreFile), data, 0o600)
	}
	if err != nil {
		fmt.Fprintf(a.err, "sop: the score is not kept: %v\n", err)
	}
}

// keptScore is the score of a drill that was played to its end.
func keptScore(dir string) *int {
	data, err := os.ReadFile(filepath.Join(dir, scoreFile))
	var score practice.Score
	if err != nil || json.Unmarshal(data, &score) != nil || !strings.Contains(string(data), "total") {
		return nil
	}
	return &score.Total
}
