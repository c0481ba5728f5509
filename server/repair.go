package server

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/footfall/footfall/backup"
	"github.com/footfall/footfall/control"
	"github.com/footfall/footfall/journal"
	"github.com/footfall/footfall/recorder"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
	"github.com/footfall/footfall/store/sql"
)

// inspected is a data directory whose journal is looked at: nobody records and
// nobody counts.
type inspected struct {
	clicks  *pebble.Store
	journal *journal.Journal
	source  store.SourceID
	close   func() error
}

// inspect opens a directory that nobody has open, else ErrOwned.
func inspect(ctx context.Context, o Options) (_ *inspected, err error) {
	lock, err := claimDir(o.Dir, false)
	if err != nil {
		return nil, err
	}
	in := &inspected{close: lock.Close}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.close())
		}
	}()
	if err := finishRebuild(o.Dir); err != nil {
		return nil, err
	}
	in.clicks, err = pebble.Open(pebble.Options{Dir: filepath.Join(o.Dir, clicksDir), Logger: o.Log})
	if err != nil {
		return nil, unopened(err, damagedCounts)
	}
	in.close = func() error { return errors.Join(in.clicks.Close(), lock.Close()) }
	sources, err := in.clicks.Sources(ctx)
	if err != nil {
		return nil, err
	}
	known := make([][16]byte, len(sources))
	for i, s := range sources {
		known[i] = s
	}
	in.journal, err = journal.Inspect(journal.Options{Dir: filepath.Join(o.Dir, journalDir), Logger: o.Log}, known...)
	if err != nil {
		return nil, unopened(err, "restore a backup")
	}
	in.source = in.journal.ID()
	return in, nil
}

// CheckDamaged is Check of a directory that cannot be opened, for its journal is
// damaged. Nobody else may have it open: ErrOwned.
func CheckDamaged(ctx context.Context, o Options, report func(string)) (v control.Verdict, err error) {
	in, err := inspect(ctx, o)
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	db, err := sql.Open(ctx, filepath.Join(o.Dir, databaseFile))
	if err != nil {
		return v, unopened(err, damagedLinks)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return check(ctx, db, in.clicks, in.journal, nil, report)
}

// RepairJournal has the journal go on without what cannot be read of it. What
// was there must be counted, or be given up. Nobody else may have the directory
// open: ErrOwned.
func RepairJournal(ctx context.Context, o Options, giveUp bool, report func(string)) (err error) {
	in, err := inspect(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	flaws, err := in.flaws()
	if err != nil {
		return err
	}
	pos, err := in.durable(ctx)
	if err != nil || len(flaws) == 0 {
		return err
	}
	var doubt []journal.Hole
	var bytes uint64
	for _, f := range flaws {
		if f.From < f.To && f.To > pos {
			doubt = append(doubt, journal.Hole{From: f.From, To: f.To})
			bytes += f.To - max(f.From, pos)
		}
	}
	switch {
	case len(doubt) > 0 && !giveUp:
		return fmt.Errorf("the journal was left as it is: %d bytes of it cannot be read and are not counted: copy the files named above from a backup that has them, or give up the clicks in these bytes for good with --repair --give-up-damaged", bytes)
	case len(doubt) > 0:
		if err := recorder.GiveUp(ctx, recorder.Options{Journal: in.journal, Clicks: in.clicks, Now: o.Now, Log: o.Log}, doubt); err != nil {
			return err
		}
		report(fmt.Sprintf("gave up %d bytes of the journal that cannot be read and were not counted", bytes))
		if pos, err = in.durable(ctx); err != nil {
			return err
		}
	}
	aside, err := in.journal.Mend(pos)
	for _, file := range aside {
		report(fmt.Sprintf("the journal goes on without what cannot be read; the file is kept as it was, in %s", file))
	}
	return err
}

// flaws is everything that is missing of the journal and was not known to be.
func (in *inspected) flaws() (flaws []journal.Flaw, err error) {
	if first, trimmed := in.journal.First(), in.journal.Trimmed(); first > trimmed {
		flaws = append(flaws, journal.Flaw{From: trimmed, To: first, Err: &journal.HoleError{Hole: journal.Hole{From: trimmed, To: first}}})
	}
	for _, s := range in.journal.Segments() {
		some, err := in.journal.Flaws(s.Base)
		if err != nil {
			return nil, err
		}
		flaws = append(flaws, some...)
	}
	return flaws, nil
}

// durable makes durable what is counted, and returns how far it is. It fails
// where the counts are not of this journal, or too old for it.
func (in *inspected) durable(ctx context.Context) (uint64, error) {
	if in.source == (store.SourceID{}) {
		return 0, errors.New("nothing that can be read tells which journal this is: restore a backup, or move the journal away and start anew; clicks that were recorded and not counted are lost with it")
	}
	if err := in.clicks.Sync(ctx); err != nil {
		return 0, err
	}
	pos, found, err := in.clicks.Position(ctx, in.source)
	if err != nil {
		return 0, err
	}
	begins := in.journal.First()
	if found && begins > in.journal.Trimmed() {
		begins = 0 // what is missing may be given up
	}
	for _, h := range in.journal.Holes() {
		begins = h.To
	}
	if pos.Durable < begins {
		return 0, fmt.Errorf("the counts reach position %d of the journal only, and what is whole of it begins at position %d: run footfall rebuild, which begins with the newest checkpoint or backup", pos.Durable, begins)
	}
	return pos.Durable, nil
}

// bridge keeps the counts as they are now, so that a rebuild can begin behind
// what is missing of the journal, unless such counts are kept.
func (a *App) bridge(ctx context.Context, report func(string)) error {
	holes := a.journal.Holes()
	if len(holes) == 0 {
		return nil
	}
	if err := a.keeping.lock(ctx); err != nil {
		return err
	}
	defer a.keeping.unlock()
	if _, m, err := backup.Newest(filepath.Join(a.dir, checkpointDir)); err == nil && m.Counted >= holes[len(holes)-1].To {
		return nil
	}
	if err := a.checkpoint(ctx); err != nil {
		return err
	}
	report("kept the counts in " + filepath.Join(a.dir, checkpointDir) + ", so that footfall rebuild can begin behind what is missing of the journal")
	return nil
}
