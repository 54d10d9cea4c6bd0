package journal

import (
	"fmt"
	"strconv"
	"strings"
)

// Head is the position of a record and the hash that vouches for it and everything before it. The zero value is the
// head of an empty journal.
type Head struct {
	Seq  uint64
	Hash string // lower-case hexadecimal, empty when Seq is 0
}

// String is "seq:hash", the form that is anchored on a Lease or in an approval and read back with ParseHead.
func (h Head) String() string { return strconv.FormatUint(h.Seq, 10) + ":" + h.Hash }

// ParseHead reads what Head.String wrote, and nothing else.
func ParseHead(s string) (Head, error) {
	num, hash, ok := strings.Cut(s, ":")
	seq, err := strconv.ParseUint(num, 10, 64)
	h := Head{Seq: seq, Hash: hash}
	if !ok || err != nil || h.String() != s || (seq == 0) != (hash == "") || (seq != 0 && !isHash([]byte(hash))) {
		return Head{}, fmt.Errorf("read journal head %q: want the form seq:sha256", s)
	}
	return h, nil
}

// CheckAnchor compares records, as Read gives them, with a head that was anchored elsewhere when it was theirs.
// ErrCut means that they end before it, ErrRewritten that another history stands in its place. An empty anchor
// agrees with everything.
func CheckAnchor(recs []Record, anchor Head) error {
	if anchor.Seq == 0 {
		return nil
	}
	if n := uint64(len(recs)); n < anchor.Seq {
		return fmt.Errorf("%w: it ends with record %d, but record %d was anchored", ErrCut, n, anchor.Seq)
	}
	r := recs[anchor.Seq-1]
	if r.Hash == anchor.Hash {
		return nil
	}
	if h, ok := r.healed(); ok {
		return fmt.Errorf("%w: record %d was anchored, then found bad and cut; its bytes are in %s", ErrCut, anchor.Seq, h.File)
	}
	return fmt.Errorf("%w: record %d has hash %s, but %s was anchored", ErrRewritten, anchor.Seq, r.Hash, anchor.Hash)
}
