package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// RunInfo is one run of a List.
type RunInfo struct {
	ID      string
	Dir     string
	Started time.Time // of the first record, or of the id when there is none
	LivePID int       // the process that has it open, or 0
	Records int
	First   Record // zero when there is no record
	Last    Record // likewise; its Kind tells how far the run came
	Err     error  // why it cannot be read, or not wholly; see Read
}

// List returns the runs in root, newest first. A root that does not exist has none; one that cannot be read is an
// error. A run that cannot be read is listed with its error.
func List(root string) ([]RunInfo, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var runs []RunInfo
	for _, e := range entries {
		if isID(e.Name()) {
			runs = append(runs, look(filepath.Join(root, e.Name())))
		}
	}
	slices.SortFunc(runs, func(a, b RunInfo) int { return strings.Compare(b.ID, a.ID) })
	return runs, nil
}

func look(dir string) RunInfo {
	run := RunInfo{ID: filepath.Base(dir), Dir: dir}
	run.Started = ulid.Time(ulid.MustParse(run.ID).Time()).UTC()
	var recs []Record
	recs, _, run.Err = Read(dir)
	if !errors.Is(run.Err, ErrUnsafe) {
		run.LivePID = livePID(dir)
	}
	if run.Records = len(recs); run.Records > 0 {
		run.First, run.Last = recs[0], recs[len(recs)-1]
		run.Started = run.First.At
	}
	return run
}
