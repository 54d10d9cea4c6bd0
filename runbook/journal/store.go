package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// WriteFile puts a file beside the journal in one step, flushed to the disk: the frozen runbook.yaml. It is written
// as it is, since its hash is on record; so it must hold no secret. The journal's own names are refused.
func (j *Journal) WriteFile(name string, data []byte) error {
	own := name == lockName || name == reserveName || name == outputsName || strings.HasPrefix(name, journalName)
	if own || name == "." || name == ".." || name != filepath.Base(name) {
		return fmt.Errorf("write %q into run %s: not a name a file beside the journal can have", name, j.id)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return fmt.Errorf("write %s into run %s: %w", name, j.id, ErrClosed)
	}
	if err := j.replace(filepath.Join(j.dir, name), data, false); err != nil {
		return fmt.Errorf("write %s into run %s: %w", name, j.id, err)
	}
	return nil
}

// PutOutput keeps bytes that are too large for a record, flushed to the disk, and returns the SHA-256 they are found
// under. Secrets are taken out first, so the hash is of what is kept. Equal outputs are kept once.
func (j *Journal) PutOutput(data []byte) (sha string, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return "", fmt.Errorf("keep output of run %s: %w", j.id, ErrClosed)
	}
	kept := []byte(j.redact.text(string(data)))
	sum := sha256.Sum256(kept)
	sha = hex.EncodeToString(sum[:])
	if err := j.putOutput(sha, kept); err != nil {
		return "", fmt.Errorf("keep output of run %s: %w", j.id, err)
	}
	return sha, nil
}

func (j *Journal) putOutput(sha string, kept []byte) error {
	dir := filepath.Join(j.dir, outputsName)
	if err := makeDirs(j.opts.Disk, dir, !j.opts.NoSync); noSpace(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	} else if err != nil {
		return err
	}
	if old, err := ReadOutput(j.dir, sha); err == nil && len(old) == len(kept) {
		return nil
	}
	return j.replace(filepath.Join(dir, sha), kept, false)
}

// ReadOutput returns what PutOutput kept under sha in the run in dir. Content that does not match is ErrDamaged.
func ReadOutput(dir, sha string) ([]byte, error) {
	if !isHash([]byte(sha)) {
		return nil, fmt.Errorf("read output %q: not a SHA-256", sha)
	}
	path := filepath.Join(dir, outputsName, sha)
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read output: %w", err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != sha {
		return nil, fmt.Errorf("read output %s: %w: its content has hash %x", path, ErrDamaged, sum)
	}
	return data, nil
}
