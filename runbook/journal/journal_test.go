package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const testID = "01K9ZZZZZZ0123456789ABCDEF"

var epoch = time.Date(2025, 11, 14, 3, 0, 0, 123456789, time.UTC)

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		runChild(dir)
		return
	}
	os.Exit(m.Run())
}

// quick are options for tests that are not about the disk.
func quick() Options {
	return Options{NoSync: true, Reserve: -1, Now: func() time.Time { return epoch }}
}

func create(t testing.TB, opts Options) *Journal {
	t.Helper()
	j, err := Create(t.TempDir(), testID, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := j.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return j
}

func fill(t testing.TB, j *Journal, n int) []Record {
	t.Helper()
	var recs []Record
	for i := range n {
		rec, err := j.Append(epoch.Add(time.Duration(i)*time.Second), "operator", "step.ticked", map[string]any{"n": i, "note": "box " + fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		recs = append(recs, rec)
	}
	return recs
}

// written makes a closed run of n records and returns its directory and the bytes of its journal.
func written(t testing.TB, n int) (dir string, data []byte) {
	t.Helper()
	j := create(t, quick())
	fill(t, j, n)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	return j.Dir(), data
}

func rewrite(t testing.TB, dir string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, journalName), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAppendThenReadIsIdentity(t *testing.T) {
	root := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		j, err := Create(filepath.Join(root, fmt.Sprint(n)), testID, quick())
		if err != nil {
			rt.Fatal(err)
		}
		var want []Record
		for range rapid.IntRange(0, 8).Draw(rt, "records") {
			at := time.Unix(rapid.Int64Range(-1e9, 1e11).Draw(rt, "sec"), rapid.Int64Range(0, 999999999).Draw(rt, "ns")).
				In(time.FixedZone("east", 5*3600))
			data := rapid.MapOf(rapid.String(), rapid.String()).Draw(rt, "data")
			rec, err := j.Append(at, rapid.String().Draw(rt, "actor"), rapid.String().Draw(rt, "kind"), data)
			if err != nil {
				rt.Fatal(err)
			}
			if !rec.At.Equal(at) {
				rt.Fatalf("time %v became %v", at, rec.At)
			}
			var back map[string]string
			if err := json.Unmarshal(rec.Data, &back); err != nil || !reflect.DeepEqual(back, data) {
				rt.Fatalf("data %q became %q (%v)", data, back, err)
			}
			want = append(want, rec)
		}
		head := j.Head()
		if err := j.Close(); err != nil {
			rt.Fatal(err)
		}
		got, gotHead, err := Read(j.Dir())
		if err != nil || gotHead != head || !reflect.DeepEqual(got, want) {
			rt.Fatalf("read %+v, %v, %v\nwant %+v, %v", got, gotHead, err, want, head)
		}
	})
}

func TestOpenGoesOnWhereItEnded(t *testing.T) {
	j := create(t, quick())
	fill(t, j, 3)
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	k, recs, err := Open(j.Dir(), quick())
	if err != nil || len(recs) != 3 {
		t.Fatalf("open: %d records, %v", len(recs), err)
	}
	defer k.Close()
	rec, err := k.Append(epoch, "operator", "resumed", nil)
	if err != nil || rec.Seq != 4 || string(rec.Data) != "null" || rec.Run != testID {
		t.Fatalf("append after open: %+v, %v", rec, err)
	}
	recs, head, err := Read(j.Dir())
	if err != nil || len(recs) != 4 || head != k.Head() || head.Hash != rec.Hash {
		t.Fatalf("read: %d records, head %v, %v", len(recs), head, err)
	}
}

func TestALineIsWhatTheFormatSays(t *testing.T) {
	opts := quick()
	opts.Boot = func() (int64, string) { return 42, "boot-1" }
	j := create(t, opts)
	if _, err := j.Append(epoch.In(time.FixedZone("west", -3600)), "alice", "note", "a<b & c"); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(j.Dir(), journalName))
	if err != nil {
		t.Fatal(err)
	}
	payload := `{"v":1,"seq":1,"at":"2025-11-14T03:00:00.123456789Z","boot":42,"bootId":"boot-1","run":"` + testID + `","actor":"alice","kind":"note","data":"a<b & c"}`
	if want := chainHash("", []byte(payload)) + " " + payload + "\n"; string(data) != want {
		t.Errorf("line is\n%swant\n%s", data, want)
	}
}

func TestBootTimeOfTheMachineRuns(t *testing.T) {
	j := create(t, Options{NoSync: true, Reserve: -1})
	recs := fill(t, j, 2)
	if recs[0].Boot <= 0 || recs[1].Boot < recs[0].Boot || recs[0].BootID != recs[1].BootID {
		t.Errorf("boot times %d (%s), then %d (%s)", recs[0].Boot, recs[0].BootID, recs[1].Boot, recs[1].BootID)
	}
}

func TestRefusedRecordsChangeNothing(t *testing.T) {
	j := create(t, quick())
	fill(t, j, 1)
	before := j.Head()
	if _, err := j.Append(epoch, "a", "big", strings.Repeat("x", MaxLine)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := j.Append(epoch, "a", "chan", make(chan int)); err == nil {
		t.Error("a channel was written as JSON")
	}
	if _, err := j.Append(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "a", "late", nil); err == nil {
		t.Error("the year 10000 was written as RFC 3339")
	}
	if j.Head() != before {
		t.Errorf("head moved from %v to %v", before, j.Head())
	}
	if rec := fill(t, j, 1)[0]; rec.Seq != 2 {
		t.Errorf("next record is %d", rec.Seq)
	}
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 2 {
		t.Errorf("read %d records, %v", len(recs), err)
	}
}

func TestTheLargestRecordFits(t *testing.T) {
	j := create(t, quick())
	empty, _, err := encodeLine("", Record{V: 1, Seq: 1, At: epoch, Run: testID, Data: json.RawMessage(`""`)})
	if err != nil {
		t.Fatal(err)
	}
	j.opts.Boot = func() (int64, string) { return 0, "" }
	room := MaxLine - len(empty)
	if _, err := j.Append(epoch, "", "", strings.Repeat("x", room+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte too many: %v", err)
	}
	if _, err := j.Append(epoch, "", "", strings.Repeat("x", room)); err != nil {
		t.Errorf("exactly %d bytes: %v", MaxLine, err)
	}
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 1 {
		t.Errorf("read %d records, %v", len(recs), err)
	}
}

func TestAppendFromManyGoroutines(t *testing.T) {
	j := create(t, quick())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 25 {
				if _, err := j.Append(epoch, "worker", "observed", nil); err != nil {
					t.Error(err)
				}
				_ = j.Head()
			}
		})
	}
	wg.Wait()
	if recs, _, err := Read(j.Dir()); err != nil || len(recs) != 200 {
		t.Errorf("read %d records, %v", len(recs), err)
	}
}

func TestClosedJournalRefuses(t *testing.T) {
	j := create(t, quick())
	if err := errors.Join(j.Close(), j.Close()); err != nil {
		t.Errorf("close twice: %v", err)
	}
	if _, err := j.Append(epoch, "a", "k", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if _, err := j.PutOutput(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("output: %v", err)
	}
	if err := j.WriteFile("a", nil); !errors.Is(err, ErrClosed) {
		t.Errorf("file: %v", err)
	}
	if err := j.Reclaim(); !errors.Is(err, ErrClosed) {
		t.Errorf("reclaim: %v", err)
	}
}

func TestHeadsAndAnchors(t *testing.T) {
	j := create(t, quick())
	recs := fill(t, j, 5)
	head, err := ParseHead(j.Head().String())
	if err != nil || head != j.Head() {
		t.Errorf("head %v came back as %v, %v", j.Head(), head, err)
	}
	if h, err := ParseHead(Head{}.String()); err != nil || h != (Head{}) {
		t.Errorf("empty head came back as %v, %v", h, err)
	}
	for _, s := range []string{"", "5", "5:", ":", "0:" + head.Hash, "05:" + head.Hash, "+5:" + head.Hash, "-1:" + head.Hash, "5:" + strings.ToUpper(head.Hash), "5:" + head.Hash[1:], head.String() + " "} {
		if h, err := ParseHead(s); err == nil {
			t.Errorf("ParseHead(%q) = %v", s, h)
		}
	}
	other := Head{Seq: 3, Hash: recs[1].Hash}
	for _, c := range []struct {
		name   string
		recs   []Record
		anchor Head
		want   error
	}{
		{"none", recs, Head{}, nil},
		{"the end", recs, head, nil},
		{"the middle", recs, Head{3, recs[2].Hash}, nil},
		{"cut", recs[:4], head, ErrCut},
		{"empty", nil, head, ErrCut},
		{"rewritten", recs, other, ErrRewritten},
	} {
		if err := CheckAnchor(c.recs, c.anchor); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
