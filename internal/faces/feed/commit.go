package feed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"

	"github.com/footfall/footfall/internal/storage/store"
)

// importing is an import under way.
type importing struct {
	recorder Recorder
	cancel   func() // ends the reading of the input
	parse    parser
	resolver resolver

	last    store.Mark // the last one recorded, or found
	unended uint64     // lines rejected behind it
	alien   uint64     // of all rejected lines, those that have not the format
	// Of the lines before the marks that were found, which were rejected at
	// first: what earlier imports took, and what this one did.
	earlier, now tally
	// cut is the lines behind the last mark that was found, where they are the begin
	// of a stretch that is known.
	cut tally
}

// again looks again at the lines between two marks that were found, of which
// the second one's notes say that they wait. What can be taken is recorded with
// the same mark and other notes.
func (i *importing) again(ctx context.Context, m, before store.Mark, between []byte) error {
	i.last = m
	n, err := parseNotes(m.Notes)
	if err != nil {
		return err
	}
	i.earlier.add(n.taken)
	var c chunk
	var looked []uint64
	waiting, number, inside := n.waiting, before.Lines, before.Inside
	for len(waiting) > 0 && len(between) > 0 {
		var line []byte
		line, between, _ = bytes.Cut(between, []byte("\n"))
		if inside { // the end of a line that is dealt with
			inside = false
			continue
		}
		number++
		for len(waiting) > 0 && waiting[0] < number {
			waiting = waiting[1:] // it lies before the mark before
		}
		if len(waiting) == 0 || waiting[0] != number {
			continue
		}
		if err := c.take(i.parse, number, line); err == nil {
			looked = append(looked, number)
		} else if !isOfFormat(err) {
			i.alien++
		}
		if c.full() {
			if err := i.retake(ctx, &m, &n, &c, looked); err != nil {
				return err
			}
			c, looked = chunk{}, nil
		}
	}
	return i.retake(ctx, &m, &n, &c, looked)
}

// retake records what the lines bring that were looked at again, but for those
// that are rejected still.
func (i *importing) retake(ctx context.Context, m *store.Mark, n *notes, c *chunk, looked []uint64) error {
	if len(looked) == 0 {
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
	n.waiting = without(n.waiting, without(looked, c.waiting))
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

// commit records chunk by chunk, while the next one is read.
func (i *importing) commit(ctx context.Context, behind *lines, reject func(Rejected)) error {
	var one sync.Mutex // lines are rejected as they are read, and as they are resolved
	told := func(l Rejected) {
		one.Lock()
		defer one.Unlock()
		reject(l)
	}
	at, err := parseNotes(i.last.Notes)
	if err != nil {
		return err
	}
	before := notes{users: at.users, links: at.links}
	chunks := make(chan chunk, 1)
	s := scanner{lines: behind, number: i.last.Lines, parse: i.parse, reject: told}
	go s.scan(ctx, chunks)
	for c := range chunks {
		// What comes with an error may be damaged itself.
		if whole := c.err == nil || errors.Is(c.err, io.EOF); whole && c.offset > i.last.Offset {
			if err := i.record(ctx, &c, &before, told); err != nil {
				i.cancel()
				for range chunks { // until scan has stopped
				}
				return err
			}
		}
		i.unended = c.unended
		i.alien += c.alien
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			err = c.err
		}
	}
	if err == nil {
		err = ctx.Err() // scan may have stopped for it without a word
	}
	return err
}

// record records a chunk and the mark behind it, and tells of rejected lines:
// after that, for a deletion waits meanwhile, and whoever hears may be slow.
func (i *importing) record(ctx context.Context, c *chunk, before *notes, reject func(Rejected)) error {
	var rejected []Rejected
	err := i.resolveAndRecord(ctx, c, before, func(l Rejected) { rejected = append(rejected, l) })
	for _, l := range rejected {
		reject(l)
	}
	return err
}

func (i *importing) resolveAndRecord(ctx context.Context, c *chunk, before *notes, reject func(Rejected)) error {
	resolving := &i.resolver.im.deletions.resolving
	resolving.RLock()
	defer resolving.RUnlock()
	clicks, err := i.resolver.resolve(ctx, c, reject)
	if err != nil {
		return err
	}
	n := notes{users: before.users + c.sum.users, links: before.links + c.sum.links, waiting: c.waiting, prints: c.prints.list}
	m := i.last
	m.Offset, m.Digest, m.Inside, m.Prev = c.offset, c.digest, c.inside, i.last.Offset
	m.Lines += c.sum.lines
	m.Clicks += c.sum.clicks
	m.Skipped += c.sum.skipped
	m.Rejected += c.sum.rejected
	m.Notes = n.encode()
	if err := i.recorder.Import(ctx, clicks, m); err != nil {
		return err
	}
	i.last = m
	before.users, before.links = n.users, n.links
	return nil
}

// result is what became of the input, which was known up to a mark.
func (i *importing) result(at store.Mark) Result {
	n, _ := parseNotes(i.last.Notes) // ours, or read well before
	later := i.earlier
	later.add(i.now)
	return Result{
		Lines:    i.last.Lines + i.unended + i.cut.lines,
		Clicks:   i.last.Clicks - at.Clicks + i.now.clicks,
		Known:    at.Clicks + i.earlier.clicks + i.cut.clicks,
		Skipped:  i.last.Skipped + later.skipped + i.cut.skipped,
		Rejected: i.last.Rejected - min(later.lines, i.last.Rejected) + i.unended + i.cut.rejected,
		Users:    n.users + later.users + i.cut.users,
		Links:    n.links + later.links + i.cut.links,
		NoLink:   i.resolver.noLink,
		Alien:    i.alien,
	}
}
