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
	// erasePatience is how long a command waits beside a server until what it
	// deleted is gone from the disk.
	erasePatience = 10 * time.Second
	// eraseAgain is when the server tries again what could not be removed.
	eraseAgain = time.Minute
)

// eraser removes from the disk what was deleted.
type eraser struct {
	one ctxMutex      // at a time
	due chan struct{} // asks the server for it; has room for one
	// tended is set while a server looks after it.
	background atomic.Bool
	// earlier says that something was deleted before the directory was opened;
	// nobody knows what. Guarded by one.
	earlier bool
}

func newEraser() eraser { return eraser{one: make(ctxMutex, 1), due: make(chan struct{}, 1)} }

// clean has nothing left in footfall.db, clicks/ and checkpoint/ of what was
// deleted before the call. Where it ends early, footfall.db says that something
// may be left, and the next call, maybe of another process, begins again.
func (d *Dir) erase(ctx context.Context) error {
	if err := d.eraser.one.lock(ctx); err != nil {
		return err
	}
	defer d.eraser.one.unlock()
	dirty, mark, err := d.Links.Dirty(ctx)
	if err != nil || !dirty {
		return err
	}
	// After a crash the journal may have deletions that are not counted again yet.
	if err := d.Recorder.Settle(ctx); err != nil {
		return err
	}
	if err := d.Counts.Purge(ctx, d.eraser.earlier); err != nil {
		return err
	}
	if err := d.renewCheckpoint(ctx); err != nil {
		return err
	}
	if err := d.Links.Clean(ctx); err != nil {
		return err
	}
	d.eraser.earlier = false
	return d.Links.Cleaned(ctx, mark)
}

// renewCheckpoint replaces the checkpoint, if there is one, by one of the counts
// as they are now. The last one goes when the new one is there.
func (d *Dir) renewCheckpoint(ctx context.Context) error {
	if err := d.trimMu.lock(ctx); err != nil {
		return err
	}
	defer d.trimMu.unlock()
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

// eraseInBackground removes what was deleted before the server started, and what a
// command did not wait for, until ctx ends.
func (d *Dir) eraseInBackground(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := d.erase(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("what was deleted could not be removed from the disk yet, and will be in a minute", "error", err)
			again = time.After(eraseAgain)
		}
		select {
		case <-d.eraser.due:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// EraseEarlier removes what a process deleted that did not get to remove it.
func (d *Dir) EraseEarlier(ctx context.Context) {
	if err := d.erase(ctx); err != nil && ctx.Err() == nil {
		d.log.Warn("what was deleted earlier could not be removed from the disk; the next command or start tries it again", "error", err)
	}
}

// cleaned removes from the disk what was just deleted, and says what is left.
// Beside a server it does not wait for long: the server goes on with it.
func (d *Dir) eraseNow(ctx context.Context) (t Traces) {
	t.Kept = d.setAside()
	tended := d.eraser.background.Load()
	if tended {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, erasePatience)
		defer cancel()
	}
	err := d.erase(ctx)
	switch {
	case err == nil:
	case tended:
		t.Later = true
		select {
		case d.eraser.due <- struct{}{}:
		default: // somebody asked already
		}
	default:
		t.Failed = fmt.Sprintf("what was deleted could not be removed from the disk; the next command or start tries it again: %v", err)
	}
	return t
}

// aside lists the files and directories that were set aside for they were
// damaged, and keep what they hold.
func (d *Dir) setAside() (kept []string) {
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
