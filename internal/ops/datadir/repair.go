package datadir

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Repair does what can be done while clicks are recorded. It computes the sums of
// days again if only they are wrong. If the journal has holes, it keeps the counts
// in checkpoint/, because the journal alone can no longer rebuild them.
func (d *Dir) Repair(ctx context.Context, report func(string)) error {
	if err := d.Recorder.Settle(ctx); err != nil {
		return err
	}
	if d.engines.Counts != Embedded {
		report("the counts are in " + d.engines.Counts + ", which has no sums that could be computed again")
		return nil
	}
	wrong, err := audit.CheckCounts(ctx, d.Counts)
	if err != nil {
		return err
	}
	if wrong > 0 {
		report("the counts themselves disagree, so the sums of days cannot be computed from them")
		return nil
	}
	months, err := d.Counts.Repair(ctx)
	if err != nil {
		return err
	}
	if months > 0 {
		report(fmt.Sprintf("computed the sums of days of %d months again", months))
	}
	return d.keepForRebuild(ctx, report)
}

// keepForRebuild makes a checkpoint that a rebuild can start from after the last
// hole of the journal, unless there is one.
func (d *Dir) keepForRebuild(ctx context.Context, report func(string)) error {
	holes := d.Journal.Holes()
	if len(holes) == 0 {
		return nil
	}
	if err := d.trimMu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer d.trimMu.Release(1)
	if _, m, err := backup.Newest(filepath.Join(d.path, checkpointDir)); err == nil && m.Counted >= holes[len(holes)-1].To {
		return nil
	}
	if err := d.checkpoint(ctx); err != nil {
		return err
	}
	report("kept the counts in " + filepath.Join(d.path, checkpointDir) + ", so that a rebuild can start after the missing part of the journal")
	return nil
}

// GiveUp says what a repair may give up for good.
type GiveUp struct {
	Damaged bool // clicks of a journal that cannot be read and are not counted
	Links   bool // changes to links and users that only other parts remember
}

// RepairDamaged repairs a directory that Open refuses with an error that
// IsDamaged: it can be opened afterwards, without what was missing. It fails with
// a GiveUpError if something would be lost that giveUp does not name, and with
// ErrOwned if a process has the directory open. It calls report with a sentence
// for each thing that it did.
func RepairDamaged(ctx context.Context, o Options, giveUp GiveUp, report func(string)) (err error) {
	dd, err := openDamaged(ctx, o, giveUp.Links)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dd.close()) }()
	if dd.diverged != nil {
		return fmt.Errorf("nothing was changed: %w", unopened(PartJournal, dd.diverged))
	}
	if err := dd.giveUpMissing(ctx, o, giveUp.Damaged, report); err != nil {
		return err
	}
	if err := dd.repairJournal(ctx, o, giveUp.Damaged, report); err != nil {
		return err
	}
	return dd.repairLinks(ctx, giveUp.Links, report)
}

// giveUpMissing gives up the clicks of journals that are missing.
func (dd *damaged) giveUpMissing(ctx context.Context, o Options, giveUp bool, report func(string)) error {
	counting := recorder.Replay{Counts: dd.counts, Shared: journalCounts(dd.counts), Now: o.Now, Log: o.Log}
	for _, m := range dd.missing {
		if !giveUp {
			return &GiveUpError{PartJournal, fmt.Errorf("nothing was changed: %w", m)}
		}
		if err := counting.GiveUpJournal(ctx, store.JournalID(m.ID), m.End); err != nil {
			return err
		}
		report(fmt.Sprintf("gave up %d bytes of the missing journal %s that were not counted", m.End-m.Counted, m.ID))
	}
	return nil
}

// repairJournal turns what cannot be read of the journal into holes. All of that
// must be counted, or be given up.
func (dd *damaged) repairJournal(ctx context.Context, o Options, giveUp bool, report func(string)) error {
	if dd.journal == nil {
		return nil
	}
	flaws, err := dd.journal.Flaws()
	if err != nil {
		return err
	}
	durable, err := dd.syncCounts(ctx)
	if err != nil || len(flaws) == 0 {
		return err
	}
	if lost, size := uncountedFlaws(flaws, durable); len(lost) > 0 {
		if !giveUp {
			return &GiveUpError{PartJournal, fmt.Errorf("the journal was left as it is: %s of it cannot be read and are not counted", size)}
		}
		if err := (recorder.Replay{Journal: dd.contents(), Counts: dd.counts, Shared: journalCounts(dd.counts), Now: o.Now, Log: o.Log}).GiveUp(ctx, lost); err != nil {
			return err
		}
		report(fmt.Sprintf("gave up %s of the journal that cannot be read and were not counted", size))
		if durable, err = dd.syncCounts(ctx); err != nil {
			return err
		}
	}
	kept, err := dd.journal.Repair(durable)
	for _, file := range kept {
		report(fmt.Sprintf("left the unreadable part out of the journal; the original file is kept as %s", file))
	}
	return err
}

// uncountedFlaws returns the flaws that have clicks after a position, and their size in
// words.
func uncountedFlaws(flaws []journal.Flaw, counted uint64) (lost []journal.Hole, size string) {
	var bytes uint64
	size = "%d bytes"
	for _, f := range flaws {
		if f.From < f.To && f.To > counted || f.Unknown {
			lost = append(lost, journal.Hole{From: f.From, To: f.To})
			bytes += f.To - min(f.To, max(f.From, counted))
		}
		if f.Unknown {
			size = "at least %d bytes"
		}
	}
	return lost, fmt.Sprintf(size, bytes)
}

// syncCounts makes the counts durable, and returns the position up to which they
// are. It fails with ErrUnknownJournal, and with ErrOldCounts.
func (dd *damaged) syncCounts(ctx context.Context) (uint64, error) {
	source := store.JournalID(dd.journal.ID())
	if source == (store.JournalID{}) {
		return 0, ErrUnknownJournal
	}
	if err := dd.counts.Sync(ctx); err != nil {
		return 0, err
	}
	pos, found, err := dd.counts.Position(ctx, source)
	if err != nil {
		return 0, err
	}
	if pos.Durable < pos.Counted {
		return 0, fmt.Errorf("%w: servers are away that may lack some counts", click.ErrUnavailable)
	}
	first := dd.journal.First()
	if found && first > dd.journal.Trimmed() {
		first = 0 // a missing start may be given up
	}
	for _, h := range dd.journal.Holes() {
		first = h.To
	}
	if pos.Durable < first {
		return 0, fmt.Errorf("%w: they are counted up to position %d, and the readable part of the journal starts at %d", ErrOldCounts, pos.Durable, first)
	}
	return pos.Durable, nil
}

// repairLinks accepts links and users that are older than the other parts. The ids
// that they lack are not given out again.
func (dd *damaged) repairLinks(ctx context.Context, giveUp bool, report func(string)) error {
	err := dd.progress.checkLinks(ctx, dd.db, dd.counts, dd.contents())
	older := new(OlderLinksError)
	if !errors.As(err, &older) {
		return err
	}
	if !giveUp {
		return &GiveUpError{PartLinks, fmt.Errorf("links and users were left as they are: %w", older)}
	}
	if err := dd.db.GiveUpIDs(ctx, older.Needed); err != nil {
		return err
	}
	for _, r := range dd.progress.remembered {
		if r.Links.Life == "" {
			continue
		}
		if err := dd.db.Adopt(ctx, r.Links.Version, r.Links.Life); err != nil {
			return err
		}
	}
	if err := dd.db.SaveProgress(ctx, dd.progress.known); err != nil {
		return err
	}
	if older.Shared {
		older.File = "PostgreSQL"
	}
	report(fmt.Sprintf("gave up what %s lacks: new links get ids after %d, and new users after %d", older.File, older.Needed.Link, older.Needed.User))
	return nil
}
