package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"
)

const (
	journalName = "journal.jsonl"
	lockName    = "lock"
	reserveName = "reserve"
	outputsName = "outputs"
)

// DefaultRoot is where runs are kept: $XDG_STATE_HOME/sop/runs, or below ~/.local/state when that is unset or, as
// its specification demands, not absolute.
func DefaultRoot() (string, error) {
	state := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(state) {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("find the directory of runs: %w; set XDG_STATE_HOME", err)
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "sop", "runs"), nil
}

// NewID is a fresh ULID for a run that starts at the given time.
func NewID(at time.Time) string {
	return ulid.MustNew(ulid.Timestamp(at), rand.Reader).String()
}

// isID accepts a ULID in its canonical spelling only: it becomes a file name.
func isID(id string) bool {
	u, err := ulid.ParseStrict(id)
	return err == nil && u.String() == id
}

// checkDir refuses a run directory that somebody else could have put there or could look into.
func checkDir(dir string) error {
	refuse := func(why string) error { return fmt.Errorf("run directory %s: %w: %s", dir, ErrUnsafe, why) }
	info, err := os.Lstat(filepath.Clean(dir)) // Lstat of "link/" would follow the link
	switch {
	case err != nil:
		return fmt.Errorf("look at run directory: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return refuse("it is a symbolic link; name the directory itself")
	case !info.IsDir():
		return refuse("it is not a directory")
	case info.Mode().Perm() != 0o700:
		return refuse(fmt.Sprintf("its mode is %04o, not 0700; if you trust its content, run chmod 700 on it", info.Mode().Perm()))
	case !mine(info):
		return refuse(fmt.Sprintf("it belongs to another user than %d", os.Geteuid()))
	}
	return nil
}

// checkFile refuses a journal file that is not a plain file of ours.
func checkFile(path string) error {
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("look at journal: %w", err)
	}
	if !info.Mode().IsRegular() || !mine(info) {
		return fmt.Errorf("journal %s: %w: it is not a plain file of this user", path, ErrUnsafe)
	}
	return nil
}

func mine(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}

// makeDirs makes path and what is missing above it, and flushes each new name, so that a run cannot vanish with
// the directory it is in.
func makeDirs(d Disk, path string, sync bool) error {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if err := makeDirs(d, parent, sync); err != nil {
		return err
	}
	if err := d.Mkdir(path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if !sync {
		return nil
	}
	return d.SyncDir(parent)
}
