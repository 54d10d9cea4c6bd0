package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/oklog/ulid/v2"
)

// RunInfo is one run of a List.
type RunInfo struct {
	ID      string
	Dir     string
	Started time.Time // of the first record, or of the id when there is none
	LivePID int       // the process that has it open, or 0
	Records int
	First   Record   // zero when there is no record
	Last    Record   // likewise; its Kind tells how far the run came
	Tail    []Record // the last few, oldest first, Last among them
	Err     error    // why it cannot be read, or not wholly; see Read
}

// List returns the runs in root, newest first. A root that does not exist has none; one that cannot be read is an
// error. A run that cannot be read is listed with its error.
//
// Of a long journal only the first and the last records are read, and only their hashes are checked: what is damaged
// between them is found by Read and Verify.
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
			runs = append(runs, Look(filepath.Join(root, e.Name())))
		}
	}
	slices.SortFunc(runs, func(a, b RunInfo) int { return strings.Compare(b.ID, a.ID) })
	return runs, nil
}

// IDTime is when a run was created, as its id says; zero when it is no id.
func IDTime(id string) time.Time {
	u, err := ulid.ParseStrict(id)
	if err != nil {
		return time.Time{}
	}
	return ulid.Time(u.Time()).UTC()
}

// maxTail bounds the last records of a RunInfo.
const maxTail = 8

// Look is what a List says of the run in dir.
func Look(dir string) RunInfo {
	run := RunInfo{ID: filepath.Base(dir), Dir: dir, Started: IDTime(filepath.Base(dir))}
	recs, ok := ends(dir)
	if !ok { // short, or not as it should be: the whole of it says what it is
		recs, _, run.Err = Read(dir)
	}
	if !errors.Is(run.Err, ErrUnsafe) {
		run.LivePID = livePID(dir)
	}
	if n := len(recs); n > 0 {
		run.First, run.Last, run.Tail = recs[0], recs[n-1], recs[max(0, n-maxTail):]
		run.Records, run.Started = int(run.Last.Seq), run.First.At
	}
	return run
}

// ends reads the first record of a long journal and its last ones. ok is false when the journal is short, or when
// anything about them is not as it should be.
func ends(dir string) (recs []Record, ok bool) {
	path := filepath.Join(dir, journalName)
	if checkDir(dir) != nil || checkFile(path) != nil {
		return nil, false
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, false
	}
	defer func() { _ = f.Close() }() // only read from
	info, err := f.Stat()
	if err != nil || info.Size() < 4*MaxLine {
		return nil, false
	}
	head, err := firstLine(f)
	if err != nil {
		return nil, false
	}
	first, bad := chain{}.check(head)
	if bad != nil || first.Run != filepath.Base(dir) {
		return nil, false
	}
	lines, err := lastLines(f, info.Size())
	if err != nil || len(lines) < 2 {
		return nil, false // one is being written, or is torn
	}
	last, ok := follow(lines, first.Run)
	return append([]Record{first}, last...), ok
}

// glance is how much of an end is read at first: enough for what most records are long.
const glance = 8 << 10

func firstLine(f *os.File) ([]byte, error) {
	for _, length := range []int64{glance, MaxLine} {
		head, err := section(f, 0, length)
		if err != nil {
			return nil, err
		}
		if line, _, whole := bytes.Cut(head, []byte("\n")); whole {
			return line, nil
		}
	}
	return nil, io.ErrUnexpectedEOF
}

// lastLines are the last whole lines, at most those of a Tail and the one before them; none when the file does not end
// with a whole one.
func lastLines(f *os.File, size int64) ([][]byte, error) {
	for _, length := range []int64{2 * glance, 2 * MaxLine} {
		tail, err := section(f, size-length, length)
		if err != nil {
			return nil, err
		}
		_, tail, _ = bytes.Cut(tail, []byte("\n")) // the rest of a line that began before it
		lines := bytes.Split(tail, []byte("\n"))
		if n := len(lines); len(lines[n-1]) == 0 && n >= 3 {
			return lines[max(0, n-2-maxTail) : n-1], nil
		}
	}
	return nil, nil
}

// follow reads lines that follow each other; the first only vouches for the second.
func follow(lines [][]byte, run string) (recs []Record, ok bool) {
	before, ok := shaped(lines[0])
	if !ok {
		return nil, false
	}
	c := chain{line: 1, seq: before.Seq, hash: string(lines[0][:hashLen]), run: run}
	for _, line := range lines[1:] {
		rec, why := c.check(line)
		if why != nil {
			return nil, false
		}
		c.line, c.seq, c.hash = c.line+1, rec.Seq, rec.Hash
		recs = append(recs, rec)
	}
	return recs, true
}

func section(f *os.File, from, length int64) ([]byte, error) {
	return io.ReadAll(io.NewSectionReader(f, from, length))
}
