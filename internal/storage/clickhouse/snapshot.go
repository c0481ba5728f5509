package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// view answers questions: about the counts as they are, or as they were when a snapshot was
// taken.
type view struct {
	s *Store
	// frozen is nil for the counts as they are.
	frozen *Snapshot
}

// Snapshot is store.Snapshot. It shows the counts of the journals of this process as they
// were. Questions about those of other processes show what they count meanwhile; positions and proofs do
// not. Batches of this process wait snapshotPatience for snapshots to be closed. Then they begin an
// epoch.
type Snapshot struct {
	view
	// split says that later clicks are in later epochs than those of sources.
	split   bool
	lost    bool
	sources map[store.JournalID]*source
	// excluded has the deletions that were not complete. last is the start of the last epoch of each
	// journal that every replica had.
	excluded *exclusions
	last     map[store.JournalID]uint64
	stamp    uint64 // marks with a later one are left out
	// forgotten are journals of this process that were to be read again. They are shown as those of
	// other processes are.
	forgotten map[store.JournalID]bool
}

// Snapshot implements store.ClickCounts.
func (s *Store) Snapshot(ctx context.Context) (_ store.Snapshot, err error) {
	defer wrap("snapshot", &err)
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap, nil
}

func (s *Store) snapshot(ctx context.Context) (*Snapshot, error) {
	snap := &Snapshot{sources: map[store.JournalID]*source{}, forgotten: map[store.JournalID]bool{}}
	snap.view = view{s: s, frozen: snap}
	var err error
	if snap.excluded, err = s.exclude(ctx); err != nil {
		return nil, err
	}
	last := map[store.JournalID]uint64{}
	if err := s.lastEpochs(ctx, "1", func(id store.JournalID, start, _ uint64) { last[id] = start }); err != nil {
		return nil, err
	}
	snap.last = last
	if err := s.adding.Acquire(ctx, exclusive); err != nil {
		return nil, err
	}
	defer s.adding.Release(exclusive)
	snap.stamp = s.stamp()
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, src := range s.sources {
		snap.sources[id] = src.copy()
	}
	for id := range s.forgotten {
		snap.forgotten[id] = true
	}
	s.open[snap] = true
	return snap, nil
}

// Close implements store.Snapshot.
func (snap *Snapshot) Close() error {
	snap.close()
	return nil
}

func (snap *Snapshot) close() {
	s := snap.s
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, snap)
	close(s.closed)
	s.closed = make(chan struct{})
}

// exclusions returns what the view leaves out.
func (v *view) exclusions(ctx context.Context) (*exclusions, error) {
	x, err := v.s.exclude(ctx)
	if v.frozen == nil || err != nil {
		return x, err
	}
	then := *v.frozen.excluded
	then.dead, then.layouts = x.dead, x.layouts
	return &then, nil
}

// reading says which rows of cells and minutes the view shows, and where they are.
type reading struct {
	shards    []*shard
	layouts   layouts
	condition string // a suffix for other conditions
}

// reading returns what the view shows now.
func (v *view) reading(ctx context.Context) (*reading, error) {
	x, err := v.exclusions(ctx)
	if err != nil {
		return nil, err
	}
	shards, err := v.s.shards(ctx)
	if err != nil {
		return nil, err
	}
	r := &reading{shards: shards, layouts: x.layouts, condition: x.dead + x.deletions("deletion")}
	if v.frozen == nil {
		return r, nil
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.frozen.lost {
		return nil, errLost
	}
	for id, src := range v.frozen.sources {
		r.condition += fmt.Sprintf(" AND NOT (source = %s AND epoch >= %d)", literal(id[:]), src.counted)
	}
	for id := range v.s.sources {
		if _, ok := v.frozen.last[id]; !ok && v.frozen.sources[id] == nil && !v.frozen.forgotten[id] { // it came later
			r.condition += fmt.Sprintf(" AND source != %s", literal(id[:]))
		}
	}
	return r, nil
}

// ask asks the shards that may have rows of a scope. The statement has %s for the condition.
func (r *reading) ask(ctx context.Context, scope rollup.Scope, statement string) (all []*answer, err error) {
	for _, i := range r.layouts.shardsOf(scope) {
		answers, err := r.shards[i].ask(ctx, fmt.Sprintf(statement, r.condition))
		if err != nil {
			return nil, err
		}
		all = append(all, answers...)
	}
	return all, nil
}

// upToSnapshot is the condition of the epochs that the view shows, as a suffix for others.
func (v *view) upToSnapshot() string {
	if v.frozen == nil || v.frozen.last == nil {
		return ""
	}
	var parts []string
	for id, start := range v.frozen.last {
		parts = append(parts, fmt.Sprintf("source = %s AND epoch <= %d", literal(id[:]), start))
	}
	return " AND (" + strings.Join(append(parts, "0"), " OR ") + ")"
}

// errLost says that clicks of a snapshot are counted again.
var errLost = fmt.Errorf("%w: clicks of the snapshot are counted again", click.ErrUnavailable)

// own returns the sources of this process, as the view shows them.
func (v *view) own() map[store.JournalID]*source {
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.frozen != nil {
		return v.frozen.sources
	}
	own := map[store.JournalID]*source{}
	for id, src := range v.s.sources {
		own[id] = src.copy()
	}
	return own
}
