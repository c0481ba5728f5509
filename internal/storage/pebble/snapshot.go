package pebble

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/storage/store"
)

// view reads the counts through r. In a Store r is db, which the Store also writes; in
// a snapshot r is the state when the snapshot was made. It implements store.Questions,
// store.Progress and store.Proof.
type view struct {
	calls *calls
	db    *pebble.DB
	r     pebble.Reader
	held  int    // bytes of values that a sum holds
	busy  uint64 // clicks of a busy month
}

// each calls f with every key that starts with prefix, and its value.
func (v *view) each(ctx context.Context, prefix []byte, f func(key, value []byte) error) (err error) {
	it, err := v.r.NewIterWithContext(ctx, &pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return err
		}
		if err := f(it.Key(), value); err != nil {
			return err
		}
	}
	return it.Error()
}

// Snapshot implements store.ClickCounts. It costs the disk space of the data that are
// replaced while it is open, and nothing else.
func (s *Store) Snapshot(context.Context) (store.Snapshot, error) {
	if err := s.calls.begin(); err != nil { // until it is closed
		return nil, failed("snapshot", err)
	}
	closed := s.snapshots.add()
	engine := s.db.NewSnapshot()
	return &snapshot{view{calls: s.calls, db: s.db, r: engine, held: s.held, busy: s.busy}, engine, closed}, nil
}

// snapshot counts as a call in progress until it is closed.
type snapshot struct {
	view
	engine *pebble.Snapshot
	closed func()
}

func (s *snapshot) Close() error {
	defer s.calls.end()
	defer s.closed()
	if err := s.engine.Close(); err != nil {
		return failed("close snapshot", err)
	}
	return nil
}
