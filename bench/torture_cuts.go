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

// diskLives is how many cuts one simulated disk goes through.
const diskLives = 8

// cuts cuts the power of a simulated disk on which the journal and the counts
// lie, at random operations of it, also while they are opened.
func cuts(t *trial) error {
	var c *cutting
	return t.each(func(rng *rand.Rand) (string, error) {
		if t.round%diskLives == 0 {
			c = &cutting{trial: t, mem: vfs.NewCrashableMem()}
		}
		did, err := c.life(rng)
		if err != nil || t.round%diskLives < diskLives-1 && t.round < t.rounds-1 {
			return did, err
		}
		h, err := c.open(c.mem, rng) // the last cut of this disk
		if err != nil {
			return did, fmt.Errorf("open after a cut: %w", err)
		}
		c.compare(h)
		return did, h.close()
	})
}

type cutting struct {
	*trial
	mem      *vfs.MemFS
	links    [6]townLink
	before   [6]uint64 // counted when they were compared last
	imported atomic.Uint64
}

// house is what footfall opens of a disk.
type house struct {
	*recorder.Recorder
	journal *journal.Journal
	clicks  *pebble.Store
}

func (c *cutting) open(fs vfs.FS, rng *rand.Rand) (*house, error) {
	clicks, err := pebble.Open(pebble.Options{Dir: "clicks", FS: fs, Cache: 1 << 20, MemTable: [...]int{32 << 10, 256 << 10, 1 << 20}[rng.IntN(3)]})
	if err != nil {
		return nil, err
	}
	j, err := journal.Open(journal.Options{Dir: "journal", FS: fs, SegmentSize: 2<<10 + rng.Int64N(60<<10)})
	if err != nil {
		return nil, errors.Join(err, clicks.Close())
	}
	r, err := recorder.Open(context.Background(), recorder.Options{Journal: j, Clicks: clicks, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, errors.Join(err, j.Close(), clicks.Close())
	}
	return &house{r, j, clicks}, nil
}

func (h *house) close() error {
	ctx := context.Background()
	return errors.Join(h.Close(ctx), h.journal.Close(), h.clicks.Sync(ctx), h.clicks.Close())
}

// life opens what the last cut left, compares, lets visitors click, and cuts
// the power again.
func (c *cutting) life(rng *rand.Rand) (did string, err error) {
	disk := newCutDisk(c.mem, rng)
	operations := 1 + rng.IntN(400)
	inOpening := rng.IntN(4) == 0
	if inOpening {
		operations = 1 + rng.IntN(30)
		disk.cutAfter(operations)
	}
	h, err := c.open(disk, rng)
	if err != nil {
		return "", fmt.Errorf("open after a cut: %w", err)
	}
	if !inOpening {
		c.compare(h)
		disk.cutAfter(operations)
	}
	var wg sync.WaitGroup
	for range 1 + rng.IntN(6) {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() { c.record(h, disk, rng) })
	}
	wg.Wait()
	disk.whilePowered(disk.cut) // if so many operations were not made
	if err := h.close(); err != nil {
		return "", fmt.Errorf("close: %w", err)
	}
	c.mem = disk.after
	did = fmt.Sprintf("cut after %d operations", operations)
	if inOpening {
		return did + " from the opening on", nil
	}
	return did + ", so far " + c.total.String(), nil
}

// record clicks until the power is cut.
func (c *cutting) record(h *house, disk *cutDisk, rng *rand.Rand) {
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
			err = h.Import(ctx, batch, store.Mark{Source: [32]byte{1}, Offset: c.imported.Add(1)})
		case rng.IntN(50) == 0:
			err = errors.Join(h.Record(ctx, one), h.clicks.Sync(ctx))
		default:
			err = h.Record(ctx, one)
		}
		if err != nil {
			c.wrong("a click was not recorded: %v", err)
			return
		}
		disk.whilePowered(func() { c.links[l].answered.Add(n) })
	}
}

// compare looks at everything after a cut.
func (c *cutting) compare(h *house) {
	ctx := context.Background()
	if err := h.Drain(ctx); err != nil {
		c.wrong("counting after a cut: %v", err)
		return
	}
	if _, err := audit.Check(ctx, h.clicks, h.journal, func(finding string) { c.wrong("check: %s", finding) }); err != nil {
		c.wrong("check: %v", err)
	}
	var users [2]uint64
	for i := range c.links {
		l := &c.links[i]
		n, err := h.count(rollup.Scope{User: click.UserID(1 + i%2), Link: click.LinkID(1 + i)})
		if err != nil {
			c.wrong("%v", err)
			return
		}
		answered, sent := l.answered.Load(), l.sent.Load()
		if n < answered || n > sent {
			c.wrong("link %d counts %d clicks; %d were answered and %d sent", i, n, answered, sent)
		}
		c.total.sent += sent - c.before[i]
		c.total.answered += answered - c.before[i]
		c.total.counted += n - c.before[i]
		c.before[i] = n
		users[i%2] += n
		// What is there now stays, and what is not never comes.
		l.answered.Store(n)
		l.sent.Store(n)
	}
	for i, links := range users {
		if n, err := h.count(rollup.Scope{User: click.UserID(1 + i)}); err != nil || n != links {
			c.wrong("user %d counts %d clicks (%v), his links %d", i, n, err, links)
		}
	}
}

func (h *house) count(s rollup.Scope) (n uint64, err error) {
	counts, err := h.clicks.Counts(context.Background(), store.Query{
		Scope: s, Facet: rollup.All, Edges: []int64{click.Earliest.Unix(), click.Latest.Unix()},
	})
	for _, c := range counts {
		n += c.Clicks
	}
	return n, err
}
