package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Cutting after any byte of 300 records leaves whole records and at most one torn one.
func TestCutAtEveryByte(t *testing.T) {
	_, data := written(t, 300)
	var c chain
	for len(data) > 0 {
		n := bytes.IndexByte(data, '\n') + 1
		for cut := range n {
			recs, end, bad := scan(c, data[:cut])
			if len(recs) != 0 || end != c || (cut > 0) != (bad != nil) || bad != nil && !bad.torn {
				t.Fatalf("record %d cut after %d bytes: %d records, %+v", c.seq+1, cut, len(recs), bad)
			}
		}
		_, c, _ = scan(c, data[:n])
		data = data[n:]
	}
	if c.seq != 300 {
		t.Errorf("came to record %d", c.seq)
	}
}

// The same on the disk, with Read and Open, at bytes spread over the file and at every byte of the last record.
func TestOpenHealsACutTail(t *testing.T) {
	dir, data := written(t, 40)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for cut := 0; cut < len(data); {
		whole := bytes.Count(data[:cut], []byte("\n"))
		wantTorn := cut > 0 && data[cut-1] != '\n'
		healsTo(t, dir, data[:cut], whole, wantTorn)
		if cut >= last {
			cut++
		} else {
			cut = min(cut+41, last)
		}
	}
}

// healsTo reads and opens data, which must have so many good records and perhaps a torn tail.
func healsTo(t *testing.T, dir string, data []byte, good int, torn bool) {
	t.Helper()
	for _, e := range brokenFiles(t, dir) {
		if err := os.Remove(filepath.Join(dir, e)); err != nil {
			t.Fatal(err)
		}
	}
	rewrite(t, dir, data)
	recs, head, err := Read(dir)
	if len(recs) != good || head.Seq != uint64(good) || errors.Is(err, ErrTorn) != torn || !torn && err != nil {
		t.Fatalf("%d bytes: read %d records, %v; want %d, torn %v", len(data), len(recs), err, good, torn)
	}
	j, recs, err := Open(dir, quick())
	if err != nil {
		t.Fatalf("%d bytes: open: %v", len(data), err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if !torn {
		if len(recs) != good {
			t.Fatalf("%d bytes: opened with %d records, want %d", len(data), len(recs), good)
		}
		return
	}
	h, ok := recs[len(recs)-1].healed()
	if len(recs) != good+1 || !ok {
		t.Fatalf("%d bytes: healed to %d records, the last %+v", len(data), len(recs), recs[len(recs)-1])
	}
	kept, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("journal.jsonl.broken-%d", good+1)))
	if err != nil || !bytes.Equal(kept, data[h.Offset:]) || int(h.Bytes) != len(kept) {
		t.Fatalf("%d bytes: kept %q, %v", len(data), kept, err)
	}
	if again, _, err := Read(dir); err != nil || len(again) != good+1 {
		t.Fatalf("%d bytes: after healing %d records, %v", len(data), len(again), err)
	}
}

func brokenFiles(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if strings.Contains(e.Name(), ".broken-") {
			names = append(names, e.Name())
		}
	}
	return names
}

// A flipped bit is refused, unless it is in the last record, where it may also make a torn tail.
func TestFlipEveryBit(t *testing.T) {
	_, data := written(t, 8)
	last := bytes.LastIndexByte(data[:len(data)-1], '\n') + 1
	for i := range data {
		for bit := range 8 {
			data[i] ^= 1 << bit
			recs, end, bad := scan(chain{}, data)
			whole := bytes.Count(data[:end.offset], []byte("\n"))
			switch {
			case bad == nil:
				t.Fatalf("bit %d of byte %d: not detected", bit, i)
			case int64(i) < end.offset || len(recs) != whole:
				t.Fatalf("bit %d of byte %d: called good up to byte %d", bit, i, end.offset)
			case bad.torn && (i < last || len(recs) != 7):
				t.Fatalf("bit %d of byte %d: would be cut from record %d on: %s", bit, i, len(recs)+1, bad.reason)
			}
			data[i] ^= 1 << bit
		}
	}
}

func TestTableOfDamages(t *testing.T) {
	_, data := written(t, 6)
	lines := bytes.SplitAfter(data, []byte("\n"))[:6]
	_, foreign := written(t, 6)
	foreign = bytes.ReplaceAll(foreign, []byte(testID), []byte("01K9ZZZZZZ0123456789ABCDEG"))
	join := func(ls ...[]byte) []byte { return bytes.Join(ls, nil) }
	most := func(n int) []byte { return join(lines[:n]...) }
	// forged is a record that is chained properly and still wrong.
	forged := func(payload string) []byte {
		_, c, _ := scan(chain{}, most(5))
		return []byte(chainHash(c.hash, []byte(payload)) + " " + payload + "\n")
	}
	for _, c := range []struct {
		name string
		data []byte
		want error // nil: sound
		line int
	}{
		{"sound", data, nil, 0},
		{"empty", nil, nil, 0},
		{"cut at a line's end", most(4), nil, 0},
		{"first line missing", join(lines[1:]...), ErrDamaged, 1},
		{"only the last line left", lines[5], ErrDamaged, 1},
		{"middle line missing", join(most(2), lines[3], lines[4], lines[5]), ErrDamaged, 3},
		{"last but one missing", join(most(4), lines[5]), ErrDamaged, 5},
		{"last but one missing, last without its end", bytes.TrimSpace(join(most(4), lines[5])), ErrDamaged, 5},
		{"two swapped", join(most(2), lines[3], lines[2], lines[4], lines[5]), ErrDamaged, 3},
		{"last two swapped", join(most(4), lines[5], lines[4]), ErrDamaged, 5},
		{"a line twice", join(most(3), lines[2], lines[3], lines[4], lines[5]), ErrDamaged, 4},
		{"last line twice", join(data, lines[5]), ErrDamaged, 7},
		{"junk between", join(most(3), []byte("junk\n"), lines[3], lines[4], lines[5]), ErrDamaged, 4},
		{"junk before the last", join(most(5), []byte("junk"), lines[5]), ErrDamaged, 6},
		{"empty line between", join(most(3), []byte("\n"), lines[3], lines[4], lines[5]), ErrDamaged, 4},
		{"line feed lost before the last", join(bytes.TrimSpace(most(5)), lines[5]), ErrDamaged, 5},
		{"hole up to the last", join(most(2), lines[2][:40], lines[5]), ErrDamaged, 3},
		{"zeros in the middle", join(most(2), make([]byte, len(lines[2])), lines[3], lines[4], lines[5]), ErrDamaged, 3},
		{"of another run", foreign, ErrDamaged, 1},
		{"tail of another run", join(most(4), bytes.SplitAfter(foreign, []byte("\n"))[4]), ErrDamaged, 5},
		{"carriage returns", bytes.ReplaceAll(data, []byte("\n"), []byte("\r\n")), ErrDamaged, 1},
		{"forged number", join(most(5), forged(`{"v":1,"seq":9,"run":"`+testID+`"}`)), ErrDamaged, 6},
		{"forged run", join(most(5), forged(`{"v":1,"seq":6,"run":"other"}`)), ErrDamaged, 6},
		{"forged version 0", join(most(5), forged(`{"v":0,"seq":6,"run":"`+testID+`"}`)), ErrDamaged, 6},
		{"forged, no record", join(most(5), forged(`[]`)), ErrDamaged, 6},
		{"forged, too long", join(most(5), forged(`{"v":1,"seq":6,"run":"`+testID+`","data":"`+strings.Repeat("x", MaxLine)+`"}`)), ErrDamaged, 6},
		{"half a record", join(most(5), lines[5][:100]), ErrTorn, 6},
		{"last without its end", bytes.TrimSpace(data), ErrTorn, 6},
		{"zeros at the end", join(data, make([]byte, 4096)), ErrTorn, 7},
		{"junk at the end", join(data, []byte("a\nb\nc\n")), ErrTorn, 7},
		{"last altered", bytes.Replace(data, []byte("box 5"), []byte("box 6"), 1), ErrTorn, 6},
		{"nothing but junk", []byte("junk"), ErrTorn, 1},
		{"newer", join(most(5), forged(`{"v":2,"seq":{"new":"shape"}}`)), ErrNewer, 6},
		{"newer with another hash", join(most(5), []byte(`blake3:00 {"v":3}`+"\n")), ErrNewer, 6},
		{"newer from the start", bytes.ReplaceAll(data, []byte(`{"v":1`), []byte(`{"v":2`)), ErrNewer, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), testID)
			if err := os.Mkdir(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			rewrite(t, dir, c.data)
			recs, _, err := Read(dir)
			if !errors.Is(err, c.want) {
				t.Fatalf("read: %v, want %v", err, c.want)
			}
			if c.want == nil {
				return
			}
			if line, offset := address(t, err); line != c.line || offset != int64(len(most(c.line-1))) || len(recs) != c.line-1 {
				t.Errorf("at line %d, byte %d after %d records, want line %d: %v", line, offset, len(recs), c.line, err)
			}
			opened, err := refuses(t, dir)
			if c.want == ErrTorn {
				if err != nil {
					t.Errorf("open did not heal: %v", err)
				}
				return
			}
			after, rerr := os.ReadFile(filepath.Join(dir, journalName))
			if !errors.Is(err, c.want) || len(opened) != len(recs) || rerr != nil || !bytes.Equal(after, c.data) || len(brokenFiles(t, dir)) != 0 {
				t.Errorf("open: %v; the file must stay as it is", err)
			}
			if k, _, err := Open(dir, quick()); !errors.Is(err, c.want) {
				t.Errorf("a refused open keeps the lock: %v, %v", k, err)
			}
		})
	}
}

func refuses(t *testing.T, dir string) ([]Record, error) {
	t.Helper()
	j, recs, err := Open(dir, quick())
	if err == nil {
		if cerr := j.Close(); cerr != nil {
			t.Error(cerr)
		}
	}
	return recs, err
}

func address(t *testing.T, err error) (int, int64) {
	t.Helper()
	var d *DamageError
	var o *TornError
	var v *VersionError
	switch {
	case errors.As(err, &d):
		return d.Line, d.Offset
	case errors.As(err, &o):
		return o.Line, o.Offset
	case errors.As(err, &v):
		if !strings.Contains(err.Error(), fmt.Sprintf("version %d", v.Version)) || v.Version < 2 {
			t.Errorf("the version is not named: %v", err)
		}
		return v.Line, v.Offset
	}
	t.Fatalf("no address in %v", err)
	return 0, 0
}

// A record may hold the text of a journal; torn in the middle of it, it is torn and not damaged.
func TestATornRecordThatQuotesARecord(t *testing.T) {
	_, quote := written(t, 2)
	j := create(t, quick())
	if _, err := j.Append(epoch, "a", "quote", string(quote)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	for cut := 1; cut < len(data); cut++ {
		if _, _, bad := scan(chain{}, data[:cut]); bad == nil || !bad.torn {
			t.Fatalf("cut after %d bytes: %+v", cut, bad)
		}
	}
}

// Healing at the same number again keeps both tails.
func TestHealingTwiceKeepsBothTails(t *testing.T) {
	dir, data := written(t, 3)
	rewrite(t, dir, data[:len(data)-5])
	if _, err := refuses(t, dir); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, data[:len(data)-9])
	if _, err := refuses(t, dir); err != nil {
		t.Fatal(err)
	}
	if got, want := brokenFiles(t, dir), []string{"journal.jsonl.broken-3", "journal.jsonl.broken-3.2"}; !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// The process died after the cut and before its record: the next Open records it.
func TestACutThatWasNotRecordedIsRecordedLater(t *testing.T) {
	dir, data := written(t, 3)
	if err := os.WriteFile(filepath.Join(dir, "journal.jsonl.broken-4"), []byte("tail"), 0o600); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, data)
	for range 2 { // and not once more
		recs, err := refuses(t, dir)
		if err != nil || len(recs) != 4 {
			t.Fatalf("%d records, %v", len(recs), err)
		}
		if h, ok := recs[3].healed(); !ok || h.File != "journal.jsonl.broken-4" || h.Bytes != 4 {
			t.Errorf("recorded %+v", h)
		}
	}
}

func TestAnAnchoredRecordThatWasHealedAwayIsCut(t *testing.T) {
	dir, data := written(t, 3)
	recs, anchor, err := Read(dir)
	if err != nil || CheckAnchor(recs, anchor) != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, data[:len(data)-1])
	recs, err = refuses(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckAnchor(recs, anchor); !errors.Is(err, ErrCut) {
		t.Errorf("%v, want %v", err, ErrCut)
	}
}

// What version 1 has written, every later program reads.
func TestGoldenJournal(t *testing.T) {
	golden, err := os.ReadFile(filepath.Join("testdata", "v1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	recs, end, bad := scan(chain{}, golden)
	if bad != nil || len(recs) != 3 {
		t.Fatalf("%d records, %+v", len(recs), bad)
	}
	if got, want := end.head().String(), "3:a5da10ab7f38ef4ad04d34593bc0d46786a1ff2546d69ae037469b02f68a9527"; got != want {
		t.Errorf("head %s, want %s", got, want)
	}
	opts := quick()
	opts.Boot = func() (int64, string) { return 42, "boot-1" }
	j := create(t, opts)
	for _, r := range recs {
		rec, err := j.Append(r.At, r.Actor, r.Kind, r.Data)
		if err != nil || rec.Hash != r.Hash {
			t.Errorf("record %d is now written with hash %s, not %s (%v)", r.Seq, rec.Hash, r.Hash, err)
		}
	}
}

func TestAJournalInTheDirectoryOfAnotherRunIsDamage(t *testing.T) {
	_, data := written(t, 2)
	for name, want := range map[string]error{"01K9ZZZZZZ0123456789ABCDEG": ErrDamaged, "copy": nil} {
		dir := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		rewrite(t, dir, data)
		if _, _, err := Read(dir); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	_, data := written(f, 3)
	f.Add(data)
	f.Add(data[:len(data)-7])
	f.Add(bytes.ReplaceAll(data, []byte("box"), []byte("bax")))
	f.Add([]byte("\n\n"))
	dir := filepath.Join(f.TempDir(), testID)
	if err := os.Mkdir(dir, 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rewrite(t, dir, data)
		recs, head, err := Read(dir)
		if err == nil || isFlaw(err) {
			again, end, bad := scan(chain{}, data)
			if bad == nil && end.offset != int64(len(data)) || len(again) != len(recs) || head != end.head() {
				t.Fatalf("%d records and %v of %d bytes, %+v", len(recs), head, len(data), bad)
			}
			for i, r := range recs {
				if r.Seq != uint64(i+1) || !json.Valid(append([]byte("["), append(r.Data, ']')...)) {
					t.Fatalf("record %d is %+v", i+1, r)
				}
			}
			return
		}
		t.Fatalf("no flaw, but %v", err)
	})
}
