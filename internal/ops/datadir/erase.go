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

	"golang.org/x/sync/semaphore"

	"github.com/footfall/footfall/internal/storage/backup"
)

const (
	// eraseTimeout is the maximum time that a command waits for a server to remove
	// deleted data from the disk.
	eraseTimeout = 10 * time.Second
	// eraseAgain is the pause after which the server tries again to remove them.
	eraseAgain = time.Minute
)

// eraser removes from the disk the bytes that were deleted from links and counts.
type eraser struct {
	mu  *semaphore.Weighted // one erasure at a time
	due chan struct{}       // asks Maintain for an erasure; has room for one
	// background is set while Maintain runs.
	background atomic.Bool
	// pending says that counts were deleted whose links are shared.
	pending atomic.Bool
	// earlier says that something unknown was deleted before the directory was opened.
	// Guarded by mu.
	earlier bool
}

func newEraser() eraser { return eraser{mu: semaphore.NewWeighted(1), due: make(chan struct{}, 1)} }

// erase removes everything that was deleted before the call from footfall.db,
// clicks/ and checkpoint/. If it ends early, footfall.db remembers that something
// may be left, and the next call, maybe of another process, begins again.
func (d *Dir) erase(ctx context.Context) (err error) {
	if err := d.eraser.mu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer d.eraser.mu.Release(1)
	dirty, mark, err := d.DB.Dirty(ctx)
	if err != nil || !dirty && !d.eraser.pending.Swap(false) {
		return err
	}
	defer func() {
		if err != nil && d.engines.Links != Embedded {
			d.eraser.pending.Store(true)
		}
	}()
	if d.engines.Counts == Embedded {
		// After a crash the journal may have deletions that are not yet counted again.
		if err := d.Recorder.Settle(ctx); err != nil {
			return err
		}
		if err := d.Counts.Purge(ctx, d.eraser.earlier); err != nil {
			return err
		}
	}
	if err := d.renewCheckpoint(ctx); err != nil {
		return err
	}
	if err := d.DB.Clean(ctx); err != nil {
		return err
	}
	d.eraser.earlier = false
	return d.DB.Cleaned(ctx, mark)
}

// renewCheckpoint replaces the checkpoint, if there is one, by the present counts.
// The old one stays until the new one is complete.
func (d *Dir) renewCheckpoint(ctx context.Context) error {
	if err := d.trimMu.Acquire(ctx, 1); err != nil {
		return err
	}
	defer d.trimMu.Release(1)
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
	if len(all) == 0 { // a first one that was not finished
		return os.RemoveAll(dir)
	}
	return d.checkpoint(ctx)
}

// eraseInBackground removes data that were deleted before the start, or that a command
// did not wait for, until ctx ends.
func (d *Dir) eraseInBackground(ctx context.Context) {
	for ctx.Err() == nil {
		var again <-chan time.Time
		if err := d.erase(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("what was deleted could not be removed from the disk yet, although it is in no answer and no count; footfall tries again in a minute: look at the disk", "error", err)
			again = time.After(eraseAgain)
		}
		select {
		case <-d.eraser.due:
		case <-again:
		case <-ctx.Done():
		}
	}
}

// EraseEarlier removes data from the disk that an earlier process deleted and could
// not remove. It logs an error.
func (d *Dir) EraseEarlier(ctx context.Context) {
	if err := d.erase(ctx); err != nil && ctx.Err() == nil {
		d.log.Warn("what was deleted earlier could not be removed from the disk; the next command or start tries again: look at the disk", "error", err)
	}
}

// eraseNow removes data that were just deleted from the disk, and returns what is
// left. It waits for eraseTimeout if Maintain runs, which then finishes the work.
func (d *Dir) eraseNow(ctx context.Context) (t Traces) {
	t.Kept = d.setAside()
	tended := d.eraser.background.Load()
	if tended {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, eraseTimeout)
		defer cancel()
	}
	err := d.erase(ctx)
	switch {
	case err == nil:
	case tended:
		t.Later = true
		select {
		case d.eraser.due <- struct{}{}:
		default: // it was asked already
		}
	default:
		t.Failed = fmt.Sprintf("what was deleted could not be removed from the disk; the next command or start tries again: %v", err)
	}
	return t
}

// setAside returns the files and directories that were set aside because they are
// damaged.
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
