package pebble

import "github.com/cockroachdb/pebble/v2"

// DB is the engine below, for tests that damage what is in it.
func (s *Store) DB() *pebble.DB { return s.db }

// DecodeVector gives slots and clicks, or why there are none.
func DecodeVector(b []byte, slots int) (at []int, clicks []uint64, err error) {
	err = eachSlot(b, slots, func(slot int, n uint64) error {
		at, clicks = append(at, slot), append(clicks, n)
		return nil
	})
	return at, clicks, err
}

// EncodeVector undoes DecodeVector.
func EncodeVector(at []int, clicks []uint64) []byte {
	var b []byte
	prev := -1
	for i, slot := range at {
		b = appendSlot(b, prev, slot, clicks[i])
		prev = slot
	}
	return b
}

// MergeVectors adds vectors under a key, as the engine does.
func MergeVectors(key []byte, vectors ...[]byte) ([]byte, error) {
	m, err := newMerger().Merge(key, vectors[0])
	if err != nil {
		return nil, err
	}
	for i, v := range vectors[1:] {
		add := m.MergeOlder
		if i%2 == 0 {
			add = m.MergeNewer
		}
		if err := add(v); err != nil {
			return nil, err
		}
	}
	sum, closer, err := m.Finish(true)
	if err != nil {
		return nil, err
	}
	sum = append([]byte(nil), sum...)
	return sum, closer.Close()
}

// The parsers of what lies beside the cells.
var (
	ParseMark      = parseMark
	ParsePeriodKey = func(b []byte) error { _, err := parsePeriodKey(b); return err }
)
