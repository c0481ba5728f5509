package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/control"
	"github.com/footfall/footfall/journal"
	"github.com/footfall/footfall/progress"
	"github.com/footfall/footfall/recorder"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
	"github.com/footfall/footfall/store/sql"
)

// parts compares the parts of a data directory as they are opened, with what
// they remember of each other, so that none is taken that is older than the
// others, cut, or another one's.
type parts struct {
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
func openParts(ctx context.Context, dir string, db *sql.DB, force bool, log *slog.Logger) (*parts, error) {
	path := filepath.Join(dir, progressFile)
	file, err := progress.Open(path)
	if errors.Is(err, progress.ErrUnreadable) {
		log.Warn("the file progress is damaged and is written again; at this start nothing may tell that the journal lost its end", "file", path, "error", err)
		err = nil
	}
	if err != nil {
		return nil, fmt.Errorf("open data directory: %w", err)
	}
	p := &parts{dir: dir, file: file}
	p.join(file.Record())
	err = p.linksApart(ctx, db)
	if force && errors.As(err, new(*OlderLinksError)) {
		return p, nil
	}
	var remembered progress.Record
	if err == nil {
		remembered, err = db.Progress(ctx)
	}
	if err != nil {
		return nil, errors.Join(unopened(err, damagedLinks), file.Close())
	}
	p.join(remembered)
	return p, nil
}

func (p *parts) join(r progress.Record) {
	p.known.Join(r)
	p.copies = append(p.copies, r)
}

// openCounts opens the counts. Where clicks were recorded, and there are no
// counts, none are begun: there is a store.CorruptError.
func (p *parts) openCounts(ctx context.Context, log *slog.Logger) (_ *pebble.Store, err error) {
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
	clicks, err := pebble.Open(pebble.Options{Dir: dir, Logger: log})
	if err != nil {
		return nil, err
	}
	if err := p.count(ctx, clicks); err != nil {
		return nil, errors.Join(err, clicks.Close())
	}
	return clicks, nil
}

// recorded tells whether any click is known to have been recorded.
func (p *parts) recorded() bool {
	for _, j := range p.known.Journals {
		if j.End > 0 {
			return true
		}
	}
	return false
}

// count adds what the counts remember, and finds the journals that they need.
func (p *parts) count(ctx context.Context, clicks store.Reader) error {
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
func uncounted(ctx context.Context, clicks store.Reader, known progress.Record) (map[progress.ID]uint64, error) {
	needed := map[progress.ID]uint64{}
	for _, j := range known.Journals {
		pos, _, err := clicks.Position(ctx, store.SourceID(j.ID))
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
func (p *parts) journal(o journal.Options) journal.Options {
	o.Dir = filepath.Join(p.dir, journalDir)
	o.Existing = len(p.needed) > 0
	o.Reached = func(id [16]byte) uint64 { return p.needed[progress.ID(id)] }
	o.Ended = func(id [16]byte, end uint64, last uint32) {
		now := progress.Journal{ID: id, End: end, Last: last}
		if p.end.ID == (progress.ID{}) { // it is opened, before anything is appended
			p.end = now
		}
		p.file.See(now)
	}
	return o
}

// ApartJournalError: the journal that is there went another way than the one
// that belongs there, since both were one. It is journal.ErrCorrupt.
type ApartJournalError struct {
	Dir string
	At  uint64 // a position at which the right one had another record
}

func (e *ApartJournalError) Error() string {
	return fmt.Sprintf("%s is the journal of a copy of this data directory that went its own way: it has another record before position %d than the one that was here", e.Dir, e.At)
}

// Is makes every ApartJournalError a journal.ErrCorrupt.
func (e *ApartJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// belongs fails where the journal has other records than a part remembers.
func (p *parts) belongs(j *journal.Journal) error {
	for _, c := range p.copies {
		known, _ := c.Journal(j.ID())
		holds, err := j.Holds(known.End, known.Last)
		if err != nil {
			return err
		}
		if !holds {
			return &ApartJournalError{Dir: filepath.Join(p.dir, journalDir), At: known.End}
		}
	}
	return nil
}

// inspected says how to look at a journal that cannot be opened: all that is
// known of its end tells how much is missing, counted or not.
func (p *parts) inspected(o journal.Options) journal.Options {
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
	return fmt.Sprintf("journal %s is not in %s: it had reached position %d, and the counts reach position %d, so %d bytes of clicks are missing. Put its files back as they were",
		e.ID, e.Dir, e.End, e.Counted, e.End-e.Counted)
}

// Is makes every LostJournalError a journal.ErrCorrupt.
func (e *LostJournalError) Is(target error) bool { return target == journal.ErrCorrupt }

// lost is the journals, other than the one that is here, of which clicks are not
// counted. ID is zero where none is here.
func (p *parts) lost(ctx context.Context, clicks store.Reader, here [16]byte) (lost []*LostJournalError, err error) {
	for _, j := range p.known.Journals {
		end, needed := p.needed[j.ID]
		if !needed || j.ID == here {
			continue
		}
		pos, _, err := clicks.Position(ctx, store.SourceID(j.ID))
		if err != nil {
			return nil, err
		}
		lost = append(lost, &LostJournalError{Dir: filepath.Join(p.dir, journalDir), ID: j.ID, Counted: pos.Counted, End: end})
	}
	return lost, nil
}

// linksOf fails where links and users are older than the others: where they lack
// transactions that a part remembers, or ids that clicks are of, counted or only
// recorded yet. Those ids would be given again, to others. j may be nil.
func (p *parts) linksOf(ctx context.Context, db *sql.DB, clicks store.Reader, j *journal.Journal) error {
	now, err := db.Links(ctx)
	if err != nil {
		return err
	}
	needed, err := p.linksNeeded(ctx, clicks, j)
	if err != nil {
		return err
	}
	if needed.Older(now) {
		return &OlderLinksError{File: filepath.Join(p.dir, databaseFile), Dir: p.dir, Now: now, Needed: needed.Links}
	}
	return p.linksApart(ctx, db)
}

// linksApart fails where a part remembers other changes to links and users than
// those that they have.
func (p *parts) linksApart(ctx context.Context, db *sql.DB) error {
	now, err := db.Links(ctx)
	if err != nil {
		return err
	}
	for _, c := range p.copies {
		if c.Links.Life == "" || c.Links.Version > now.Version { // that is older, and is said
			continue
		}
		was, err := db.Was(ctx, c.Links.Version, c.Links.Life)
		if err != nil {
			return err
		}
		if !was {
			return &OlderLinksError{File: filepath.Join(p.dir, databaseFile), Dir: p.dir, Now: now, Needed: c.Links, Apart: true}
		}
	}
	return nil
}

// checkLinks is linksOf for a check.
func (p *parts) checkLinks(ctx context.Context, db *sql.DB, clicks store.Reader, j *journal.Journal, v *control.Verdict, report func(string)) error {
	err := p.linksOf(ctx, db, clicks, j)
	older := new(OlderLinksError)
	if !errors.As(err, &older) {
		return err
	}
	report(older.Error())
	v.Advice = joinAdvice("for links and users, stop the server and "+olderLinks, v.Advice)
	return nil
}

// linksNeeded is what links and users must be at least.
func (p *parts) linksNeeded(ctx context.Context, clicks store.Reader, j *journal.Journal) (needed progress.Record, err error) {
	needed.SeeLinks(p.known.Links)
	user, link, err := clicks.Highest(ctx)
	if err != nil {
		return needed, err
	}
	needed.SeeLinks(progress.Links{User: uint64(user), Link: uint64(link)})
	if j == nil {
		return needed, nil
	}
	pos, _, err := clicks.Position(ctx, store.SourceID(j.ID()))
	if err != nil {
		return needed, err
	}
	for c, err := range recorder.Since(ctx, j, pos.Counted) {
		if errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrPosition) {
			break // whoever counts it says so
		}
		if err != nil {
			return needed, err
		}
		needed.SeeLinks(progress.Links{User: uint64(c.User), Link: uint64(c.Link)})
	}
	return needed, nil
}

// open has the file follow what happens from now on. All has been compared.
func (p *parts) open(ctx context.Context, db *sql.DB, j *journal.Journal) error {
	var life progress.ID
	if _, err := rand.Read(life[:]); err != nil {
		return fmt.Errorf("draw the name of a life: %w", err)
	}
	links, err := db.Begin(ctx, life.String())
	if err != nil {
		return err
	}
	seen, err := sql.Peek(ctx, filepath.Join(p.dir, databaseFile))
	if err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	links.Settled = seen.File.Version
	p.known.SeeLinks(links)
	p.known.See(p.end)
	p.known.See(progress.Journal{ID: j.ID(), End: j.End()})
	if err := p.file.Arm(p.known); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(p.dir, progressFile), err)
	}
	p.opened = true
	return nil
}

// replace has the file, and links and users, know this alone from now on.
func (p *parts) replace(ctx context.Context, db *sql.DB, known progress.Record) error {
	return errors.Join(db.SaveProgress(ctx, known), p.file.Arm(known), p.file.Sync())
}

const (
	// How often the counts and the disk are told what is known, and how often
	// links and users are.
	rememberEvery = time.Second
	saveEvery     = time.Minute
)

// remembering tells the parts what is known of each other, as long as ctx lasts.
func (a *App) remembering(ctx context.Context) {
	ticker := time.NewTicker(rememberEvery)
	defer ticker.Stop()
	var noted, saved progress.Record
	var last time.Time
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		known := a.parts.file.Record()
		if known.Equal(noted) {
			continue
		}
		err := errors.Join(a.clicks.SetNote(ctx, known.Encode()), a.parts.file.Sync())
		if err == nil {
			noted = known
		}
		if now := time.Now(); now.Sub(last) >= saveEvery && !known.Equal(saved) {
			last = now
			if saveErr := a.saveProgress(ctx, known); saveErr == nil {
				saved = known
			} else {
				err = errors.Join(err, saveErr)
			}
		}
		if err != nil && ctx.Err() == nil {
			a.log.Debug("what the parts of the data directory know of each other could not be written", "error", err)
		}
	}
}

// saveProgress has links and users remember what is known, unless a backup
// copies them: the journal in it ends where it did when that began.
func (a *App) saveProgress(ctx context.Context, known progress.Record) error {
	a.copying.Lock()
	defer a.copying.Unlock()
	return a.db.SaveProgress(ctx, known)
}

// closeCounts makes the counts durable, has all parts remember that, and closes
// them.
func (a *App) closeCounts(ctx context.Context) error {
	return errors.Join(a.remember(ctx), a.clicks.Close())
}

// remember has all parts remember how things stand, durably.
func (a *App) remember(ctx context.Context) error {
	if !a.parts.opened {
		return a.clicks.Sync(ctx)
	}
	if sums, err := journaledOf(ctx, a.clicks); err == nil { // they are for words alone
		for source, clicks := range sums {
			a.parts.file.See(progress.Journal{ID: progress.ID(source), Clicks: clicks})
		}
	}
	known := a.parts.file.Record()
	if err := a.clicks.SetNote(ctx, known.Encode()); err != nil {
		return err
	}
	return errors.Join(a.clicks.Sync(ctx), a.saveProgress(ctx, known), a.parts.file.Sync())
}
