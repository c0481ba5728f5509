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

func (s *Store) addBatch(ctx context.Context, b *store.Batch) error {
	if b.From > b.To {
		return errors.New("the batch ends before it starts")
	}
	if b.MinutesFrom < 0 || b.MinutesFrom%hour != 0 {
		return fmt.Errorf("minutes are kept from second %d, which is not the start of an hour", b.MinutesFrom)
	}
	s.write.Lock()
	defer s.write.Unlock()
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
	batch := s.db.NewBatchWithSize(64 * (quarters.rows + 16))
	defer batch.Close()
	if err := mergeRows(batch, quarters); err != nil {
		return err
	}
	if err := mergeRows(batch, dayRows(quarters)); err != nil {
		return err
	}
	if err := s.addMinutes(batch, minutes, b.MinutesFrom); err != nil {
		return err
	}
	if err := s.addRest(batch, b); err != nil {
		return err
	}
	if err := s.raiseHighest(batch, quarters); err != nil {
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

// addMinutes adds minutes, and drops the hours before from, a Unix second.
func (s *Store) addMinutes(batch *pebble.Batch, minutes sorted, from int64) error {
	before, err := storedMinutesFrom(s.db)
	if err != nil {
		return err
	}
	if from != before {
		if err := batch.Set([]byte{keyMinutesFrom}, binary.BigEndian.AppendUint64(nil, uint64(from)), nil); err != nil {
			return err
		}
	}
	if from > before {
		first := uint32(min(from/hour, math.MaxUint32))
		end := binary.BigEndian.AppendUint32([]byte{grainMinute}, first)
		if err := batch.DeleteRange([]byte{grainMinute}, end, nil); err != nil {
			return err
		}
	}
	return mergeRows(batch, minutes.since(from))
}

// addRest adds everything except cells: position, ledgers, marks.
func (s *Store) addRest(batch *pebble.Batch, b *store.Batch) error {
	var cells rollup.Ledger
	cells.Add(b.Cells...)
	if err := addLedger(s.db, batch, []byte{keyLedger}, &cells); err != nil {
		return err
	}
	if err := addLedger(s.db, batch, epochKey(b.Journal, b.Epoch), &b.Journaled); err != nil {
		return err
	}
	if b.Late != (rollup.Ledger{}) {
		if err := addLedger(s.db, batch, []byte{keyRemoved}, &b.Late); err != nil {
			return err
		}
	}
	for i := range b.Marks {
		if err := batch.Set(markKey(&b.Marks[i]), appendMark(nil, &b.Marks[i]), nil); err != nil {
			return err
		}
	}
	return batch.Set(positionKey(b.Journal), binary.BigEndian.AppendUint64(nil, b.To), nil)
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
