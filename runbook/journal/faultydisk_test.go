package journal

import (
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// faultyDisk lets the first `sound` operations through, fails one with err, and goes on soundly. It also knows what a
// loss of power would leave behind.
type faultyDisk struct {
	realDisk
	mu     sync.Mutex
	sound  int // operations until the fault; negative: no fault
	err    error
	only   string // fail operations of this name only; empty: any
	failed bool
	ops    []string
	space  int64 // bytes that can still be written; negative: no limit
	sizes  map[string]int64
	synced map[string]int64 // bytes of a file that would survive
	named  map[string]bool  // names that would survive
}

func newFaultyDisk() *faultyDisk {
	return &faultyDisk{sound: -1, space: -1, sizes: map[string]int64{}, synced: map[string]int64{}, named: map[string]bool{}}
}

func (d *faultyDisk) op(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ops = append(d.ops, name)
	if d.only != "" && d.only != name || d.sound < 0 || d.failed {
		return nil
	}
	if d.sound--; d.sound >= 0 {
		return nil
	}
	d.failed = true
	return d.err
}

func (d *faultyDisk) Mkdir(path string) error {
	if err := d.op("mkdir"); err != nil {
		return err
	}
	return d.realDisk.Mkdir(path)
}

func (d *faultyDisk) Append(path string, create bool) (File, error) {
	if err := d.op("append"); err != nil {
		return nil, err
	}
	f, err := d.realDisk.Append(path, create)
	if err != nil {
		return nil, err
	}
	if info, err := os.Stat(path); err == nil && !create {
		d.sizes[path], d.synced[path], d.named[path] = info.Size(), info.Size(), true
	}
	return &faultyFile{File: f, d: d, path: path}, nil
}

func (d *faultyDisk) Replace(path string, data []byte, durable bool) error {
	if err := d.op("replace"); err != nil {
		return err
	}
	if n := d.take(int64(len(data))); n < int64(len(data)) {
		d.space += n // the part that was written is removed again
		return &os.PathError{Op: "write", Path: path, Err: syscall.ENOSPC}
	}
	d.sizes[path] = int64(len(data))
	return d.realDisk.Replace(path, data, durable)
}

func (d *faultyDisk) Remove(path string) error {
	if err := d.op("remove"); err != nil {
		return err
	}
	err := d.realDisk.Remove(path)
	if err == nil && d.space >= 0 {
		d.space += d.sizes[path]
	}
	return err
}

func (d *faultyDisk) SyncDir(path string) error {
	if err := d.op("syncdir"); err != nil {
		return err
	}
	entries, err := os.ReadDir(path)
	for _, e := range entries {
		d.named[filepath.Join(path, e.Name())] = true
	}
	return err
}

// take gives as much of n bytes of space as there is; all or nothing is up to the caller.
func (d *faultyDisk) take(n int64) int64 {
	if d.space < 0 {
		return n
	}
	n = min(n, d.space)
	d.space -= n
	return n
}

type faultyFile struct {
	File
	d    *faultyDisk
	path string
}

func (f *faultyFile) Write(p []byte) (int, error) {
	if err := f.d.op("write"); err != nil {
		n, _ := f.File.Write(p[:len(p)/2])
		f.d.sizes[f.path] += int64(n)
		return n, err
	}
	n, err := f.File.Write(p[:f.d.take(int64(len(p)))])
	f.d.sizes[f.path] += int64(n)
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: f.path, Err: syscall.ENOSPC}
	}
	return n, err
}

func (f *faultyFile) Sync() error {
	if err := f.d.op("sync"); err != nil {
		return err
	}
	f.d.synced[f.path] = f.d.sizes[f.path]
	return nil
}

func (f *faultyFile) Truncate(size int64) error {
	if err := f.d.op("truncate"); err != nil {
		return err
	}
	if f.d.space >= 0 {
		f.d.space += f.d.sizes[f.path] - size
	}
	f.d.sizes[f.path] = size
	f.d.synced[f.path] = min(f.d.synced[f.path], size)
	return f.File.Truncate(size)
}

// losePower leaves of the journal in dir what was flushed, and half of the rest.
func (d *faultyDisk) losePower(t *testing.T, dir string) {
	t.Helper()
	path := filepath.Join(dir, journalName)
	if _, err := os.Stat(path); err != nil {
		return // a Create that failed cleaned up
	}
	if !d.named[filepath.Dir(dir)] || !d.named[dir] || !d.named[path] {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.Truncate(path, d.synced[path]+(d.sizes[path]-d.synced[path])/2); err != nil {
		t.Fatal(err)
	}
}
