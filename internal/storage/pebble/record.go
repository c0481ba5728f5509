package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Record is of store.Clicks.
func (s *Store) Record(ctx context.Context, b *store.Batch) error {
	if err := s.uses.begin(); err != nil {
		return failed("record", err)
	}
	defer s.uses.end()
	if err := s.record(ctx, b); err != nil {
		return failed(fmt.Sprintf("record %d to %d", b.From, b.To), err)
	}
	return nil
}

func (s *Store) record(ctx context.Context, b *store.Batch) error {
	if b.From > b.To {
		return errors.New("the batch ends before it starts")
	}
	if b.MinutesFrom < 0 || b.MinutesFrom%hour != 0 {
		return fmt.Errorf("minutes are kept from second %d, which starts no hour", b.MinutesFrom)
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

	quarters, err := rows(grainQuarter, b.Cells)
	if err != nil {
		return err
	}
	minutes, err := rows(grainMinute, b.Minutes)
	if err != nil {
		return err
	}
	batch := s.db.NewBatchWithSize(64 * (len(quarters) + 16))
	defer batch.Close()
	if err := mergeRows(batch, grainQuarter, quarters); err != nil {
		return err
	}
	if err := mergeRows(batch, grainDay, days(quarters)); err != nil {
		return err
	}
	if err := s.recordMinutes(batch, minutes, b.MinutesFrom); err != nil {
		return err
	}
	if err := s.recordRest(batch, b); err != nil {
		return err
	}
	if err := s.recordHighest(batch, quarters); err != nil {
		return err
	}
	if err := s.apply(batch); err != nil {
		return err
	}

	for i := range quarters {
		if q := &quarters[i]; q.link == uint64(click.AllLinks) && (q.facet == rollup.All || q.facet == rollup.Bot) {
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

// recordMinutes drops the hours that lie before from.
func (s *Store) recordMinutes(batch *pebble.Batch, minutes []row, from int64) error {
	before, err := minutesFrom(s.db)
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
	kept := minutes[:0]
	for _, m := range minutes {
		if int64(m.period)*hour >= from {
			kept = append(kept, m)
		}
	}
	return mergeRows(batch, grainMinute, kept)
}

// recordRest writes what is kept beside the cells: position, ledgers, marks.
func (s *Store) recordRest(batch *pebble.Batch, b *store.Batch) error {
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

// recordHighest keeps the highest ids that clicks were counted of.
func (s *Store) recordHighest(batch *pebble.Batch, quarters []row) error {
	user, link, err := highest(s.db)
	if err != nil {
		return err
	}
	before := [2]uint64{user, link}
	for i := range quarters {
		user, link = max(user, quarters[i].user), max(link, quarters[i].link)
	}
	if before == [2]uint64{user, link} {
		return nil
	}
	return batch.Set([]byte{keyHighest}, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, user), link), nil)
}

// addLedger replaces the ledger under key by its sum with l.
func addLedger(db *pebble.DB, batch *pebble.Batch, key []byte, l *rollup.Ledger) error {
	sum, err := ledgerAt(db, key)
	if err != nil {
		return err
	}
	sum.AddLedger(l)
	b, err := sum.MarshalBinary()
	if err != nil {
		return err
	}
	return batch.Set(key, b, nil)
}

// negative is the ledger that undoes l.
func negative(l *rollup.Ledger) *rollup.Ledger {
	var n rollup.Ledger
	for i := range l {
		var borrow uint64
		n[i].Sum.Lo, borrow = bits.Sub64(0, l[i].Sum.Lo, 0)
		n[i].Sum.Hi, _ = bits.Sub64(0, l[i].Sum.Hi, borrow)
		n[i].Clicks = -l[i].Clicks
	}
	return &n
}
