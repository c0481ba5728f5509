package datadir

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"math"
	mathrand "math/rand/v2"
	"path/filepath"
	"sync/atomic"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// tracker has the progress that the parts of a data directory remember of each
// other. While the parts are opened it finds one that is older than the others,
// that is cut short, or that belongs elsewhere. Afterwards the file progress
// follows what happens.
type tracker struct {
	dir  string
	file *progress.File
	// remembered is the record of each opened part, and known all of them together.
	remembered []progress.Record
	known      progress.Record
	// end is the end of the journal when it was opened.
	end progress.Journal
	// needed has the journals that are not counted to their end, and these ends.
	needed map[progress.ID]uint64
	// countsUnknown says that the counts were away, so that it is not known what they need.
	countsUnknown atomic.Bool
	// following is set once all parts were compared and the file follows them.
	following bool
}

// openProgress opens the file progress, and reads what links and users remember.
// With older, it does not use what they remember if they are older or diverged.
func openProgress(ctx context.Context, dir string, db LinksEngine, older bool, log *slog.Logger) (*tracker, error) {
	path := filepath.Join(dir, progressFile)
	file, err := progress.Open(path)
	if errors.Is(err, progress.ErrUnreadable) {
		log.Warn("the file progress is damaged and is written again; this start may not notice if the end of the journal is missing: look at the disk if this happens again", "file", path, "error", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	t := &tracker{dir: dir, file: file}
	t.add(file.Record())
	err = t.checkDiverged(ctx, db)
	if older && errors.As(err, new(*OlderLinksError)) {
		return t, nil
	}
	var remembered progress.Record
	if err == nil {
		remembered, err = db.Progress(ctx)
	}
	if err != nil {
		return nil, errors.Join(unopened(PartLinks, err), file.Close())
	}
	t.add(remembered)
	return t, nil
}

func (t *tracker) add(r progress.Record) {
	t.known.Merge(r)
	t.remembered = append(t.remembered, r)
}

// openCounts opens the counts, and reads what they remember. They keep all their
// files until Release. It fails with a store.CorruptError if clicks were recorded
// and there are no counts.
func (t *tracker) openCounts(ctx context.Context, o Options, server progress.ID) (_ CountsEngine, err error) {
	if o.Clicks != nil {
		return t.openSharedCounts(ctx, o, server)
	}
	dir := filepath.Join(t.dir, clicksDir)
	if t.recorded() {
		exist, err := pebble.Exists(dir)
		if err != nil {
			return nil, err
		}
		if !exist {
			return nil, &store.CorruptError{File: dir, Err: errors.New("there are no counts in it, and clicks had been recorded")}
		}
	}
	counts, err := pebble.Open(pebble.Options{Dir: dir, Keep: true, Logger: o.Log})
	if err != nil {
		return nil, err
	}
	if err := t.addCounts(ctx, counts); err != nil {
		return nil, errors.Join(err, counts.Close())
	}
	return counts, nil
}

// recorded reports whether any part remembers that a click was recorded.
func (t *tracker) recorded() bool {
	for _, j := range t.known.Journals {
		if j.End > 0 {
			return true
		}
	}
	return false
}

// noted is counts with a note: a part of store.ClickCounts.
type noted interface {
	store.Progress
	Note(ctx context.Context) ([]byte, error)
}

// addCounts adds what the counts remember, and finds the journals that they need.
func (t *tracker) addCounts(ctx context.Context, clicks noted) error {
	note, err := clicks.Note(ctx)
	if err != nil {
		return err
	}
	remembered, err := progress.Decode(note)
	if err != nil {
		return &store.CorruptError{Err: err}
	}
	t.add(remembered)
	t.needed, err = neededJournals(ctx, clicks, t.known)
	return err
}

// neededJournals finds the journals that are not counted to their end, and these
// ends.
func neededJournals(ctx context.Context, counts store.Progress, known progress.Record) (map[progress.ID]uint64, error) {
	needed := map[progress.ID]uint64{}
	for _, j := range known.Journals {
		pos, _, err := counts.Position(ctx, store.JournalID(j.ID))
		if err != nil {
			return nil, err
		}
		if pos.Counted < j.End {
			needed[j.ID] = j.End
		}
	}
	return needed, nil
}

// journalOptions makes journal.Open refuse a journal that lacks what is not
// counted.
func (t *tracker) journalOptions(o journal.Options) journal.Options {
	o.Dir = filepath.Join(t.dir, journalDir)
	o.Existing = len(t.needed) > 0
	o.Reached = func(id [16]byte) uint64 { return t.needed[progress.ID(id)] }
	o.Ended = func(id [16]byte, end uint64, last uint32) {
		now := progress.Journal{ID: id, End: end, Last: last}
		if t.end.ID == (progress.ID{}) { // it is being opened; nothing was appended yet
			t.end = now
		}
		t.file.AddJournal(now)
	}
	return o
}

// inspectOptions makes journal.Inspect find everything that is missing at the end,
// counted or not.
func (t *tracker) inspectOptions(o journal.Options) journal.Options {
	o = t.journalOptions(o)
	o.Reached = func(id [16]byte) uint64 {
		j, _ := t.known.Journal(id)
		return j.End
	}
	return o
}

// checkJournal fails with a DivergedJournalError if the journal has other records
// than a part remembers.
func (t *tracker) checkJournal(j *journal.Contents) error {
	for _, r := range t.remembered {
		known, _ := r.Journal(j.ID())
		holds, err := j.Holds(known.End, known.Last)
		if err != nil {
			return err
		}
		if !holds {
			return &DivergedJournalError{Dir: filepath.Join(t.dir, journalDir), At: known.End}
		}
	}
	return nil
}

// missingJournals returns the journals with clicks that are not counted, except
// the one that is present. present is zero if there is none.
func (t *tracker) missingJournals(ctx context.Context, counts store.Progress, present [16]byte) (missing []*LostJournalError, err error) {
	if t.countsUnknown.Load() {
		return nil, nil
	}
	for _, j := range t.known.Journals {
		end, needed := t.needed[j.ID]
		if !needed || j.ID == present {
			continue
		}
		pos, _, err := counts.Position(ctx, store.JournalID(j.ID))
		if err != nil {
			return nil, err
		}
		missing = append(missing, &LostJournalError{Dir: filepath.Join(t.dir, journalDir), ID: j.ID, Counted: pos.Counted, End: end})
	}
	return missing, nil
}

// follow makes the file progress follow what happens from now on. All parts must
// have been compared.
func (t *tracker) follow(ctx context.Context, db LinksEngine, j *journal.Journal) error {
	var life progress.ID
	if _, err := rand.Read(life[:]); err != nil {
		return fmt.Errorf("draw a random name for this run: %w", err)
	}
	seen, err := db.Peek(ctx)
	if err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	// The file must have the new mark before footfall.db has it. A process that dies
	// in between leaves either mark in footfall.db, and maybe a -wal.
	mark := 1 + mathrand.Uint32N(math.MaxInt32)
	t.known.Links.Mark, t.known.Links.Next = seen.File.Mark, mark
	t.known.AddJournal(t.end)
	t.known.AddJournal(progress.Journal{ID: j.ID(), End: j.End()})
	if err := errors.Join(t.file.Start(t.known), t.file.Sync()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(t.dir, progressFile), err)
	}
	links, err := db.Begin(ctx, life.String(), mark)
	if err != nil {
		return err
	}
	if seen, err = db.Peek(ctx); err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	links.Settled = seen.File.Version
	t.known.AddLinks(links)
	t.known.Links.Mark, t.known.Links.Next = mark, 0
	if seen.File.Mark != mark { // the disk is full, and the mark is only in the -wal
		t.known.Links.Mark = 0
	}
	if err := t.file.Start(t.known); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(t.dir, progressFile), err)
	}
	t.following = true
	return nil
}

// replace replaces what the file, and links and users, remember.
func (t *tracker) replace(ctx context.Context, db LinksEngine, known progress.Record) error {
	return errors.Join(db.SaveProgress(ctx, known), t.file.Start(known), t.file.Sync())
}
