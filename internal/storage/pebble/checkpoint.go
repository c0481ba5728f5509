package pebble

import (
	"context"
	"errors"
	"fmt"
)

// Checkpoint copies the counts as they are now to a new store in dir, which must
// not exist. Files that never change are shared by hard links, so it takes little
// time and space. Both stores are independent after that.
func (s *Store) Checkpoint(ctx context.Context, dir string) error {
	return s.calls.run("checkpoint in "+dir, func() error {
		if err := s.flush(ctx); err != nil {
			return err
		}
		return s.checkpoint(dir)
	})
}

func (s *Store) checkpoint(dir string) (err error) {
	s.checkpoints.Lock()
	defer s.checkpoints.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = caught(p)
		}
	}()
	s.faults.outside.Store(nil)
	if err := s.db.Checkpoint(dir); err != nil {
		return err
	}
	if err := s.faults.outside.Load(); err != nil { // not reported to the engine
		return errors.Join(fmt.Errorf("sync a directory: %w", *err), s.fs.RemoveAll(dir))
	}
	return nil
}
