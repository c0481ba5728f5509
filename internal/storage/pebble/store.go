package pebble

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
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
	DefaultCache    = 64 << 20
	DefaultMemTable = 16 << 20
)

// memTables is the maximum number of tables of Options.MemTable bytes.
const memTables = 4

// usualTables is the number of tables that exist as a rule: the engine keeps one that it wrote, for
// the next. It takes their memory from that of the cache, which must be larger by it: a cache of two
// tables holds no block at all.
const usualTables = 2

// entryOverhead is about the number of bytes that an entry takes in memory in addition
// to its key and value.
const entryOverhead = 100

// flushEvery is the number of clicks after which the store is flushed. It limits what a
// restart must read from the journal again. Each cell is written once for each flush, and so
// less often if flushes are rare: with the frequencies of Zipf's law 400,000 clicks take 30 %
// less of the processor than 100,000.
const flushEvery = 250_000

// manifestSize is the size in bytes from which the engine may rewrite the list of
// its files, after as many files changed as there are. It is small so that Purge
// need not wait long.
const manifestSize = 4 << 10

// Options of Open. Only Dir is required.
type Options struct {
	// Dir is the store's own directory. Open makes it if it is missing.
	Dir string
	// FS is the file system of Dir. nil is the operating system's, with modes 0600
	// for files and 0700 for directories.
	FS vfs.FS
	// Cache is the memory, in bytes, for blocks that were read. While more than two tables
	// of MemTable exist, it is smaller. 0 is DefaultCache.
	Cache int64
	// MemTable is the size, in bytes, at which a table moves from memory to disk.
	// As a rule two tables exist: one takes clicks, and the other is written to the disk, or was.
	// Up to four exist at a time. 0 is DefaultMemTable.
	MemTable int
	// Held is the number of bytes of values that a Sum holds, and briefly up to
	// twice as many; 0 is 8 MiB.
	Held int
	// Keep keeps files that the engine would remove, until Release. It is for a
	// store that may turn out to be incomplete, or not to belong to its directory.
	Keep bool
	// Logger logs failures of the engine and the disk; nil logs nothing.
	Logger *slog.Logger

	busy uint64 // tests make busyMonth small
}

// Store implements store.ClickCounts.
type Store struct {
	view // reads the counts; everything else is for writing

	// write is held while values are read and replaced: positions, ledgers.
	write     sync.Mutex
	unflushed uint64             // clicks counted since the last flush started
	ranges    int                // deleted since deletions last started a flush
	months    map[monthOf]uint64 // clicks of people that are stored, of some months

	// flushing is held while a flush is started.
	flushing sync.Mutex
	pending  <-chan struct{} // closed at the end of the flush that started last
	memTable int64           // bytes
	inMemory atomic.Int64    // about how many bytes were applied since the last flush that succeeded

	fs          vfs.FS
	dir         string
	kept        *kept
	checkpoints sync.Mutex // one at a time

	unpurged  unpurged
	snapshots snapshots
	shown     closer // closes the snapshots of apply

	faults *faults
	// stuck receives an error from Close's wait while the engine waits for the
	// disk.
	stuck chan error

	failing failing
}

var _ store.ClickCounts = (*Store)(nil)

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
		view:   view{calls: newCalls(), held: cmp.Or(o.Held, sumHeld), busy: cmp.Or(o.busy, busyMonth)},
		months: map[monthOf]uint64{},
		stuck:  make(chan error), memTable: int64(o.MemTable), fs: o.FS, dir: o.Dir,
		kept: &kept{released: !o.Keep},
	}
	s.failing.next = make(chan struct{})
	s.faults = &faults{opening: make(chan error, 1), closing: make(chan struct{}), log: o.Logger, store: s}
	o.FS = retryFS{orderedFS{keepFS{o.FS, s.kept}}, o.Dir, s.faults}
	db, err := s.start(o)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(db, Version); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	if from != 0 {
		o.Logger.Info("the files of the counts were upgraded to a newer format; an older footfall cannot open them", "format", uint64(from), "to", uint64(engineFormat))
	}
	s.db, s.r = db, db
	return s, nil
}

// start starts the engine. If the engine cannot go on, it blocks for ever, or
// panics; both are errors here.
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
			r.err = s.faults.open()
		}
		return r.db, r.err
	case err := <-s.faults.opening:
		return nil, err
	}
}

// engine is the engine's options. There are no Bloom filters, because every
// question reads a range. `bench layout` measures the effect of a change.
func (s *Store) engine(o Options) *pebble.Options {
	e := &pebble.Options{
		FS:                          o.FS,
		FormatMajorVersion:          engineFormat,
		Merger:                      newMerger(),
		DisableWAL:                  true,
		CacheSize:                   o.Cache + usualTables*int64(o.MemTable),
		MemTableSize:                uint64(o.MemTable),
		MemTableStopWritesThreshold: memTables,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                1000,
		MaxManifestFileSize:         manifestSize,
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(1, min(4, runtime.GOMAXPROCS(0)/2)) },
		Logger:                      engineLog{o.Logger, s.faults},
		EventListener:               &pebble.EventListener{},
	}
	e.EventListener.BackgroundError = s.faults.background
	e.EventListener.FlushEnd = func(info pebble.FlushInfo) {
		if info.Err == nil {
			s.inMemory.Store(0)
			s.faults.over()
		}
	}
	// The default listener ends the program. With this one, questions about damaged
	// data fail and others are answered.
	var logged sync.Map // files
	e.EventListener.DataCorruption = func(d pebble.DataCorruptionInfo) {
		if _, before := logged.LoadOrStore(d.Path, true); !before {
			o.Logger.Error("a file of the counts is damaged: stop the server and run footfall rebuild", "file", d.Path)
		}
	}
	// Blocks of columns would have the place of each key and value in two bytes, which zstd hardly
	// makes smaller. Most vectors have one or two bytes themselves.
	e.Experimental.EnableColumnarBlocks = func() bool { return false }
	e.TargetFileSizes[0] = 8 << 20
	for i := range e.Levels {
		e.Levels[i].BlockSize = 32 << 10
		e.Levels[i].BlockRestartInterval = 64
		e.Levels[i].IndexBlockSize = 64 << 10
		e.Levels[i].Compression = func() *sstable.CompressionProfile { return sstable.FastestCompression }
	}
	// Most of the data is in the last level, whose files are written seldom.
	last := &e.Levels[len(e.Levels)-1]
	last.BlockSize = 64 << 10
	last.Compression = func() *sstable.CompressionProfile { return sstable.ZstdCompression }
	return e
}

// Compact merges all that is stored into its smallest and fastest form, which the
// engine also does by itself, in steps. It is for measurements and backups.
func (s *Store) Compact(ctx context.Context) error {
	return s.calls.run("compact", func() error { return s.db.Compact(ctx, []byte{0}, []byte{0xff}, true) })
}

// Size returns the size of the store on the disk, in bytes. It reads the sizes of the
// files: the engine would wait for a disk that fails.
func (s *Store) Size() (int64, error) {
	return answer(s.calls, "size", func() (size int64, err error) {
		names, err := s.fs.List(s.dir)
		if err != nil {
			return 0, err
		}
		for _, name := range names {
			info, err := s.fs.Stat(s.fs.PathJoin(s.dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed meanwhile
			}
			if err != nil {
				return 0, err
			}
			size += info.Size()
		}
		return size, nil
	})
}
