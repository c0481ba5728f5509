package pebble

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// The first byte of every key. The three grains hold vectors, which are merged;
// other values are replaced.
const (
	grainDay     = 'd' // user 8, link 8, facet 1, month 2, value
	grainMinute  = 'm' // hour 4, user 8, link 8, facet 1, value
	grainQuarter = 'q' // user 8, link 8, facet 1, day 2, value

	keyEpoch        = 'e' // journal 16, epoch 8 → ledger
	keyMark         = 'k' // import input 32, offset 8, digest 32 → mark
	keyRemoved      = 'g' // → ledger
	keyHighest      = 'h' // → user 8, link 8
	keyInstallation = 'i' // → id 16
	keyLedger       = 'l' // → ledger
	keyMinutesFrom  = 'n' // → Unix second
	keyNote         = 'o' // → bytes
	keyPosition     = 'p' // journal 16 → position
	keyVersion      = 'v' // → version
	keyDeleted      = 'x' // user 8, link 8 → nothing
)

// Lengths of the part before the value in keys of cells, and the offset of the
// period in keys of quarter-hours and days.
const (
	headQuarter = 1 + 8 + 8 + 1 + 2
	headMinute  = 1 + 4 + 8 + 8 + 1
	periodAt    = headQuarter - 2
)

// hour is the period of minutes, in seconds.
const hour = 60 * rollup.Minute

// slots is the number of slots in a period of the grain; 0 for other keys.
func slots(grain byte) int {
	switch grain {
	case grainDay:
		return 31
	case grainMinute:
		return hour / rollup.Minute
	case grainQuarter:
		return rollup.Day / rollup.QuarterHour
	}
	return 0
}

// appendScope appends the prefix of a scope and facet in the grain of
// quarter-hours or days.
func appendScope(b []byte, grain byte, s rollup.Scope, f rollup.Facet) []byte {
	b = append(b, grain)
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Link))
	return append(b, byte(f))
}

// appendPeriod appends a day or a month to the prefix of appendScope.
func appendPeriod(b []byte, period uint16) []byte {
	return binary.BigEndian.AppendUint16(b, period)
}

// appendMinutes appends the prefix of an hour, scope and facet in the grain of
// minutes.
func appendMinutes(b []byte, hour uint32, s rollup.Scope, f rollup.Facet) []byte {
	b = append(b, grainMinute)
	b = binary.BigEndian.AppendUint32(b, hour)
	b = binary.BigEndian.AppendUint64(b, uint64(s.User))
	b = binary.BigEndian.AppendUint64(b, uint64(s.Link))
	return append(b, byte(f))
}

// periodKey is a parsed key of quarter-hours or days. value points into the key.
type periodKey struct {
	scope  rollup.Scope
	facet  rollup.Facet
	period uint16
	value  []byte
}

func parsePeriodKey(b []byte) (periodKey, error) {
	if len(b) < headQuarter {
		return periodKey{}, fmt.Errorf("%w: %x", errKey, b)
	}
	k := periodKey{
		scope: rollup.Scope{
			User: click.UserID(binary.BigEndian.Uint64(b[1:])),
			Link: click.LinkID(binary.BigEndian.Uint64(b[9:])),
		},
		facet:  rollup.Facet(b[17]),
		period: binary.BigEndian.Uint16(b[periodAt:]),
		value:  b[headQuarter:],
	}
	if !k.facet.In(k.scope) {
		return periodKey{}, fmt.Errorf("%w: %x has facet %d, which this scope has not", errKey, b, k.facet)
	}
	return k, nil
}

func epochKey(s store.JournalID, epoch uint64) []byte {
	return binary.BigEndian.AppendUint64(append([]byte{keyEpoch}, s[:]...), epoch)
}

func positionKey(s store.JournalID) []byte { return append([]byte{keyPosition}, s[:]...) }

func markKey(m *store.Mark) []byte {
	b := append([]byte{keyMark}, m.Input[:]...)
	b = binary.BigEndian.AppendUint64(b, m.Offset)
	return append(b, m.Digest[:]...)
}

// after is the first key after all keys with the prefix; nil, which means no
// bound, if there is none.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		if end[i]++; end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// month is the month of a UTC day, counted from January 1970, and the day of the
// month, counted from 0.
func month(day uint16) (m uint16, in uint8) {
	y, mon, d := time.Unix(int64(day)*rollup.Day, 0).UTC().Date()
	return uint16((y-1970)*12 + int(mon) - 1), uint8(d - 1)
}

// monthName is the month as year and month.
func monthName(m uint16) string {
	return fmt.Sprintf("%04d-%02d", 1970+int(m)/12, int(m)%12+1)
}
