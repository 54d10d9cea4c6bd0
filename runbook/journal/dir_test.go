package journal

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestUnsafeRunDirectoriesAreRefused(t *testing.T) {
	dir, data := written(t, 1)
	root := t.TempDir()
	link := filepath.Join(root, testID)
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	wide := filepath.Join(t.TempDir(), testID)
	if err := os.Mkdir(wide, 0o700); err != nil {
		t.Fatal(err)
	}
	rewrite(t, wide, data)
	if err := os.Chmod(wide, 0o750); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), testID)
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	linked := filepath.Join(t.TempDir(), testID)
	if err := errors.Join(os.Mkdir(linked, 0o700), os.Symlink(filepath.Join(dir, journalName), filepath.Join(linked, journalName))); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ path, want string }{
		{link, "symbolic link"}, {link + "/", "symbolic link"}, {wide, "0750"}, {file, "not a directory"}, {linked, "not a plain file"},
	} {
		if _, _, err := Read(c.path); !errors.Is(err, ErrUnsafe) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("read %s: %v", c.path, err)
		}
		if _, _, err := Open(c.path, quick()); !errors.Is(err, ErrUnsafe) {
			t.Errorf("open %s: %v", c.path, err)
		}
		if _, err := Verify(c.path); !errors.Is(err, ErrUnsafe) {
			t.Errorf("verify %s: %v", c.path, err)
		}
	}
	if _, err := Create(root, testID, quick()); !errors.Is(err, fs.ErrExist) {
		t.Errorf("create over a link: %v", err)
	}
	if runs, err := List(root); err != nil || len(runs) != 1 || !errors.Is(runs[0].Err, ErrUnsafe) {
		t.Errorf("list: %+v, %v", runs, err)
	}
}

func TestCreateMakesAPrivateDirectory(t *testing.T) {
	root := filepath.Join(t.TempDir(), "state", "sop", "runs")
	j, err := Create(root, NewID(epoch), Options{Now: quick().Now})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]fs.FileMode{"": fs.ModeDir | 0o700, journalName: 0o600, lockName: 0o600, reserveName: 0o600} {
		if info, err := os.Lstat(filepath.Join(j.Dir(), name)); err != nil || info.Mode() != want {
			t.Errorf("%q: %v, %v", name, info, err)
		}
	}
	if info, err := os.Stat(filepath.Join(j.Dir(), reserveName)); err != nil || info.Size() != 1<<20 {
		t.Errorf("reserve: %v, %v", info, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(j.Dir(), reserveName)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the reserve of a closed run: %v", err)
	}
	for _, id := range []string{"", "run", "../" + testID, strings.ToLower(testID), testID + "0"} {
		if _, err := Create(root, id, quick()); err == nil {
			t.Errorf("a run was created under the id %q", id)
		}
	}
}

func TestDefaultRoot(t *testing.T) {
	t.Setenv("HOME", "/home/op")
	for state, want := range map[string]string{
		"/var/state": "/var/state/sop/runs", "": "/home/op/.local/state/sop/runs", "relative": "/home/op/.local/state/sop/runs",
	} {
		t.Setenv("XDG_STATE_HOME", state)
		if got, err := DefaultRoot(); err != nil || got != want {
			t.Errorf("XDG_STATE_HOME=%q: %s, %v", state, got, err)
		}
	}
}

func TestFilesBesideTheJournal(t *testing.T) {
	j := create(t, Options{Reserve: -1})
	if err := j.WriteFile("runbook.yaml", []byte("a")); err != nil {
		t.Fatal(err)
	}
	if err := j.WriteFile("runbook.yaml", []byte("b")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(j.Dir(), "runbook.yaml")); err != nil || string(b) != "b" {
		t.Errorf("runbook.yaml: %q, %v", b, err)
	}
	for _, name := range []string{"", ".", "..", "../x", "a/b", "/x", "lock", "reserve", "outputs", "journal.jsonl", "journal.jsonl.broken-1"} {
		if err := j.WriteFile(name, nil); err == nil {
			t.Errorf("wrote %q", name)
		}
	}
}

func TestVerify(t *testing.T) {
	j := create(t, quick())
	fill(t, j, 3)
	var shas []string
	for _, s := range []string{"one", "two", "one"} {
		sha, err := j.PutOutput([]byte(s))
		if err != nil {
			t.Fatal(err)
		}
		shas = append(shas, sha)
	}
	rep, err := Verify(j.Dir())
	if err != nil || !rep.OK() || rep.Records != 3 || rep.Head != j.Head() || rep.Outputs != 2 || rep.LivePID != os.Getpid() || shas[0] != shas[2] {
		t.Errorf("sound: %+v, %v", rep, err)
	}
	bad := filepath.Join(j.Dir(), outputsName, shas[1])
	if err := os.WriteFile(bad, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if rep, err := Verify(j.Dir()); err != nil || rep.OK() || len(rep.BadOutputs) != 1 || rep.BadOutputs[0] != shas[1] {
		t.Errorf("changed output: %+v, %v", rep, err)
	}
	if _, err := ReadOutput(j.Dir(), shas[1]); !errors.Is(err, ErrDamaged) {
		t.Errorf("changed output: %v", err)
	}
	if _, err := ReadOutput(j.Dir(), "../lock"); err == nil {
		t.Error("read an output that is none")
	}
	if sha, err := j.PutOutput([]byte("two")); err != nil || sha != shas[1] {
		t.Errorf("put again: %s, %v", sha, err)
	}
	if rep, err := Verify(j.Dir()); err != nil || !rep.OK() {
		t.Errorf("put again: %+v, %v", rep, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, j.Dir(), data[:len(data)-1])
	if rep, err := Verify(j.Dir()); err != nil || rep.OK() || !errors.Is(rep.Flaw, ErrTorn) || rep.Records != 2 || rep.LivePID != 0 {
		t.Errorf("torn: %+v, %v", rep, err)
	}
	data[10] ^= 1
	rewrite(t, j.Dir(), data)
	if rep, err := Verify(j.Dir()); err != nil || rep.OK() || !errors.Is(rep.Flaw, ErrDamaged) || rep.Records != 0 {
		t.Errorf("damaged: %+v, %v", rep, err)
	}
	if _, err := Verify(filepath.Join(j.Dir(), "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no run: %v", err)
	}
}

// While its writer lives, half a line is being written; after that it is torn.
func TestReadWhileALineIsBeingWritten(t *testing.T) {
	j := create(t, quick())
	fill(t, j, 2)
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, j.Dir(), data[:len(data)-20])
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 1 {
		t.Errorf("beside its writer: %d records, %v", len(recs), err)
	}
	rewrite(t, j.Dir(), []byte(strings.Replace(string(data), "box 1", "box 2", 1)))
	if _, _, err := Read(j.Dir()); !errors.Is(err, ErrTorn) {
		t.Errorf("a whole line that was altered: %v", err)
	}
	rewrite(t, j.Dir(), data[:len(data)-20])
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if recs, _, err := Read(j.Dir()); !errors.Is(err, ErrTorn) || len(recs) != 1 {
		t.Errorf("after it: %d records, %v", len(recs), err)
	}
}

func TestAStaleLockNamesNobody(t *testing.T) {
	dir, _ := written(t, 1)
	for _, pid := range []string{"1\n", "999999999\n", "junk", ""} {
		if err := os.WriteFile(filepath.Join(dir, lockName), []byte(pid), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := livePID(dir); got != 0 {
			t.Errorf("lock file says %q: process %d has it open", pid, got)
		}
		if _, err := refuses(t, dir); err != nil {
			t.Errorf("lock file says %q: %v", pid, err)
		}
	}
}

// A reader's look at the lock does not make a writer fail, however long the look and the machine take: the time here
// goes on only when both wait for it.
func TestOpenWaitsForAReadersLook(t *testing.T) {
	dir, _ := written(t, 1)
	if left, err := os.ReadFile(filepath.Join(dir, lockName)); err != nil || len(left) != 0 {
		t.Errorf("a closed run still names %q, %v", left, err)
	}
	for _, long := range []time.Duration{4 * lockRetry, lockPatience - 1} {
		synctest.Test(t, func(t *testing.T) {
			look := newLock(dir, 0)
			if ok, err := look.TryRLock(); err != nil || !ok {
				t.Fatal(ok, err)
			}
			time.AfterFunc(long, func() { _ = look.Unlock() })
			if _, err := refuses(t, dir); err != nil {
				t.Errorf("a look of %s: %v", long, err)
			}
		})
	}
}

func TestList(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	if runs, err := List(root); err != nil || runs != nil {
		t.Errorf("no root: %v, %v", runs, err)
	}
	var ids []string
	for i := range 3 {
		id := NewID(epoch.Add(time.Duration(i) * time.Hour))
		ids = append([]string{id}, ids...)
		j, err := Create(root, id, quick())
		if err != nil {
			t.Fatal(err)
		}
		fill(t, j, i)
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Mkdir(filepath.Join(root, "notes"), 0o700), os.WriteFile(filepath.Join(root, ids[0], journalName), []byte("junk\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	runs, err := List(root)
	if err != nil || len(runs) != 3 {
		t.Fatalf("%+v, %v", runs, err)
	}
	for i, r := range runs {
		if r.ID != ids[i] || r.Dir != filepath.Join(root, ids[i]) || r.LivePID != 0 {
			t.Errorf("run %d is %+v", i, r)
		}
	}
	if !errors.Is(runs[0].Err, ErrTorn) || runs[1].Err != nil || runs[1].Last.Kind != "step.ticked" || runs[1].First.Seq != 1 || !runs[1].Started.Equal(epoch) {
		t.Errorf("%+v", runs)
	}
	if r := runs[2]; r.Err != nil || r.Records != 0 || !r.Started.Equal(epoch.Truncate(time.Millisecond)) {
		t.Errorf("%+v", r)
	}
	if _, err := List(filepath.Join(root, ids[0], journalName)); err == nil {
		t.Error("listed a file")
	}
}

// A long journal is listed by its ends, and as if all of it had been read.
func TestListOfALongRun(t *testing.T) {
	root := filepath.Join(t.TempDir(), "runs")
	id := NewID(epoch)
	j, err := Create(root, id, quick())
	if err != nil {
		t.Fatal(err)
	}
	const records = 600
	for i := range records {
		if _, err := j.Append(epoch.Add(time.Duration(i)*time.Second), "ana", "sample", map[string]any{"n": i, "text": strings.Repeat("x", 1000)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, id, journalName)
	whole, err := os.ReadFile(path)
	if err != nil || len(whole) < 4*MaxLine {
		t.Fatalf("%d bytes, %v", len(whole), err)
	}
	one := func() RunInfo {
		t.Helper()
		runs, err := List(root)
		if err != nil || len(runs) != 1 {
			t.Fatalf("%+v, %v", runs, err)
		}
		return runs[0]
	}
	recs, _, err := Read(filepath.Join(root, id))
	if err != nil {
		t.Fatal(err)
	}
	r := one()
	if r.Err != nil || r.Records != records || r.First.Hash != recs[0].Hash || r.Last.Hash != recs[records-1].Hash || len(r.Tail) != maxTail || r.Tail[0].Hash != recs[records-maxTail].Hash || r.Tail[maxTail-1].Seq != records {
		t.Errorf("%+v", r)
	}
	for name, c := range map[string]struct {
		how  func([]byte) []byte
		want error
	}{
		"the first record": {func(b []byte) []byte { b[100] ^= 1; return b }, ErrDamaged},
		"the last record":  {func(b []byte) []byte { b[len(b)-100] ^= 1; return b }, ErrTorn},
		"a torn tail":      {func(b []byte) []byte { return b[:len(b)-9] }, ErrTorn},
		"a line cut out": {func(b []byte) []byte {
			lines := strings.SplitAfter(string(b), "\n")
			return []byte(strings.Join(slices.Delete(lines, records-3, records-2), ""))
		}, ErrDamaged},
	} {
		if err := os.WriteFile(path, c.how([]byte(string(whole))), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := one(); !errors.Is(r.Err, c.want) {
			t.Errorf("%s: %v", name, r.Err)
		}
	}
}
