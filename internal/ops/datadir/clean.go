package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/storage/backup"
)

const (
	// cleanPatience is how long a command waits beside a server until what it
	// deleted is gone from the disk.
	cleanPatience = 10 * time.Second
	// cleanAgain is when the server tries again what could not be removed.
	cleanAgain = time.Minute
)

// cleaner removes from the disk what was deleted.
type cleaner struct {
	one turn          // at a time
	due chan struct{} // asks the server for it; has room for one
	// tended is set while a server looks after it.
	tended atomic.Bool
	// earlier says that something was deleted before the directory was opened;
	// nobody knows what. Guarded by one.
	earlier bool
}

func newCleaner() cleaner { return cleaner{one: make(turn, 1), due: make(chan struct{}, 1)} }

// clean has nothing left in footfall.db, clicks/ and checkpoint/ of what was
// deleted before the call. Where it ends early, footfall.db says that something
// may be left, and the next call, maybe of another process, begins again.
func (d *Dir) clean(ctx context.Context) error {
	if err := d.cleaner.one.lock(ctx); err != nil {
		return err
	}
	defer d.cleaner.one.unlock()
	dirty, mark, err := d.Links.Dirty(ctx)
	if err != nil || !dirty {
		return err
	}
	// After a crash the journal may have deletions that are not counted again yet.
	if err := d.Recorder.Settle(ctx); err != nil {
		return err
	}
	if err := d.Counts.Purge(ctx, d.cleaner.earlier); err != nil {
		return err
	}
	if err := d.renewCheckpoint(ctx); err != nil {
		return err
	}
	if err := d.Links.Clean(ctx); err != nil {
		return err
	}
	d.cleaner.earlier = false
	return d.Links.Cleaned(ctx, mark)
}

// renewCheckpoint replaces the checkpoint, if there is one, by one of the counts
// as they are now. The last one goes when the new one is there.
func (d *Dir) renewCheckpoint(ctx context.Context) error {
	if err := d.keeping.lock(ctx); err != nil {
		return err
	}
	defer d.keeping.unlock()
	dir := filepath.Join(d.path, checkpointDir)
	if err := os.RemoveAll(dir + newSuffix); err != nil {
		return err
	}
	all, err := backup.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if len(all) == 0 { // the first one was begun
		return os.RemoveAll(dir)
	}
	return d.checkpoint(ctx)
}

// keepClean removes what was deleted before the server started, and what a
// command did not wait for, until ctx ends.
func (d *Dir) keepClean(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := d.clean(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("what was deleted could not be removed from the disk yet, and will be in a minute", "error", err)
			again = time.After(cleanAgain)
		}
		select {
		case <-d.cleaner.due:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// CleanEarlier removes what a process deleted that did not get to remove it.
func (d *Dir) CleanEarlier(ctx context.Context) {
	if err := d.clean(ctx); err != nil && ctx.Err() == nil {
		d.log.Warn("what was deleted earlier could not be removed from the disk; the next command or start tries it again", "error", err)
	}
}

// cleaned removes from the disk what was just deleted, and says what is left.
// Beside a server it does not wait for long: the server goes on with it.
func (d *Dir) cleaned(ctx context.Context) (t Traces) {
	t.Kept = d.aside()
	tended := d.cleaner.tended.Load()
	if tended {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cleanPatience)
		defer cancel()
	}
	err := d.clean(ctx)
	switch {
	case err == nil:
	case tended:
		t.Later = true
		select {
		case d.cleaner.due <- struct{}{}:
		default: // somebody asked already
		}
	default:
		t.Failed = fmt.Sprintf("what was deleted could not be removed from the disk; the next command or start tries it again: %v", err)
	}
	return t
}

// aside lists the files and directories that were set aside for they were
// damaged, and keep what they hold.
func (d *Dir) aside() (kept []string) {
	for _, dir := range []string{d.path, filepath.Join(d.path, journalDir)} {
		entries, _ := os.ReadDir(dir) // it is open
		for _, e := range entries {
			if strings.Contains(e.Name(), damagedSuffix) {
				kept = append(kept, filepath.Join(dir, e.Name()))
			}
		}
	}
	return kept
}
