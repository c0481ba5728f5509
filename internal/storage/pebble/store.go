package pebble

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/footfall/footfall/internal/storage/store"
)

// Defaults of Options, in bytes.
const (
	DefaultCache    = 256 << 20
	DefaultMemTable = 64 << 20
)

// memTables is how many tables of Options.MemTable there are at most.
const memTables = 4

// entryOverhead is what an entry takes in memory besides its key and value, in
// bytes, about.
const entryOverhead = 100

// flushEvery bounds, in clicks, what a restart must read from the journal
// again. On two busy cores that goes at 200,000 clicks a second, and a click must
// be in the counts within one. Ten times as many made a restart under load take
// six seconds, and recording faster by no more than the measurements differ.
const flushEvery = 100_000

// manifestSize is from how many bytes on the engine may write the list of its
// files anew, which it does where as many files came and went as there are. Small,
// so that Purge has not to wait long for that.
const manifestSize = 4 << 10

// Options say where and how. Only Dir is required.
type Options struct {
	// Dir is the store's own directory, made where it is missing.
	Dir string
	// FS is the file system that Dir is in; nil is the machine's own, where
	// all files are made 0600 and all directories 0700.
	FS vfs.FS
	// Cache bounds, in bytes, the memory for blocks that were read and for the
	// tables below together: the engine takes both from it, so with less than
	// a few tables' worth nothing stays cached while clicks come in.
	Cache int64
	// MemTable is the size, in bytes, at which what was recorded moves from
	// memory to disk. Up to four such tables exist at a time.
	MemTable int
	// Held is how many bytes of values a Sum holds, and up to twice as many for a
	// moment; 0 is 8 MiB.
	Held int
	// Keep keeps every file, also what the engine needs no more, until Release.
	// It is for a store that may turn out to be cut or another one's.
	Keep bool
	// Logger hears about the engine's troubles; nil drops them.
	Logger *slog.Logger
}

// Store implements store.Clicks.
type Store struct {
	view

	// write is held by whoever reads what he then replaces: positions and
	// ledgers.
	write     sync.Mutex
	unflushed uint64 // clicks counted since the last flush was begun
	ranges    int    // deleted since deletions began a flush last

	// flushing is held while a flush is begun.
	flushing sync.Mutex
	pending  <-chan struct{} // closed when the flush that was begun last is over
	memTable int64           // bytes
	inMemory atomic.Int64    // bytes, about, that were applied since a flush went well

	fs          vfs.FS
	dir         string
	kept        *kept
	checkpoints sync.Mutex // one at a time

	unpurged  unpurged
	snapshots snapshots
	shown     closer // of what was shown while a batch was written

	trouble *trouble
	// stuck tells Close that the engine waits for room on the disk.
	stuck chan error

	// failing tells those who wait for a flush that the disk fails.
	failing failing
}

var _ store.Clicks = (*Store)(nil)

// Open opens the store in o.Dir, or makes it. Data of a newer version is
// store.ErrVersion, and stays untouched.
func Open(o Options) (*Store, error) {
	s, err := open(o)
	if err != nil {
		return nil, failedOpen(o.Dir, err)
	}
	return s, nil
}

func open(o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = privateFS{vfs.Default}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Cache <= 0 {
		o.Cache = DefaultCache
	}
	if o.MemTable <= 0 {
		o.MemTable = DefaultMemTable
	}
	from, err := peek(o.FS, o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{
		view:  view{uses: &uses{}, held: cmp.Or(o.Held, sumHeld)},
		stuck: make(chan error), memTable: int64(o.MemTable), fs: o.FS, dir: o.Dir,
		kept: &kept{released: !o.Keep},
	}
	s.uses.idle.L = &s.uses.mu
	s.failing.next = make(chan struct{})
	s.trouble = &trouble{opening: make(chan error, 1), closing: make(chan struct{}), log: o.Logger, store: s}
	o.FS = steadyFS{orderedFS{keepingFS{o.FS, s.kept}}, o.Dir, s.trouble}
	db, err := s.start(o)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(db, Version); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if from != 0 {
		o.Logger.Info("the files of the counts were of an older version and are upgraded; an older footfall cannot open them", "format", uint64(from), "to", uint64(engineFormat))
	}
	s.db, s.r = db, db
	return s, nil
}

// start starts the engine. Where that cannot go on it waits for good, or panics,
// which is an error here.
func (s *Store) start(o Options) (*pebble.DB, error) {
	type result struct {
		db  *pebble.DB
		err error
	}
	started := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			if p := recover(); p != nil {
				r = result{nil, caught(p)}
			}
			started <- r
		}()
		r.db, r.err = pebble.Open(o.Dir, s.engine(o))
	}()
	select {
	case r := <-started:
		if r.err == nil {
			r.err = s.trouble.open()
		}
		return r.db, r.err
	case err := <-s.trouble.opening:
		return nil, err
	}
}

// engine is how the engine is set up. There are no Bloom filters: every
// question is a range. `bench layout` shows what a change does.
func (s *Store) engine(o Options) *pebble.Options {
	e := &pebble.Options{
		FS:                          o.FS,
		FormatMajorVersion:          engineFormat,
		Merger:                      newMerger(),
		DisableWAL:                  true,
		CacheSize:                   o.Cache,
		MemTableSize:                uint64(o.MemTable),
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                1000,
		MaxManifestFileSize:         manifestSize,
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(1, min(4, runtime.GOMAXPROCS(0)/2)) },
		Logger:                      engineLog{o.Logger, s.trouble},
		EventListener:               &pebble.EventListener{},
	}
	e.EventListener.BackgroundError = s.trouble.background
	e.EventListener.FlushEnd = func(info pebble.FlushInfo) {
		if info.Err == nil {
			s.inMemory.Store(0)
			s.trouble.over()
		}
	}
	// By itself the engine would end the program. Whoever needs what is damaged
	// gets an error; the rest is answered.
	var told sync.Map // of which files the log was
	e.EventListener.DataCorruption = func(d pebble.DataCorruptionInfo) {
		if _, before := told.LoadOrStore(d.Path, true); !before {
			o.Logger.Error("a file of the click store is damaged: stop the server and run footfall rebuild", "file", d.Path)
		}
	}
	e.TargetFileSizes[0] = 8 << 20
	for i := range e.Levels {
		e.Levels[i].BlockSize = 32 << 10
		e.Levels[i].IndexBlockSize = 64 << 10
		e.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	return e
}

// Sync is of store.Clicks. It fails where the disk refuses what is flushed,
// and then may be tried again.
func (s *Store) Sync(ctx context.Context) error {
	if err := s.uses.begin(); err != nil {
		return failed("sync", err)
	}
	defer s.uses.end()
	if err := s.flush(ctx); err != nil {
		return failed("sync", err)
	}
	return nil
}

func (s *Store) flush(ctx context.Context) error {
	failed := s.failing.wait()
	for {
		done, all, err := s.beginFlush()
		if err != nil {
			return err
		}
		select {
		case <-done:
			if all {
				return nil
			}
		case <-failed:
			return s.failing.last()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// beginFlush has the engine write to the disk what is in memory; done is closed
// when that is over. Where a flush is under way, all is unset and done is that
// one's: each that is begun takes memory, of which the engine allows so much and
// then has everybody wait.
func (s *Store) beginFlush() (done <-chan struct{}, all bool, err error) {
	s.flushing.Lock()
	defer s.flushing.Unlock()
	if s.pending != nil {
		select {
		case <-s.pending:
		default:
			return s.pending, false, nil
		}
	}
	s.pending, err = s.db.AsyncFlush()
	return s.pending, true, err
}

// Compact merges all that is stored into its smallest and fastest form, which
// also happens by itself, step by step. It is for measuring and for backups.
func (s *Store) Compact(ctx context.Context) error {
	if err := s.uses.begin(); err != nil {
		return failed("compact", err)
	}
	defer s.uses.end()
	if err := s.db.Compact(ctx, []byte{0}, []byte{0xff}, true); err != nil {
		return failed("compact", err)
	}
	return nil
}

// Close makes everything counted durable and ends the store. It waits for
// calls under way; later ones fail. After an error the directory may be held
// until the process ends.
func (s *Store) Close() error {
	s.trouble.close.Do(func() { close(s.trouble.closing) }) // calls under way need not wait for the disk
	if !s.uses.close() {
		return nil
	}
	closed := make(chan error, 1)
	go func() {
		err := s.flush(context.Background())
		s.shown.wait()
		closed <- errors.Join(err, s.db.Close())
	}()
	var err error
	select {
	case err = <-closed:
	case err = <-s.stuck: // for good, maybe
	}
	if err != nil {
		return failed("close", err)
	}
	return nil
}

// errClosed: the store was closed. The engine itself would panic.
var errClosed = errors.New("the store is closed")

// uses counts the calls under way, so that Close can wait for them.
type uses struct {
	mu     sync.Mutex
	idle   sync.Cond
	n      int
	closed bool
}

func (u *uses) begin() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return errClosed
	}
	u.n++
	return nil
}

func (u *uses) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.n--; u.n == 0 {
		u.idle.Broadcast()
	}
}

// close returns when no call is under way; false where it was closed before.
func (u *uses) close() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	first := !u.closed
	u.closed = true
	for u.n > 0 {
		u.idle.Wait()
	}
	return first
}

// failing passes on failures in the background: the engine repeats flushes
// forever, and its waiters would wait as long.
type failing struct {
	mu   sync.Mutex
	next chan struct{} // closed at the next failure
	err  error
}

func (f *failing) report(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
	close(f.next)
	f.next = make(chan struct{})
}

func (f *failing) wait() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.next
}

func (f *failing) last() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}
