package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
)

// base is a start of a rebuild: the counts of a backup, or nothing.
type base struct {
	name, dir string // dir is empty for nothing
	giveUp    bool   // the clicks between the base and the journal
}

// Rebuild counts the journal again. It starts from the newest base that the
// journal continues: a backup in the directory backups, unless that is empty; the
// checkpoint; or nothing, if the journal is complete. The new counts replace the
// old ones once they are proven. It calls report with a sentence for each thing
// that it did, and for each base that it refused. It fails with ErrOwned if a
// process has the directory open, and with a NoBaseError.
//
// Unless lossy is set, it refuses new counts that lack clicks which are counted
// now: the journal may have been replaced, or may have lost a part.
func Rebuild(ctx context.Context, o Options, backups string, lossy bool, report func(string)) (err error) {
	lock, err := lockDir(o.Path, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if _, err := openEngines(o); err != nil {
		return err
	}
	if o.Clicks != nil {
		return unopened(PartCounts, ErrSharedCounts)
	}
	if err := finishRebuild(o.Path); err != nil {
		return err
	}
	db, err := openLinks(ctx, o, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	t, err := openProgress(ctx, o.Path, db, false, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.file.Close()) }()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(o.Path, journalDir), Logger: o.Log})
	if err != nil {
		return unopened(PartJournal, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()

	bases, err := findBases(o.Path, backups, lossy)
	if err != nil {
		return err
	}
	r := rebuild{o: o, journal: j, dir: filepath.Join(o.Path, rebuildingDir), lossy: lossy, report: report, progress: t}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if r.installation, err = installationOf(ctx, db); err != nil {
		return err
	}
	if r.current, err = t.currentClicks(ctx, o); err != nil {
		report(fmt.Sprintf("the present counts cannot be read: %v", err))
	}
	for _, b := range bases {
		err := r.try(ctx, b)
		if why := refusal(""); errors.As(err, &why) {
			if why != "" {
				report(string(why))
			}
			continue
		}
		if err != nil {
			return unopened(PartJournal, fmt.Errorf("rebuild from %s: %w", b.name, err))
		}
		if err := r.keepOldCounts(); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if err := os.Rename(r.dir, filepath.Join(o.Path, rebuiltDir)); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		return errors.Join(finishRebuild(o.Path), t.replace(ctx, db, r.made))
	}
	return &NoBaseError{Tried: r.reached, Losing: r.losing, Lacks: r.lacks()}
}

// findBases returns the bases, newest first. With lossy all come a second time: the
// clicks between base and journal are given up only if nothing else is left.
func findBases(dir, backups string, lossy bool) (bases []base, err error) {
	if backups != "" {
		newest, _, err := backup.Newest(backups)
		if err != nil {
			return nil, err
		}
		all := []string{newest}
		if newest != backups { // otherwise it is one backup
			if all, err = backup.List(backups); err != nil {
				return nil, err
			}
		}
		for _, b := range all {
			bases = append(bases, base{name: "the backup " + b, dir: b})
		}
	}
	if newest, _, err := backup.Newest(filepath.Join(dir, checkpointDir)); err == nil {
		bases = append(bases, base{name: "the checkpoint", dir: newest})
	}
	bases = append(bases, base{name: "the beginning"})
	if lossy {
		for _, b := range bases {
			b.giveUp = true
			bases = append(bases, b)
		}
	}
	return bases, nil
}

// complete returns the position from which the journal has everything.
func (r *rebuild) complete() uint64 {
	holes := r.journal.Holes()
	if len(holes) == 0 {
		return r.journal.First()
	}
	return holes[len(holes)-1].To
}

// lacks returns a clause about what the journal lacks.
func (r *rebuild) lacks() string {
	since := ""
	if at, err := r.journal.Written(r.complete()); err == nil {
		since = " (in a segment written until " + at.UTC().Format(time.RFC3339) + ")"
	}
	if holes := r.journal.Holes(); len(holes) > 0 {
		return fmt.Sprintf("positions %d to %d of the journal are missing%s", holes[len(holes)-1].From, r.complete(), since)
	}
	return fmt.Sprintf("the journal begins at position %d%s", r.complete(), since)
}

// keepOldCounts renames the old counts if they may have clicks that the new ones
// lack: if clicks were given up, or the old ones could not be read.
func (r *rebuild) keepOldCounts() error {
	if r.current != nil && !r.lost {
		return nil
	}
	old := filepath.Join(r.o.Path, clicksDir)
	kept, err := freeName(old + damagedSuffix)
	if err != nil {
		return err
	}
	err = os.Rename(old, kept)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fsync.Path(r.o.Path)
	}
	if err != nil {
		return err
	}
	r.report(fmt.Sprintf("the old counts are kept unchanged in %s; remove it when you no longer need it", kept))
	return nil
}

// finishRebuild puts proven counts in place, and removes what an interrupted
// rebuild left.
func finishRebuild(dir string) error {
	clicks, rebuilt := filepath.Join(dir, clicksDir), filepath.Join(dir, rebuiltDir)
	err := os.RemoveAll(filepath.Join(dir, rebuildingDir))
	if err == nil && exists(rebuilt) {
		err = replaceDir(rebuilt, clicks)
	}
	if err == nil && exists(clicks) {
		err = os.RemoveAll(clicks + oldSuffix)
	}
	if err != nil {
		return fmt.Errorf("put the rebuilt counts in place: %w", err)
	}
	return nil
}

// exists reports whether a path exists. It is false if the file system returns an
// error.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// replaceDir replaces a directory by another one. After a crash one of them is in
// place, or the replaced one has oldSuffix.
func replaceDir(from, to string) error {
	if err := os.RemoveAll(to + oldSuffix); err != nil {
		return err
	}
	if err := os.Rename(to, to+oldSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if err := fsync.Path(filepath.Dir(to)); err != nil {
		return err
	}
	return os.RemoveAll(to + oldSuffix)
}
