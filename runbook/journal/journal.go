package journal

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// Options are how a journal is kept. The zero value is the safe one.
type Options struct {
	// NoSync leaves out every fsync: records survive a kill, but not a loss of power. For practice and tests.
	NoSync bool
	// Redact are secrets that must not reach the disk. Each is found in strings as it is, and quoted for JSON,
	// encoded for a URL, in hexadecimal or in base64; one shorter than 4 bytes only where it is a whole string.
	// Actor, data and outputs are searched; a kind and a file put beside the journal are not.
	Redact []string
	// RedactFunc, if set, gets every string that is left after Redact and returns what to write instead.
	RedactFunc func(string) string
	// Reserve is how many bytes are kept free for AppendUrgent; 0 means 1 MiB, less means none.
	Reserve int
	// Now dates the record of a repair; nil means time.Now.
	Now func() time.Time
	// Boot is the time since boot in nanoseconds and the id of that boot; nil means the machine's.
	Boot func() (ns int64, id string)
	// Disk is the file system that is written to; nil means the real one.
	Disk Disk
}

func (o Options) withDefaults() Options {
	if o.Reserve == 0 {
		o.Reserve = 1 << 20
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Boot == nil {
		o.Boot = sinceBoot
	}
	if o.Disk == nil {
		o.Disk = realDisk{}
	}
	return o
}

// Journal is a run's journal, open for appending. Its methods may be called from several goroutines.
type Journal struct {
	id   string
	dir  string
	opts Options
	lock *flock.Flock
	head atomic.Pointer[Head] // apart from mu, so that a hanging disk does not hold up who only looks

	mu     sync.Mutex
	file   File
	size   int64 // of the acknowledged records
	end    chain
	redact *redactor
	full   bool  // forward records are refused until Reclaim
	dead   error // why nothing is written any more
	closed bool
}

// Create makes the directory of a new run in root, and root itself if need be, and opens its empty journal. The id
// is a ULID, as NewID makes it. On a full disk it may succeed without a reserve: then only AppendUrgent is allowed.
func Create(root, id string, opts Options) (*Journal, error) {
	opts = opts.withDefaults()
	if !isID(id) {
		return nil, fmt.Errorf("create run %q: the id is not a ULID; NewID makes one", id)
	}
	dir := filepath.Join(root, id)
	if err := makeDirs(opts.Disk, root, !opts.NoSync); err != nil {
		return nil, fmt.Errorf("create directory of runs: %w", err)
	}
	if err := opts.Disk.Mkdir(dir); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	j, err := newJournal(dir, opts, func() (File, error) {
		return opts.Disk.Append(filepath.Join(dir, journalName), true)
	})
	if err == nil && !opts.NoSync {
		err = errors.Join(j.file.Sync(), opts.Disk.SyncDir(dir), opts.Disk.SyncDir(root))
	}
	if err != nil {
		// Nothing was acknowledged and the directory is ours alone, so no half-made run stays behind.
		return nil, errors.Join(fmt.Errorf("create run: %w", err), j.abandon(), os.RemoveAll(dir))
	}
	return j, nil
}

// Open locks the run in dir, verifies its journal, heals a torn tail and returns all records, that of the repair
// included. On damage, or a newer format, it changes nothing and returns the good records before it with the error.
func Open(dir string, opts Options) (*Journal, []Record, error) {
	opts = opts.withDefaults()
	path := filepath.Join(dir, journalName)
	var (
		recs []Record
		end  chain
		torn *TornError
	)
	j, err := newJournal(dir, opts, func() (File, error) {
		var err error
		if recs, end, err = load(dir); err != nil && !errors.As(err, &torn) {
			return nil, err
		}
		return opts.Disk.Append(path, false)
	})
	if err != nil {
		return nil, recs, errors.Join(err, j.abandon())
	}
	j.moveTo(end)
	healed, err := j.heal(torn, recs)
	if err != nil {
		return nil, recs, errors.Join(err, j.abandon())
	}
	return j, append(recs, healed...), nil
}

// newJournal checks and locks dir and lays in the reserve; the file is opened under the lock. After an error the
// journal it returns is good for abandon only.
func newJournal(dir string, opts Options, open func() (File, error)) (*Journal, error) {
	j := &Journal{id: filepath.Base(dir), dir: dir, opts: opts, redact: newRedactor(opts.Redact, opts.RedactFunc)}
	j.head.Store(&Head{})
	err := checkDir(dir)
	if err != nil {
		return j, err
	}
	if j.lock, err = takeLock(dir); err != nil {
		return j, err
	}
	if j.file, err = open(); err != nil {
		return j, err
	}
	return j, j.fillReserve()
}

// abandon lets go of a journal that could not be opened.
func (j *Journal) abandon() error {
	var errs []error
	if j.file != nil {
		errs = append(errs, j.file.Close())
	}
	if j.lock != nil {
		errs = append(errs, dropLock(j.lock))
	}
	return errors.Join(errs...)
}

func (j *Journal) moveTo(end chain) {
	j.end, j.size = end, end.offset
	if end.run != "" {
		j.id = end.run
	}
	head := end.head()
	j.head.Store(&head)
}

// ID is the run's ULID.
func (j *Journal) ID() string { return j.id }

// Dir is the run's directory.
func (j *Journal) Dir() string { return j.dir }

// Head is the last acknowledged record. It never waits for the disk.
func (j *Journal) Head() Head { return *j.head.Load() }

// AddSecrets adds to Options.Redact what was learned only now. It does not reach back to records already written.
func (j *Journal) AddSecrets(secrets ...string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.redact.add(secrets)
}

// Append writes one record and returns it as readers will see it. When it returns without an error, the record is on
// the disk. Data is anything encoding/json takes; at is stored in UTC, to the nanosecond. ErrTooLarge, ErrFull and
// an error of json leave the journal as it was; after any other it is dead.
func (j *Journal) Append(at time.Time, actor, kind string, data any) (Record, error) {
	return j.append(at, actor, kind, data, false)
}

// AppendUrgent is Append for the records of a rollback: on a full disk it goes on with the space of the reserve.
func (j *Journal) AppendUrgent(at time.Time, actor, kind string, data any) (Record, error) {
	return j.append(at, actor, kind, data, true)
}

func (j *Journal) append(at time.Time, actor, kind string, data any, urgent bool) (Record, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	rec, err := j.appendLocked(at, actor, kind, data, urgent)
	if err != nil {
		return Record{}, fmt.Errorf("append record %d (%s) to run %s: %w", j.end.seq+1, kind, j.id, err)
	}
	return rec, nil
}

func (j *Journal) appendLocked(at time.Time, actor, kind string, data any, urgent bool) (Record, error) {
	switch {
	case j.closed:
		return Record{}, ErrClosed
	case j.dead != nil:
		return Record{}, j.dead
	case j.full && !urgent:
		return Record{}, fmt.Errorf("%w; make room and retry, or roll back", ErrFull)
	}
	raw, err := marshal(data)
	if err != nil {
		return Record{}, err
	}
	boot, bootID := j.opts.Boot()
	line, rec, err := encodeLine(j.end.hash, Record{
		V: Version, Seq: j.end.seq + 1, At: at.UTC(), Boot: boot, BootID: bootID,
		Run: j.id, Actor: j.redact.text(actor), Kind: kind, Data: j.redact.json(raw),
	})
	if err != nil {
		return Record{}, err
	}
	if err := j.write(line, urgent); err != nil {
		return Record{}, err
	}
	j.moveTo(chain{
		line: j.end.line + 1, offset: j.size + int64(len(line)),
		seq: rec.Seq, hash: rec.Hash, run: j.id,
	})
	return rec, nil
}

// write puts a line on the disk or leaves the file as it was; where it can do neither, the journal dies.
func (j *Journal) write(line []byte, urgent bool) error {
	err := j.writeOnce(line)
	if errors.Is(err, ErrFull) {
		j.full = true
		if urgent && j.freeReserve() {
			err = j.writeOnce(line)
		}
	}
	if err != nil || j.opts.NoSync {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return j.die("fsync", err)
	}
	return nil
}

// writeOnce takes back what a full disk let through of the line.
func (j *Journal) writeOnce(line []byte) error {
	n, err := j.file.Write(line)
	switch {
	case err == nil && n == len(line):
		return nil
	case err == nil:
		return j.die("write", io.ErrShortWrite)
	case !noSpace(err):
		return j.die("write", err)
	}
	if terr := j.file.Truncate(j.size); terr != nil {
		return j.die("take back a partial record", terr)
	}
	return fmt.Errorf("%w: %w; make room and retry, or roll back", ErrFull, err)
}

func (j *Journal) die(what string, cause error) error {
	j.dead = fmt.Errorf("%w: %s: %w; open the run again to go on", ErrDead, what, cause)
	return j.dead
}

// Close lets go of the run. A second Close does nothing. Only with NoSync is there anything left to flush.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		return nil
	}
	j.closed = true
	j.freeReserve() // a run that is not open needs none; the next Open lays it in again
	if err := j.abandon(); err != nil {
		return fmt.Errorf("close journal of run %s: %w", j.id, err)
	}
	return nil
}
