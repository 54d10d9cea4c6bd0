package journal

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

const (
	// Version is the format version this program writes and the newest it reads.
	Version = 1
	// MaxLine is the most bytes a line of the journal may have, its hash and line feed included.
	MaxLine = 64 << 10

	hashLen = sha256.Size * 2
)

// Record is one line of the journal.
type Record struct {
	V      int             `json:"v"`                // format version
	Seq    uint64          `json:"seq"`              // from 1, without gaps
	At     time.Time       `json:"at"`               // wall time, UTC, to the nanosecond
	Boot   int64           `json:"boot"`             // nanoseconds since boot, sleep included; compare only within one BootID
	BootID string          `json:"bootId,omitempty"` // which boot of which machine Boot counts from
	Run    string          `json:"run"`              // the run's ULID
	Actor  string          `json:"actor"`            // who caused it
	Kind   string          `json:"kind"`             // what Data is; the caller's word, or KindHealed
	Data   json.RawMessage `json:"data"`             // compact JSON, secrets already redacted; null for none

	// Hash is the hexadecimal hash of this line. It is not part of the payload.
	Hash string `json:"-"`
}

func isHash(b []byte) bool {
	if len(b) != hashLen {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// chainHash is the hash of a line: over the text of the hash before it and its own payload.
func chainHash(prev string, payload []byte) string {
	sum := sha256.New()
	sum.Write([]byte(prev))
	sum.Write(payload)
	return hex.EncodeToString(sum.Sum(nil))
}

// encodeLine makes the line of r after the hash prev, and the record as a reader will see it.
func encodeLine(prev string, r Record) ([]byte, Record, error) {
	payload, err := marshal(r)
	if err != nil {
		return nil, Record{}, err
	}
	hash := chainHash(prev, payload)
	line := make([]byte, 0, hashLen+len(payload)+2)
	line = append(line, hash...)
	line = append(line, ' ')
	line = append(line, payload...)
	line = append(line, '\n')
	if len(line) > MaxLine {
		return nil, Record{}, fmt.Errorf("%w: %d bytes, at most %d fit; put large outputs with PutOutput and record their hash",
			ErrTooLarge, len(line), MaxLine)
	}
	var seen Record
	if err := json.Unmarshal(payload, &seen); err != nil {
		return nil, Record{}, err
	}
	seen.Hash = hash
	return line, seen, nil
}

// marshal is compact JSON without HTML escaping, so that what people read in the file is what was said.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
