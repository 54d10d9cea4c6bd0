package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/politicalsphere/sop/checks"
	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/report"
)

// kpiFlags are those of `sop kpi`.
type kpiFlags struct {
	format   *string
	since    string
	practice bool
	push     string
}

func (a *app) kpiCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kpi",
		Short: "Add up the runs on this machine: how often, how well, how fast, against the SOP's targets",
		Long: `Add up the runs on this machine against the targets of their runbooks (kpis:).

A deployment is a run that wrote a new image to its target environment. It succeeded when it is over, its target runs the
new image, nothing was rolled back, and the watch did not fail. The time to deploy leaves out holds, freezes and waiting
for people. A number that rests on too few runs is neither met nor missed. Practice counts only with --practice, and then
nothing else does.

Whether targets are met changes no exit code: 0 the numbers are told, 1 they could not be pushed or written, 2 wrong
usage, 4 the runs could not be looked at.`,
		Args: cobra.NoArgs,
	}
	var f kpiFlags
	f.format = outputFlag(cmd, "table", "json", "openmetrics")
	cmd.Flags().StringVar(&f.since, "since", "30d", "how far back: 30d, 12h, 26w")
	cmd.Flags().BoolVar(&f.practice, "practice", false, "add up the practice runs instead")
	cmd.Flags().StringVar(&f.push, "push", "", "also push the numbers to the Pushgateway at this URL")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return a.kpi(cmd.Context(), f) }
	return cmd
}

func (a *app) kpi(ctx context.Context, f kpiFlags) error {
	if err := checkFormat(*f.format, "table", "json", "openmetrics"); err != nil {
		return err
	}
	window, err := parseSince(f.since)
	if err != nil {
		return err
	}
	gateway, err := parseGateway(f.push)
	if err != nil {
		return err
	}
	past, err := passages(f.practice)
	if err != nil {
		return err
	}
	now := time.Now()
	result := kpiResult{
		Since: now.Add(-window).UTC(), Until: now.UTC(), Practice: f.practice, Unread: past.unread,
		Performances: report.Measured(past.list, now.Add(-window), now, past.targets),
	}
	if err := a.sayKPIs(result, *f.format); err != nil {
		return err
	}
	if gateway == nil {
		return nil
	}
	if err := pushKPIs(ctx, *gateway, result.Performances); err != nil {
		return failed(err)
	}
	fmt.Fprintln(a.err, "sop: pushed")
	return nil
}

// kpiResult is the JSON of `sop kpi`.
type kpiResult struct {
	Since        time.Time            `json:"since"`
	Until        time.Time            `json:"until"`
	Practice     bool                 `json:"practice,omitempty"`
	Performances []report.Performance `json:"performances"`
	Unread       []unreadRun          `json:"unread,omitempty"` // runs that are left out
}

type unreadRun struct {
	Run string   `json:"run"`
	Why run.Safe `json:"why"`
}

// parseSince reads how far back to look: a length of time, also in days and weeks.
func parseSince(s string) (time.Duration, error) {
	const longest = 100 * 365 * 24 * time.Hour
	long, err := time.ParseDuration(s)
	for unit, hours := range map[string]float64{"d": 24, "w": 24 * 7} {
		if n, parseErr := strconv.ParseFloat(strings.TrimSuffix(s, unit), 64); strings.HasSuffix(s, unit) && parseErr == nil && n*hours < longest.Hours() {
			long, err = time.Duration(n*hours*float64(time.Hour)), nil
		}
	}
	if err != nil || long <= 0 || long > longest {
		return 0, usage("--since %q is no length of time: write it like 30d, 12h or 26w", s)
	}
	return long, nil
}

// past are the runs that count, and where the targets of their runbooks stand.
type past struct {
	list   []report.Passage
	unread []unreadRun
	newest map[string]string // by runbook: the directory of the newest run, whose frozen runbook has the targets
}

// passages reads every run that counts.
func passages(practice bool) (past, error) {
	root, err := journal.DefaultRoot()
	if err != nil {
		return past{}, couldNotLook(err)
	}
	infos, err := journal.List(root)
	if err != nil {
		return past{}, couldNotLook(err)
	}
	p := past{list: []report.Passage{}, newest: map[string]string{}}
	for _, info := range infos { // newest first
		s := summaryFrom(info)
		if s.Started.IsZero() {
			p.leaveOut(info.ID, s.Damage)
			continue
		}
		if (s.Practice != "") != practice {
			continue
		}
		records, _, err := journal.Read(info.Dir)
		var torn *journal.TornError
		if err != nil && !errors.As(err, &torn) { // of half a run nobody knows how it ended
			p.leaveOut(info.ID, run.MakeSafe(err.Error(), 300))
			continue
		}
		records = slices.DeleteFunc(records, func(r journal.Record) bool { return !slices.Contains(report.PassageKinds, r.Kind) })
		list, _ := events(records)
		p.list = append(p.list, report.PassageOf(info.ID, journal.IDTime(info.ID), list))
		if _, known := p.newest[s.Runbook]; !known {
			p.newest[s.Runbook] = info.Dir
		}
	}
	return p, nil
}

func (p *past) leaveOut(id string, why run.Safe) {
	p.unread = append(p.unread, unreadRun{Run: id, Why: why})
}

// targets are those of a runbook as its newest run has them, or as it ships; nil when neither can be read.
func (p *past) targets(name string) []runbook.KPI {
	src := runbook.Source{Name: filepath.Join(p.newest[name], planFile)}
	var err error
	if src.Data, err = os.ReadFile(src.Name); err != nil {
		return nil
	}
	doc, problems := runbook.Load(checks.Kinds(), src)
	if doc == nil || runbook.HasErrors(problems) {
		return nil
	}
	return doc.Runbook.KPIs
}

func (a *app) sayKPIs(r kpiResult, format string) error {
	switch format {
	case "json":
		if r.Performances == nil {
			r.Performances = []report.Performance{}
		}
		return a.writeJSON(r)
	case "openmetrics":
		if err := writeOpenMetrics(a.out, r.Performances); err != nil {
			return failed(fmt.Errorf("write the metrics: %w", err))
		}
	default:
		a.kpiTable(r)
	}
	for _, u := range r.Unread {
		fmt.Fprintf(a.err, "sop: run %s is left out: %s\n", u.Run, u.Why)
	}
	return nil
}

// marks say how a KPI stands, also to who sees no colour.
var marks = map[report.Finding]string{report.Met: "✔", report.NotMet: "✖", report.TooFew: "?", report.NoTarget: "–", report.NotTold: "–"}

// kpiTable is the numbers for a person.
func (a *app) kpiTable(r kpiResult) {
	what := "deployments"
	if r.Practice {
		what = "practice deployments"
	}
	if len(r.Performances) == 0 {
		fmt.Fprintf(a.out, "no %s since %s\n", what, r.Since.Format(time.DateOnly))
		return
	}
	for i, p := range r.Performances {
		if i > 0 {
			fmt.Fprintln(a.out)
		}
		fmt.Fprintf(a.out, "%s to %s, %s to %s (%.1f days): %d %s, %d succeeded, %d rolled back, %d failed, %d open\n\n",
			run.MakeSafe(p.Runbook, 60), run.MakeSafe(p.Environment, 60), p.From.UTC().Format(time.DateOnly), p.To.UTC().Format(time.DateOnly), p.Days(),
			p.Deployments, what, p.Succeeded, p.RolledBack, p.Failed, p.Open)
		w := tabwriter.NewWriter(a.out, 0, 0, 3, ' ', 0)
		for _, k := range p.KPIs {
			said := marks[k.Finding] + " " + string(k.Finding)
			if k.Why != "" {
				said += ": " + k.Why
			}
			target := k.Target
			if target == "" {
				target = "–"
			}
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", k.Title, k.Text, target, said)
		}
		_ = w.Flush() // to a person, who sees that it ends
	}
}
