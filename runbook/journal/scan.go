package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// chain is how far a journal has been read and found good. The zero value is its beginning.
type chain struct {
	line   int   // lines read
	offset int64 // bytes read
	seq    uint64
	hash   string
	run    string // of the first record; every other must have the same
}

func (c chain) head() Head { return Head{Seq: c.seq, Hash: c.hash} }

// flaw is the first place where a journal stops being good.
type flaw struct {
	torn    bool // may be healed
	short   bool // torn, because the file ends in the middle of the line
	version int  // of a newer format, otherwise 0
	reason  string
}

// scan reads data, which continues the journal at c, up to its end or the first flaw.
func scan(c chain, data []byte) ([]Record, chain, *flaw) {
	var recs []Record
	for len(data) > 0 {
		end := bytes.IndexByte(data, '\n')
		if end < 0 {
			bad := c.judge(data, "the file ends in the middle of it")
			bad.short = bad.torn
			return recs, c, bad
		}
		rec, why := c.check(data[:end])
		if why != nil {
			if why.reason == "" {
				why = c.judge(data, "its hash does not match its content")
			}
			return recs, c, why
		}
		c.line++
		c.offset += int64(end + 1)
		c.seq, c.hash, c.run = rec.Seq, rec.Hash, rec.Run
		recs = append(recs, rec)
		data = data[end+1:]
	}
	return recs, c, nil
}

// check reads one whole line. A flaw without a reason means that the bytes are bad; one with a reason means that the
// hash vouches for the line and the line is still wrong, which no torn write can explain.
func (c chain) check(line []byte) (Record, *flaw) {
	hash, payload, ok := bytes.Cut(line, []byte(" "))
	if !ok || string(hash) != chainHash(c.hash, payload) {
		return Record{}, &flaw{}
	}
	var rec Record
	if v := versionOf(payload); v > Version {
		return Record{}, &flaw{version: v, reason: "newer format"}
	}
	if len(line)+1 > MaxLine {
		return Record{}, &flaw{reason: fmt.Sprintf("it is longer than the %d bytes a record may have", MaxLine)}
	}
	if err := json.Unmarshal(payload, &rec); err != nil {
		return Record{}, &flaw{reason: fmt.Sprintf("its payload is not a record: %v", err)}
	}
	rec.Hash = string(hash)
	if why := c.follows(rec); why != "" {
		return Record{}, &flaw{reason: why}
	}
	return rec, nil
}

// follows says why rec cannot be the next record, or nothing when it can.
func (c chain) follows(rec Record) string {
	switch {
	case rec.V < 1:
		return fmt.Sprintf("format version %d does not exist", rec.V)
	case rec.Seq != c.seq+1:
		return fmt.Sprintf("record %d stands where record %d belongs", rec.Seq, c.seq+1)
	case c.line > 0 && rec.Run != c.run:
		return fmt.Sprintf("it belongs to run %s, the records before it to run %s", rec.Run, c.run)
	}
	return ""
}

// judge tells a torn tail from damage. rest begins with the bad line and goes to the end of the file.
func (c chain) judge(rest []byte, reason string) *flaw {
	first, _, _ := bytes.Cut(rest, []byte("\n"))
	if _, payload, ok := bytes.Cut(first, []byte(" ")); ok {
		if v := versionOf(payload); v > Version {
			return &flaw{version: v, reason: "newer format"}
		}
	}
	if rec, ok := shaped(first); ok {
		// Whole and well formed, so it was not cut short. With another number than the next, a line is missing,
		// repeated or swapped.
		if why := c.follows(rec); why != "" {
			return &flaw{reason: why}
		}
	}
	if at := wholeRecordAfter(rest); at > 0 {
		return &flaw{reason: fmt.Sprintf("%s, and an intact record follows at byte %d", reason, c.offset+int64(at))}
	}
	return &flaw{torn: true, reason: reason}
}

var payloadStart = []byte(` {"v":`)

// wholeRecordAfter is where in rest, beyond its first byte, something stands that was written as a whole record;
// 0 means nowhere. It need not begin a line: the line feed before it may be what is damaged.
func wholeRecordAfter(rest []byte) int {
	for from := hashLen + 1; from < len(rest); {
		i := bytes.Index(rest[from:], payloadStart)
		if i < 0 {
			return 0
		}
		start := from + i - hashLen
		line, _, _ := bytes.Cut(rest[start:], []byte("\n"))
		if _, ok := shaped(line); ok {
			return start
		}
		from += i + 1
	}
	return 0
}

// shaped reads a line that has the form of a record, whatever its hash vouches for.
func shaped(line []byte) (Record, bool) {
	if len(line) < hashLen+1 || line[hashLen] != ' ' || !isHash(line[:hashLen]) {
		return Record{}, false
	}
	var rec Record
	err := json.Unmarshal(line[hashLen+1:], &rec)
	return rec, err == nil && rec.Seq > 0 && rec.Run != ""
}

// versionOf reads nothing but the version, because the rest of a newer record may have another shape.
func versionOf(payload []byte) int {
	var p struct {
		V int `json:"v"`
	}
	if bytes.HasPrefix(payload, payloadStart[1:]) && json.Unmarshal(payload, &p) == nil {
		return p.V
	}
	return 0
}
