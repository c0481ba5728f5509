package feed

import (
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// The clicks of a batch of links are recorded once. Before its links are made, a mark at the
// end of the batch says of which lines the clicks will be recorded. If the import is cut off,
// or does not want clicks, the links are known the next time, and that mark says that their
// clicks still count. While clicks are recorded, the mark says how many of them are.

// counts reports whether the clicks of a link count.
func (p *plan) counts() bool {
	return p.clicks > 0 && (p.verdict == Made || p.verdict == Known && p.begun)
}

// findBegun finds the lines of which an earlier import of the file has left the clicks, and
// returns what the mark says.
func (x *linksImport) findBegun(b *csvBatch, plans []plan) (n notes, err error) {
	i := slices.IndexFunc(x.marks, func(m store.Mark) bool { return m.Offset == b.offset && m.Digest == b.digest })
	if x.seen = i >= 0; !x.seen {
		return notes{}, nil
	}
	n, err = parseNotes(x.marks[i].Notes)
	for i := range plans {
		_, plans[i].begun = slices.BinarySearch(n.waiting, plans[i].line)
	}
	return n, err
}

// beginCounts records a mark with the lines of which the clicks count, unless there is one
// already.
func (x *linksImport) beginCounts(ctx context.Context, b *csvBatch, plans []plan, n notes) error {
	lines := counting(plans)
	if n.taken.clicks > 0 || slices.Equal(lines, n.waiting) {
		return nil
	}
	return x.record(ctx, b, nil, notes{waiting: lines})
}

// counting lists the lines of which the clicks count.
func counting(plans []plan) (lines []uint64) {
	for i := range plans {
		if plans[i].counts() {
			lines = append(lines, plans[i].line)
		}
	}
	return lines
}

// record records clicks, and the mark at the end of the batch.
func (x *linksImport) record(ctx context.Context, b *csvBatch, clicks []click.Click, n notes) error {
	m := store.Mark{Input: x.source, Offset: b.offset, Digest: b.digest, Lines: b.lines, Skipped: b.lines, Notes: n.encode()}
	if err := x.im.Recorder.Import(ctx, clicks, m); err != nil {
		return fmt.Errorf("import clicks: %w", err)
	}
	x.result.Clicks += uint64(len(clicks))
	return nil
}

// recordCounts records the clicks of the links that count, except those that an earlier
// import has recorded.
func (x *linksImport) recordCounts(ctx context.Context, b *csvBatch, plans []plan, earlier uint64) error {
	waiting := counting(plans)
	if len(waiting) == 0 {
		return nil
	}
	var clicks []click.Click
	recorded := earlier
	for i := range plans {
		p := &plans[i]
		done := uint64(0)
		if p.begun {
			done = min(p.clicks, earlier)
			earlier -= done
		}
		if !p.counts() {
			continue
		}
		left := p.clicks
		if p.verdict == Known { // otherwise the link was deleted, with its clicks
			left -= done
		}
		c := click.Click{Time: p.created * 1000, User: x.user, Link: p.id, Imported: true}
		for ; left > 0; left-- {
			if clicks = append(clicks, c); len(clicks) < maxEntries {
				continue
			}
			recorded += uint64(len(clicks))
			if err := x.record(ctx, b, clicks, notes{waiting: waiting, taken: tally{clicks: recorded}}); err != nil {
				return err
			}
			clicks = clicks[:0]
		}
	}
	return x.record(ctx, b, clicks, notes{})
}
