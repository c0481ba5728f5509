package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/core/recorder"

	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// openLinks opens links and users, unless what lies in the directory shows that
// they are not the ones that belong there: to open them would change them, and
// their log. force is for who has been told so.
func openLinks(ctx context.Context, dir string, force bool, log *slog.Logger) (*sql.DB, error) {
	path := sql.Place(filepath.Join(dir, databaseFile))
	if err := linksBelong(ctx, dir, path); err != nil {
		older := new(OlderLinksError)
		if !errors.As(err, &older) || !force {
			return nil, unopened(PartLinks, err)
		}
		if older.Torn {
			if err := keepLog(path, log); err != nil {
				return nil, err
			}
		}
	}
	var began time.Time
	db, err := sql.OpenOlder(ctx, path, func(from, to int) {
		began = time.Now()
		log.Info("footfall.db is of an older version and is upgraded now; an older footfall cannot open it afterwards", "schema", from, "to", to)
	})
	if err != nil {
		return nil, unopened(PartLinks, err)
	}
	if !began.IsZero() {
		log.Info("footfall.db is upgraded", "took", time.Since(began).Round(time.Millisecond))
	}
	return db, nil
}

// linksBelong compares links and users with the file progress, before they are
// opened.
func linksBelong(ctx context.Context, dir, path string) error {
	known, err := progress.Read(filepath.Join(dir, progressFile))
	if err != nil && !errors.Is(err, progress.ErrUnreadable) { // which is said when it is opened
		return fmt.Errorf("open data directory: %w", err)
	}
	seen, err := sql.Peek(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !hasOthers(dir, path):
		return nil // a new directory
	case errors.Is(err, fs.ErrNotExist):
		return &MissingLinksError{File: path}
	case err != nil:
		return fmt.Errorf("open links and users: %w", err)
	case seen.Log && seen.File.Version > 0 && (seen.Unfit || seen.File.Version < known.Links.Settled ||
		!known.Links.MatchesMark(seen.File.Mark)):
		return &OlderLinksError{File: path, Dir: dir, Now: seen.File, Needed: known.Links, Torn: true}
	case seen.All.Version > 0 && known.NewerThan(seen.All):
		return &OlderLinksError{File: path, Dir: dir, Now: seen.All, Needed: known.Links}
	}
	return nil
}

// hasOthers tells whether a part of a data directory is there that is made after
// links and users.
func hasOthers(dir, database string) bool {
	for _, pattern := range []string{filepath.Join(dir, clicksDir, "*"), filepath.Join(dir, journalDir, "*"), database + "-wal"} {
		all, _ := filepath.Glob(pattern) // the patterns are right
		for _, path := range all {
			if info, err := os.Stat(path); err == nil && info.Size() > 0 {
				return true
			}
		}
	}
	return false
}

// keepLog gives the log of another database another name.
func keepLog(path string, log *slog.Logger) error {
	kept := path + "-wal" + damagedSuffix
	if err := os.Rename(path+"-wal", kept); err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	log.Warn("the log of links and users belongs to another footfall.db and is kept under another name", "kept", kept)
	return errors.Join(os.RemoveAll(path+"-shm"), fsync.Path(filepath.Dir(path)))
}

// checkLinks fails where links and users are older than the others: where they lack
// transactions that a part remembers, or ids that clicks are of, counted or only
// recorded yet. Those ids would be given again, to others. j may be nil.
func (p *tracker) checkLinks(ctx context.Context, db *sql.DB, clicks store.Progress, j *journal.Contents) error {
	now, err := db.Links(ctx)
	if err != nil {
		return err
	}
	needed, err := p.linksNeeded(ctx, clicks, j)
	if err != nil {
		return err
	}
	if needed.NewerThan(now) {
		return &OlderLinksError{File: filepath.Join(p.dir, databaseFile), Dir: p.dir, Now: now, Needed: needed.Links}
	}
	return p.checkDiverged(ctx, db)
}

// checkDiverged fails where a part remembers other changes to links and users than
// those that they have.
func (p *tracker) checkDiverged(ctx context.Context, db *sql.DB) error {
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
			return &OlderLinksError{File: filepath.Join(p.dir, databaseFile), Dir: p.dir, Now: now, Needed: c.Links, Diverged: true}
		}
	}
	return nil
}

// checkLinks is checkLinks for a check.
func (p *tracker) reportLinks(ctx context.Context, db *sql.DB, clicks store.Progress, j *journal.Contents, v *Verdict, report func(string)) error {
	err := p.checkLinks(ctx, db, clicks, j)
	older := new(OlderLinksError)
	if !errors.As(err, &older) {
		return err
	}
	report(older.Error())
	v.Remedies = append([]Remedy{ReplaceLinks}, v.Remedies...)
	return nil
}

// linksNeeded is what links and users must be at least.
func (p *tracker) linksNeeded(ctx context.Context, clicks store.Progress, j *journal.Contents) (needed progress.Record, err error) {
	needed.AddLinks(p.known.Links)
	user, link, err := clicks.Highest(ctx)
	if err != nil {
		return needed, err
	}
	needed.AddLinks(progress.Links{User: uint64(user), Link: uint64(link)})
	if j == nil {
		return needed, nil
	}
	pos, _, err := clicks.Position(ctx, store.JournalID(j.ID()))
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
		needed.AddLinks(progress.Links{User: uint64(c.User), Link: uint64(c.Link)})
	}
	return needed, nil
}

// MissingLinksError: the database of links and users is missing or empty, and the
// other parts are there.
type MissingLinksError struct{ File string }

func (e *MissingLinksError) Error() string {
	return fmt.Sprintf("%s is missing or empty, and the other parts of the data directory are there", e.File)
}

// OlderLinksError: links and users are older than the counts and the journal.
type OlderLinksError struct {
	File, Dir   string
	Now, Needed progress.Links
	// Torn is set where the file is not the one that was there at the last start,
	// and the log beside it may be of that one.
	Torn bool
	// Diverged is set where it has other changes than those that are needed, being of
	// a copy of the directory that went its own way.
	Diverged bool
}

func (e *OlderLinksError) Error() string {
	what := fmt.Sprintf("%d changes to links and users that were acknowledged", e.Needed.Version-min(e.Now.Version, e.Needed.Version))
	switch {
	case e.Diverged:
		return fmt.Sprintf("%s has other changes than those that were acknowledged here: it is of another installation, or of a copy of this one that went its own way", e.File)
	case e.Torn:
		return fmt.Sprintf("%s was replaced by an older or another one, which may not go with the -wal beside it", e.File)
	case e.Needed.Version <= e.Now.Version:
		what = fmt.Sprintf("links or users that clicks in %s are of", e.Dir)
	}
	return fmt.Sprintf("%s is older than what lies beside it, or its -wal was removed: it lacks %s", e.File, what)
}

// LinksSize is how many bytes footfall.db has on the disk, with its log.
func (d *Dir) LinksSize() (bytes int64, err error) {
	for _, name := range []string{databaseFile, databaseFile + "-wal"} {
		info, err := os.Stat(filepath.Join(d.path, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return 0, err
		}
		bytes += info.Size()
	}
	return bytes, nil
}
