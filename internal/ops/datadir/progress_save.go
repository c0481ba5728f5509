package datadir

import (
	"context"
	"errors"
	"time"

	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/progress"
)

const (
	// How often progress is saved in the counts and the file, and how often in links
	// and users.
	rememberEvery = time.Second
	saveEvery     = time.Minute
	// RememberTimeout is the maximum time that Close takes to make the counts durable, after it
	// counted as far as its context allowed.
	RememberTimeout = 10 * time.Second
)

// saveInBackground makes the parts remember each other's progress, until ctx ends.
func (d *Dir) saveInBackground(ctx context.Context) {
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
		known := d.progress.file.Record()
		if known.Equal(noted) {
			continue
		}
		err := d.progress.file.Sync()
		now := time.Now()
		due := now.Sub(last) >= saveEvery
		if due || d.engines.Counts == Embedded { // a note is a request to a shared engine
			err = errors.Join(err, d.Counts.SetNote(ctx, known.Encode()))
			if err == nil {
				noted = known
			}
		}
		if due && !known.Equal(saved) {
			last = now
			if seen, err := d.DB.Peek(ctx); err == nil {
				d.progress.file.AddLinks(progress.Links{Settled: seen.File.Version})
			}
			if saveErr := d.saveProgress(ctx, known); saveErr == nil {
				saved = known
			} else {
				err = errors.Join(err, saveErr)
			}
		}
		if err != nil && ctx.Err() == nil {
			d.log.Debug("the progress of the parts of the data directory could not be saved", "error", err)
		}
	}
}

// saveProgress saves the known progress with links and users. It waits for a backup
// that copies them, because the journal in it ends where it did when that began.
func (d *Dir) saveProgress(ctx context.Context, known progress.Record) error {
	d.progressMu.Lock()
	defer d.progressMu.Unlock()
	return d.DB.SaveProgress(ctx, known)
}

// closeRecorder counts the recorded clicks, as far as ctx allows. The rest is safe in
// the journal, so it is no error.
func (d *Dir) closeRecorder(ctx context.Context) error {
	err := d.Recorder.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) || d.engines.Counts != Embedded && errors.Is(err, recorder.ErrStalled) {
		counted, _ := d.Recorder.Counted()
		d.log.Info("stopping before all clicks are counted: they are safe in the journal, and the next start counts the rest", "bytes", d.Journal.End()-counted)
		return nil
	}
	return err
}

// closeCounts makes the counts durable, makes all parts remember that, and closes
// them. It has its own timeout, because counting may have used up that of ctx.
func (d *Dir) closeCounts(ctx context.Context) error {
	if d.opened.clicks.replaced() {
		// The engine would write tables into the directory that is there now, and their
		// list into the one that was moved away, and damage both.
		return nil
	}
	if _, bounded := ctx.Deadline(); bounded {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), RememberTimeout)
		defer cancel()
		ctx = own
	}
	err := errors.Join(d.remember(ctx), d.Counts.Close())
	if err != nil && d.engines.Counts != Embedded {
		d.log.Warn("the counts cannot be reached while footfall stops. No click is lost: the next start counts from the journal what they lack", "engine", d.engines.Counts, "error", err)
		return nil
	}
	return err
}

// remember makes all parts remember the present progress, durably.
func (d *Dir) remember(ctx context.Context) error {
	if !d.progress.following {
		return d.Counts.Sync(ctx)
	}
	if sums, err := countByJournal(ctx, d.Counts); err == nil { // only messages need them
		for source, clicks := range sums {
			d.progress.file.AddJournal(progress.Journal{ID: progress.ID(source), Clicks: clicks})
		}
	}
	known := d.progress.file.Record()
	if err := d.Counts.SetNote(ctx, known.Encode()); err != nil {
		return err
	}
	return errors.Join(d.Counts.Sync(ctx), d.saveProgress(ctx, known), d.progress.file.Sync())
}
