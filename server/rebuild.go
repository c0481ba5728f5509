package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/audit"
	"github.com/footfall/footfall/backup"
	"github.com/footfall/footfall/journal"
	"github.com/footfall/footfall/recorder"
	"github.com/footfall/footfall/store"
	"github.com/footfall/footfall/store/pebble"
)

// base is what a rebuild may begin with: a backup in a directory, or nothing.
type base struct{ name, dir string }

// Rebuild counts the journal again, from the newest base that it reaches: a
// backup in the directory from, unless that is empty, the checkpoint beside the
// data, or nothing, where the journal is whole. The old counts go once the new
// ones are proven. report hears what is done. Nobody else may have the
// directory open: ErrOwned.
//
// Counts that lack clicks that are counted now do not replace them, unless
// lossy is set: a journal may have been replaced, or have lost a piece.
func Rebuild(ctx context.Context, o Options, from string, lossy bool, report func(string)) (err error) {
	lock, err := claimDir(o.Dir, false)
	if errors.Is(err, ErrOwned) {
		return fmt.Errorf("%w: stop it first, or name another directory with --data", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := finishRebuild(o.Dir); err != nil {
		return err
	}
	j, err := journal.Open(journal.Options{Dir: filepath.Join(o.Dir, journalDir), Logger: o.Log})
	if err != nil {
		return unopened(err, damagedJournal)
	}
	defer func() { err = errors.Join(err, j.Close()) }()

	bases, err := findBases(o.Dir, from)
	if err != nil {
		return err
	}
	r := rebuild{o: o, journal: j, dir: filepath.Join(o.Dir, rebuildingDir), lossy: lossy, report: report}
	if r.installation, err = installationIn(ctx, o); err != nil {
		return err
	}
	if r.held, err = held(ctx, o); err != nil {
		report(fmt.Sprintf("the counts that are there cannot be read, and are not compared: %v", err))
	}
	for _, b := range bases {
		done, err := r.try(ctx, b)
		if err != nil {
			return unopened(fmt.Errorf("rebuild from %s: %w", b.name, err), damagedJournal)
		}
		if !done {
			continue
		}
		if err := os.Rename(r.dir, filepath.Join(o.Dir, rebuiltDir)); err != nil {
			return fmt.Errorf("rebuild: %w", err)
		}
		return finishRebuild(o.Dir)
	}
	return fmt.Errorf("rebuild: the counts stay as they are, for there is no base: %s", r.lacks())
}

// findBases lists what there is to begin with, newest first.
func findBases(dir, from string) (bases []base, err error) {
	if from != "" {
		newest, _, err := backup.Newest(from)
		if errors.Is(err, backup.ErrNone) {
			return nil, fmt.Errorf("%w: name one with --from, or a directory of them", err)
		}
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
			bases = append(bases, base{"the backup " + b, b})
		}
	}
	if newest, _, err := backup.Newest(filepath.Join(dir, checkpointDir)); err == nil {
		bases = append(bases, base{"the checkpoint", newest})
	}
	return append(bases, base{"the beginning", ""}), nil
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
	held         journaled // of the counts that are to be replaced
}

// begins is the position from which on the journal has everything.
func (r *rebuild) begins() uint64 {
	holes := r.journal.Holes()
	if len(holes) == 0 {
		return r.journal.First()
	}
	return holes[len(holes)-1].To
}

// lacks says why nothing can be begun with.
func (r *rebuild) lacks() string {
	if r.losing {
		return "name a backup that has the missing clicks with --from, put the journal back that they were counted of, or go without them with --lossy"
	}
	if r.reached {
		return "what there is was tried, as said above; name another backup with --from, or restore one"
	}
	since := ""
	if at, err := r.journal.Written(r.begins()); err == nil { // the file system knows
		since = " (in a segment written until " + at.UTC().Format(time.RFC3339) + ")"
	}
	what := fmt.Sprintf("the journal begins at position %d%s, as it does with --journal-retention 0", r.begins(), since)
	if holes := r.journal.Holes(); len(holes) > 0 {
		what = fmt.Sprintf("positions %d to %d of the journal are missing, and it goes on behind them%s", holes[len(holes)-1].From, r.begins(), since)
	}
	return what + ", and neither checkpoint nor backup reaches so far; name a newer backup with --from, or restore one"
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
	pos, _, err := clicks.Position(ctx, store.SourceID(r.journal.ID()))
	if err != nil {
		return false, err
	}
	switch {
	case pos.Counted < r.begins():
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
	rec, err := recorder.Open(ctx, recorder.Options{Journal: r.journal, Clicks: clicks, Known: true, Now: r.o.Now, Log: r.o.Log})
	if err != nil {
		return false, err
	}
	err = rec.Drain(ctx)
	if err := errors.Join(err, rec.Close(ctx)); err != nil {
		return false, err
	}
	if err := clicks.Sync(ctx); err != nil {
		return false, err
	}
	wrong := 0
	summary, err := audit.Check(ctx, clicks, r.journal, func(finding string) {
		wrong++
		r.report(fmt.Sprintf("from %s: %s", b.name, finding))
	})
	if err != nil {
		return false, err
	}
	if wrong > 0 {
		return false, nil
	}
	counted, err := journaledOf(ctx, clicks)
	if err != nil {
		return false, err
	}
	if lost := r.held.lost(counted); lost > 0 {
		r.report(fmt.Sprintf("from %s: %d clicks that are counted now would be missing, for neither it nor the journal has them", b.name, lost))
		if !r.lossy {
			r.losing = true
			return false, nil
		}
	}
	r.report(fmt.Sprintf("counted again from %s, position %d to %d: %s", b.name, pos.Counted, r.journal.End(), summary))
	return true, nil
}

// finishRebuild puts counts that are proven into their place.
func finishRebuild(dir string) error {
	rebuilt := filepath.Join(dir, rebuiltDir)
	if _, err := os.Stat(rebuilt); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := replaceDir(rebuilt, filepath.Join(dir, clicksDir)); err != nil {
		return fmt.Errorf("put the counts that were rebuilt into their place: %w", err)
	}
	return nil
}
