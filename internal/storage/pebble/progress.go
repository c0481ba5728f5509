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

// Position implements store.Progress. Durable is read from the disk alone.
func (v *view) Position(ctx context.Context, journal store.JournalID) (p store.Position, known bool, err error) {
	err = v.calls.run("position", func() error {
		p, known, err = v.position(ctx, journal)
		return err
	})
	return p, known, err
}

func (v *view) position(ctx context.Context, journal store.JournalID) (p store.Position, known bool, err error) {
	// Durable first: it must not be ahead of Counted.
	key := positionKey(journal)
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
	p.Counted, known, err = counted(v.r, journal)
	p.Durable = min(p.Durable, p.Counted) // a snapshot may be older than the disk
	return p, known, err
}

// counted is the position up to which a journal is counted.
func counted(r pebble.Reader, journal store.JournalID) (uint64, bool, error) {
	return numberAt(r, positionKey(journal))
}

// Journals implements store.Progress.
func (v *view) Journals(ctx context.Context) ([]store.JournalID, error) {
	return answer(v.calls, "journals", func() (journals []store.JournalID, err error) {
		err = v.each(ctx, []byte{keyPosition}, func(key, _ []byte) error {
			if len(key) != 1+len(store.JournalID{}) {
				return fmt.Errorf("%w: %x", errKey, key)
			}
			journals = append(journals, store.JournalID(key[1:]))
			return nil
		})
		return journals, err
	})
}

// Marks implements store.Progress.
func (v *view) Marks(ctx context.Context, input [32]byte) ([]store.Mark, error) {
	return answer(v.calls, "marks", func() (marks []store.Mark, err error) {
		err = v.each(ctx, append([]byte{keyMark}, input[:]...), func(key, value []byte) error {
			m, err := parseMark(key, value)
			marks = append(marks, m)
			return err
		})
		return marks, err
	})
}

// EachMark implements store.Progress.
func (v *view) EachMark(ctx context.Context, f func(store.Mark) error) error {
	return v.calls.run("each mark", func() error {
		return v.each(ctx, []byte{keyMark}, func(key, value []byte) error {
			m, err := parseMark(key, value)
			if err != nil {
				return err
			}
			return f(m)
		})
	})
}

// Deleted implements store.Progress.
func (v *view) Deleted(ctx context.Context) ([]rollup.Scope, error) {
	return answer(v.calls, "deleted", func() ([]rollup.Scope, error) { return v.deleted(ctx) })
}

func (v *view) deleted(ctx context.Context) (scopes []rollup.Scope, err error) {
	err = v.each(ctx, []byte{keyDeleted}, func(key, _ []byte) error {
		if len(key) != 1+8+8 {
			return fmt.Errorf("%w: %x", errKey, key)
		}
		scopes = append(scopes, rollup.Scope{
			User: click.UserID(binary.BigEndian.Uint64(key[1:])), Link: click.LinkID(binary.BigEndian.Uint64(key[9:])),
		})
		return nil
	})
	return scopes, err
}

// Highest implements store.Progress.
func (v *view) Highest(context.Context) (user click.UserID, link click.LinkID, err error) {
	err = v.calls.run("highest", func() error {
		user, link, err = highest(v.r)
		return err
	})
	return user, link, err
}

func highest(r pebble.Reader) (click.UserID, click.LinkID, error) {
	b, err := get(r, []byte{keyHighest})
	if err != nil || b == nil {
		return 0, 0, err
	}
	if len(b) != 16 {
		return 0, 0, fmt.Errorf("%w: the highest ids have %d bytes, not 16", errStored, len(b))
	}
	return click.UserID(binary.BigEndian.Uint64(b)), click.LinkID(binary.BigEndian.Uint64(b[8:])), nil
}

// storedMinutesFrom returns the Unix second before which minutes were dropped.
func storedMinutesFrom(r pebble.Reader) (int64, error) {
	n, _, err := numberAt(r, []byte{keyMinutesFrom})
	return int64(n), err
}

// numberAt is the number under a key; false if there is none.
func numberAt(r pebble.Reader, key []byte) (uint64, bool, error) {
	b, err := get(r, key)
	if err != nil || b == nil {
		return 0, false, err
	}
	n, err := number(b)
	return n, err == nil, err
}

func number(b []byte) (uint64, error) {
	if len(b) != 8 {
		return 0, fmt.Errorf("%w: a number has %d bytes, not 8", errStored, len(b))
	}
	return binary.BigEndian.Uint64(b), nil
}

// markSize is the length of an encoded mark without its notes: five numbers and
// a flag.
const markSize = 5*8 + 1

// appendMark encodes the part of a mark that is not in its key.
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
