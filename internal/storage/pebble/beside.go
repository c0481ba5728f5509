package pebble

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Position is of store.Reader. Durable is read from what is on disk alone.
func (v *view) Position(ctx context.Context, source store.JournalID) (store.Position, bool, error) {
	if err := v.uses.begin(); err != nil {
		return store.Position{}, false, failed("position", err)
	}
	defer v.uses.end()
	p, known, err := v.position(ctx, source)
	if err != nil {
		return store.Position{}, false, failed("position", err)
	}
	return p, known, nil
}

func (v *view) position(ctx context.Context, source store.JournalID) (p store.Position, known bool, err error) {
	// Durable first: it must not be ahead of what is counted.
	key := positionKey(source)
	it, err := v.db.NewIterWithContext(ctx, &pebble.IterOptions{
		LowerBound: key, UpperBound: after(key), OnlyReadGuaranteedDurable: true,
	})
	if err != nil {
		return p, false, err
	}
	defer func() { err = errors.Join(err, it.Close()) }()
	if it.First() {
		if p.Durable, err = number(it.Value()); err != nil {
			return p, false, err
		}
	} else if err := it.Error(); err != nil {
		return p, false, err
	}
	p.Counted, known, err = counted(v.r, source)
	p.Durable = min(p.Durable, p.Counted) // a snapshot is older
	return p, known, err
}

// Sources is of store.Reader.
func (v *view) Journals(ctx context.Context) ([]store.JournalID, error) {
	var sources []store.JournalID
	err := v.each(ctx, []byte{keyPosition}, func(key, _ []byte) error {
		var s store.JournalID
		if len(key) != 1+len(s) {
			return fmt.Errorf("%w: %x", errKey, key)
		}
		copy(s[:], key[1:])
		sources = append(sources, s)
		return nil
	})
	if err != nil {
		return nil, failed("sources", err)
	}
	return sources, nil
}

// counted is how far a source has been counted.
func counted(r pebble.Reader, source store.JournalID) (uint64, bool, error) {
	return numberAt(r, positionKey(source))
}

// Highest is of store.Reader.
func (v *view) Highest(context.Context) (click.UserID, click.LinkID, error) {
	if err := v.uses.begin(); err != nil {
		return 0, 0, failed("highest", err)
	}
	defer v.uses.end()
	user, link, err := highest(v.r)
	if err != nil {
		return 0, 0, failed("highest", err)
	}
	return click.UserID(user), click.LinkID(link), nil
}

// highest is zero where nothing was counted since it is kept.
func highest(r pebble.Reader) (user, link uint64, err error) {
	b, closer, err := r.Get([]byte{keyHighest})
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, 0, nil
	}
	if err != nil {
		return 0, 0, err
	}
	defer closer.Close()
	if len(b) != 16 {
		return 0, 0, fmt.Errorf("%w: the highest ids have %d bytes, not 16", errStored, len(b))
	}
	return binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:]), nil
}

// minutesFrom is the Unix second before which minutes are dropped.
func minutesFrom(r pebble.Reader) (int64, error) {
	n, _, err := numberAt(r, []byte{keyMinutesFrom})
	return int64(n), err
}

func numberAt(r pebble.Reader, key []byte) (uint64, bool, error) {
	b, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, err
	}
	defer closer.Close()
	n, err := number(b)
	return n, err == nil, err
}

func number(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: a number has %d bytes, not 8", errStored, len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

// Ledger is of store.Reader.
func (v *view) Ledger(context.Context) (rollup.Ledger, error) {
	if err := v.uses.begin(); err != nil {
		return rollup.Ledger{}, failed("ledger", err)
	}
	defer v.uses.end()
	l, err := ledgerAt(v.r, []byte{keyLedger})
	if err != nil {
		return rollup.Ledger{}, failed("ledger", err)
	}
	return l, nil
}

func ledgerAt(r pebble.Reader, key []byte) (rollup.Ledger, error) {
	var l rollup.Ledger
	b, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return l, nil
	}
	if err != nil {
		return l, err
	}
	defer closer.Close()
	return l, l.UnmarshalBinary(b)
}

// Epochs is of store.Reader.
func (v *view) Epochs(ctx context.Context, source store.JournalID) (map[uint64]rollup.Ledger, error) {
	epochs := map[uint64]rollup.Ledger{}
	prefix := append([]byte{keyEpoch}, source[:]...)
	err := v.each(ctx, prefix, func(key, value []byte) error {
		epoch, err := number(key[len(prefix):])
		if err != nil {
			return err
		}
		var l rollup.Ledger
		err = l.UnmarshalBinary(value)
		epochs[epoch] = l
		return err
	})
	if err != nil {
		return nil, failed("epochs", err)
	}
	return epochs, nil
}

// Marks is of store.Reader. Marks of one offset are in the order of their
// digests.
func (v *view) Marks(ctx context.Context, source [32]byte) ([]store.Mark, error) {
	var marks []store.Mark
	err := v.each(ctx, append([]byte{keyMark}, source[:]...), func(key, value []byte) error {
		m, err := parseMark(key, value)
		marks = append(marks, m)
		return err
	})
	if err != nil {
		return nil, failed("marks", err)
	}
	return marks, nil
}

// each calls f with every key that starts with prefix.
func (v *view) each(ctx context.Context, prefix []byte, f func(key, value []byte) error) (err error) {
	if err := v.uses.begin(); err != nil {
		return err
	}
	defer v.uses.end()
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

// markSize is the length of an encoded mark but for its notes: five numbers and
// a flag.
const markSize = 5*8 + 1

// appendMark encodes what the key of a mark does not say.
func appendMark(b []byte, m *store.Mark) []byte {
	for _, n := range [...]uint64{m.Prev, m.Lines, m.Clicks, m.Skipped, m.Rejected} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	if m.Inside {
		b = append(b, 1)
	} else {
		b = append(b, 0)
	}
	return append(b, m.Notes...)
}

func parseMark(key, value []byte) (store.Mark, error) {
	if len(key) != 1+32+8+32 || len(value) < markSize || value[markSize-1] > 1 {
		return store.Mark{}, fmt.Errorf("%w: import mark %x = %x", errStored, key, value)
	}
	m := store.Mark{
		Input:    [32]byte(key[1:]),
		Offset:   binary.BigEndian.Uint64(key[33:]),
		Digest:   [32]byte(key[41:]),
		Prev:     binary.BigEndian.Uint64(value),
		Lines:    binary.BigEndian.Uint64(value[8:]),
		Clicks:   binary.BigEndian.Uint64(value[16:]),
		Skipped:  binary.BigEndian.Uint64(value[24:]),
		Rejected: binary.BigEndian.Uint64(value[32:]),
		Inside:   value[40] == 1,
		Notes:    string(value[markSize:]),
	}
	return m, nil
}

// Installation is of store.Clicks.
func (s *Store) Installation(_ context.Context, offer [16]byte) (id [16]byte, err error) {
	if err := s.uses.begin(); err != nil {
		return id, failed("installation", err)
	}
	defer s.uses.end()
	s.write.Lock()
	defer s.write.Unlock()
	b, closer, err := s.db.Get([]byte{keyInstallation})
	if errors.Is(err, pebble.ErrNotFound) {
		id, err = offer, s.set([]byte{keyInstallation}, offer[:])
	} else if err == nil {
		if copy(id[:], b) != len(b) || len(b) != len(id) {
			err = errTruncated
		}
		err = errors.Join(err, closer.Close())
	}
	if err != nil {
		return id, failed("installation", err)
	}
	return id, nil
}

// Journaled is of store.Reader.
func (v *view) Journaled(ctx context.Context) (sum rollup.Ledger, err error) {
	err = v.each(ctx, []byte{keyEpoch}, func(_, value []byte) error {
		var l rollup.Ledger
		err := l.UnmarshalBinary(value)
		sum.AddLedger(&l)
		return err
	})
	if err != nil {
		return rollup.Ledger{}, failed("journaled", err)
	}
	return sum, nil
}

// Removed is of store.Reader.
func (v *view) Removed(context.Context) (rollup.Ledger, error) {
	if err := v.uses.begin(); err != nil {
		return rollup.Ledger{}, failed("removed", err)
	}
	defer v.uses.end()
	l, err := ledgerAt(v.r, []byte{keyRemoved})
	if err != nil {
		return rollup.Ledger{}, failed("removed", err)
	}
	return l, nil
}
