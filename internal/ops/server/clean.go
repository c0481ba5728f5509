package server

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

	"github.com/footfall/footfall/internal/ops/control"
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
func (a *App) clean(ctx context.Context) error {
	if err := a.cleaner.one.lock(ctx); err != nil {
		return err
	}
	defer a.cleaner.one.unlock()
	dirty, mark, err := a.db.Dirty(ctx)
	if err != nil || !dirty {
		return err
	}
	// After a crash the journal may have deletions that are not counted again yet.
	if err := a.recorder.Settle(ctx); err != nil {
		return err
	}
	if err := a.clicks.Purge(ctx, a.cleaner.earlier); err != nil {
		return err
	}
	if err := a.renewCheckpoint(ctx); err != nil {
		return err
	}
	if err := a.db.Clean(ctx); err != nil {
		return err
	}
	a.cleaner.earlier = false
	return a.db.Cleaned(ctx, mark)
}

// renewCheckpoint replaces the checkpoint, if there is one, by one of the counts
// as they are now. The last one goes when the new one is there.
func (a *App) renewCheckpoint(ctx context.Context) error {
	if err := a.keeping.lock(ctx); err != nil {
		return err
	}
	defer a.keeping.unlock()
	dir := filepath.Join(a.dir, checkpointDir)
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
	return a.checkpoint(ctx)
}

// keepClean removes what was deleted before the server started, and what a
// command did not wait for, until ctx ends.
func (a *App) keepClean(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := a.clean(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("what was deleted could not be removed from the disk yet, and will be in a minute", "error", err)
			again = time.After(cleanAgain)
		}
		select {
		case <-a.cleaner.due:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// cleanEarlier removes what a process deleted that did not get to remove it.
func (a *App) cleanEarlier(ctx context.Context) {
	if err := a.clean(ctx); err != nil && ctx.Err() == nil {
		a.log.Warn("what was deleted earlier could not be removed from the disk; the next command or start tries it again", "error", err)
	}
}

// cleaned removes from the disk what was just deleted, and says what is left.
// Beside a server it does not wait for long: the server goes on with it.
func (a *App) cleaned(ctx context.Context) (t control.Traces) {
	t.Kept = a.aside()
	tended := a.cleaner.tended.Load()
	if tended {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, cleanPatience)
		defer cancel()
	}
	err := a.clean(ctx)
	switch {
	case err == nil:
	case tended:
		t.Later = true
		select {
		case a.cleaner.due <- struct{}{}:
		default: // somebody asked already
		}
	default:
		t.Failed = fmt.Sprintf("what was deleted could not be removed from the disk; the next command or start tries it again: %v", err)
	}
	return t
}

// aside lists the files and directories that were set aside for they were
// damaged, and keep what they hold.
func (a *App) aside() (kept []string) {
	for _, dir := range []string{a.dir, filepath.Join(a.dir, journalDir)} {
		entries, _ := os.ReadDir(dir) // it is open
		for _, e := range entries {
			if strings.Contains(e.Name(), damagedSuffix) {
				kept = append(kept, filepath.Join(dir, e.Name()))
			}
		}
	}
	return kept
}
