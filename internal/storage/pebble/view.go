package pebble

import (
	"context"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/storage/store"
)

// view implements store.Reader over what r shows: all that is counted, or what
// was at the instant of a snapshot.
type view struct {
	db   *pebble.DB
	r    pebble.Reader
	uses *uses
	held int // bytes of values that a sum holds
}

// Snapshot is of store.Clicks. It costs nothing but the disk space of what is
// replaced while it is open.
func (s *Store) Snapshot(context.Context) (store.Snapshot, error) {
	if err := s.uses.begin(); err != nil {
		return nil, failed("snapshot", err)
	}
	closed := s.snapshots.add()
	of := s.db.NewSnapshot()
	return &snapshot{view{db: s.db, r: of, uses: s.uses, held: s.held}, of, closed}, nil
}

// snapshot is in use until it is closed.
type snapshot struct {
	view
	of     *pebble.Snapshot
	closed func()
}

func (s *snapshot) Close() error {
	defer s.uses.end()
	defer s.closed()
	if err := s.of.Close(); err != nil {
		return failed("close snapshot", err)
	}
	return nil
}
