package journal

import (
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
	"golang.org/x/sys/unix"
)

// Disk is every change a journal makes to the file system, so that a test can break each of them. Nil in Options
// stands for the real one.
type Disk interface {
	// Mkdir makes one directory of mode 0700. It fails when something of that name exists.
	Mkdir(path string) error
	// Append opens a file of mode 0600 for appending and creates it if asked to; creating fails when it exists.
	Append(path string, create bool) (File, error)
	// Replace puts data at path in one step, flushed to the disk if durable is set.
	Replace(path string, data []byte, durable bool) error
	// Remove removes a file.
	Remove(path string) error
	// SyncDir flushes the names in a directory to the disk.
	SyncDir(path string) error
}

// File is a journal file open for appending: every Write goes to the end, wherever a Truncate put it.
type File interface {
	Write(p []byte) (int, error)
	Sync() error
	Truncate(size int64) error
	Close() error
}

type realDisk struct{}

func (realDisk) Mkdir(path string) error { return os.Mkdir(path, 0o700) }

func (realDisk) Append(path string, create bool) (File, error) {
	flags := os.O_WRONLY | os.O_APPEND | unix.O_NOFOLLOW
	if create {
		flags |= os.O_CREATE | os.O_EXCL
	}
	return os.OpenFile(path, flags, 0o600)
}

func (realDisk) Replace(path string, data []byte, durable bool) error {
	if durable {
		return renameio.WriteFile(path, data, 0o600, renameio.WithTempDir(filepath.Dir(path)))
	}
	next := path + ".new"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		_ = os.Remove(next) // a part of a file on a full disk only makes it fuller
		return err
	}
	return os.Rename(next, path)
}

func (realDisk) Remove(path string) error { return os.Remove(path) }

func (realDisk) SyncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
