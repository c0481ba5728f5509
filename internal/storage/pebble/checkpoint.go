package pebble

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// Checkpoint makes a store in dir, which must not exist, of all that is counted
// now. Files that never change again are shared with this store by hard links,
// so it costs little time and room. Both go their own ways from then on.
func (s *Store) Checkpoint(ctx context.Context, dir string) error {
	if err := s.uses.begin(); err != nil {
		return failed("checkpoint", err)
	}
	defer s.uses.end()
	if err := s.flush(ctx); err != nil {
		return failed("checkpoint", err)
	}
	if err := s.checkpoint(dir); err != nil {
		return failed("checkpoint in "+dir, err)
	}
	return nil
}

func (s *Store) checkpoint(dir string) (err error) {
	s.checkpoints.Lock()
	defer s.checkpoints.Unlock()
	defer func() {
		if p := recover(); p != nil {
			err = caught(p)
		}
	}()
	s.trouble.beside.Store(nil)
	if err := s.db.Checkpoint(dir); err != nil {
		return err
	}
	if err := s.trouble.beside.Load(); err != nil { // which the engine has not seen
		return errors.Join(fmt.Errorf("sync a directory: %w", *err), s.fs.RemoveAll(dir))
	}
	return nil
}

// Repair makes the sums of days anew where they do not agree with the
// quarter-hours, which must have been proven to be right. It returns how many
// months of a scope and facet it mended.
func (s *Store) Repair(ctx context.Context) (months int, err error) {
	if err := s.uses.begin(); err != nil {
		return 0, failed("repair", err)
	}
	defer s.uses.end()
	s.write.Lock()
	defer s.write.Unlock()
	if months, err = s.repair(ctx); err != nil {
		return months, failed("repair", err)
	}
	return months, nil
}

func (s *Store) repair(ctx context.Context) (months int, err error) {
	err = s.eachBlock(ctx, func(string) {}, func(at block, want, have map[string]*[31]uint64) error {
		if maps.EqualFunc(want, have, func(a, b *[31]uint64) bool { return *a == *b }) {
			return nil
		}
		months++
		return s.replaceMonth(at, want)
	})
	return months, err
}

// replaceMonth writes the sums of a block, and nothing else into its range.
func (s *Store) replaceMonth(at block, totals map[string]*[31]uint64) error {
	batch := s.db.NewBatch()
	defer batch.Close()
	prefix := appendPeriod(appendScope(nil, grainDay, at.scope, at.facet), at.month)
	if err := batch.DeleteRange(prefix, after(prefix), nil); err != nil {
		return err
	}
	for _, value := range slices.Sorted(maps.Keys(totals)) {
		var vector []byte
		prev := -1
		for day, clicks := range totals[value] {
			if clicks != 0 {
				vector = appendSlot(vector, prev, day, clicks)
				prev = day
			}
		}
		if err := batch.Set(append(slices.Clone(prefix), value...), vector, nil); err != nil {
			return err
		}
	}
	return s.apply(batch)
}

// Size is what the store takes on the disk, in bytes. It looks at the files: the
// engine would wait for a disk that fails.
func (s *Store) Size() (int64, error) {
	if err := s.uses.begin(); err != nil {
		return 0, failed("size", err)
	}
	defer s.uses.end()
	names, err := s.fs.List(s.dir)
	if err != nil {
		return 0, failed("size", err)
	}
	var size int64
	for _, name := range names {
		info, err := s.fs.Stat(s.fs.PathJoin(s.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went meanwhile
		}
		if err != nil {
			return 0, failed("size", err)
		}
		size += info.Size()
	}
	return size, nil
}
