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

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// parts compares the parts of a data directory as they are opened, with what
// they remember of each other, so that none is taken that is older than the
// others, cut, or another one's.
type tracker struct {
	dir  string
	file *progress.File
	// known is what the parts that are open remember, together.
	known progress.Record
	// copies are what each of them remembers.
	copies []progress.Record
	// end is where the journal ended when it was opened.
	end progress.Journal
	// needed are the journals that had come further than they are counted, and
	// how far.
	needed map[progress.ID]uint64
	// opened is set once all has been compared, and the file follows what happens.
	opened bool
}

// openParts begins with what the file progress and links and users remember. With
// force these may be of a copy that went its own way, and then are not asked.
func openProgress(ctx context.Context, dir string, db *sql.DB, force bool, log *slog.Logger) (*tracker, error) {
	path := filepath.Join(dir, progressFile)
	file, err := progress.Open(path)
	if errors.Is(err, progress.ErrUnreadable) {
		log.Warn("the file progress is damaged and is written again; at this start nothing may tell that the journal lost its end", "file", path, "error", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	p := &tracker{dir: dir, file: file}
	p.join(file.Record())
	err = p.checkDiverged(ctx, db)
	if force && errors.As(err, new(*OlderLinksError)) {
		return p, nil
	}
	var remembered progress.Record
	if err == nil {
		remembered, err = db.Progress(ctx)
	}
	if err != nil {
		return nil, errors.Join(unopened(PartLinks, err), file.Close())
	}
	p.join(remembered)
	return p, nil
}

func (p *tracker) join(r progress.Record) {
	p.known.Merge(r)
	p.copies = append(p.copies, r)
}

// openCounts opens the counts, which keep all their files until they are
// released, once all parts have been compared. Where clicks were recorded, and there are no
// counts, none are begun: there is a store.CorruptError.
func (p *tracker) openCounts(ctx context.Context, log *slog.Logger) (_ *pebble.Store, err error) {
	dir := filepath.Join(p.dir, clicksDir)
	if p.recorded() {
		exist, err := pebble.Exists(dir)
		if err != nil {
			return nil, err
		}
		if !exist {
			return nil, &store.CorruptError{File: dir, Err: errors.New("there are no counts in it, and clicks had been recorded")}
		}
	}
	clicks, err := pebble.Open(pebble.Options{Dir: dir, Keep: true, Logger: log})
	if err != nil {
		return nil, err
	}
	if err := p.count(ctx, clicks); err != nil {
		return nil, errors.Join(err, clicks.Close())
	}
	return clicks, nil
}

// recorded tells whether any click is known to have been recorded.
func (p *tracker) recorded() bool {
	for _, j := range p.known.Journals {
		if j.End > 0 {
			return true
		}
	}
	return false
}

// noted is counts with a note: a part of store.Clicks.
type noted interface {
	store.Progress
	Note(ctx context.Context) ([]byte, error)
}

// count adds what the counts remember, and finds the journals that they need.
func (p *tracker) count(ctx context.Context, clicks noted) error {
	note, err := clicks.Note(ctx)
	if err != nil {
		return err
	}
	remembered, err := progress.Decode(note)
	if err != nil {
		return &store.CorruptError{Err: err}
	}
	p.join(remembered)
	p.needed, err = uncounted(ctx, clicks, p.known)
	return err
}

// uncounted finds the journals that had come further than the counts reach, and
// how far.
func uncounted(ctx context.Context, clicks store.Progress, known progress.Record) (map[progress.ID]uint64, error) {
	needed := map[progress.ID]uint64{}
	for _, j := range known.Journals {
		pos, _, err := clicks.Position(ctx, store.JournalID(j.ID))
		if err != nil {
			return nil, err
		}
		if pos.Counted < j.End {
			needed[j.ID] = j.End
		}
	}
	return needed, nil
}

// journal says how to open the journal: as one that has all that is not counted.
func (p *tracker) journal(o journal.Options) journal.Options {
	o.Dir = filepath.Join(p.dir, journalDir)
	o.Existing = len(p.needed) > 0
	o.Reached = func(id [16]byte) uint64 { return p.needed[progress.ID(id)] }
	o.Ended = func(id [16]byte, end uint64, last uint32) {
		now := progress.Journal{ID: id, End: end, Last: last}
		if p.end.ID == (progress.ID{}) { // it is opened, before anything is appended
			p.end = now
		}
		p.file.AddJournal(now)
	}
	return o
}

// DivergedJournalError: the journal that is there went another way than the one
// that belongs there, since both were one. It is journal.ErrCorrupt.
type DivergedJournalError struct {
	Dir string
	At  uint64 // a position at which the right one had another record
}

func (e *DivergedJournalError) Error() string {
	return fmt.Sprintf("%s is the journal of a copy of this data directory that went its own way: it has another record before position %d than the one that was here", e.Dir, e.At)
}

// Is makes every DivergedJournalError a journal.ErrCorrupt.
func (e *DivergedJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// belongs fails where the journal has other records than a part remembers.
func (p *tracker) belongs(j *journal.Contents) error {
	for _, c := range p.copies {
		known, _ := c.Journal(j.ID())
		holds, err := j.Holds(known.End, known.Last)
		if err != nil {
			return err
		}
		if !holds {
			return &DivergedJournalError{Dir: filepath.Join(p.dir, journalDir), At: known.End}
		}
	}
	return nil
}

// damaged says how to look at a journal that cannot be opened: all that is
// known of its end tells how much is missing, counted or not.
func (p *tracker) inspectJournal(o journal.Options) journal.Options {
	o = p.journal(o)
	o.Reached = func(id [16]byte) uint64 {
		j, _ := p.known.Journal(id)
		return j.End
	}
	return o
}

// LostJournalError: a journal is not there of which clicks are not counted. It
// is journal.ErrCorrupt.
type LostJournalError struct {
	Dir string // where it was
	ID  progress.ID
	// Counted is the position that the counts reach, and End the one that the
	// journal had reached.
	Counted, End uint64
}

func (e *LostJournalError) Error() string {
	return fmt.Sprintf("journal %s is not in %s: it had reached position %d, and the counts reach position %d, so %d bytes of clicks are missing",
		e.ID, e.Dir, e.End, e.Counted, e.End-e.Counted)
}

// Is makes every LostJournalError a journal.ErrCorrupt.
func (e *LostJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// lost is the journals, other than the one that is here, of which clicks are not
// counted. ID is zero where none is here.
func (p *tracker) lost(ctx context.Context, clicks store.Progress, here [16]byte) (lost []*LostJournalError, err error) {
	for _, j := range p.known.Journals {
		end, needed := p.needed[j.ID]
		if !needed || j.ID == here {
			continue
		}
		pos, _, err := clicks.Position(ctx, store.JournalID(j.ID))
		if err != nil {
			return nil, err
		}
		lost = append(lost, &LostJournalError{Dir: filepath.Join(p.dir, journalDir), ID: j.ID, Counted: pos.Counted, End: end})
	}
	return lost, nil
}

// open has the file follow what happens from now on. All has been compared.
func (p *tracker) open(ctx context.Context, db *sql.DB, j *journal.Journal) error {
	var life progress.ID
	if _, err := rand.Read(life[:]); err != nil {
		return fmt.Errorf("draw the name of a life: %w", err)
	}
	database := sql.Place(filepath.Join(p.dir, databaseFile))
	seen, err := sql.Peek(ctx, database)
	if err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	// The file must know of the new mark before footfall.db has it: whoever dies in
	// between leaves either mark, and maybe a log.
	mark := 1 + mathrand.Uint32N(math.MaxInt32)
	p.known.Links.Mark, p.known.Links.Next = seen.File.Mark, mark
	p.known.AddJournal(p.end)
	p.known.AddJournal(progress.Journal{ID: j.ID(), End: j.End()})
	if err := errors.Join(p.file.Start(p.known), p.file.Sync()); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(p.dir, progressFile), err)
	}
	links, err := db.Begin(ctx, life.String(), mark)
	if err != nil {
		return err
	}
	if seen, err = sql.Peek(ctx, database); err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	links.Settled = seen.File.Version
	p.known.AddLinks(links)
	p.known.Links.Mark, p.known.Links.Next = mark, 0
	if seen.File.Mark != mark { // the disk is full: it is in the log still
		p.known.Links.Mark = 0
	}
	if err := p.file.Start(p.known); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(p.dir, progressFile), err)
	}
	p.opened = true
	return nil
}

// replace has the file, and links and users, know this alone from now on.
func (p *tracker) replace(ctx context.Context, db *sql.DB, known progress.Record) error {
	return errors.Join(db.SaveProgress(ctx, known), p.file.Start(known), p.file.Sync())
}
