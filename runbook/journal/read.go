package journal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Read returns the records of the run in dir without locking or changing anything. A torn tail is a TornError and
// damage a DamageError, both beside the good records before it. While a live process has the run open, a line that is
// only half there is being written and no error; read again for it.
func Read(dir string) ([]Record, Head, error) {
	recs, end, err := read(dir)
	return recs, end.head(), err
}

func read(dir string) ([]Record, chain, error) {
	if err := checkDir(dir); err != nil {
		return nil, chain{}, err
	}
	recs, end, err := load(dir)
	var torn *TornError
	if errors.As(err, &torn) && torn.short {
		live := livePID(dir) != 0
		// Read again: the writer may have ended its line, and itself, between the two looks.
		recs, end, err = load(dir)
		if live && errors.As(err, &torn) && torn.short {
			err = nil
		}
	}
	return recs, end, err
}

// load reads and checks the journal file.
func load(dir string) ([]Record, chain, error) {
	path := filepath.Join(dir, journalName)
	if err := checkFile(path); err != nil {
		return nil, chain{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, chain{}, fmt.Errorf("read journal: %w", err)
	}
	recs, end, bad := scan(chain{}, data)
	if bad != nil {
		return recs, end, bad.at(path, end, int64(len(data)))
	}
	if id := filepath.Base(dir); isID(id) && end.run != "" && end.run != id {
		return recs, end, &DamageError{Path: path, Line: 1, Reason: "it belongs to run " + end.run + ", not to the one it stands in"}
	}
	return recs, end, nil
}

// at gives a flaw its address: the line after end.
func (f *flaw) at(path string, end chain, size int64) error {
	line := end.line + 1
	switch {
	case f.version != 0:
		return &VersionError{Path: path, Line: line, Offset: end.offset, Version: f.version}
	case f.torn:
		return &TornError{Path: path, Line: line, Offset: end.offset, Bytes: size - end.offset, Reason: f.reason, short: f.short}
	}
	return &DamageError{Path: path, Line: line, Offset: end.offset, Reason: f.reason}
}
