package server

import (
	"context"
	"errors"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
)

const (
	// How often the counts and the disk are told what is known, and how often
	// links and users are.
	rememberEvery = time.Second
	saveEvery     = time.Minute
)

// remembering tells the parts what is known of each other, as long as ctx lasts.
func (a *App) remembering(ctx context.Context) {
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
		known := a.parts.file.Record()
		if known.Equal(noted) {
			continue
		}
		err := errors.Join(a.clicks.SetNote(ctx, known.Encode()), a.parts.file.Sync())
		if err == nil {
			noted = known
		}
		if now := time.Now(); now.Sub(last) >= saveEvery && !known.Equal(saved) {
			last = now
			if seen, err := sql.Peek(ctx, sql.Place(filepath.Join(a.dir, databaseFile))); err == nil {
				a.parts.file.SeeLinks(progress.Links{Settled: seen.File.Version})
			}
			if saveErr := a.saveProgress(ctx, known); saveErr == nil {
				saved = known
			} else {
				err = errors.Join(err, saveErr)
			}
		}
		if err != nil && ctx.Err() == nil {
			a.log.Debug("what the parts of the data directory know of each other could not be written", "error", err)
		}
	}
}

// saveProgress has links and users remember what is known, unless a backup
// copies them: the journal in it ends where it did when that began.
func (a *App) saveProgress(ctx context.Context, known progress.Record) error {
	a.copying.Lock()
	defer a.copying.Unlock()
	return a.db.SaveProgress(ctx, known)
}

// closeRecorder counts what is recorded, as far as ctx allows. What is left is no
// error: it is safe in the journal.
func (a *App) closeRecorder(ctx context.Context) error {
	err := a.recorder.Close(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		counted, _ := a.recorder.Counted()
		a.log.Info("stopping before all clicks are counted: they are safe in the journal, and the next start counts the rest", "bytes", a.journal.End()-counted)
		return nil
	}
	return err
}

// closeCounts makes the counts durable, has all parts remember that, and closes
// them. It has a time of its own, for counting may have taken all that there was.
func (a *App) closeCounts(ctx context.Context) error {
	if a.present.clicks.gone() {
		// The engine would write tables by their names, into what lies there now, and
		// their list into what was moved away: neither would be whole then.
		return nil
	}
	if _, bounded := ctx.Deadline(); bounded {
		own, cancel := context.WithTimeout(context.WithoutCancel(ctx), rememberTimeout)
		defer cancel()
		ctx = own
	}
	return errors.Join(a.remember(ctx), a.clicks.Close())
}

// remember has all parts remember how things stand, durably.
func (a *App) remember(ctx context.Context) error {
	if !a.parts.opened {
		return a.clicks.Sync(ctx)
	}
	if sums, err := journaledOf(ctx, a.clicks); err == nil { // they are for words alone
		for source, clicks := range sums {
			a.parts.file.See(progress.Journal{ID: progress.ID(source), Clicks: clicks})
		}
	}
	known := a.parts.file.Record()
	if err := a.clicks.SetNote(ctx, known.Encode()); err != nil {
		return err
	}
	return errors.Join(a.clicks.Sync(ctx), a.saveProgress(ctx, known), a.parts.file.Sync())
}
