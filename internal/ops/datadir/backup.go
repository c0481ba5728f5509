package datadir

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Backup adds a backup to the directory dir, and removes all but the newest n
// backups there. Clicks are recorded meanwhile. Every click that was acknowledged
// before the call is in the backup. Shared counts, and shared links and users, are not
// in it.
//
// It copies first the counts, then links and users, then the journal. So the
// journal continues the counts, and every click in either has its link.
func (d *Dir) Backup(ctx context.Context, dir string, n int) (m backup.Manifest, err error) {
	if err := checkSeparate(d.path, dir); err != nil {
		return m, err
	}
	if err := d.trimMu.Acquire(ctx, 1); err != nil {
		return m, err
	}
	defer d.trimMu.Release(1)
	draft, err := backup.Begin(dir, d.publicName(), d.now())
	if err != nil {
		return m, err
	}
	defer draft.Abort()
	var end uint64
	counted, err := d.copyCounts(ctx, draft, func() (err error) {
		if end, err = d.backupLinks(ctx, draft); err != nil {
			return err
		}
		return d.backupJournal(ctx, draft, end)
	})
	if err != nil {
		return m, err
	}
	return draft.Commit(min(counted, end), end, n)
}

// HoldJournal keeps the journal from being trimmed until release is called.
func (d *Dir) HoldJournal(ctx context.Context) (release func(), err error) {
	if err := d.trimMu.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	return func() { d.trimMu.Release(1) }, nil
}

// backupJournal copies the trim mark and the segments up to a position, where one
// ends. It also copies the header of the next segment, which has the next position,
// as an open segment.
func (d *Dir) backupJournal(ctx context.Context, draft *backup.Draft, end uint64) error {
	if mark := d.Journal.TrimMark(); mark != "" {
		if err := draft.Copy(ctx, mark, filepath.Join(journalDir, filepath.Base(mark)), 0); err != nil {
			return err
		}
	}
	total := int64(0)
	for _, s := range d.Journal.Segments() {
		if s.Base <= end {
			total += s.Size - int64(s.End-min(s.End, end))
		}
	}
	meter.Begin(ctx, "journal", meter.Bytes, total)
	for _, s := range d.Journal.Segments() {
		if s.Base > end {
			break
		}
		size := s.Size - int64(s.End-min(s.End, end))
		file, err := d.Journal.File(s.Base)
		if err != nil {
			return err
		}
		ext := ".sealed"
		if s.Base == end {
			ext = ".open"
		}
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)) + ext
		if err := draft.Copy(ctx, file, filepath.Join(journalDir, name), size); err != nil {
			return err
		}
	}
	return nil
}

// backupLinks copies links and users, and returns a position of the journal. Every
// click before it has its link in the copy. No deletion comes between the two.
func (d *Dir) backupLinks(ctx context.Context, draft *backup.Draft) (end uint64, err error) {
	d.deleteMu.Lock()
	defer d.deleteMu.Unlock()
	d.progressMu.Lock()
	defer d.progressMu.Unlock()
	if err := d.Journal.Rotate(); err != nil {
		return 0, err
	}
	segments := d.Journal.Segments()
	newest := segments[len(segments)-1]
	if end = newest.Base; newest.Sealed {
		end = newest.End
	}
	if d.engines.shared() {
		if err := d.engines.write(draft.Path(".")); err != nil {
			return 0, err
		}
		if err := draft.Added(ctx, enginesFile); err != nil {
			return 0, err
		}
	}
	if d.engines.Links != Embedded {
		return end, nil
	}
	meter.Begin(ctx, "links and users", meter.Bytes, 0)
	if err := d.DB.Backup(ctx, draft.Path(databaseFile)); err != nil {
		return 0, err
	}
	return end, draft.Added(ctx, databaseFile)
}

// checkpoint copies the present counts to checkpoint/, so that a rebuild can start
// from them. The copy shares no file with them.
func (d *Dir) checkpoint(ctx context.Context) error {
	draft, err := backup.Begin(filepath.Join(d.path, checkpointDir), d.publicName(), d.now())
	if err != nil {
		return err
	}
	defer draft.Abort()
	pos, err := d.copyCounts(ctx, draft, func() error { return nil })
	if err != nil {
		return err
	}
	_, err = draft.Commit(pos, pos, 1)
	return err
}

// copyCounts copies the counts as they are when it is called, and returns the journal
// position that they reach. It calls before before it copies.
func (d *Dir) copyCounts(ctx context.Context, draft *backup.Draft, before func() error) (counted uint64, err error) {
	if d.engines.Counts != Embedded { // they are backed up with the tools of their engine
		counted, _ = d.Recorder.Counted()
		return counted, before()
	}
	// A checkpoint of the engine has hard links, so it costs little, and it does not
	// change while it is copied.
	temp := filepath.Join(d.path, checkpointDir+newSuffix)
	if err := os.RemoveAll(temp); err != nil {
		return 0, fmt.Errorf("checkpoint: %w", err)
	}
	defer os.RemoveAll(temp)
	pos, _, err := d.Counts.Position(ctx, store.JournalID(d.Journal.ID()))
	if err != nil {
		return 0, err
	}
	if err := d.Counts.Checkpoint(ctx, temp); err != nil {
		return 0, err
	}
	if err := before(); err != nil {
		return 0, err
	}
	meter.Begin(ctx, "counts", meter.Bytes, sizeOf(temp))
	return pos.Counted, draft.CopyDir(ctx, temp, clicksDir)
}

// sizeOf returns the number of bytes of the files in a directory; 0 if that is unknown.
func sizeOf(dir string) (bytes int64) {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			bytes += info.Size()
		}
	}
	return bytes
}
