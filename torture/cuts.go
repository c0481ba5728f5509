package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
)

// cutsPerDisk is how often the power of one simulated disk is cut.
const cutsPerDisk = 8

// cuts cuts the power of a simulated disk with the journal and the counts, at a random
// operation of the disk. That may be one of opening them.
func cuts(t *trial) error {
	var c *cutting
	return t.each(func(rng *rand.Rand) (string, error) {
		if t.round%cutsPerDisk == 0 {
			c = &cutting{trial: t, mem: vfs.NewCrashableMem()}
		}
		did, err := c.runRound(rng)
		if err != nil || t.round%cutsPerDisk < cutsPerDisk-1 && t.round < t.rounds-1 {
			return did, err
		}
		e, err := c.open(c.mem, rng) // after the last cut of this disk
		if err != nil {
			return did, fmt.Errorf("open after a cut: %w", err)
		}
		c.compare(e)
		return did, e.close()
	})
}

type cutting struct {
	*trial
	mem      *vfs.MemFS
	links    [6]link
	before   [6]uint64 // counted at the last comparison
	imported atomic.Uint64
}

// engine holds the parts of footfall that record and count.
type engine struct {
	*recorder.Recorder
	journal *journal.Journal
	counts  *pebble.Store
}

func (c *cutting) open(fs vfs.FS, rng *rand.Rand) (*engine, error) {
	counts, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: [...]int{32 << 10, 256 << 10, 1 << 20}[rng.IntN(3)]})
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 2<<10 + rng.Int64N(60<<10)})
	if err != nil {
		return nil, errors.Join(err, counts.Close())
	}
	r, err := recorder.Open(context.Background(), recorder.Options{Journal: j, Counts: counts, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, j.Close(), counts.Close())
	}
	return &engine{r, j, counts}, nil
}

func (e *engine) close() error {
	ctx := context.Background()
	return errors.Join(e.Close(ctx), e.journal.Close(), e.counts.Sync(ctx), e.counts.Close())
}

// runRound opens what the last cut left, compares the counts, records clicks, and cuts
// the power again.
func (c *cutting) runRound(rng *rand.Rand) (did string, err error) {
	disk := newCutDisk(c.mem, rng)
	operations := 1 + rng.IntN(400)
	inOpening := rng.IntN(4) == 0
	if inOpening {
		operations = 1 + rng.IntN(30)
		disk.cutAfter(operations)
	}
	e, err := c.open(disk, rng)
	if err != nil {
		return "", fmt.Errorf("open after a cut: %w", err)
	}
	if !inOpening {
		c.compare(e)
		disk.cutAfter(operations)
	}
	var wg sync.WaitGroup
	for range 1 + rng.IntN(6) {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() { c.record(e, disk, rng) })
	}
	wg.Wait()
	disk.whilePowered(disk.cut) // if the round had fewer operations
	if err := e.close(); err != nil {
		return "", fmt.Errorf("close: %w", err)
	}
	c.mem = disk.after
	did = fmt.Sprintf("cut after %d operations", operations)
	if inOpening {
		return did + " from the start of opening", nil
	}
	return did + ", so far " + c.total.String(), nil
}

// record records clicks until the power is cut.
func (c *cutting) record(e *engine, disk *cutDisk, rng *rand.Rand) {
	ctx := context.Background()
	for range 2000 {
		l := rng.IntN(len(c.links))
		one := click.Click{
			Time: time.Now().UnixMilli(), User: click.UserID(1 + l%2), Link: click.LinkID(1 + l),
			Country: click.Country{'U', byte('A' + rng.IntN(26))}, Referrer: click.Referrer(fmt.Sprintf("http://example.org/%d", rng.IntN(300))),
		}
		n := uint64(1)
		if rng.IntN(20) == 0 {
			n = 1 + rng.Uint64N(300)
		}
		if !disk.whilePowered(func() { c.links[l].sent.Add(n) }) {
			return
		}
		var err error
		switch {
		case n > 1:
			batch := make([]click.Click, n)
			for i := range batch {
				batch[i] = one
			}
			err = e.Import(ctx, batch, store.Mark{Input: [32]byte{1}, Offset: c.imported.Add(1)})
		case rng.IntN(50) == 0:
			err = errors.Join(e.Record(ctx, one), e.counts.Sync(ctx))
		default:
			err = e.Record(ctx, one)
		}
		if err != nil {
			c.wrong("a click was not recorded: %v", err)
			return
		}
		disk.whilePowered(func() { c.links[l].answered.Add(n) })
	}
}

// compare checks everything after a cut.
func (c *cutting) compare(e *engine) {
	ctx := context.Background()
	if err := e.Drain(ctx); err != nil {
		c.wrong("counting failed after a cut: %v", err)
		return
	}
	if _, err := audit.Check(ctx, e.counts, &e.journal.Contents, func(finding string) { c.wrong("check: %s", finding) }); err != nil {
		c.wrong("check: %v", err)
	}
	var users [2]uint64
	for i := range c.links {
		l := &c.links[i]
		n, err := e.count(rollup.Scope{User: click.UserID(1 + i%2), Link: click.LinkID(1 + i)})
		if err != nil {
			c.wrong("%v", err)
			return
		}
		answered, sent := l.answered.Load(), l.sent.Load()
		if n < answered || n > sent {
			c.wrong("link %d: %d clicks are counted; %d were answered and %d sent", i, n, answered, sent)
		}
		c.total.sent += sent - c.before[i]
		c.total.answered += answered - c.before[i]
		c.total.counted += n - c.before[i]
		c.before[i] = n
		users[i%2] += n
		// From now on this number must not change.
		l.answered.Store(n)
		l.sent.Store(n)
	}
	for i, links := range users {
		if n, err := e.count(rollup.Scope{User: click.UserID(1 + i)}); err != nil || n != links {
			c.wrong("user %d has %d clicks (%v), but their links have %d", i, n, err, links)
		}
	}
}

func (e *engine) count(s rollup.Scope) (n uint64, err error) {
	counts, err := e.counts.Counts(context.Background(), store.Query{
		Scope: s, Facet: rollup.All, Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()},
	})
	for _, c := range counts {
		n += c.Clicks
	}
	return n, err
}
