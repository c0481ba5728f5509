package feed

import (
	"bytes"
	"context"

	"github.com/footfall/footfall/internal/storage/store"
)

// takeRejected parses the lines between two marks that were found again, if the notes of
// the second one say that they were rejected. It records what can be taken now, with the
// same mark and other notes.
func (i *importing) takeRejected(ctx context.Context, m, before store.Mark, between []byte) error {
	i.last = m
	n, err := parseNotes(m.Notes)
	if err != nil {
		return err
	}
	i.earlier.add(n.taken)
	var c chunk
	var parsed []uint64 // lines in c
	waiting, number, inside := n.waiting, before.Lines, before.Inside
	for len(waiting) > 0 && len(between) > 0 {
		var line []byte
		line, between, _ = bytes.Cut(between, []byte("\n"))
		if inside { // the end of a line of the stretch before
			inside = false
			continue
		}
		number++
		for len(waiting) > 0 && waiting[0] < number {
			waiting = waiting[1:] // it lies before the first mark
		}
		if len(waiting) == 0 || waiting[0] != number {
			continue
		}
		if err := c.take(i.parse, number, line); err == nil {
			parsed = append(parsed, number)
		} else if !isOfFormat(err) {
			i.alien++
		}
		if c.full() {
			if err := i.recordTaken(ctx, &m, &n, &c, parsed); err != nil {
				return err
			}
			c, parsed = chunk{}, nil
		}
	}
	return i.recordTaken(ctx, &m, &n, &c, parsed)
}

// recordTaken records the clicks, links and users of the parsed lines, except lines that are
// still rejected.
func (i *importing) recordTaken(ctx context.Context, m *store.Mark, n *notes, c *chunk, parsed []uint64) error {
	if len(parsed) == 0 {
		return nil
	}
	resolving := &i.resolver.im.deletions.resolving
	resolving.RLock()
	defer resolving.RUnlock()
	clicks, err := i.resolver.resolve(ctx, c, func(Rejected) {})
	if err != nil {
		return err
	}
	taken := c.sum
	taken.lines -= taken.rejected
	taken.rejected = 0
	if taken.lines == 0 {
		return nil
	}
	n.taken.add(taken)
	n.waiting = without(n.waiting, without(parsed, c.waiting))
	m.Notes = n.encode()
	if err := i.recorder.Import(ctx, clicks, *m); err != nil {
		return err
	}
	i.now.add(taken)
	return nil
}

// without is the numbers that are not among the others. Both ascend.
func without(numbers, others []uint64) []uint64 {
	kept := make([]uint64, 0, len(numbers))
	for _, n := range numbers {
		for len(others) > 0 && others[0] < n {
			others = others[1:]
		}
		if len(others) == 0 || others[0] != n {
			kept = append(kept, n)
		}
	}
	return kept
}
