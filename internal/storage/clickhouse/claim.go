package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
)

// A process claims the journals that it counts. If a directory was copied, and both copies are in use, the
// later process has the claim, and the earlier one stops counting: their journals have one id, and
// different clicks.

// claimCheck is how often a process looks whether it still has its claims, while it counts.
const claimCheck = 5 * time.Second

func claimName(id store.JournalID) string { return fmt.Sprintf("process that counts %x", id) }

// claim takes a journal, unless this process has had it before: then it must have it still.
func (s *Store) claim(ctx context.Context, id store.JournalID) error {
	s.mu.Lock()
	_, before := s.claimed[id]
	s.mu.Unlock()
	if before {
		return s.checkClaim(ctx, id)
	}
	shards, err := s.shards(ctx)
	if err != nil {
		return err
	}
	_, version, err := s.metaRow(ctx, claimName(id))
	if err != nil {
		return err
	}
	rows := metaTable.block()
	rows.add(claimName(id), max(version+1, s.stamp()), string(s.process[:]))
	if err := s.insertMeta(ctx, shards, metaTable, rows); err != nil {
		return err
	}
	s.mu.Lock()
	s.claimed[id] = time.Now()
	s.mu.Unlock()
	return nil
}

// keepClaim looks now and then whether this process has a journal still. It fails with
// store.ErrTaken if not.
func (s *Store) keepClaim(ctx context.Context, id store.JournalID) error {
	s.mu.Lock()
	looked := s.claimed[id]
	s.mu.Unlock()
	if time.Since(looked) < claimCheck {
		return nil
	}
	return s.checkClaim(ctx, id)
}

func (s *Store) checkClaim(ctx context.Context, id store.JournalID) error {
	value, _, err := s.metaRow(ctx, claimName(id))
	if err != nil {
		return err
	}
	if value != string(s.process[:]) {
		return store.ErrTaken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claimed[id] = time.Now()
	return nil
}
