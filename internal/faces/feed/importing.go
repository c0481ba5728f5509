package feed

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/footfall/footfall/internal/storage/store"
)

// importing is one import while it runs.
type importing struct {
	recorder Recorder
	cancel   func() // stops reading the input
	parse    parser
	resolver resolver

	last    store.Mark // the last mark that was recorded or found
	unended uint64     // rejected lines after it
	alien   uint64     // rejected lines that are not of the format
	// Lines before the last mark that was found, and that were rejected at first: earlier
	// counts those that earlier imports took, now those that this one took.
	earlier, now tally
	// cut is the lines after the last mark that was found, if they are the start of a
	// stretch that is known.
	cut tally
}

// recordAll records chunk by chunk, while the next one is read.
func (i *importing) recordAll(ctx context.Context, rest *lines, reject func(Rejected)) error {
	var one sync.Mutex // lines are rejected while they are read, and while they are resolved
	rejectOne := func(l Rejected) {
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
	s := scanner{lines: rest, number: i.last.Lines, parse: i.parse, reject: rejectOne, spare: make(chan []entry, 2)}
	go s.scan(ctx, chunks)
	for c := range chunks {
		// The bytes before a read error may be damaged too.
		if whole := c.err == nil || errors.Is(c.err, io.EOF); whole && c.offset > i.last.Offset {
			if err := i.record(ctx, &c, &before, rejectOne); err != nil {
				i.cancel()
				for range chunks { // until scan has ended
				}
				return err
			}
		}
		s.recycle(&c)
		i.unended = c.unended
		i.alien += c.alien
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			err = c.err
		}
	}
	if err == nil {
		err = ctx.Err() // scan ends early for it, without an error
	}
	return err
}

// record records a chunk and the mark after it. It reports rejected lines after that,
// because a deletion waits until then, and reject may be slow.
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

// result counts the lines of the input by their outcome. Those before the mark at were known
// when this import began.
func (i *importing) result(at store.Mark) Result {
	n, _ := parseNotes(i.last.Notes) // encode wrote them, or they were parsed before
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
