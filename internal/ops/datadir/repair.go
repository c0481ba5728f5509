package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/footfall/footfall/internal/core/recorder"

	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// damaged is a data directory whose journal is looked at: nobody records and
// nobody counts.
type damaged struct {
	db       *sql.DB
	progress *tracker
	clicks   *pebble.Store
	journal  *journal.Damaged    // nil where there is none
	lost     []*LostJournalError // others that clicks are missing of
	diverged error               // why the journal is another one
	close    func() error
}

// contents is what can be read of the journal; nil where there is none.
func (in *damaged) contents() *journal.Contents {
	if in.journal == nil {
		return nil
	}
	return &in.journal.Contents
}

// inspect opens a directory that nobody has open, else ErrOwned; with force also
// one whose links and users are older.
func inspect(ctx context.Context, o Options, force bool) (_ *damaged, err error) {
	lock, err := lockDir(o.Path, false)
	if err != nil {
		return nil, err
	}
	in := &damaged{close: lock.Close}
	onClose := func(f func() error) {
		before := in.close
		in.close = func() error { return errors.Join(f(), before()) }
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, in.close())
		}
	}()
	if err := finishRebuild(o.Path); err != nil {
		return nil, err
	}
	if in.db, err = openLinks(ctx, o.Path, force, o.Log); err != nil {
		return nil, err
	}
	onClose(in.db.Close)
	if in.progress, err = openProgress(ctx, o.Path, in.db, force, o.Log); err != nil {
		return nil, err
	}
	onClose(in.progress.file.Close)
	if in.clicks, err = in.progress.openCounts(ctx, o.Log); err != nil {
		return nil, unopened(PartCounts, err)
	}
	onClose(in.clicks.Close)
	sources, err := in.clicks.Journals(ctx)
	if err != nil {
		return nil, err
	}
	known := make([][16]byte, len(sources))
	for i, s := range sources {
		known[i] = s
	}
	in.journal, err = journal.Inspect(in.progress.inspectJournal(journal.Options{Logger: o.Log}), known...)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, unopened(PartJournal, err)
	}
	var here [16]byte
	if in.journal != nil {
		here = in.journal.ID()
	}
	if in.lost, err = in.progress.lost(ctx, in.clicks, here); err == nil && in.journal != nil {
		in.diverged = in.progress.belongs(in.contents())
		if !errors.As(in.diverged, new(*DivergedJournalError)) {
			err = in.diverged
		}
	}
	return in, err
}

// CheckDamaged is Check of a directory that cannot be opened, for its journal is
// damaged. Nobody else may have it open: ErrOwned.
func CheckDamaged(ctx context.Context, o Options, report func(string)) (v Verdict, err error) {
	in, err := inspect(ctx, o, false)
	if older := new(OlderLinksError); errors.As(err, &older) {
		report(older.Error())
		v.Remedies = []Remedy{ReplaceLinks}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	missing := len(in.lost)
	for _, l := range in.lost {
		report(l.Error())
	}
	if in.diverged != nil {
		report(in.diverged.Error())
		missing++
	}
	v, err = check(ctx, in.db, in.clicks, in.contents(), missing, nil, report)
	if in.diverged != nil {
		v.Remedies = append([]Remedy{ReplaceJournal}, v.Remedies...)
	}
	if err == nil {
		err = in.progress.reportLinks(ctx, in.db, in.clicks, in.contents(), &v, report)
	}
	return v, err
}

// GiveUp says what a repair may give up for good.
type GiveUp struct {
	Damaged bool // clicks of a journal that can neither be read nor are counted
	Links   bool // what links and users lack that the other parts know of
}

// RepairDamaged has a data directory that cannot be opened go on without what is
// missing of its parts: what is counted, and what may be given up. Nobody else may
// have it open: ErrOwned.
func RepairDamaged(ctx context.Context, o Options, giveUp GiveUp, report func(string)) (err error) {
	in, err := inspect(ctx, o, giveUp.Links)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	if in.diverged != nil {
		return fmt.Errorf("nothing was changed: %w", unopened(PartJournal, in.diverged))
	}
	if err := in.repairJournal(ctx, o, giveUp.Damaged, report); err != nil {
		return err
	}
	return in.repairLinks(ctx, giveUp.Links, report)
}

// repairLinks goes on with links and users that are older than the rest.
func (in *damaged) repairLinks(ctx context.Context, giveUp bool, report func(string)) error {
	err := in.progress.checkLinks(ctx, in.db, in.clicks, in.contents())
	older := new(OlderLinksError)
	if !errors.As(err, &older) {
		return err
	}
	if !giveUp {
		return &GiveUpError{PartLinks, fmt.Errorf("links and users were left as they are: %w", older)}
	}
	if err := in.db.GiveUpIDs(ctx, older.Needed); err != nil {
		return err
	}
	for _, c := range in.progress.copies {
		if c.Links.Life == "" {
			continue
		}
		if err := in.db.Adopt(ctx, c.Links.Version, c.Links.Life); err != nil {
			return err
		}
	}
	if err := in.db.SaveProgress(ctx, in.progress.known); err != nil {
		return err
	}
	report(fmt.Sprintf("gave up what %s lacks: links up to id %d and users up to id %d are not made again", older.File, older.Needed.Link, older.Needed.User))
	return nil
}

// repairJournal has the journal go on without what cannot be read of it. What
// was there must be counted, or be given up.
func (in *damaged) repairJournal(ctx context.Context, o Options, giveUp bool, report func(string)) error {
	if err := in.repairLost(ctx, o, giveUp, report); err != nil || in.journal == nil {
		return err
	}
	flaws, err := in.journal.Flaws()
	if err != nil {
		return err
	}
	pos, err := in.durable(ctx)
	if err != nil || len(flaws) == 0 {
		return err
	}
	var doubt []journal.Hole
	var bytes uint64
	unknown := false
	for _, f := range flaws {
		if f.From < f.To && f.To > pos || f.Unknown {
			doubt = append(doubt, journal.Hole{From: f.From, To: f.To})
			bytes += f.To - min(f.To, max(f.From, pos))
			unknown = unknown || f.Unknown
		}
	}
	what := fmt.Sprintf("%d bytes", bytes)
	if unknown {
		what = fmt.Sprintf("at least %d bytes", bytes)
	}
	switch {
	case len(doubt) > 0 && !giveUp:
		return &GiveUpError{PartJournal, fmt.Errorf("the journal was left as it is: %s of it cannot be read and are not counted", what)}
	case len(doubt) > 0:
		if err := (recorder.Counting{Journal: in.contents(), Clicks: in.clicks, Now: o.Now, Log: o.Log}).GiveUp(ctx, doubt); err != nil {
			return err
		}
		report(fmt.Sprintf("gave up %s of the journal that cannot be read and were not counted", what))
		if pos, err = in.durable(ctx); err != nil {
			return err
		}
	}
	kept, err := in.journal.Repair(pos)
	for _, file := range kept {
		report(fmt.Sprintf("the journal goes on without what cannot be read; the file is kept as it was, in %s", file))
	}
	return err
}

// repairLost gives up what was in journals that are not there.
func (in *damaged) repairLost(ctx context.Context, o Options, giveUp bool, report func(string)) error {
	for _, l := range in.lost {
		if !giveUp {
			return &GiveUpError{PartJournal, fmt.Errorf("nothing was changed: %w", l)}
		}
		if err := recorder.GiveUpJournal(ctx, in.clicks, o.Now(), l.ID, l.End); err != nil {
			return err
		}
		report(fmt.Sprintf("gave up %d bytes of journal %s, which is not there, that were not counted", l.End-l.Counted, l.ID))
	}
	if len(in.lost) > 0 {
		return in.clicks.Sync(ctx)
	}
	return nil
}

// durable makes durable what is counted, and returns how far it is. It fails
// where the counts are not of this journal, or too old for it.
func (in *damaged) durable(ctx context.Context) (uint64, error) {
	source := store.JournalID(in.journal.ID())
	if source == (store.JournalID{}) {
		return 0, ErrUnknownJournal
	}
	if err := in.clicks.Sync(ctx); err != nil {
		return 0, err
	}
	pos, found, err := in.clicks.Position(ctx, source)
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
		return 0, fmt.Errorf("%w: they are counted up to position %d, and the readable part of the journal starts at %d", ErrOldCounts, pos.Durable, begins)
	}
	return pos.Durable, nil
}

// keepForRebuild keeps the counts as they are now, so that a rebuild can begin behind
// what is missing of the journal, unless such counts are kept.
func (d *Dir) keepForRebuild(ctx context.Context, report func(string)) error {
	holes := d.Journal.Holes()
	if len(holes) == 0 {
		return nil
	}
	if err := d.trimMu.lock(ctx); err != nil {
		return err
	}
	defer d.trimMu.unlock()
	if _, m, err := backup.Newest(filepath.Join(d.path, checkpointDir)); err == nil && m.Counted >= holes[len(holes)-1].To {
		return nil
	}
	if err := d.checkpoint(ctx); err != nil {
		return err
	}
	report("kept the counts in " + filepath.Join(d.path, checkpointDir) + ", for a rebuild to begin after what is missing of the journal")
	return nil
}
