package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// openLinks opens links and users. It compares them with the file progress before,
// because opening changes them and their -wal. With older, it opens them also if
// they are older than the other parts.
func openLinks(ctx context.Context, o Options, older bool) (LinksEngine, error) {
	if o.Links != nil {
		db, err := o.Links.Open(ctx)
		if err != nil {
			return nil, unopened(PartLinks, err)
		}
		return sharedLinks{db}, nil
	}
	path, log := linksFile(o.Path), o.Log
	if err := checkLinksFile(ctx, o.Path, path); err != nil {
		found := new(OlderLinksError)
		if !errors.As(err, &found) || !older {
			return nil, unopened(PartLinks, err)
		}
		if found.Torn {
			if err := setWALAside(path, log); err != nil {
				return nil, err
			}
		}
	}
	var began time.Time
	db, err := sql.OpenReportingUpgrade(ctx, path, func(from, to int) {
		began = time.Now()
		log.Info("footfall.db is of an older version and is upgraded now; an older footfall cannot open it afterwards", "schema", from, "to", to)
	})
	if err != nil {
		return nil, unopened(PartLinks, err)
	}
	if !began.IsZero() {
		log.Info("footfall.db is upgraded", "took", time.Since(began).Round(time.Millisecond))
	}
	return embeddedLinks{db, path}, nil
}

// checkLinksFile compares links and users with the file progress, without opening
// them. It fails with a MissingLinksError or an OlderLinksError.
func checkLinksFile(ctx context.Context, dir, path string) error {
	known, err := progress.Read(filepath.Join(dir, progressFile))
	if err != nil && !errors.Is(err, progress.ErrUnreadable) { // openProgress logs that
		return fmt.Errorf("open data directory: %w", err)
	}
	seen, err := sql.Peek(ctx, path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !hasOtherParts(dir, path):
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

// hasOtherParts reports whether a directory has a part that is made after links and
// users.
func hasOtherParts(dir, database string) bool { return hasClicks(dir) || anyFilled(database+"-wal") }

// hasClicks reports whether a directory has a journal or counts.
func hasClicks(dir string) bool {
	return anyFilled(filepath.Join(dir, clicksDir, "*")) || anyFilled(filepath.Join(dir, journalDir, "*"))
}

// anyFilled reports whether a file that matches a pattern is not empty.
func anyFilled(pattern string) bool {
	all, _ := filepath.Glob(pattern) // the patterns are valid
	return slices.ContainsFunc(all, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() > 0
	})
}

// setWALAside renames the -wal of another database.
func setWALAside(path string, log *slog.Logger) error {
	kept := path + "-wal" + damagedSuffix
	if err := os.Rename(path+"-wal", kept); err != nil {
		return fmt.Errorf("open links and users: %w", err)
	}
	log.Warn("footfall.db-wal does not belong to this footfall.db. It was renamed: remove it when you no longer need it", "kept", kept)
	return errors.Join(os.RemoveAll(path+"-shm"), fsync.Path(filepath.Dir(path)))
}

// checkLinks fails with an OlderLinksError if links and users lack changes that a
// part remembers, or ids of clicks, counted or not. Such ids would be used
// again. j may be nil.
func (t *tracker) checkLinks(ctx context.Context, db LinksEngine, counts store.Progress, j *journal.Contents) error {
	now, err := db.Links(ctx)
	if err != nil {
		return err
	}
	needed, err := t.neededLinks(ctx, counts, j)
	if err != nil {
		return err
	}
	if needed.NewerThan(now) {
		older := &OlderLinksError{File: filepath.Join(t.dir, databaseFile), Dir: t.dir, Now: now, Needed: needed.Links}
		_, older.Shared = db.(sharedLinks)
		return older
	}
	return t.checkDiverged(ctx, db)
}

// checkDiverged fails with an OlderLinksError if a part remembers other changes to
// links and users than those that they have.
func (t *tracker) checkDiverged(ctx context.Context, db LinksEngine) error {
	now, err := db.Links(ctx)
	if err != nil {
		return err
	}
	for _, r := range t.remembered {
		if r.Links.Life == "" || r.Links.Version > now.Version { // older; checkLinks reports that
			continue
		}
		was, err := db.Was(ctx, r.Links.Version, r.Links.Life)
		if err != nil {
			return err
		}
		if !was {
			return &OlderLinksError{File: filepath.Join(t.dir, databaseFile), Dir: t.dir, Now: now, Needed: r.Links, Diverged: true}
		}
	}
	return nil
}

// neededLinks returns the lowest version and the lowest ids that links and users must
// have.
func (t *tracker) neededLinks(ctx context.Context, counts store.Progress, j *journal.Contents) (needed progress.Record, err error) {
	needed.AddLinks(t.known.Links)
	if t.countsUnknown.Load() {
		return needed, nil
	}
	user, link, err := counts.Highest(ctx)
	if err != nil {
		return needed, err
	}
	needed.AddLinks(progress.Links{User: uint64(user), Link: uint64(link)})
	if j == nil {
		return needed, nil
	}
	pos, _, err := counts.Position(ctx, store.JournalID(j.ID()))
	if err != nil {
		return needed, err
	}
	for c, err := range recorder.Since(ctx, j, pos.Counted) {
		if errors.Is(err, journal.ErrCorrupt) || errors.Is(err, journal.ErrPosition) {
			break // reported when it is counted
		}
		if err != nil {
			return needed, err
		}
		needed.AddLinks(progress.Links{User: uint64(c.User), Link: uint64(c.Link)})
	}
	return needed, nil
}

// LinksSize returns the number of bytes of footfall.db and its -wal on the disk; 0 if
// there is none.
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
