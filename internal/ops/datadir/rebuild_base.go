package datadir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// rebuild makes counts in a directory next to the old ones.
type rebuild struct {
	o        Options
	journal  *journal.Journal
	progress *tracker
	dir      string
	lossy    bool
	report   func(string)

	installation [16]byte
	current      clicksByJournal // of the old counts; nil if they cannot be read
	reached      bool            // some base reaches the journal
	losing       bool            // some base was refused because clicks would be missing

	lost bool            // the counts that were made lack clicks
	made progress.Record // the progress that they remember
}

// refusal is the reason why counts cannot be made from a base, in a sentence; empty if there
// is nothing to say, or it was reported.
type refusal string

func (r refusal) Error() string { return string(r) }

// withClose adds the error of closing a base, which is not overlooked after a
// refusal.
func withClose(err, closing error) error {
	if closing != nil && errors.As(err, new(refusal)) {
		return closing
	}
	return errors.Join(err, closing)
}

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// try makes counts in r.dir from a base and the journal. It fails with a refusal
// if another base should be tried.
func (r *rebuild) try(ctx context.Context, b base) (err error) {
	clicks, err := r.openBase(ctx, b)
	if err != nil {
		return err
	}
	defer func() { err = withClose(err, clicks.Close()) }()
	from, err := r.start(ctx, b, clicks)
	if err != nil {
		return err
	}
	summary, err := r.count(ctx, b, clicks, from)
	if err != nil {
		return err
	}
	counted, err := countByJournal(ctx, clicks)
	if err != nil {
		return err
	}
	missing, err := r.missing(ctx, b, clicks, counted)
	if err != nil {
		return err
	}
	for _, what := range missing {
		r.report(fmt.Sprintf("from %s: %s", b.name, what))
	}
	if r.lost = len(missing) > 0; r.lost && !r.lossy {
		r.losing = true
		return refuse("")
	}
	if err := r.remember(ctx, clicks, counted); err != nil {
		return err
	}
	// Bases and older parts of the journal have data that was deleted later.
	if err := clicks.Purge(ctx, true); err != nil {
		return err
	}
	r.report(fmt.Sprintf("counted again from %s, position %d to %d: %s", b.name, from, r.journal.End(), summary))
	return nil
}

// openBase copies the counts of a base to r.dir, and opens them.
func (r *rebuild) openBase(ctx context.Context, b base) (*pebble.Store, error) {
	if err := os.RemoveAll(r.dir); err != nil {
		return nil, err
	}
	if b.dir != "" {
		if err := backup.CopyPart(ctx, b.dir, clicksDir, r.dir); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			return nil, refuse("%s cannot be copied: %v", b.name, err)
		}
	}
	counts, err := pebble.Open(pebble.Options{Dir: r.dir, Logger: r.o.Log})
	if errno := new(syscall.Errno); errors.As(err, errno) && *errno != syscall.ENOENT { // not a fault of the base
		return nil, err
	}
	if err != nil {
		return nil, refuse("%s cannot be read: %v", b.name, err)
	}
	id, err := counts.Installation(ctx, r.installation)
	if err == nil && id != r.installation {
		err = refuse("%s belongs to another installation", b.name)
	}
	if err != nil {
		return nil, withClose(err, counts.Close())
	}
	return counts, nil
}

// start returns the position of the journal from which a base is continued. If the
// base may give them up, it gives up the clicks before the complete part.
func (r *rebuild) start(ctx context.Context, b base, counts *pebble.Store) (uint64, error) {
	pos, _, err := counts.Position(ctx, store.JournalID(r.journal.ID()))
	if err != nil {
		return 0, err
	}
	const gap = "%s ends at position %d of the journal, which is complete only from position %d on: the clicks between them are "
	switch {
	case pos.Counted > r.journal.End():
		return 0, refuse("%s reaches position %d of the journal, which ends at position %d", b.name, pos.Counted, r.journal.End())
	case pos.Counted >= r.complete():
	case b.giveUp:
		counting := recorder.Replay{Counts: counts, Now: r.o.Now, Log: r.o.Log}
		if err := counting.GiveUpJournal(ctx, r.journal.ID(), r.complete()); err != nil {
			return 0, err
		}
		r.report(fmt.Sprintf(gap+"given up", b.name, pos.Counted, r.complete()))
	case b.dir == "": // NoBaseError says it
		return 0, refuse("")
	default:
		return 0, refuse(gap+"missing", b.name, pos.Counted, r.complete())
	}
	r.reached = true
	return pos.Counted, nil
}

// count adds the journal from a position to its end, and proves the result.
func (r *rebuild) count(ctx context.Context, b base, counts *pebble.Store, from uint64) (summary audit.Summary, err error) {
	meter.Begin(ctx, "clicks of the journal", meter.Bytes, int64(r.journal.End()-from))
	err = recorder.Replay{Journal: &r.journal.Contents, Counts: counts, Known: true, Now: r.o.Now, Log: r.o.Log}.To(ctx, r.journal.End())
	if errors.Is(err, journal.ErrPosition) { // the backup is of a copy that was used separately
		return summary, refuse("%s ends at position %d of a journal that differs from this one: %v", b.name, from, err)
	}
	if err == nil {
		err = counts.Sync(ctx)
	}
	if err != nil {
		return summary, err
	}
	wrong := 0
	summary, err = audit.Check(ctx, counts, &r.journal.Contents, func(finding string) {
		wrong++
		r.report(fmt.Sprintf("from %s: %s", b.name, finding))
	})
	if err == nil && wrong > 0 {
		err = refuse("")
	}
	return summary, err
}

// missing returns a sentence for each kind of clicks that the new counts lack: those
// that are counted now, and those that a part remembers.
func (r *rebuild) missing(ctx context.Context, b base, counts store.Progress, counted clicksByJournal) (all []string, err error) {
	if lost := r.current.missingFrom(counted); lost > 0 {
		all = append(all, fmt.Sprintf("%d clicks that are counted now would be missing, because neither it nor the journal has them", lost))
	}
	if r.current == nil && b.dir == "" && !r.progress.recorded() {
		all = append(all, "it is unknown which clicks had been counted; those that the journal lacks would be missing")
	}
	if err := r.progress.checkJournal(&r.journal.Contents); errors.As(err, new(*DivergedJournalError)) {
		all = append(all, err.Error()+"; the clicks of that one would be missing")
	} else if err != nil {
		return nil, err
	}
	needed, err := neededJournals(ctx, counts, r.progress.known)
	if err != nil {
		return nil, err
	}
	for _, j := range r.progress.known.Journals {
		end, ok := needed[j.ID]
		if !ok {
			continue
		}
		pos, _, err := counts.Position(ctx, store.JournalID(j.ID))
		if err != nil {
			return nil, err
		}
		what := fmt.Sprintf("the clicks of journal %s from position %d to %d would be missing", j.ID, pos.Counted, end)
		if n := counted[store.JournalID(j.ID)]; j.Clicks > n {
			what += fmt.Sprintf(", %d or more", j.Clicks-n)
		}
		all = append(all, what)
	}
	return all, nil
}

// remember makes the new counts remember the journals that they were made of.
func (r *rebuild) remember(ctx context.Context, counts *pebble.Store, counted clicksByJournal) error {
	r.made = progress.Record{Links: r.progress.known.Links}
	for source, n := range counted {
		pos, _, err := counts.Position(ctx, source)
		if err != nil {
			return err
		}
		r.made.AddJournal(progress.Journal{ID: progress.ID(source), End: pos.Counted, Clicks: n})
	}
	if err := counts.SetNote(ctx, r.made.Encode()); err != nil {
		return err
	}
	return counts.Sync(ctx)
}
