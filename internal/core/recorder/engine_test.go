package recorder_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// sharedEngine counts as an engine that several servers share: it keeps the greatest total that
// was sent of each cell and epoch. An epoch is a stretch of a journal. So what a journal sends
// for an epoch must always be the same. It forgets what is not durable when a test says so. Its
// methods are safe for concurrent use.
type sharedEngine struct {
	mu      sync.Mutex
	rng     *rand.Rand // guarded by mu
	rows    map[row]uint64
	minutes map[row]uint64
	durable map[store.JournalID]*settled
	open    map[store.JournalID]*unsettled
	known   map[store.JournalID]bool // a batch was added in this process
	// sent is the end of what was sent of a journal, also by an earlier process. No epoch ends
	// before it at another place than earlier: its total would have clicks of the next one too.
	sent    map[store.JournalID]uint64
	marks   map[string]sentMark
	deleted map[rollup.Scope]bool
	deletes []rollup.Scope // of all calls of Delete
	away    error          // of every call; nil if it answers
	fails   int            // in how many of 100 calls AddBatch sends some rows and fails
	loses   int            // in how many the engine forgets
}

// sentMark is a mark of a batch of a journal that ends at to.
type sentMark struct {
	store.Mark
	journal store.JournalID
	to      uint64
}

// row is a cell of an epoch.
type row struct {
	rollup.Key
	journal store.JournalID
	start   uint64 // of the epoch
}

// settled is what every replica has of a journal.
type settled struct {
	to            uint64
	known         bool
	journaled     map[uint64]rollup.Ledger // by segment
	late          rollup.Ledger
	deletedBefore map[uint64][]rollup.Scope // by segment
}

// unsettled is what one process has counted of a journal after that.
type unsettled struct {
	settled            // as it would be
	start, base uint64 // of the open epoch
	totals      map[rollup.Key]uint64
	minutes     map[rollup.Key]uint64
	lost        bool // the next call is ErrResume
}

func newSharedEngine(rng *rand.Rand) *sharedEngine {
	return &sharedEngine{
		rng: rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64())), rows: map[row]uint64{}, minutes: map[row]uint64{},
		durable: map[store.JournalID]*settled{}, open: map[store.JournalID]*unsettled{},
		known: map[store.JournalID]bool{}, sent: map[store.JournalID]uint64{}, marks: map[string]sentMark{}, deleted: map[rollup.Scope]bool{},
	}
}

func (s *settled) copy() settled {
	c := *s
	c.journaled, c.deletedBefore = maps.Clone(s.journaled), maps.Clone(s.deletedBefore)
	return c
}

// source is what is known of a journal. mu is held.
func (e *sharedEngine) source(id store.JournalID) *unsettled {
	if e.open[id] == nil {
		if e.durable[id] == nil {
			e.durable[id] = &settled{journaled: map[uint64]rollup.Ledger{}, deletedBefore: map[uint64][]rollup.Scope{}}
		}
		src := &unsettled{settled: e.durable[id].copy(), base: ^uint64(0)}
		src.known = src.known || e.known[id]
		src.begin(src.base)
		e.open[id] = src
	}
	return e.open[id]
}

// begin begins an epoch.
func (u *unsettled) begin(base uint64) {
	u.start, u.base, u.totals, u.minutes = u.to, base, map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
}

// forget makes the engine lose some of the rows that are not durable, and its memory. With
// restart, the process has ended; otherwise the next call of it is ErrResume.
func (e *sharedEngine) forget(restart bool) {
	e.set(func(e *sharedEngine) { e.lose(restart) })
}

// lose is forget. mu is held.
func (e *sharedEngine) lose(restart bool) {
	for _, rows := range []map[row]uint64{e.rows, e.minutes} {
		for r, n := range rows {
			if d := e.durable[r.journal]; d != nil && r.start >= d.to && e.rng.IntN(2) == 0 {
				if rows[r] = e.rng.Uint64N(n + 1); rows[r] == 0 {
					delete(rows, r)
				}
			}
		}
	}
	for id, m := range e.marks {
		if d := e.durable[m.journal]; d != nil && m.to > d.to && e.rng.IntN(2) == 0 {
			delete(e.marks, id)
		}
	}
	for id, src := range e.open {
		if restart {
			delete(e.open, id)
			delete(e.known, id)
		} else {
			src.lost = true
		}
	}
}

// set changes the engine.
func (e *sharedEngine) set(change func(*sharedEngine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

// check fails if the engine is away, or has forgotten what a process counted. mu is held.
func (e *sharedEngine) check(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if e.away != nil {
		return e.away
	}
	for id, src := range e.open {
		if src.lost {
			delete(e.open, id)
			return fmt.Errorf("replica: %w", store.ErrResume)
		}
	}
	return nil
}

func (e *sharedEngine) AddBatch(ctx context.Context, b *store.Batch) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.rng.IntN(100) < e.loses {
		e.lose(false)
	}
	if err := e.check(ctx); err != nil {
		return err
	}
	src := e.source(b.Journal)
	switch {
	case src.known && b.To <= src.to:
		return nil
	case src.known && b.From > src.to:
		return store.ErrGap
	case src.known && b.From < src.to:
		return store.ErrOverlap
	}
	e.sent[b.Journal] = max(e.sent[b.Journal], b.To)
	if src.base != b.Epoch {
		src.to = b.From
		e.end(b.Journal, src, b.Epoch)
	}
	fails := e.rng.IntN(100) < e.fails
	send := func(cells []rollup.Cell, totals map[rollup.Key]uint64, rows map[row]uint64) {
		for _, c := range cells {
			r := row{c.Key, b.Journal, src.start}
			if !fails || e.rng.IntN(2) == 0 {
				rows[r] = max(rows[r], totals[c.Key]+c.Clicks)
			}
			if !fails {
				totals[c.Key] += c.Clicks
			}
		}
	}
	send(b.Cells, src.totals, e.rows)
	send(b.Minutes, src.minutes, e.minutes)
	if fails {
		return fmt.Errorf("a reply was lost: %w", click.ErrUnavailable)
	}
	for _, m := range b.Marks {
		e.marks[fmt.Sprint(m.Input, m.Offset, m.Digest)] = sentMark{m, b.Journal, b.To}
	}
	l := src.journaled[b.Epoch]
	l.AddLedger(&b.Journaled)
	src.journaled[b.Epoch] = l
	src.late.AddLedger(&b.Late)
	if len(b.Deleted) > 0 {
		src.deletedBefore[b.Epoch] = slices.Concat(src.deletedBefore[b.Epoch], b.Deleted)
		e.delete(b.Deleted)
	}
	src.to, src.known, e.known[b.Journal] = b.To, true, true
	if e.rng.IntN(10) == 0 {
		_ = e.sync() // another goroutine calls Sync
	}
	return nil
}

// end ends an epoch where every process ends it. Sometimes the others have it at once.
func (e *sharedEngine) end(id store.JournalID, src *unsettled, base uint64) {
	if src.known && e.rng.IntN(3) == 0 {
		e.settle(id, src)
	}
	src.begin(base)
}

func (e *sharedEngine) settle(id store.JournalID, src *unsettled) {
	d := src.copy()
	e.durable[id] = &d
}

// Sync makes everything durable, and begins epochs.
func (e *sharedEngine) Sync(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.check(ctx); err != nil {
		return err
	}
	return e.sync()
}

// sync is Sync. mu is held.
func (e *sharedEngine) sync() error {
	for id, src := range e.open {
		if src.to < e.sent[id] {
			return fmt.Errorf("a batch is being sent: %w", click.ErrUnavailable)
		}
		if src.known {
			e.settle(id, src)
			src.begin(src.base)
		}
	}
	return nil
}

func (e *sharedEngine) Delete(ctx context.Context, scopes []rollup.Scope) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.check(ctx); err != nil {
		return err
	}
	for id, src := range e.open {
		e.end(id, src, src.base)
	}
	e.delete(scopes)
	return nil
}

func (e *sharedEngine) delete(scopes []rollup.Scope) {
	for _, s := range scopes {
		e.deleted[s] = true
	}
	e.deletes = append(e.deletes, scopes...)
}

func (e *sharedEngine) Position(ctx context.Context, id store.JournalID) (store.Position, bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away != nil {
		return store.Position{}, false, e.away
	}
	d := e.durable[id]
	if d == nil {
		d = new(settled)
	}
	if src := e.open[id]; src != nil && !src.lost {
		return store.Position{Counted: src.to, Durable: d.to}, src.known, nil
	}
	return store.Position{Counted: d.to, Durable: d.to}, d.known, nil
}

func (e *sharedEngine) Journals(context.Context) ([]store.JournalID, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Collect(maps.Keys(e.durable)), e.away
}

func (e *sharedEngine) Marks(_ context.Context, input [32]byte) (marks []store.Mark, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, m := range e.marks {
		if m.Input == input {
			marks = append(marks, m.Mark)
		}
	}
	return marks, e.away
}

func (e *sharedEngine) Deleted(context.Context) ([]rollup.Scope, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.SortedFunc(maps.Keys(e.deleted), compareScopes), e.away
}

func compareScopes(a, b rollup.Scope) int {
	return cmp.Or(cmp.Compare(a.User, b.User), cmp.Compare(a.Link, b.Link))
}

// Counts has the clicks of all journals.
func (e *sharedEngine) Counts(_ context.Context, q store.Query) ([]store.Count, error) {
	sums, err := e.cells(func(r row) bool {
		return r.Scope == q.Scope && r.Facet == q.Facet && r.Slot >= q.Edges[0] && r.Slot < q.Edges[len(q.Edges)-1]
	})
	var counts []store.Count
	for k, n := range sums {
		counts = append(counts, store.Count{Value: k.Value, Clicks: n})
	}
	return counts, err
}

// cells adds up the rows that pass.
func (e *sharedEngine) cells(pass func(row) bool) (map[rollup.Key]uint64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sums := map[rollup.Key]uint64{}
	for r, n := range e.rows {
		if pass(r) {
			sums[r.Key] += n
		}
	}
	return sums, e.away
}

// ofDay reports whether a row is of a journal, and of a day before a segment.
func ofDay(id store.Earlier, day store.ScopeDay, f rollup.Facet) func(row) bool {
	return func(r row) bool {
		return r.journal == id.Journal && r.start < id.Before && r.Scope == day.Scope && r.Facet == f && r.Slot >= day.Day && r.Slot < day.Day+rollup.Day
	}
}

func (e *sharedEngine) DayClicks(_ context.Context, id store.Earlier, days []store.ScopeDay) ([]uint64, error) {
	clicks := make([]uint64, len(days))
	for i, day := range days {
		sums, err := e.cells(ofDay(id, day, rollup.All))
		if err != nil {
			return nil, err
		}
		for _, n := range sums {
			clicks[i] += n
		}
	}
	return clicks, nil
}

func (e *sharedEngine) DayValues(_ context.Context, id store.Earlier, day store.ScopeDay, f rollup.Facet) ([]string, error) {
	sums, err := e.cells(ofDay(id, day, f))
	values := map[string]bool{}
	for k := range sums {
		values[k.Value] = true
	}
	return slices.Collect(maps.Keys(values)), err
}

func (e *sharedEngine) JournalDeleted(_ context.Context, id store.Earlier) (scopes []rollup.Scope, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away != nil {
		return nil, e.away
	}
	for base, some := range e.source(id.Journal).deletedBefore {
		if base < id.Before {
			scopes = append(scopes, some...)
		}
	}
	return scopes, nil
}

// minute returns the clicks of a minute that a journal has added. mu is held.
func (e *sharedEngine) minute(id store.JournalID, k rollup.Key) (clicks uint64) {
	for r, n := range e.minutes {
		if r.Key == k && r.journal == id {
			clicks += n
		}
	}
	return clicks
}
