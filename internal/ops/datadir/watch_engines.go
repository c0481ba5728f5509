package datadir

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// engineEvery is the interval at which shared engines are asked something, and
	// engineTimeout the time in which they must answer.
	engineEvery   = 5 * time.Second
	engineTimeout = 5 * time.Second
)

// sharedEngine is a shared engine that Maintain watches.
type sharedEngine struct {
	name string
	part Part
	ask  func(context.Context) error // a small request
	down atomic.Bool
}

// EngineState says whether a shared engine answers.
type EngineState struct {
	Name string
	Part Part // what it keeps
	Up   bool
}

// CountsLag says what shared counts lack, as far as this process knows.
type CountsLag struct {
	Servers   int // of the engine, that are away or lack rows that others have
	Deletions int // users and links that wait to be removed because of them
	// NotReplicated is the number of bytes of the journal that some servers may lack.
	NotReplicated uint64
}

// CountsLag returns what shared counts lack; zero if the counts are in the directory.
func (d *Dir) CountsLag() (l CountsLag) {
	shared, ok := d.Counts.(*sharedCounts)
	if !ok {
		return l
	}
	l.Servers, l.Deletions = shared.Lagging()
	if p := d.replicated.Load(); p != nil {
		end := d.Journal.End()
		l.NotReplicated = end - min(max(*p, d.Journal.First()), end) // what was removed is replicated
	}
	return l
}

// Engines returns the state of the shared engines, as Maintain found it last. It is empty
// if everything is embedded.
func (d *Dir) Engines() (all []EngineState) {
	for _, e := range d.watched {
		all = append(all, EngineState{e.name, e.part, !e.down.Load()})
	}
	return all
}

// sharedEngines returns the shared engines of a directory.
func (d *Dir) sharedEngines() (all []*sharedEngine) {
	if d.engines.Counts != Embedded {
		all = append(all, &sharedEngine{name: d.engines.Counts, part: PartCounts, ask: func(ctx context.Context) error {
			_, err := d.Counts.Note(ctx)
			if p, _, failed := d.Counts.Position(ctx, store.JournalID(d.Journal.ID())); err == nil && failed == nil {
				d.replicated.Store(&p.Durable)
			}
			return err
		}})
	}
	if d.engines.Links != Embedded {
		all = append(all, &sharedEngine{name: d.engines.Links, part: PartLinks, ask: d.askLinks})
	}
	return all
}

// watchEngines asks the shared engines until ctx ends, and logs when links and users can
// no longer be reached, and when they can again.
func (d *Dir) watchEngines(ctx context.Context) {
	ticker := time.NewTicker(engineEvery)
	defer ticker.Stop()
	for {
		for _, e := range d.watched {
			asking, cancel := context.WithTimeout(ctx, engineTimeout)
			err := e.ask(asking)
			cancel()
			if ctx.Err() != nil {
				return
			}
			switch was := e.down.Swap(err != nil); {
			case e.part == PartCounts: // the recorder logs that
			case err != nil && !was:
				d.log.Warn("links and users cannot be reached. Only visitors of links that were visited on this server lately are redirected, and questions fail: look at PostgreSQL and the network", "error", err)
			case err == nil && was:
				d.log.Info("links and users can be reached again")
			}
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

// askLinks asks shared links and users how new they are. If they lack what this process
// changed, a standby took over that did not have it. Then the lost ids are not given out
// again, because journals may have clicks of them.
func (d *Dir) askLinks(ctx context.Context) error {
	known := d.progress.file.Record() // before the question: later changes are not missing
	now, err := d.DB.Links(ctx)
	if err != nil || !known.NewerThan(now) {
		return err
	}
	if err := d.DB.GiveUpIDs(ctx, known.Links); err != nil {
		return err
	}
	d.log.Error("PostgreSQL lost links, users or changes that were acknowledged: a standby took over that did not have them. Their ids are not used again. Make the standby synchronous, and look for what users miss",
		"version", now.Version, "acknowledged", known.Links.Version)
	return nil
}
