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

// journalCheck counts the kept segments again and compares the results with the
// counts of each segment.
type journalCheck struct {
	snap    Counts
	journal *journal.Contents
	shared  bool // the counts have other journals, which other servers keep
	report  func(string)

	counted  uint64 // position
	reported uint64 // the position up to which flaws were reported
	segments int
	notes    []string

	different, unreadable int // findings
}

// differs reports a difference between counts and journal.
func (c *journalCheck) differs(finding string) { c.different++; c.report(finding) }

// damaged reports an unreadable stretch of the journal.
func (c *journalCheck) damaged(finding string) { c.unreadable++; c.report(finding) }

func (c *journalCheck) run(ctx context.Context, report func(string)) error {
	c.report = report
	source := store.JournalID(c.journal.ID())
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
	cut := map[uint64]bool{} // the positions where holes begin
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
		case cut[epoch.End]: // more was counted of it than it still has
		default:
			want := counted[epoch.Base]
			compare(&want, &epoch.Ledger, func(l rollup.Line, want, got rollup.Entry) {
				c.differs(fmt.Sprintf("journal segment %d %s: %d clicks were counted of it (checksum %s), but it has %d (%s)", epoch.Base, l, want.Clicks, want.Sum, got.Clicks, got.Sum))
			})
		}
	}
	if tail, ok := c.journal.LostTail(); ok && tail.To > c.reported {
		c.damaged(fmt.Sprintf("%v: %s", tail.Err, c.missing(tail.From, tail.To)))
	}
	if c.shared {
		return nil
	}
	return c.others(ctx, source)
}

// holes reports the stretches that are missing before and between the segments.
func (c *journalCheck) holes() {
	begins := c.journal.First()
	if trimmed := c.journal.Trimmed(); begins > trimmed {
		c.damaged(c.missing(trimmed, begins))
		begins = 0 // reported
	}
	for _, h := range c.journal.Holes() {
		if begins = h.To; c.counted >= h.To {
			c.notes = append(c.notes, fmt.Sprintf("positions %d to %d of the journal are missing, but were counted. A rebuild must start from counts that reach position %d", h.From, h.To, h.To))
		}
	}
	if c.counted < begins {
		c.differs(fmt.Sprintf("counted up to position %d, but the readable part of the journal starts at position %d", c.counted, begins))
	}
}

// flaws reports the unreadable stretches of a segment.
func (c *journalCheck) flaws(base uint64) error {
	flaws, err := c.journal.FlawsIn(base)
	for _, f := range flaws {
		c.reported = max(c.reported, f.To)
		switch {
		case f.Unknown:
			c.damaged(fmt.Sprintf("%v: nothing shows how long it was. Clicks in it from position %d on are not counted", f.Err, max(f.From, c.counted)))
			continue
		case f.From == f.To:
			c.damaged(fmt.Sprintf("%v; no click is lost", f.Err))
			continue
		}
		c.damaged(fmt.Sprintf("%v: %s", f.Err, c.missing(f.From, f.To)))
	}
	return err
}

// missing returns which clicks are lost with positions that cannot be read.
func (c *journalCheck) missing(from, to uint64) string {
	what := fmt.Sprintf("positions %d to %d of the journal cannot be read", from, to)
	if to <= c.counted {
		return what + ". The clicks in them are counted, and no click is lost"
	}
	from = max(from, c.counted)
	return what + fmt.Sprintf(". From position %d on, %d bytes, the clicks are not counted", from, to-from)
}

// others adds a note about each other journal that was counted.
func (c *journalCheck) others(ctx context.Context, source store.JournalID) error {
	sources, err := c.snap.Journals(ctx)
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
		c.notes = append(c.notes, fmt.Sprintf("the counts have the clicks up to position %d of journal %x, which is gone. Later clicks of it, if there were any, were not counted", pos.Counted, s))
	}
	return nil
}
