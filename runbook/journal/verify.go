package journal

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

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
