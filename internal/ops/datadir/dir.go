// Package datadir is the data directory that one process owns: it locks, opens,
// maintains and closes it. It has what operators do to a directory: backup, check,
// repair, rebuild, deletion.
//
// It answers no requests and has no commands. Errors say what is wrong; package cli
// says what to do.
//
// Where to look:
//
//	dir.go, names.go         Open, Close, and what a directory has
//	lock.go, lock_file.go    one process owns the directory
//	trust.go, socket.go      whose directory it is; the socket of its owner
//	engines.go, shared.go, shared_imports.go, engines_file.go
//	                         what a directory needs of its engines; the ones that other servers
//	                         use too; which ones it has
//	open_db.go, progress.go, installation.go
//	                         do the parts belong together
//	errors.go                the errors
//	maintain.go, retention.go, disk.go, erase.go, opened_files.go, progress_save.go,
//	watch_engines.go, backlog.go
//	                         what runs while the directory is open
//	backup.go, separate.go, clicks_by_journal.go, delete.go
//	                         what operators do to an open directory
//	check.go, repair.go      what they do to an open one, and to one that Open refuses
//	damaged.go               opens the parts of one that Open refuses
//	move.go, move_back.go, move_counts.go, move_minutes.go
//	                         moves everything into a cluster, and back
//	adopt.go               counts the journal of a server that is gone
//	rebuild.go, rebuild_base.go
//	                         counts the journal again, while no process has it open
package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
)

// Options says which directory to open, and how.
type Options struct {
	// Path is the path of the directory.
	Path string
	// Named says that the operator named the directory. Only then does root send
	// commands to a process of another user.
	Named bool
	// Create makes the directory if it is missing. Without it, a directory without
	// data is ErrNoData.
	Create bool
	// NoSync appends clicks to the journal without fsync: they survive the death of the
	// process, but not a power cut.
	NoSync bool
	// Reserve is the number of bytes that should stay free on the disk. 0 is a gigabyte, or
	// 5 % of the disk if that is less. See Disk.
	Reserve int64
	// Retention says how much of the journal Maintain keeps.
	Retention Retention
	// Limit is the number of bytes of clicks that may wait to be counted. At the limit no
	// clicks are recorded. 0 is what the disk has room for.
	Limit int64
	// Synced is called after each sync of the journal with the time that it took. It
	// may be nil.
	Synced func(time.Duration)
	// Clicks says where the counts are, and Links where links and users are. nil is the
	// directory.
	Clicks *SharedCounts
	Links  *SharedLinks
	Now    func() time.Time
	Log    *slog.Logger

	moving bool // a move opens its directory
}

// Dir is an open data directory:
//
//	lock           locked while the directory is open
//	footfall.sock  the socket for commands
//	journal/       every click, as it came
//	clicks/        the counts
//	footfall.db    links and users
//	checkpoint/    the counts as they were when the journal was trimmed last
//	progress       where journal and links ended, for the next start
//	engines        which engines the directory shares with other servers
//
// Counts that are shared (Options.Clicks) are not in clicks/, and have no checkpoint/. Links and
// users that are shared (Options.Links) are not in footfall.db.
type Dir struct {
	Counts   CountsEngine
	DB       LinksEngine // links and users
	Journal  *journal.Journal
	Recorder *recorder.Recorder // counts the journal
	Disk     *Disk
	Created  bool // the directory had no data before Open

	path    string
	engines enginesRecord
	watched []*sharedEngine
	// replicated is the position up to which all servers of shared counts have the journal;
	// nil before it is known.
	replicated atomic.Pointer[uint64]
	claimed    <-chan struct{} // closed when the lock of claimCounts is lost; nil without one
	release    func()
	now        func() time.Time
	log        *slog.Logger
	retention  Retention
	lock       *dirLock
	// opened are the files that watchFiles compares with the disk.
	opened openedFiles
	// installation is the id of the installation. It is not secret.
	installation [16]byte
	uncounted    uint64 // bytes of the journal that were not counted when it was opened

	// trimMu, of 1, is held to trim the journal, or to keep it from being trimmed for as
	// long as a backup takes. deleteMu is held to delete users and links, or to keep them.
	trimMu   *semaphore.Weighted
	rolled   chan struct{} // a segment of the journal is full
	deleteMu sync.Mutex
	// progressMu is held while links and users remember new progress, and while a
	// backup copies them: the journal in the backup ends earlier than that progress.
	progressMu sync.Mutex
	progress   *tracker
	backlog    backlog
	eraser     eraser

	closers []func(context.Context) error // in the order of opening
}

// Open locks and opens a data directory. It compares its parts, and refuses one that
// is damaged, older than the others, or belongs elsewhere: with a PartError. It
// fails with ErrOwned if another process has the directory open, and with ErrNoData.
func Open(ctx context.Context, o Options) (_ *Dir, err error) {
	d := &Dir{
		path: o.Path, now: o.Now, log: o.Log, retention: o.Retention, Disk: newDisk(o.Path, o.Reserve, o.Log),
		backlog: backlog{limit: uint64(o.Limit), log: o.Log},
		trimMu:  semaphore.NewWeighted(1), eraser: newEraser(), rolled: make(chan struct{}, 1),
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.Close(ctx))
		}
	}()
	if err := backup.CheckRestored(o.Path); err != nil {
		return nil, err
	}
	d.Created = !HasData(o.Path)
	if d.lock, err = lockDir(o.Path, o.Create); err != nil {
		return nil, err
	}
	d.onClose(func(context.Context) error { return d.lock.Close() })

	if d.engines, err = openEngines(o); err != nil {
		return nil, err
	}
	if err := finishRebuild(o.Path); err != nil {
		return nil, err
	}
	done := LogIfSlow("links and users", o.Log)
	d.DB, err = openLinks(ctx, o, false)
	done()
	if err != nil {
		return nil, err
	}
	d.onClose(d.closeLinks)
	if d.engines.shared() {
		id, err := installationOf(ctx, d.DB)
		if err == nil {
			err = d.engines.checkInstallation(o.Path, id)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.claimCounts(ctx); err != nil {
		return nil, err
	}
	d.onClose(func(context.Context) error {
		if d.release != nil {
			d.release()
		}
		return nil
	})
	if d.eraser.earlier, _, err = d.DB.Dirty(ctx); err != nil {
		return nil, unopened(PartLinks, err)
	}
	if d.engines.Links != Embedded { // they do not remember whether the counts were purged
		d.eraser.earlier = true
		d.eraser.pending.Store(true)
	}
	if err := d.openParts(ctx, o); err != nil {
		return nil, err
	}
	if d.opened, err = statParts(&o); err != nil {
		return nil, err
	}
	if d.watched = d.sharedEngines(); len(d.watched) > 0 { // one may be away; Maintain finishes deletions
		return d, nil
	}
	done = LogIfSlow("an unfinished deletion", o.Log)
	err = d.finishDeletions(ctx)
	done()
	if err != nil {
		return nil, unopened(PartJournal, fmt.Errorf("finish a deletion: %w", err))
	}
	return d, nil
}

// openParts opens counts and journal, compares all parts, and starts counting.
func (d *Dir) openParts(ctx context.Context, o Options) (err error) {
	if d.progress, err = openProgress(ctx, o.Path, d.DB, false, o.Log); err != nil {
		return err
	}
	d.onClose(func(context.Context) error { return d.progress.file.Close() })
	d.DB.OnChange(d.progress.file.AddLinks)
	done := LogIfSlow("counts", o.Log)
	d.Counts, err = d.progress.openCounts(ctx, o, d.engines.Server)
	done()
	if err != nil {
		return unopened(PartCounts, err)
	}
	d.onClose(d.closeCounts)
	if d.installation, err = installationOf(ctx, d.DB); err != nil {
		return err
	}
	if !d.progress.countsUnknown.Load() {
		if err := d.checkInstallation(ctx); err != nil {
			return err
		}
	} else if c, ok := d.Counts.(*sharedCounts); ok {
		c.checkBelongs = d.checkShared
	}
	if err := d.checkCountsEngine(ctx, d.engines.Counts); err != nil {
		return err
	}
	if len(d.progress.needed) == 0 { // otherwise a new directory lacks its journal, and is refused
		if err := d.engines.begin(ctx, o.Path, d.DB, d.installation); err != nil {
			return err
		}
	}
	done = LogIfSlow("journal", o.Log)
	defer func() { done() }()
	if err := d.openJournal(ctx, o); err != nil {
		return err
	}
	if !d.progress.countsUnknown.Load() {
		pos, _, err := d.Counts.Position(ctx, d.Journal.ID())
		if err != nil {
			return unopened(PartCounts, err)
		}
		if end := d.Journal.End(); end > pos.Counted {
			d.uncounted = end - pos.Counted
		}
	}
	d.Recorder, err = recorder.Open(ctx, recorder.Options{
		Journal: d.Journal, Counts: d.Counts, Shared: journalCounts(d.Counts), Now: o.Now, Log: o.Log,
	})
	if err != nil {
		return unopened(PartJournal, err)
	}
	d.onClose(d.closeRecorder)
	if err := d.progress.follow(ctx, d.DB, d.Journal); err != nil {
		return unopened(PartLinks, err)
	}
	if err := d.Counts.Release(); err != nil {
		o.Log.Warn("files of the counts that are not needed could not be removed, and take up space; the next start tries again: look at the disk", "error", err)
	}
	saving, stop := context.WithCancel(context.WithoutCancel(ctx))
	var saved sync.WaitGroup
	saved.Go(func() { d.saveInBackground(saving) })
	d.onClose(func(context.Context) error { stop(); saved.Wait(); return nil })
	return nil
}

// openJournal opens the journal, and refuses one that does not fit the other parts.
func (d *Dir) openJournal(ctx context.Context, o Options) error {
	j, err := journal.Open(d.progress.journalOptions(journal.Options{
		NoSync: o.NoSync, SegmentSize: o.Retention.segmentSize(o.Clicks != nil), Synced: o.Synced, Logger: o.Log,
		Rolled: func() {
			select {
			case d.rolled <- struct{}{}:
			default: // retain has not yet seen the last one
			}
		},
	}))
	var present [16]byte
	switch {
	case err == nil:
		present = j.ID()
	case !errors.Is(err, fs.ErrNotExist):
		return unopened(PartJournal, err)
	}
	missing, missingErr := d.progress.missingJournals(ctx, d.Counts, present)
	switch {
	case missingErr != nil:
		err = missingErr
	case len(missing) > 0:
		err = unopened(PartJournal, missing[0])
	case err == nil:
		if err = d.progress.checkJournal(&j.Contents); err == nil {
			err = d.progress.checkLinks(ctx, d.DB, d.Counts, &j.Contents)
		}
		if err != nil {
			err = unopened(PartLinks, err)
		}
	}
	if err != nil {
		if j != nil {
			err = errors.Join(err, j.Close())
		}
		return err
	}
	d.Journal = j
	d.onClose(func(context.Context) error {
		if d.opened.journal.replaced() { // do not seal segments of another journal
			return nil
		}
		return d.Journal.Close()
	})
	return d.giveUpTail(ctx, o)
}

// giveUpTail gives up the end of a journal with NoSync that a power cut took. New
// records come after it.
func (d *Dir) giveUpTail(ctx context.Context, o Options) error {
	tail, ok := d.Journal.LostTail()
	if !ok {
		return nil
	}
	counting := recorder.Replay{
		Journal: &d.Journal.Contents, Counts: d.Counts, Shared: journalCounts(d.Counts), Now: o.Now, Log: o.Log,
	}
	return counting.GiveUp(ctx, []journal.Hole{{From: tail.From, To: tail.To}})
}

// onClose makes Close call f, before it closes the parts that were opened earlier.
func (d *Dir) onClose(f func(context.Context) error) { d.closers = append(d.closers, f) }

// Close counts the recorded clicks, as far as ctx allows, makes the counts durable, and
// closes everything. Clicks that are not counted are safe in the journal.
func (d *Dir) Close(ctx context.Context) error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i](ctx))
	}
	d.closers = nil
	return errors.Join(errs...)
}
