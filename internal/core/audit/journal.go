package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// journalCheck counts the kept segments again and compares them with what was
// counted of them.
type journalCheck struct {
	snap    store.Reader
	journal *journal.Contents
	// differs hears where counts and journal do not agree, damaged what cannot
	// be read.
	differs, damaged func(string)

	counted  uint64 // position
	named    uint64 // up to where flaws were named
	segments int
	notes    []string
}

func (c *journalCheck) run(ctx context.Context) error {
	source := store.SourceID(c.journal.ID())
	pos, _, err := c.snap.Position(ctx, source)
	if err != nil {
		return err
	}
	c.counted = pos.Counted
	counted, err := c.snap.Epochs(ctx, source)
	if err != nil {
		return err
	}
	c.holes()
	cut := map[uint64]bool{} // where holes begin
	for _, h := range c.journal.Holes() {
		cut[h.From] = true
	}
	total := int64(0)
	for _, s := range c.journal.Segments() {
		total += int64(s.End - s.Base)
	}
	meter.Begin(ctx, "journal", meter.Bytes, total)
	for epoch, err := range recorder.Recount(ctx, c.journal, c.counted) {
		c.segments++
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, journal.ErrCorrupt):
			if err := c.flaws(epoch.Base); err != nil {
				return err
			}
		case err != nil:
			c.differs(fmt.Sprintf("journal segment %d cannot be counted again: %v", epoch.Base, err))
		case cut[epoch.End]: // more was counted of it than there is
		default:
			want := counted[epoch.Base]
			compare(&want, &epoch.Ledger, func(l rollup.Line, want, got rollup.Entry) {
				c.differs(fmt.Sprintf("journal segment %d %s: %d clicks were counted of it (checksum %s), it holds %d (%s)", epoch.Base, l, want.Clicks, want.Sum, got.Clicks, got.Sum))
			})
		}
	}
	if tail, ok := c.journal.Tail(); ok && tail.To > c.named {
		c.damaged(fmt.Sprintf("%v: %s", tail.Err, c.missing(tail.From, tail.To)))
	}
	return c.others(ctx, source)
}

// holes looks at what is missing before and between the segments.
func (c *journalCheck) holes() {
	begins := c.journal.First()
	if trimmed := c.journal.Trimmed(); begins > trimmed {
		c.damaged(c.missing(trimmed, begins))
		begins = 0 // it is said
	}
	for _, h := range c.journal.Holes() {
		if begins = h.To; c.counted >= h.To {
			c.notes = append(c.notes, fmt.Sprintf("positions %d to %d of the journal are missing; the counts reach beyond, and a rebuild must begin with counts that do", h.From, h.To))
		}
	}
	if c.counted < begins {
		c.differs(fmt.Sprintf("the counts reach position %d of the journal only, and what is whole of it begins at position %d", c.counted, begins))
	}
}

// flaws names what cannot be read of a segment.
func (c *journalCheck) flaws(base uint64) error {
	flaws, err := c.journal.Flaws(base)
	for _, f := range flaws {
		c.named = max(c.named, f.To)
		switch {
		case f.Unknown:
			c.damaged(fmt.Sprintf("%v: nothing tells how much was in it; what was there from position %d on is not counted", f.Err, max(f.From, c.counted)))
			continue
		case f.From == f.To:
			c.damaged(fmt.Sprintf("%v; no click is lost with that", f.Err))
			continue
		}
		c.damaged(fmt.Sprintf("%v: %s", f.Err, c.missing(f.From, f.To)))
	}
	return err
}

// missing tells what is lost with positions that cannot be read.
func (c *journalCheck) missing(from, to uint64) string {
	what := fmt.Sprintf("positions %d to %d of the journal cannot be read", from, to)
	if to <= c.counted {
		return what + "; what was there is counted, and no click is lost"
	}
	from = max(from, c.counted)
	return what + fmt.Sprintf("; from %d on, %d bytes, what was there is not counted", from, to-from)
}

// others notes what was counted of journals that are not here.
func (c *journalCheck) others(ctx context.Context, source store.SourceID) error {
	sources, err := c.snap.Sources(ctx)
	if err != nil {
		return err
	}
	for _, s := range sources {
		if s == source {
			continue
		}
		pos, _, err := c.snap.Position(ctx, s)
		if err != nil {
			return err
		}
		c.notes = append(c.notes, fmt.Sprintf("the counts hold what came before position %d of the journal %x, which is gone; clicks behind it, if there were any, were not counted", pos.Counted, s))
	}
	return nil
}
