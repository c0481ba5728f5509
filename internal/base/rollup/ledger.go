package rollup

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/zeebo/xxh3"
)

// Sum is an additive checksum of cells: Σ clicks · H(key) mod 2¹²⁸. It does not
// depend on the order or the grouping of the cells.
type Sum struct{ Hi, Lo uint64 }

// Add adds clicks of a key with these bytes.
func (s *Sum) Add(key []byte, clicks uint64) {
	h := xxh3.Hash128(key)
	hi, lo := bits.Mul64(h.Lo, clicks)
	hi += h.Hi * clicks
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, lo, 0)
	s.Hi, _ = bits.Add64(s.Hi, hi, carry)
}

func (s *Sum) addSum(o Sum) {
	var carry uint64
	s.Lo, carry = bits.Add64(s.Lo, o.Lo, 0)
	s.Hi, _ = bits.Add64(s.Hi, o.Hi, carry)
}

func (s *Sum) subtract(o Sum) {
	var borrow uint64
	s.Lo, borrow = bits.Sub64(s.Lo, o.Lo, 0)
	s.Hi, _ = bits.Sub64(s.Hi, o.Hi, borrow)
}

func (s Sum) String() string { return fmt.Sprintf("%016x%016x", s.Hi, s.Lo) }

// Line names one entry of a ledger: the kind of scope, and the facet.
type Line struct {
	PerLink bool
	Facet   Facet
}

func (l Line) String() string {
	if l.PerLink {
		return "per link, by " + l.Facet.String()
	}
	return "per user, by " + l.Facet.String()
}

// Lines lists the lines of a ledger, in the order in which it is stored.
func Lines() []Line { return layout.lines }

// ledgerLayout says where the entries of a ledger are.
type ledgerLayout struct {
	lines []Line
	// at is the index in lines, by facet, of user scopes and of link scopes; −1 if
	// there is no line.
	at [2][256]int8
}

var layout = layoutOf(facets)

// layoutOf puts the user scopes of the first facets first, then their link
// scopes. The lines of each facet that was added later follow, so that no line
// ever moves.
func layoutOf(facets []facet) *ledgerLayout {
	l := &ledgerLayout{}
	for i := range l.at[0] {
		l.at[0][i], l.at[1][i] = -1, -1
	}
	add := func(perLink bool, some []facet) {
		for _, f := range some {
			if perLink && f.perUser {
				continue
			}
			l.at[index(perLink)][f.Facet] = int8(len(l.lines))
			l.lines = append(l.lines, Line{perLink, f.Facet})
		}
	}
	add(false, facets[:firstFacets])
	add(true, facets[:firstFacets])
	for i := firstFacets; i < len(facets); i++ {
		add(false, facets[i:i+1])
		add(true, facets[i:i+1])
	}
	if len(l.lines) > maxLines {
		panic("rollup: raise maxLines for the facets that were added")
	}
	return l
}

func index(perLink bool) int {
	if perLink {
		return 1
	}
	return 0
}

// Entry is one line of a ledger: the sum, and the plain number of clicks, which
// shows how far off a wrong sum is.
type Entry struct {
	Sum    Sum
	Clicks uint64
}

// maxLines is the maximum number of lines of a ledger in memory. It is not part of the
// stored format.
const maxLines = 32

// Ledger holds an entry per line, in the order of Lines; the rest is zero. The
// zero value is the ledger of no clicks.
type Ledger [maxLines]Entry

// Add adds quarter-hour cells. It panics if the scope of a cell is not counted by
// its facet (see Facet.In): such a cell cannot come from Each.
func (l *Ledger) Add(cells ...Cell) {
	var buf [64]byte
	for _, c := range cells {
		e := l.Entry(Line{c.Scope.Link != click.AllLinks, c.Facet})
		e.add(c.Key.append(buf[:0]), c.Clicks)
	}
}

// AddClick adds the quarter-hour cells of a click: those that Each names.
func (l *Ledger) AddClick(c *click.Click) {
	var buf [128]byte
	k := Key{Slot: floor(c.Time, 1000*QuarterHour) / 1000}
	for i := range facets {
		f := &facets[i]
		value, counts := f.value(c)
		if !counts {
			continue
		}
		k.Scope, k.Facet, k.Value = Scope{User: c.User}, f.Facet, value
		key := k.append(buf[:0])
		l[layout.at[0][f.Facet]].add(key, 1)
		if !f.perUser {
			binary.BigEndian.PutUint64(key[linkAt:], uint64(c.Link))
			l[layout.at[index(c.Link != click.AllLinks)][f.Facet]].add(key, 1)
		}
	}
}

// add adds clicks of a key with these bytes.
func (e *Entry) add(key []byte, clicks uint64) {
	e.Sum.Add(key, clicks)
	e.Clicks += clicks
}

// Entry returns the entry of a line. It panics if there is no such line.
func (l *Ledger) Entry(line Line) *Entry {
	at := layout.at[index(line.PerLink)][line.Facet]
	if at < 0 {
		panic("rollup: a ledger has no line " + line.String())
	}
	return &l[at]
}

// Total returns all clicks, those of bots included.
func (l *Ledger) Total() uint64 {
	return l.Entry(Line{Facet: All}).Clicks + l.Entry(Line{Facet: Bot}).Clicks
}

// AddLedger adds all of o.
func (l *Ledger) AddLedger(o *Ledger) {
	for i := range l {
		l[i].Sum.addSum(o[i].Sum)
		l[i].Clicks += o[i].Clicks
	}
}

// SubtractLedger subtracts all of o, mod 2⁶⁴ and 2¹²⁸.
func (l *Ledger) SubtractLedger(o *Ledger) {
	for i := range l {
		l[i].Sum.subtract(o[i].Sum)
		l[i].Clicks -= o[i].Clicks
	}
}

// Hash returns a hash of the key, of which two keys are never the same in practice.
func (k Key) Hash() [16]byte {
	var buf [64]byte
	return xxh3.Hash128(k.append(buf[:0])).Bytes()
}

// linkAt is where the link begins in the bytes of a key.
const linkAt = 8

// append writes the canonical bytes of a key, which the sum is made of.
func (k Key) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(k.Scope.User))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Scope.Link))
	b = append(b, byte(k.Facet))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Slot))
	return append(b, k.Value...)
}

// entrySize is the length of an encoded entry: three words.
const entrySize = 24

// MarshalBinary encodes the ledger for the store: for each line the two halves
// of the sum, high first, then the clicks, all big-endian.
func (l *Ledger) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, len(layout.lines)*entrySize)
	for _, e := range l[:len(layout.lines)] {
		b = binary.BigEndian.AppendUint64(b, e.Sum.Hi)
		b = binary.BigEndian.AppendUint64(b, e.Sum.Lo)
		b = binary.BigEndian.AppendUint64(b, e.Clicks)
	}
	return b, nil
}

// UnmarshalBinary undoes MarshalBinary, also of a version with fewer facets: the
// lines that it did not have are zero.
func (l *Ledger) UnmarshalBinary(b []byte) error {
	if len(b)%entrySize != 0 || len(b) < firstLines*entrySize || len(b) > len(layout.lines)*entrySize {
		return fmt.Errorf("rollup: a ledger has %d bytes, want %d", len(b), len(layout.lines)*entrySize)
	}
	*l = Ledger{}
	for i := 0; len(b) > 0; i++ {
		l[i].Sum.Hi = binary.BigEndian.Uint64(b)
		l[i].Sum.Lo = binary.BigEndian.Uint64(b[8:])
		l[i].Clicks = binary.BigEndian.Uint64(b[16:])
		b = b[entrySize:]
	}
	return nil
}
