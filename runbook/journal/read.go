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

// Read returns the records of the run in dir without locking or changing anything. A torn tail is a TornError and
// damage a DamageError, both beside the good records before it. While a live process has the run open, a line that is
// only half there is being written and no error; read again for it.
func Read(dir string) ([]Record, Head, error) {
	recs, end, err := read(dir)
	return recs, end.head(), err
}

func read(dir string) ([]Record, chain, error) {
	if err := checkDir(dir); err != nil {
		return nil, chain{}, err
	}
	recs, end, err := load(dir)
	var torn *TornError
	if errors.As(err, &torn) && torn.short {
		live := livePID(dir) != 0
		// Read again: the writer may have ended its line, and itself, between the two looks.
		recs, end, err = load(dir)
		if live && errors.As(err, &torn) && torn.short {
			err = nil
		}
	}
	return recs, end, err
}

// load reads and checks the journal file.
func load(dir string) ([]Record, chain, error) {
	path := filepath.Join(dir, journalName)
	if err := checkFile(path); err != nil {
		return nil, chain{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, chain{}, fmt.Errorf("read journal: %w", err)
	}
	recs, end, bad := scan(chain{}, data)
	if bad != nil {
		return recs, end, bad.at(path, end, int64(len(data)))
	}
	if id := filepath.Base(dir); isID(id) && end.run != "" && end.run != id {
		return recs, end, &DamageError{Path: path, Line: 1, Reason: "it belongs to run " + end.run + ", not to the one it stands in"}
	}
	return recs, end, nil
}

// at gives a flaw its address: the line after end.
func (f *flaw) at(path string, end chain, size int64) error {
	line := end.line + 1
	switch {
	case f.version != 0:
		return &VersionError{Path: path, Line: line, Offset: end.offset, Version: f.version}
	case f.torn:
		return &TornError{Path: path, Line: line, Offset: end.offset, Bytes: size - end.offset, Reason: f.reason, short: f.short}
	}
	return &DamageError{Path: path, Line: line, Offset: end.offset, Reason: f.reason}
}

// Report is what Verify found.
type Report struct {
	Records    int
	Bytes      int64 // of the good records
	Head       Head  // of the good records
	LivePID    int   // the process that has the run open, or 0
	Healed     []Healed
	Outputs    int      // outputs whose content matches their name
	BadOutputs []string // outputs whose content does not
	Flaw       error    // the first flaw: *DamageError, *TornError, *VersionError; nil when there is none
}

// OK says that everything there is, is what was written. It cannot see a cut tail; CheckAnchor can.
func (r Report) OK() bool { return r.Flaw == nil && len(r.BadOutputs) == 0 }

// Verify checks every hash of the run in dir, those of its outputs included. Its error means that it could not look;
// what it found wrong is in the Report.
func Verify(dir string) (Report, error) {
	recs, end, err := read(dir)
	if err != nil && !isFlaw(err) {
		return Report{}, err
	}
	rep := Report{Records: len(recs), Bytes: end.offset, Head: end.head(), LivePID: livePID(dir), Flaw: err}
	for _, r := range recs {
		if h, ok := r.healed(); ok {
			rep.Healed = append(rep.Healed, h)
		}
	}
	if err := rep.checkOutputs(dir); err != nil {
		return Report{}, err
	}
	return rep, nil
}

func isFlaw(err error) bool {
	return errors.Is(err, ErrDamaged) || errors.Is(err, ErrTorn) || errors.Is(err, ErrNewer)
}

func (r *Report) checkOutputs(dir string) error {
	entries, err := os.ReadDir(filepath.Join(dir, outputsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("look at outputs: %w", err)
	}
	for _, e := range entries {
		if !isHash([]byte(e.Name())) {
			continue // a half-written file of a process that died; nothing points to it
		}
		_, err := ReadOutput(dir, e.Name())
		switch {
		case errors.Is(err, ErrDamaged):
			r.BadOutputs = append(r.BadOutputs, e.Name())
		case err != nil:
			return err
		default:
			r.Outputs++
		}
	}
	return nil
}

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

// CheckAnchor compares records, as Read gives them, with a head that was anchored elsewhere when it was theirs.
// ErrCut means that they end before it, ErrRewritten that another history stands in its place. An empty anchor
// agrees with everything.
func CheckAnchor(recs []Record, anchor Head) error {
	if anchor.Seq == 0 {
		return nil
	}
	if n := uint64(len(recs)); n < anchor.Seq {
		return fmt.Errorf("%w: it ends with record %d, but record %d was anchored", ErrCut, n, anchor.Seq)
	}
	r := recs[anchor.Seq-1]
	if r.Hash == anchor.Hash {
		return nil
	}
	if h, ok := r.healed(); ok {
		return fmt.Errorf("%w: record %d was anchored, then found bad and cut; its bytes are in %s", ErrCut, anchor.Seq, h.File)
	}
	return fmt.Errorf("%w: record %d has hash %s, but %s was anchored", ErrRewritten, anchor.Seq, r.Hash, anchor.Hash)
}
