package pebble

import (
	"context"
	"fmt"
	"math/bits"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// Ledger implements store.Proof.
func (v *view) Ledger(context.Context) (rollup.Ledger, error) {
	return answer(v.calls, "ledger", func() (rollup.Ledger, error) { return ledgerAt(v.r, []byte{keyLedger}) })
}

// Removed implements store.Proof.
func (v *view) Removed(context.Context) (rollup.Ledger, error) {
	return answer(v.calls, "removed", func() (rollup.Ledger, error) { return ledgerAt(v.r, []byte{keyRemoved}) })
}

// Epochs implements store.Proof.
func (v *view) Epochs(ctx context.Context, journal store.JournalID) (map[uint64]rollup.Ledger, error) {
	return answer(v.calls, "epochs", func() (map[uint64]rollup.Ledger, error) {
		epochs := map[uint64]rollup.Ledger{}
		prefix := append([]byte{keyEpoch}, journal[:]...)
		return epochs, v.each(ctx, prefix, func(key, value []byte) error {
			epoch, err := number(key[len(prefix):])
			if err != nil {
				return err
			}
			epochs[epoch], err = parseLedger(value)
			return err
		})
	})
}

// Journaled implements store.Proof.
func (v *view) Journaled(ctx context.Context) (rollup.Ledger, error) {
	return answer(v.calls, "journaled", func() (sum rollup.Ledger, err error) {
		err = v.each(ctx, []byte{keyEpoch}, func(_, value []byte) error {
			l, err := parseLedger(value)
			sum.AddLedger(&l)
			return err
		})
		return sum, err
	})
}

// ledgerAt is the ledger under a key; the zero ledger if there is none.
func ledgerAt(r pebble.Reader, key []byte) (rollup.Ledger, error) {
	b, err := get(r, key)
	if err != nil || b == nil {
		return rollup.Ledger{}, err
	}
	return parseLedger(b)
}

func parseLedger(b []byte) (l rollup.Ledger, err error) {
	if err := l.UnmarshalBinary(b); err != nil {
		return l, fmt.Errorf("%w: %w", errStored, err)
	}
	return l, nil
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
