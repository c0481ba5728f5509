// Package datadir is the data directory of one process: it is claimed, opened,
// looked after and closed here, and what an operator does to it is done here:
// backup, check, repair, rebuild, deletion.
//
// It does not know who asks: it listens nowhere, and has no commands.
package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
)

// Options says which directory to open, and how.
type Options struct {
	// Path is that of the directory.
	Path string
	// Named says that the operator named the directory. Root sends commands to a
	// process of another user only then.
	Named bool
	// Create makes the directory if it is missing. Without it, a directory without
	// data is ErrNoData.
	Create bool
	// NoSync makes clicks survive a killed process, but not a power cut.
	NoSync bool
	// Reserve is how many bytes should stay free on the disk. 0 is a gigabyte, or
	// 5 % of the disk if that is less. See Disk.
	Reserve int64
	// Retention says how much of the journal Keep keeps.
	Retention Retention
	// Synced is called after each sync of the journal with the time that it took;
	// nil if nobody asks.
	Synced func(time.Duration)
	Now    func() time.Time
	Log    *slog.Logger
}

// Dir is an open data directory:
//
//	lock           held while the directory is open
//	footfall.sock  where commands reach the process
//	journal/       every click, as it came
//	clicks/        the counts
//	footfall.db    links and users
//	checkpoint/    the counts as they were when the journal was trimmed last
//	progress       how far journal and links had come, for the next start
type Dir struct {
	Counts   *pebble.Store
	Links    *sql.DB // links and users
	Journal  *journal.Journal
	Recorder *recorder.Recorder // counts what is in the journal
	Disk     *Disk
	Created  bool // by Open

	path      string
	now       func() time.Time
	log       *slog.Logger
	retention Retention
	lock      *dirLock
	// present is what watchFiles compares with the disk.
	opened openedFiles
	// installation is a public name of the installation.
	installation string
	uncounted    uint64 // bytes of the journal that were not counted when it was opened

	// keeping is held by whoever needs the journal's segments to stay, for as
	// long as a backup takes, and deleting by whoever needs users and links to.
	trimMu   ctxMutex
	rolled   chan struct{} // a segment of the journal is full
	deleteMu sync.Mutex
	// copying is held while a backup copies links and users, after the journal
	// that goes with them: what they remember of it must not go on meanwhile.
	progressMu sync.Mutex
	progress   *tracker
	eraser     eraser

	closers []func(context.Context) error // in the order of opening
}

// Open claims and opens a data directory. It fails with ErrOwned if another
// process has it.
func Open(ctx context.Context, o Options) (_ *Dir, err error) {
	d := &Dir{
		path: o.Path, now: o.Now, log: o.Log, retention: o.Retention, Disk: newDisk(o.Path, o.Reserve, o.Log),
		trimMu: make(ctxMutex, 1), eraser: newEraser(), rolled: make(chan struct{}, 1),
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

	if err := finishRebuild(o.Path); err != nil {
		return nil, err
	}
	done := LogIfSlow("links and users", o.Log)
	d.Links, err = openLinks(ctx, o.Path, false, o.Log)
	done()
	if err != nil {
		return nil, err
	}
	d.onClose(d.closeLinks)
	if d.eraser.earlier, _, err = d.Links.Dirty(ctx); err != nil {
		return nil, unopened(PartLinks, err)
	}
	if err := d.openParts(ctx, o); err != nil {
		return nil, err
	}
	if d.opened, err = statParts(o.Path); err != nil {
		return nil, err
	}
	done = LogIfSlow("a deletion that was cut short", o.Log)
	err = d.finishDeletions(ctx)
	done()
	if err != nil {
		return nil, unopened(PartJournal, fmt.Errorf("finish a deletion: %w", err))
	}
	return d, nil
}

// openParts opens counts and journal, compares all parts, and begins to count.
func (d *Dir) openParts(ctx context.Context, o Options) (err error) {
	if d.progress, err = openProgress(ctx, o.Path, d.Links, false, o.Log); err != nil {
		return err
	}
	d.onClose(func(context.Context) error { return d.progress.file.Close() })
	d.Links.OnChange(d.progress.file.AddLinks)
	done := LogIfSlow("counts", o.Log)
	d.Counts, err = d.progress.openCounts(ctx, o.Log)
	done()
	if err != nil {
		return unopened(PartCounts, err)
	}
	d.onClose(d.closeCounts)
	if err := d.checkInstallation(ctx, o.Path); err != nil {
		return err
	}
	done = LogIfSlow("journal", o.Log)
	defer func() { done() }()
	if err := d.openJournal(ctx, o); err != nil {
		return err
	}
	pos, _, err := d.Counts.Position(ctx, d.Journal.ID())
	if err != nil {
		return unopened(PartCounts, err)
	}
	if end := d.Journal.End(); end > pos.Counted {
		d.uncounted = end - pos.Counted
	}
	d.Recorder, err = recorder.Open(ctx, recorder.Options{Journal: d.Journal, Clicks: d.Counts, Now: o.Now, Log: o.Log})
	if err != nil {
		return unopened(PartJournal, err)
	}
	d.onClose(d.closeRecorder)
	if err := d.progress.follow(ctx, d.Links, d.Journal); err != nil {
		return unopened(PartLinks, err)
	}
	if err := d.Counts.Release(); err != nil {
		o.Log.Warn("files of the counts that are not needed could not be removed, and take room; the next start tries again", "error", err)
	}
	remembering, stop := context.WithCancel(context.WithoutCancel(ctx))
	var remembered sync.WaitGroup
	remembered.Go(func() { d.remembering(remembering) })
	d.onClose(func(context.Context) error { stop(); remembered.Wait(); return nil })
	return nil
}

// openJournal opens the journal of these counts, links and users.
func (d *Dir) openJournal(ctx context.Context, o Options) error {
	j, err := journal.Open(d.progress.journalOptions(journal.Options{
		NoSync: o.NoSync, SegmentSize: o.Retention.segmentSize(), Synced: o.Synced, Logger: o.Log,
		Rolled: func() {
			select {
			case d.rolled <- struct{}{}:
			default: // it is known
			}
		},
	}))
	var here [16]byte
	switch {
	case err == nil:
		here = j.ID()
	case !errors.Is(err, fs.ErrNotExist):
		return unopened(PartJournal, err)
	}
	lost, lostErr := d.progress.missingJournals(ctx, d.Counts, here)
	switch {
	case lostErr != nil:
		err = lostErr
	case len(lost) > 0:
		err = unopened(PartJournal, lost[0])
	case err == nil:
		if err = d.progress.checkJournal(&j.Contents); err == nil {
			err = d.progress.checkLinks(ctx, d.Links, d.Counts, &j.Contents)
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
		if d.opened.journal.replaced() { // what lies there now is not to be sealed
			return nil
		}
		return d.Journal.Close()
	})
	return d.passTail(ctx, o)
}

// passTail counts the end of a journal as given up that a power cut took where
// clicks are not synced: what is recorded from now on comes after it.
func (d *Dir) passTail(ctx context.Context, o Options) error {
	tail, ok := d.Journal.Tail()
	if !ok {
		return nil
	}
	passed := []journal.Hole{{From: tail.From, To: tail.To}}
	if err := (recorder.Counting{Journal: &d.Journal.Contents, Clicks: d.Counts, Now: o.Now, Log: o.Log}).GiveUp(ctx, passed); err != nil {
		return err
	}
	return d.Counts.Sync(ctx)
}

// onClose has f called by Close, before what was opened earlier is closed.
func (d *Dir) onClose(f func(context.Context) error) { d.closers = append(d.closers, f) }

// Close counts what is recorded, as far as ctx allows, and closes everything.
func (d *Dir) Close(ctx context.Context) error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i](ctx))
	}
	d.closers = nil
	return errors.Join(errs...)
}
