package journal

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

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
			root := filepath.Join(t.TempDir(), "runs")
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
	if recs, end, err := load(j.Dir()); err != nil || len(recs) != 2 {
		t.Fatalf("the part of a line was not taken back from byte %d: %v", end.offset, err)
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
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 8 {
		t.Errorf("read %d records, %v", len(recs), err)
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

// The cut bytes are safe before they are cut, and the cut is safe before it is recorded.
func TestHealKeepsThenCutsThenRecords(t *testing.T) {
	dir, data := written(t, 2)
	rewrite(t, dir, data[:len(data)-1])
	d := newFaultyDisk()
	opts := onDisk(d)
	opts.Reserve = -1
	j, _, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(d.ops, " "), "append replace syncdir truncate sync write sync"; got != want {
		t.Errorf("healing did %s, want %s", got, want)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
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
