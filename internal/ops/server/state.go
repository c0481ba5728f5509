package server

import (
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/monitor"
)

// state returns the gauges of monitor.
func (a *App) state() (s monitor.State, err error) {
	if s.Counted, err = a.data.CountedClicks(a.lifetime); err != nil {
		return s, err
	}
	s.Engines = []monitor.Engine{{Name: datadir.Embedded, Up: true}}
	for _, e := range a.data.Engines() {
		s.Engines = append(s.Engines, monitor.Engine{Name: e.Name, Up: e.Up})
	}
	s.Now = a.now()
	lag := a.data.CountsLag()
	s.ServersLag, s.DeletionsLag, s.NotReplicated = lag.Servers, lag.Deletions, lag.NotReplicated
	counted, failed := a.data.Recorder.Counted()
	s.CountingFailed = failed != nil
	s.CountingStalled = a.data.Recorder.Stalled() != nil
	s.JournalRoom = a.data.Backlog()
	if end := a.data.Journal.End(); end > counted {
		s.JournalLag = end - counted
	}
	if a.notDurable != nil {
		s.NotDurable = a.notDurable()
	}
	s.DiskFree, s.DiskLow = a.data.Disk.State()
	s.Bytes = map[string]int64{}
	if s.Bytes["counts"], err = a.data.Counts.Size(); err != nil {
		return s, err
	}
	segments := a.data.Journal.Segments()
	s.JournalSegments = len(segments)
	for _, seg := range segments {
		s.Bytes["journal"] += seg.Size
	}
	s.Bytes["links"], err = a.data.LinksSize()
	return s, err
}
