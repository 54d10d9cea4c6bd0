package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
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
	if !d.named[dir] || !d.named[path] {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.Truncate(path, d.synced[path]+(d.sizes[path]-d.synced[path])/2); err != nil {
		t.Fatal(err)
	}
}

func onDisk(d Disk) Options {
	opts := quick()
	opts.NoSync, opts.Reserve, opts.Disk = false, 4096, d
	return opts
}

// lived is a short life of a run: create, append, close, open with a torn tail, append. It returns every record that
// was acknowledged, and the first error.
func lived(d Disk, root string) (acked []Record, err error) {
	dir := filepath.Join(root, testID)
	keep := func(j *Journal) error {
		for range 3 {
			rec, err := j.Append(epoch, "a", "k", strings.Repeat("x", 50))
			if err != nil {
				return err
			}
			acked = append(acked, rec)
		}
		return nil
	}
	j, err := Create(root, testID, onDisk(d))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(keep(j), j.Close()); err != nil {
		return acked, err
	}
	path := filepath.Join(dir, journalName)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return acked, err
	}
	_, err = io.WriteString(f, "torn")
	if err = errors.Join(err, f.Close()); err != nil {
		return acked, err
	}
	j, _, err = Open(dir, onDisk(d))
	if err != nil {
		return acked, err
	}
	return acked, errors.Join(keep(j), j.Close())
}

// Failing the n-th operation for every n, in a kill and in a loss of power: acknowledged records stay, the fault is
// told, and the run can be opened again.
func TestEveryOperationMayFail(t *testing.T) {
	for _, power := range []bool{false, true} {
		for n := 0; ; n++ {
			d := newFaultyDisk()
			d.sound, d.err = n, syscall.EIO
			root := t.TempDir()
			acked, err := lived(d, root)
			last := d.ops[len(d.ops)-1]
			if !d.failed {
				if err != nil {
					t.Fatalf("no fault after %d operations, but %v", n, err)
				}
				if n < 15 {
					t.Errorf("a life of only %d operations", n)
				}
				break
			}
			// Removing the reserve when closing is the one thing whose failure loses nothing.
			if err == nil && !strings.Contains(strings.Join(d.ops, " "), "remove") || err != nil && !errors.Is(err, syscall.EIO) {
				t.Errorf("fault in operation %d (%s): %v", n, last, err)
			}
			stays(t, d, root, acked, power)
		}
	}
}

func stays(t *testing.T, d *faultyDisk, root string, acked []Record, power bool) {
	t.Helper()
	dir := filepath.Join(root, testID)
	if power {
		d.losePower(t, dir)
	}
	_, statErr := os.Stat(filepath.Join(dir, journalName))
	if statErr != nil && len(acked) == 0 {
		return // it was never created
	}
	j, recs, err := Open(dir, onDisk(newFaultyDisk()))
	if err != nil {
		t.Errorf("open after %v: %v", d.ops, err)
		return
	}
	for _, a := range acked {
		if err := CheckAnchor(recs, Head{a.Seq, a.Hash}); err != nil {
			t.Errorf("acknowledged record %d after %v: %v", a.Seq, d.ops, err)
		}
	}
	if _, err := j.Append(epoch, "a", "k", nil); err != nil {
		t.Errorf("append after %v: %v", d.ops, err)
	}
	if err := j.Close(); err != nil {
		t.Error(err)
	}
}

// A journal after a failed write or fsync is dead: it names the cause and never touches the file again.
func TestAFailedWriteOrSyncIsTheEnd(t *testing.T) {
	for _, op := range []string{"write", "sync"} {
		d := newFaultyDisk()
		j := create(t, onDisk(d))
		fill(t, j, 2)
		head := j.Head()
		d.only, d.sound, d.err = op, 0, syscall.EIO
		_, err := j.Append(epoch, "a", "k", nil)
		if !errors.Is(err, ErrDead) || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), op) {
			t.Errorf("%s: %v", op, err)
		}
		before := len(d.ops)
		_, err = j.AppendUrgent(epoch, "a", "k", nil)
		if !errors.Is(err, ErrDead) || !errors.Is(err, syscall.EIO) || j.Head() != head || len(d.ops) != before {
			t.Errorf("%s, then: %v, head %v, operations %v", op, err, j.Head(), d.ops[before:])
		}
		if err := j.Reclaim(); !errors.Is(err, ErrDead) {
			t.Errorf("%s, reclaim: %v", op, err)
		}
	}
}

// On a full disk forward records stop, a rollback goes on, and Reclaim lets forward records through again.
func TestFullDisk(t *testing.T) {
	d := newFaultyDisk()
	j := create(t, onDisk(d))
	fill(t, j, 2)
	d.space = 100 // less than a line: it is written in part
	for range 2 {
		if _, err := j.Append(epoch, "a", "wish", nil); !errors.Is(err, ErrFull) {
			t.Fatalf("forward: %v", err)
		}
	}
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 2 {
		t.Fatalf("the part of a line was not taken back: %d records, %v", len(recs), err)
	}
	if _, err := j.PutOutput(make([]byte, 200)); !errors.Is(err, ErrFull) {
		t.Errorf("output: %v", err)
	}
	for range 5 {
		if _, err := j.AppendUrgent(epoch, "a", "rollback.wish", nil); err != nil {
			t.Fatalf("rollback: %v", err)
		}
	}
	if _, err := j.Append(epoch, "a", "wish", nil); !errors.Is(err, ErrFull) {
		t.Errorf("forward on the space of the reserve: %v", err)
	}
	if err := j.Reclaim(); !errors.Is(err, ErrFull) {
		t.Errorf("reclaim without room: %v", err)
	}
	d.space = 100_000
	if err := j.Reclaim(); err != nil {
		t.Errorf("reclaim: %v", err)
	}
	if rec := fill(t, j, 1)[0]; rec.Seq != 8 {
		t.Errorf("after reclaim record %d", rec.Seq)
	}
}

// Even the reserve ends; the journal then is full and not dead.
func TestReserveUsedUp(t *testing.T) {
	d := newFaultyDisk()
	j := create(t, onDisk(d))
	d.space = 0
	var err error
	n := 0
	for ; err == nil && n < 100; n++ {
		_, err = j.AppendUrgent(epoch, "a", "rollback", nil)
	}
	if !errors.Is(err, ErrFull) || errors.Is(err, ErrDead) || n < 10 {
		t.Errorf("after %d records: %v", n, err)
	}
	d.space = -1
	if _, err := j.AppendUrgent(epoch, "a", "rollback", nil); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A run can be started and resumed for a rollback on a disk that has no room for the reserve.
func TestOpenOnAFullDisk(t *testing.T) {
	d := newFaultyDisk()
	d.space = 2000
	j := create(t, onDisk(d))
	if _, err := j.Append(epoch, "a", "wish", nil); !errors.Is(err, ErrFull) {
		t.Errorf("forward: %v", err)
	}
	if _, err := j.AppendUrgent(epoch, "a", "rollback", nil); err != nil {
		t.Errorf("rollback: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	k, recs, err := Open(j.Dir(), onDisk(d))
	if err != nil || len(recs) != 1 {
		t.Fatalf("open: %d records, %v", len(recs), err)
	}
	defer k.Close()
	if _, err := k.AppendUrgent(epoch, "a", "rollback", nil); err != nil {
		t.Errorf("rollback: %v", err)
	}
}

// A tail that is torn because the disk is full heals with the space of the reserve.
func TestHealOnAFullDisk(t *testing.T) {
	d := newFaultyDisk()
	j := create(t, onDisk(d))
	fill(t, j, 2)
	path := filepath.Join(j.Dir(), journalName)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	reserve, err := os.ReadFile(filepath.Join(j.Dir(), reserveName))
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	// As after a kill: the reserve is still there.
	if err := os.WriteFile(filepath.Join(j.Dir(), reserveName), reserve, 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, j.Dir(), append(data, data[:100]...))
	d.space = 0
	k, recs, err := Open(j.Dir(), onDisk(d))
	if err != nil || len(recs) != 3 || recs[2].Kind != KindHealed {
		t.Fatalf("open: %d records, %v", len(recs), err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	data := map[string]any{"step": "infrastructure-ready", "status": "passed", "observed": strings.Repeat("x", 200)}
	for _, c := range []struct {
		name string
		opts Options
	}{
		{"fsync", Options{}},
		{"nosync", Options{NoSync: true}},
		{"redact", Options{NoSync: true, Redact: []string{"correct horse battery staple", "hunter2-hunter2"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			j := create(b, c.opts)
			for b.Loop() {
				if _, err := j.Append(epoch, "sop", "check.observed", data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
