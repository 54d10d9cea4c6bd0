package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// KindHealed is the kind of the record that tells of a repair. Its data is a Healed.
const KindHealed = "journal.healed"

// healer is the actor of a repair.
const healer = "sop"

// Healed is what was cut off a journal, and why.
type Healed struct {
	File   string `json:"file"` // beside the journal, with the cut bytes
	Line   int    `json:"line"`
	Offset int64  `json:"offset"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of the cut bytes
	Reason string `json:"reason"`
}

// heal cuts a torn tail and records every cut that is not recorded yet. The order makes it safe to die anywhere:
// first the bytes are kept, then cut, then the repair is recorded; the next Open sees how far the last one came.
func (j *Journal) heal(torn *TornError, recs []Record) ([]Record, error) {
	cuts, err := unrecordedCuts(j.dir, recs, j.end)
	if err != nil {
		return nil, fmt.Errorf("look for cut records of run %s: %w", j.id, err)
	}
	if torn != nil {
		cut, err := j.cut(torn)
		if err != nil {
			return nil, fmt.Errorf("heal journal of run %s: %w", j.id, err)
		}
		// The same bytes kept by an Open that died before it cut them are the same cut.
		cuts = slices.DeleteFunc(cuts, func(c Healed) bool { return c.File == cut.File })
		cuts = append(cuts, cut)
	}
	var healed []Record
	for _, cut := range cuts {
		rec, err := j.AppendUrgent(j.opts.Now(), healer, KindHealed, cut)
		if err != nil {
			return healed, err
		}
		healed = append(healed, rec)
	}
	return healed, nil
}

// cut keeps the torn bytes beside the journal and then takes them off it.
func (j *Journal) cut(torn *TornError) (Healed, error) {
	bad, err := readFrom(torn.Path, torn.Offset)
	if err != nil {
		return Healed{}, err
	}
	sum := sha256.Sum256(bad)
	h := Healed{
		Line: torn.Line, Offset: torn.Offset, Bytes: int64(len(bad)),
		SHA256: hex.EncodeToString(sum[:]), Reason: torn.Reason,
	}
	if h.File, err = j.keep(bad); err != nil {
		return Healed{}, fmt.Errorf("keep %d cut bytes: %w", len(bad), err)
	}
	if err := j.file.Truncate(torn.Offset); err != nil {
		return Healed{}, fmt.Errorf("cut at byte %d: %w", torn.Offset, err)
	}
	if j.opts.NoSync {
		return h, nil
	}
	if err := j.file.Sync(); err != nil {
		return Healed{}, fmt.Errorf("fsync after the cut at byte %d: %w", torn.Offset, err)
	}
	return h, nil
}

// keep writes the cut bytes under a name that holds nothing else.
func (j *Journal) keep(bad []byte) (string, error) {
	base := fmt.Sprintf("%s.broken-%d", journalName, j.end.seq+1)
	name := base
	for n := 2; ; n++ {
		path := filepath.Join(j.dir, name)
		old, err := os.ReadFile(path)
		switch {
		case err == nil && string(old) == string(bad):
			return name, nil
		case errors.Is(err, fs.ErrNotExist):
			return name, j.replace(path, bad, true)
		case err != nil:
			return "", err
		}
		name = fmt.Sprintf("%s.%d", base, n)
	}
}

// unrecordedCuts are the kept bytes that no record tells of: the process died between the cut and its record.
func unrecordedCuts(dir string, recs []Record, end chain) ([]Healed, error) {
	told := map[string]bool{}
	for _, r := range recs {
		if h, ok := r.healed(); ok {
			told[h.File] = true
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var cuts []Healed
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), journalName+".broken-") || strings.HasSuffix(e.Name(), ".new") || told[e.Name()] {
			continue
		}
		bad, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		sum := sha256.Sum256(bad)
		cuts = append(cuts, Healed{
			File: e.Name(), Line: end.line + 1, Offset: end.offset, Bytes: int64(len(bad)),
			SHA256: hex.EncodeToString(sum[:]), Reason: "cut by a repair that did not live to record it",
		})
	}
	return cuts, nil
}

func (r Record) healed() (Healed, bool) {
	var h Healed
	if r.Kind != KindHealed || json.Unmarshal(r.Data, &h) != nil {
		return Healed{}, false
	}
	return h, true
}

func readFrom(path string, offset int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read from
	return io.ReadAll(io.NewSectionReader(f, offset, 1<<62))
}
