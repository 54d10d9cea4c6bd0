package journal

import (
	"errors"
	"fmt"
	"syscall"
)

var (
	// ErrDead is in the error of every Append after a write or fsync failed. It is never retried: open the run again.
	ErrDead = errors.New("the journal is dead")
	// ErrFull is in the error of a forward Append when the disk is full. AppendUrgent may still succeed.
	ErrFull = errors.New("the disk is full")
	// ErrClosed is the error of an Append after Close.
	ErrClosed = errors.New("the journal is closed")
	// ErrTooLarge is in the error of an Append whose line would exceed MaxLine. Nothing was written.
	ErrTooLarge = errors.New("the record is too large")
	// ErrLocked is in the error of Open while another process has the run open; see LockedError.
	ErrLocked = errors.New("the run is open elsewhere")
	// ErrUnsafe is in the error for a run directory that is a symlink or has another mode or owner.
	ErrUnsafe = errors.New("the run directory is not safe to use")
	// ErrDamaged is in the error for a journal that no longer is what was written; see DamageError.
	ErrDamaged = errors.New("the journal is damaged")
	// ErrTorn is in the error for a journal with a torn last record; see TornError.
	ErrTorn = errors.New("the last record is torn")
	// ErrNewer is in the error for a journal written by a newer program; see VersionError.
	ErrNewer = errors.New("the journal has a newer format")
	// ErrCut says that a journal ends before a record that was anchored elsewhere.
	ErrCut = errors.New("the end of the journal was cut off")
	// ErrRewritten says that a journal holds another record than the one anchored elsewhere.
	ErrRewritten = errors.New("the journal was rewritten")
)

// DamageError is the address of the first damage in a journal. It is ErrDamaged to errors.Is.
type DamageError struct {
	Path   string // the journal file
	Line   int    // from 1
	Offset int64  // byte offset of the start of the line, from 0
	Reason string
}

func (e *DamageError) Error() string {
	return fmt.Sprintf("%s:%d: damaged at byte %d: %s; nothing was changed; the records before it can still be read, and a rollback runs in a run of its own",
		e.Path, e.Line, e.Offset, e.Reason)
}

// Is makes a DamageError match ErrDamaged.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }

// TornError describes a torn last record. It is ErrTorn to errors.Is. Open heals it; Read only reports it.
type TornError struct {
	Path   string
	Line   int
	Offset int64 // where the torn record starts: the length after healing
	Bytes  int64 // how many bytes will be cut
	Reason string

	short bool // the line has no end yet: its writer may still be at it
}

func (e *TornError) Error() string {
	return fmt.Sprintf("%s:%d: torn record at byte %d (%d bytes): %s; resuming the run heals it and keeps the cut bytes",
		e.Path, e.Line, e.Offset, e.Bytes, e.Reason)
}

// Is makes a TornError match ErrTorn.
func (e *TornError) Is(target error) bool { return target == ErrTorn }

// VersionError names the format version of a journal that this program is too old for. It is ErrNewer to errors.Is.
type VersionError struct {
	Path    string
	Line    int
	Offset  int64
	Version int
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s:%d: format version %d at byte %d, but this program knows versions up to %d; use the sop that wrote it, or a newer one",
		e.Path, e.Line, e.Version, e.Offset, Version)
}

// Is makes a VersionError match ErrNewer.
func (e *VersionError) Is(target error) bool { return target == ErrNewer }

// LockedError names the process that has a run open. It is ErrLocked to errors.Is.
type LockedError struct {
	Dir string
	PID int // 0 when the holder has not written its pid
}

func (e *LockedError) Error() string {
	holder := fmt.Sprintf("process %d", e.PID)
	if e.PID == 0 {
		holder = "another process"
	}
	return fmt.Sprintf("open run %s: %s has it open; end that process first", e.Dir, holder)
}

// Is makes a LockedError match ErrLocked.
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// noSpace tells a full disk or quota from every other fault.
func noSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}
