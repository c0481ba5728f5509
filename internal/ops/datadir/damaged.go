package datadir

import (
	"context"
	"errors"
	"io/fs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// IsDamaged reports whether an error of Open or Close is one that CheckDamaged
// explains and RepairDamaged may repair.
func IsDamaged(err error) bool {
	return errors.Is(err, journal.ErrCorrupt) || errors.As(err, new(*OlderLinksError))
}

// damaged is a data directory that is examined or repaired. Unlike a Dir it may
// lack clicks, links and users. Nothing is recorded and nothing is counted.
type damaged struct {
	engines  enginesRecord
	db       LinksEngine
	progress *tracker
	counts   CountsEngine
	journal  *journal.Damaged    // nil if there is none
	missing  []*LostJournalError // other journals, with clicks that are not counted
	diverged error               // *DivergedJournalError, or nil
	close    func() error
}

// contents returns the readable part of the journal; nil without a journal.
func (dd *damaged) contents() *journal.Contents {
	if dd.journal == nil {
		return nil
	}
	return &dd.journal.Contents
}

// openDamaged opens a directory that no process has open; otherwise it fails with
// ErrOwned. With older, links and users may be older than the other parts.
func openDamaged(ctx context.Context, o Options, older bool) (_ *damaged, err error) {
	lock, err := lockDir(o.Path, false)
	if err != nil {
		return nil, err
	}
	dd := &damaged{close: lock.Close}
	onClose := func(f func() error) {
		before := dd.close
		dd.close = func() error { return errors.Join(f(), before()) }
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, dd.close())
		}
	}()
	if dd.engines, err = openEngines(o); err != nil {
		return nil, err
	}
	if err := finishRebuild(o.Path); err != nil {
		return nil, err
	}
	if dd.db, err = openLinks(ctx, o, older); err != nil {
		return nil, err
	}
	onClose(dd.db.Close)
	if dd.progress, err = openProgress(ctx, o.Path, dd.db, older, o.Log); err != nil {
		return nil, err
	}
	onClose(dd.progress.file.Close)
	if dd.counts, err = dd.progress.openCounts(ctx, o, dd.engines.Server); err != nil {
		return nil, unopened(PartCounts, err)
	}
	onClose(dd.counts.Close)
	return dd, dd.openJournal(ctx, o)
}

// openJournal opens the readable part of the journal, and compares it with the
// progress that the other parts remember.
func (dd *damaged) openJournal(ctx context.Context, o Options) error {
	sources, err := dd.counts.Journals(ctx)
	if err != nil {
		return err
	}
	ids := make([][16]byte, len(sources))
	for i, s := range sources {
		ids[i] = s
	}
	dd.journal, err = journal.Inspect(dd.progress.inspectOptions(journal.Options{Logger: o.Log}), ids...)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unopened(PartJournal, err)
	}
	var present [16]byte
	if dd.journal != nil {
		present = dd.journal.ID()
	}
	if dd.missing, err = dd.progress.missingJournals(ctx, dd.counts, present); err != nil || dd.journal == nil {
		return err
	}
	err = dd.progress.checkJournal(dd.contents())
	if errors.As(err, new(*DivergedJournalError)) {
		dd.diverged, err = err, nil
	}
	return err
}
