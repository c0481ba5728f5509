package clickhouse

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
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
// were. Those of other processes change meanwhile. Batches of this process wait
// snapshotPatience for snapshots to be closed. Then they begin an epoch.
type Snapshot struct {
	view
	// split says that later clicks are in later epochs than those of sources.
	split   bool
	lost    bool
	sources map[store.JournalID]*source
	hidden  []uint64 // the numbers of later deletions of this process
}

// Snapshot implements store.ClickCounts.
func (s *Store) Snapshot(context.Context) (store.Snapshot, error) {
	s.adding.Lock()
	defer s.adding.Unlock()
	snap := &Snapshot{sources: map[store.JournalID]*source{}}
	snap.view = view{s: s, frozen: snap}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, src := range s.sources {
		snap.sources[id] = src.copy()
	}
	s.open[snap] = true
	return snap, nil
}

// Close implements store.Snapshot.
func (snap *Snapshot) Close() error {
	s := snap.s
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, snap)
	close(s.closed)
	s.closed = make(chan struct{})
	return nil
}

// condition is the condition of the rows that the view shows, as a suffix for other conditions. It
// is often empty.
func (v *view) condition(ctx context.Context) (string, error) {
	dead, err := v.s.dead(ctx)
	if v.frozen == nil || err != nil {
		return dead, err
	}
	v.s.mu.Lock()
	defer v.s.mu.Unlock()
	if v.frozen.lost {
		return "", errLost
	}
	var b strings.Builder
	b.WriteString(dead)
	b.WriteString(v.frozen.withoutHidden("deletion"))
	if v.frozen.split {
		for id := range v.s.sources {
			end := uint64(0) // of a journal that came later
			if src := v.frozen.sources[id]; src != nil {
				end = src.counted
			}
			fmt.Fprintf(&b, " AND NOT (source = %s AND epoch >= %d)", literal(id[:]), end)
		}
	}
	return b.String(), nil
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

// withoutHidden is the condition that a number is not that of a later deletion. The caller holds
// mu.
func (snap *Snapshot) withoutHidden(column string) string {
	if snap == nil || len(snap.hidden) == 0 {
		return ""
	}
	numbers := make([]string, len(snap.hidden))
	for i, n := range snap.hidden {
		numbers[i] = strconv.FormatUint(n, 10)
	}
	return " AND " + column + " NOT IN (" + strings.Join(numbers, ", ") + ")"
}
