package cli

import (
	"strings"

	"github.com/politicalsphere/sop/runbook/journal"
	"github.com/politicalsphere/sop/runbook/run"
	"github.com/politicalsphere/sop/ui/report"
)

// summary is one run in a list.
type summary struct{ report.Summary }

// pastRuns are the runs on this machine, newest first. Each is told from the ends of its journal; what cannot be read
// has its Damage.
func pastRuns() ([]summary, error) {
	root, err := journal.DefaultRoot()
	if err != nil {
		return nil, failed(err)
	}
	infos, err := journal.List(root)
	if err != nil {
		return nil, couldNotLook(err)
	}
	list := make([]summary, 0, len(infos))
	for _, info := range infos {
		list = append(list, summaryFrom(info))
	}
	return list, nil
}

func summaryFrom(info journal.RunInfo) summary {
	s := summaryOf(append([]journal.Record{info.First}, info.Tail...))
	s.Run, s.Live = info.ID, info.LivePID != 0
	switch {
	case info.Err != nil:
		s.Damage = run.MakeSafe(info.Err.Error(), 300)
	case s.Started.IsZero() && !s.Live:
		s.Damage = "its journal does not say how it began"
	}
	return s
}

// summarise tells the run in a directory.
func summarise(dir string) (summary, error) {
	info := journal.Look(dir)
	s := summaryFrom(info)
	if info.Records == 0 {
		return s, info.Err
	}
	return s, nil
}

// summaryOf reads a run off its records: the first and the last few are enough.
func summaryOf(records []journal.Record) summary {
	list, _ := events(records)
	return summary{report.Summarise("", list)}
}

// text is the run on a line.
func (s summary) text() string {
	if s.Started.IsZero() {
		return s.Run + "  " + string(s.Damage)
	}
	where := s.Environment
	switch {
	case s.Practice != "":
		where = "practice " + s.Practice
	case s.Only:
		where += " (rollback)"
	}
	cells := []struct {
		text  string
		width int
	}{{stamp(s.Started), 0}, {s.Runbook, 12}, {where, 20}, {s.Operator, 10}, {s.Word(), 12}, {string(s.Verdict), 12}, {lasted(s), 8}, {string(s.Damage), 0}}
	line := s.Run
	for _, c := range cells {
		line += "  " + c.text + strings.Repeat(" ", max(0, c.width-len([]rune(c.text))))
	}
	return strings.TrimRight(line, " ")
}
