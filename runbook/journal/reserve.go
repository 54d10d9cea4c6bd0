package journal

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// fillReserve lays in the reserve. On a full disk there is none, and forward records are refused from the start.
// It is filled with noise, since a file system that compresses would keep no space for zeros.
func (j *Journal) fillReserve() error {
	path := filepath.Join(j.dir, reserveName)
	info, err := os.Lstat(path)
	if j.opts.Reserve < 0 || err == nil && info.Size() == int64(j.opts.Reserve) {
		j.full = false
		return nil
	}
	noise := make([]byte, j.opts.Reserve)
	_, _ = rand.Read(noise) // documented never to fail
	err = j.opts.Disk.Replace(path, noise, !j.opts.NoSync)
	j.full = noSpace(err)
	if err != nil && !j.full {
		return fmt.Errorf("lay in the reserve: %w", err)
	}
	return nil
}

// freeReserve gives the reserve back to the disk and tells whether there was one.
func (j *Journal) freeReserve() bool {
	return j.opts.Disk.Remove(filepath.Join(j.dir, reserveName)) == nil
}

// Reclaim lays the reserve in again after a full disk was given room, and so lets forward records through. It is
// ErrFull as long as there is not enough room.
func (j *Journal) Reclaim() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch {
	case j.closed:
		return ErrClosed
	case j.dead != nil:
		return j.dead
	}
	if err := j.fillReserve(); err != nil {
		return fmt.Errorf("make room for run %s: %w", j.id, err)
	}
	if j.full {
		return fmt.Errorf("make room for run %s: %w: %d bytes are needed", j.id, ErrFull, j.opts.Reserve)
	}
	return nil
}

// replace is Disk.Replace with its name flushed too. A full disk is ErrFull, and if it is urgent the reserve is
// freed for it.
func (j *Journal) replace(path string, data []byte, urgent bool) error {
	put := func() error { return j.opts.Disk.Replace(path, data, !j.opts.NoSync) }
	err := put()
	if noSpace(err) && urgent && j.freeReserve() {
		j.full = true
		err = put()
	}
	if noSpace(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	if err != nil || j.opts.NoSync {
		return err
	}
	return j.opts.Disk.SyncDir(filepath.Dir(path))
}
