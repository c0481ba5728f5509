package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
)

// base is what a rebuild may begin with: a backup in a directory, or nothing.
type base struct {
	name, dir string
	gap       bool // clicks between it and the journal may be given up
}

// Rebuild counts the journal again, from the newest base that it reaches: a
// backup in the directory from, unless that is empty, the checkpoint beside the
// data, or nothing, where the journal is whole. The old counts go once the new
// ones are proven. report hears what is done. Nobody else may have the
// directory open: ErrOwned.
//
// Counts that lack clicks that are counted now do not replace them, unless
// lossy is set: a journal may have been replaced, or have lost a piece.
func Rebuild(ctx context.Context, o Options, from string, lossy bool, report func(string)) (err error) {
	lock, err := lockDir(o.Path, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := finishRebuild(o.Path); err != nil {
		return err
	}
	db, err := openLinks(ctx, o.Path, false, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	p, err := openProgress(ctx, o.Path, db, false, o.Log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.file.Close()) }()
	j, err := journal.Open(journal.Options{Dir: filepath.Join(o.Path, journalDir), Logger: o.Log})
	if err != nil {
		return unopened(PartJournal, err)
	}
	defer func() { err = errors.Join(err, j.Close()) }()

	bases, err := findBases(o.Path, from)
	if err != nil {
		return err
	}
	r := rebuild{o: o, journal: j, dir: filepath.Join(o.Path, rebuildingDir), lossy: lossy, report: report, progress: p}
	defer func() { err = errors.Join(err, os.RemoveAll(r.dir)) }()
	if r.installation, err = installationOf(ctx, db); err != nil {
		return err
	}
	if r.current, err = p.currentClicks(ctx, o.Log); err != nil {
		report(fmt.Sprintf("the counts that are there cannot be read: %v", err))
	}
	// What no base reaches is given up only where nothing else is left.
	if lossy {
		for _, b := range bases {
			b.gap = true
			bases = append(bases, b)
		}
	}
	for _, b := range bases {
		done, err := r.try(ctx, b)
		if err != nil {
			return unopened(PartJournal, fmt.Errorf("rebuild from %s: %w", b.name, err))
		}
		if !done {
			continue
		}
		if err := r.keepOldCounts(); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		if err := os.Rename(r.dir, filepath.Join(o.Path, rebuiltDir)); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		return errors.Join(finishRebuild(o.Path), p.replace(ctx, db, r.known))
	}
	return &NoBaseError{Tried: r.reached, Losing: r.losing, Lacks: r.lacks()}
}

// findBases lists what there is to begin with, newest first.
func findBases(dir, from string) (bases []base, err error) {
	if from != "" {
		newest, _, err := backup.Newest(from)
		if err != nil {
			return nil, err
		}
		backups := []string{newest}
		if newest != from {
			if backups, err = backup.List(from); err != nil {
				return nil, err
			}
		}
		for _, b := range backups {
			bases = append(bases, base{name: "the backup " + b, dir: b})
		}
	}
	if newest, _, err := backup.Newest(filepath.Join(dir, checkpointDir)); err == nil {
		bases = append(bases, base{name: "the checkpoint", dir: newest})
	}
	return append(bases, base{name: "the beginning"}), nil
}

// rebuild makes counts in a directory beside the old ones.
type rebuild struct {
	o       Options
	journal *journal.Journal
	dir     string
	report  func(string)
	lossy   bool
	reached bool // some base reaches the journal
	losing  bool // and clicks would be missing

	installation [16]byte
	progress     *tracker
	current      clicksByJournal // of the counts that are to be replaced; nil where they cannot be read
	lost         bool            // clicks are given up
	known        progress.Record // of the counts that were made
}

// begins is the position from which on the journal has everything.
func (r *rebuild) begins() uint64 {
	holes := r.journal.Holes()
	if len(holes) == 0 {
		return r.journal.First()
	}
	return holes[len(holes)-1].To
}

// lacks says what of the journal is missing.
func (r *rebuild) lacks() string {
	since := ""
	if at, err := r.journal.Written(r.begins()); err == nil { // the file system knows
		since = " (in a segment written until " + at.UTC().Format(time.RFC3339) + ")"
	}
	what := fmt.Sprintf("the journal begins at position %d%s", r.begins(), since)
	if holes := r.journal.Holes(); len(holes) > 0 {
		what = fmt.Sprintf("positions %d to %d of the journal are missing%s", holes[len(holes)-1].From, r.begins(), since)
	}
	return what
}

// try is false where the base cannot be begun with; it says why.
func (r *rebuild) try(ctx context.Context, b base) (done bool, err error) {
	if err := os.RemoveAll(r.dir); err != nil {
		return false, err
	}
	if b.dir != "" {
		if err := backup.CopyPart(ctx, b.dir, clicksDir, r.dir); err != nil {
			if ctx.Err() != nil {
				return false, err
			}
			r.report(fmt.Sprintf("%s cannot be taken: %v", b.name, err))
			return false, nil
		}
	}
	clicks, err := pebble.Open(pebble.Options{Dir: r.dir, Logger: r.o.Log})
	if refusal := new(syscall.Errno); errors.As(err, refusal) && *refusal != syscall.ENOENT { // which says nothing of the base
		return false, err
	}
	if err != nil {
		r.report(fmt.Sprintf("%s cannot be read: %v", b.name, err))
		return false, nil
	}
	defer func() { err = errors.Join(err, clicks.Close()) }()
	id, err := clicks.Installation(ctx, r.installation)
	if err != nil {
		return false, err
	}
	if id != r.installation {
		r.report(b.name + " is of another installation")
		return false, nil
	}
	pos, _, err := clicks.Position(ctx, store.JournalID(r.journal.ID()))
	if err != nil {
		return false, err
	}
	gap := pos.Counted < r.begins()
	if gap && b.gap {
		if err := recorder.GiveUpJournal(ctx, clicks, r.o.Now(), r.journal.ID(), r.begins()); err != nil {
			return false, err
		}
		r.report(fmt.Sprintf("%s ends at position %d of the journal, which is whole from position %d on: the clicks between them are given up", b.name, pos.Counted, r.begins()))
		gap = false
	}
	switch {
	case gap:
		if b.dir != "" {
			r.report(fmt.Sprintf("%s ends at position %d of the journal, which is whole from position %d on: the clicks between them are missing",
				b.name, pos.Counted, r.begins()))
		}
		return false, nil
	case pos.Counted > r.journal.End():
		r.report(fmt.Sprintf("%s reaches position %d of the journal, which ends at position %d", b.name, pos.Counted, r.journal.End()))
		return false, nil
	}
	r.reached = true
	meter.Begin(ctx, "clicks of the journal", meter.Bytes, int64(r.journal.End()-pos.Counted))
	err = recorder.Counting{Journal: &r.journal.Contents, Clicks: clicks, Known: true, Now: r.o.Now, Log: r.o.Log}.To(ctx, r.journal.End())
	if errors.Is(err, journal.ErrPosition) { // a copy of this directory went its own way, and that is a backup of it
		r.report(fmt.Sprintf("%s ends at position %d of a journal that went another way than this one: %v", b.name, pos.Counted, err))
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := clicks.Sync(ctx); err != nil {
		return false, err
	}
	wrong := 0
	summary, err := audit.Check(ctx, clicks, &r.journal.Contents, func(finding string) {
		wrong++
		r.report(fmt.Sprintf("from %s: %s", b.name, finding))
	})
	if err != nil {
		return false, err
	}
	if wrong > 0 {
		return false, nil
	}
	counted, err := countByJournal(ctx, clicks)
	if err != nil {
		return false, err
	}
	missing, err := r.missing(ctx, b, clicks, counted)
	if err != nil {
		return false, err
	}
	for _, what := range missing {
		r.report(fmt.Sprintf("from %s: %s", b.name, what))
	}
	if r.lost = len(missing) > 0; r.lost && !r.lossy {
		r.losing = true
		return false, nil
	}
	if err := r.note(ctx, clicks, counted); err != nil {
		return false, err
	}
	// Bases, and the journal's beginning, have what was deleted since.
	if err := clicks.Purge(ctx, true); err != nil {
		return false, err
	}
	r.report(fmt.Sprintf("counted again from %s, position %d to %d: %s", b.name, pos.Counted, r.journal.End(), summary))
	return true, nil
}

// missing says which clicks are not in the new counts: those that are counted
// now, and those that any part knows to have been recorded.
func (r *rebuild) missing(ctx context.Context, b base, clicks store.Progress, counted clicksByJournal) (all []string, err error) {
	if lost := r.current.lost(counted); lost > 0 {
		all = append(all, fmt.Sprintf("%d clicks that are counted now would be missing, for neither it nor the journal has them", lost))
	}
	if r.current == nil && b.dir == "" && !r.progress.recorded() {
		all = append(all, "nothing tells which clicks had been counted; those that the journal does not have would be missing")
	}
	if err := r.progress.belongs(&r.journal.Contents); errors.As(err, new(*DivergedJournalError)) {
		all = append(all, err.Error()+"; what was recorded in that one would be missing")
	} else if err != nil {
		return nil, err
	}
	needed, err := uncounted(ctx, clicks, r.progress.known)
	if err != nil {
		return nil, err
	}
	for _, j := range r.progress.known.Journals {
		end, ok := needed[j.ID]
		if !ok {
			continue
		}
		pos, _, err := clicks.Position(ctx, store.JournalID(j.ID))
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

// note has the new counts remember what they are of.
func (r *rebuild) note(ctx context.Context, clicks *pebble.Store, counted clicksByJournal) error {
	r.known = progress.Record{Links: r.progress.known.Links}
	for source, n := range counted {
		pos, _, err := clicks.Position(ctx, source)
		if err != nil {
			return err
		}
		r.known.AddJournal(progress.Journal{ID: progress.ID(source), End: pos.Counted, Clicks: n})
	}
	if err := clicks.SetNote(ctx, r.known.Encode()); err != nil {
		return err
	}
	return clicks.Sync(ctx)
}

// keepOldCounts keeps the old counts under another name where they may have what the
// new ones lack: where clicks are given up, or nobody could compare them.
func (r *rebuild) keepOldCounts() error {
	if r.current != nil && !r.lost {
		return nil
	}
	old := filepath.Join(r.o.Path, clicksDir)
	kept := old + damagedSuffix
	for n := 2; ; n++ {
		if _, err := os.Lstat(kept); err != nil {
			break
		}
		kept = fmt.Sprint(old, damagedSuffix, n)
	}
	err := os.Rename(old, kept)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = fsync.Path(r.o.Path)
	}
	if err != nil {
		return err
	}
	r.report(fmt.Sprintf("the counts that were there are kept as they were, in %s; remove it once you need it no more", kept))
	return nil
}

// finishRebuild puts counts that are proven into their place, and removes what
// a rebuild that was cut short left.
func finishRebuild(dir string) error {
	clicks, rebuilt := filepath.Join(dir, clicksDir), filepath.Join(dir, rebuiltDir)
	err := os.RemoveAll(filepath.Join(dir, rebuildingDir))
	if err == nil && exists(rebuilt) {
		err = replaceDir(rebuilt, clicks)
	}
	if err == nil && exists(clicks) {
		err = os.RemoveAll(clicks + oldSuffix) // which the ones there took the place of
	}
	if err != nil {
		return fmt.Errorf("put the counts that were rebuilt into their place: %w", err)
	}
	return nil
}

// exists is false also where nobody can tell.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
