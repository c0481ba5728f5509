package server

import "time"

// stopped is the last line of the log of a server.
func (a *App) stopped(began time.Time, err error) {
	took := time.Since(began).Round(time.Millisecond)
	counted, _ := a.data.Recorder.Counted()
	switch end := a.data.Journal.End(); {
	case err != nil:
		a.log.Error("stopped, but not in order", "took", took, "error", err)
	case counted < end:
		a.log.Info("stopped: everything is on disk, and the next start counts the clicks that are not counted yet", "took", took, "bytes", end-counted)
	default:
		a.log.Info("stopped: everything is on disk, and all clicks are counted", "took", took)
	}
}
