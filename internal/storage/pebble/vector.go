package pebble

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// A vector is the clicks of one key in the slots of its period. Empty slots are
// left out. For each slot with clicks, in ascending order:
//
//	head    gap · 2 + more, one byte; gap is the number of empty slots before
//	clicks  uvarint of clicks − 2, only if more is 1; else it is one click
//
// Each vector has one encoding; any other is refused.

// maxSlots bounds the slots of every grain.
const maxSlots = 96

// appendSlot adds a slot to a vector whose last slot is prev, −1 at the start.
// clicks must not be 0, and slot must be greater than prev.
func appendSlot(b []byte, prev, slot int, clicks uint64) []byte {
	head := byte(slot-prev-1) << 1
	if clicks == 1 {
		return append(b, head)
	}
	return binary.AppendUvarint(append(b, head|1), clicks-2)
}

// nextSlot takes the first slot off a vector: the number of empty slots before it,
// its clicks, and the rest.
func nextSlot(b []byte) (gap int, clicks uint64, rest []byte, err error) {
	head := b[0]
	gap, b = int(head>>1), b[1:]
	if head&1 == 0 {
		return gap, 1, b, nil
	}
	if len(b) > 0 && b[0] < 0x80 {
		return gap, uint64(b[0]) + 2, b[1:], nil
	}
	more, n := binary.Uvarint(b)
	switch {
	case n == 0:
		return 0, 0, nil, errTruncated
	case n < 0 || b[n-1] == 0 || more > math.MaxUint64-2:
		return 0, 0, nil, errVector
	}
	return gap, more + 2, b[n:], nil
}

// sums adds up vectors. The zero value is empty.
type sums struct {
	clicks [maxSlots]uint64
	used   [2]uint64 // a bit for each slot with clicks
}

// add adds a vector of a number of slots. Sums wrap at 2⁶⁴, as the ledger's do.
func (s *sums) add(vector []byte, slots int) error {
	slot := -1
	for len(vector) > 0 {
		gap, clicks, rest, err := nextSlot(vector)
		if err != nil {
			return err
		}
		slot += gap + 1
		if slot >= slots {
			return errVector
		}
		s.clicks[slot] += clicks
		s.used[slot>>6] |= 1 << (slot & 63)
		vector = rest
	}
	return nil
}

// take appends the vector of the sums, and empties them.
func (s *sums) take(b []byte) []byte {
	prev := -1
	for w := range s.used {
		for used := s.used[w]; used != 0; used &= used - 1 {
			slot := w<<6 + bits.TrailingZeros64(used)
			if clicks := s.clicks[slot]; clicks != 0 {
				b = appendSlot(b, prev, slot, clicks)
				prev = slot
			}
			s.clicks[slot] = 0
		}
		s.used[w] = 0
	}
	return b
}
