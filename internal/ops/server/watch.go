package server

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/footfall/footfall/internal/ops/monitor"
)

// health is what those hear who ask whether visitors are answered: they are,
// also where the counts lag, which a second line says.
func (a *App) health() string {
	switch _, failed := a.recorder.Counted(); {
	case failed != nil:
		return "ok\ncounting has stopped: clicks are recorded, and the counts stay behind\n"
	case a.recorder.Stalled() != nil:
		return "ok\ncounting is tried again: clicks are recorded, and the counts lag\n"
	}
	return "ok\n"
}

// state is how everything stands, for those who watch.
func (a *App) state() (s monitor.State, err error) {
	ledger, err := a.clicks.Ledger(a.watching)
	if err != nil {
		return s, err
	}
	s.Counted = ledger.Total()
	counted, failed := a.recorder.Counted()
	s.CountingFailed = failed != nil
	s.CountingStalled = a.recorder.Stalled() != nil
	if end := a.journal.End(); end > counted {
		s.JournalLag = end - counted
	}
	if a.notDurable != nil {
		s.NotDurable = a.notDurable()
	}
	s.DiskFree, s.DiskLow = a.disk.free.Load(), int(a.disk.level.Load())
	s.Bytes = map[string]int64{}
	if s.Bytes["counts"], err = a.clicks.Size(); err != nil {
		return s, err
	}
	segments := a.journal.Segments()
	s.JournalSegments = len(segments)
	for _, seg := range segments {
		s.Bytes["journal"] += seg.Size
	}
	for _, name := range []string{"footfall.db", "footfall.db-wal"} {
		info, err := os.Stat(filepath.Join(a.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.Bytes["links"] += info.Size()
	}
	return s, nil
}
