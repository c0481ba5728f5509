package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// AddBatch implements store.Counting.
func (s *Store) AddBatch(ctx context.Context, b *store.Batch) error {
	return s.calls.run("add a batch", func() error {
		if err := s.addBatch(ctx, b); err != nil {
			return fmt.Errorf("positions %d to %d: %w", b.From, b.To, err)
		}
		return nil
	})
}

func (s *Store) addBatch(ctx context.Context, b *store.Batch) (err error) {
	if b.From > b.To {
		return errors.New("the batch ends before it starts")
	}
	if b.MinutesFrom < 0 || b.MinutesFrom%hour != 0 {
		return fmt.Errorf("minutes are kept from second %d, which is not the start of an hour", b.MinutesFrom)
	}
	s.write.Lock()
	defer s.write.Unlock()
	defer func() {
		if err != nil {
			clear(s.months)
		}
	}()
	if err := ctx.Err(); err != nil {
		return err
	}
	counted, known, err := counted(s.db, b.Journal)
	switch {
	case err != nil:
		return err
	case known && b.To <= counted:
		return nil
	case known && b.From > counted:
		return store.ErrGap
	case known && b.From < counted:
		return store.ErrOverlap
	}

	quarters, err := rowsOf(grainQuarter, b.Cells)
	if err != nil {
		return err
	}
	minutes, err := rowsOf(grainMinute, b.Minutes)
	if err != nil {
		return err
	}
	batch := s.db.NewBatchWithSize(rowSize * (quarters.rows + minutes.rows + 16))
	defer batch.Close()
	if err := s.fill(batch, b, quarters, minutes); err != nil {
		return err
	}
	if err := s.apply(batch); err != nil {
		return err
	}

	for i := range quarters.rows {
		if q := quarters.at(i); q.link == uint64(click.AllLinks) && (q.facet == rollup.All || q.facet == rollup.Bot) {
			s.unflushed += q.clicks
		}
	}
	if s.unflushed >= flushEvery {
		if _, _, err := s.beginFlush(); err != nil {
			return err
		}
		s.unflushed = 0
	}
	return nil
}

// rowSize is about the number of bytes that a row of a large batch takes, with its share of sums of days: 24 to 37 in
// imports of realistic clicks. A batch without enough room is copied into one with twice as much.
const rowSize = 40

// fill fills the engine's batch in the order of the keys: the engine sorts a large batch, which takes
// little time then.
func (s *Store) fill(batch *pebble.Batch, b *store.Batch, quarters, minutes sorted) error {
	var cells rollup.Ledger
	cells.Add(b.Cells...)
	for _, add := range [...]func() error{
		grainDay:   func() error { return s.addDays(batch, dayRows(quarters)) },
		keyEpoch:   func() error { return addLedger(s.db, batch, epochKey(b.Journal, b.Epoch), &b.Journaled) },
		keyRemoved: func() error { return s.addLate(batch, &b.Late) },
		keyHighest: func() error { return s.raiseHighest(batch, quarters) },
		keyMark:    func() error { return addMarks(batch, b.Marks) },
		keyLedger:  func() error { return addLedger(s.db, batch, []byte{keyLedger}, &cells) },
		// with keyMinutesFrom, which is next to it
		grainMinute: func() error { return s.addMinutes(batch, minutes, b.MinutesFrom) },
		keyPosition: func() error {
			return batch.Set(positionKey(b.Journal), binary.BigEndian.AppendUint64(nil, b.To), nil)
		},
		grainQuarter: func() error { return mergeRows(batch, quarters) },
	} {
		if add == nil {
			continue
		}
		if err := add(); err != nil {
			return err
		}
	}
	return nil
}

// addMinutes adds minutes, and drops the hours before from, a Unix second.
func (s *Store) addMinutes(batch *pebble.Batch, minutes sorted, from int64) error {
	before, err := storedMinutesFrom(s.db)
	if err != nil {
		return err
	}
	if from > before {
		first := uint32(min(from/hour, math.MaxUint32))
		end := binary.BigEndian.AppendUint32([]byte{grainMinute}, first)
		if err := batch.DeleteRange([]byte{grainMinute}, end, nil); err != nil {
			return err
		}
	}
	if err := mergeRows(batch, minutes.since(from)); err != nil || from == before {
		return err
	}
	return batch.Set([]byte{keyMinutesFrom}, binary.BigEndian.AppendUint64(nil, uint64(from)), nil)
}

// addLate adds to the clicks that were deleted, or were late.
func (s *Store) addLate(batch *pebble.Batch, late *rollup.Ledger) error {
	if *late == (rollup.Ledger{}) {
		return nil
	}
	return addLedger(s.db, batch, []byte{keyRemoved}, late)
}

// addMarks adds the marks of imports.
func addMarks(batch *pebble.Batch, marks []store.Mark) error {
	for i := range marks {
		if err := batch.Set(markKey(&marks[i]), appendMark(nil, &marks[i]), nil); err != nil {
			return err
		}
	}
	return nil
}

// raiseHighest raises the highest ids.
func (s *Store) raiseHighest(batch *pebble.Batch, quarters sorted) error {
	user, link, err := highest(s.db)
	if err != nil {
		return err
	}
	before := rollup.Scope{User: user, Link: link}
	high := before
	for i := range quarters.rows {
		q := quarters.at(i)
		high.User = max(high.User, click.UserID(q.user))
		high.Link = max(high.Link, click.LinkID(q.link))
	}
	if high == before {
		return nil
	}
	return batch.Set([]byte{keyHighest}, scopeKey(nil, high), nil)
}
