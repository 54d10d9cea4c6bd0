package ui

import (
	"time"

	"github.com/politicalsphere/sop/runbook"
	"github.com/politicalsphere/sop/runbook/run"
)

// Shelf is what the home screen can offer. Each of its lists may take its time: the screen is drawn before it has any.
type Shelf interface {
	// Runbooks are those that ship and those in the working directory.
	Runbooks() []RunbookCard
	// Drills are the scenarios to practise.
	Drills() []DrillCard
	// Runs are those of this machine, newest first.
	Runs() ([]RunCard, error)
	// Runbook loads one for its form, with site files laid over it.
	Runbook(name string, sites []string) (*runbook.Runbook, []runbook.Problem)
	// Sites are the site files in the working directory.
	Sites() []string
	// Attaches tells whether one can go into a run that another process has open.
	Attaches() bool
	// Operator is who sits there.
	Operator() string
	// Now is the wall's time.
	Now() time.Time
}

// RunbookCard is a runbook that a run can be started with.
type RunbookCard struct {
	Name         string // as it is typed: a name that ships, or a path
	Title        string
	Version      string
	Owner        string
	Phases       []string
	Steps        int
	Environments []string
	Ships        bool
	Problem      string // why it cannot be run; empty: it can
}

// DrillCard is a scenario.
type DrillCard struct {
	Name, Title string
	Difficulty  int // from 1, the easiest, to 5
}

// RunCard is a run of this machine.
type RunCard struct {
	ID, Runbook, Environment, Practice, Operator string

	At      time.Time     // when it began, by the wall's clock
	Ended   bool          // it is over
	Lasted  time.Duration // by its own clock, which in practice is not the wall's
	Outcome run.Outcome
	Score   *int     // of a drill that was played to its end
	PID     int      // the process that has it open, or 0
	Damage  run.Safe // why it cannot be read
}

// Choice is what a person chose at home.
type Choice struct {
	Args   []string // a command line without the program's name; nil: none
	Report string   // id of a past run whose report is to be shown
}
