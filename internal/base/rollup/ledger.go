package rollup

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/zeebo/xxh3"
)

// Sum is an additive checksum of cells: Σ clicks · H(key) mod 2¹²⁸. It does not
// depend on the order or the grouping of what is added.
type Sum struct{ Hi, Lo uint64 }

// add adds clicks of a key whose hash is h.
func (s *Sum) add(h xxh3.Uint128, clicks uint64) {
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

func (s Sum) String() string { return fmt.Sprintf("%016x%016x", s.Hi, s.Lo) }

// Line names one sum of a ledger: the kind of scope and the facet.
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

// Lines lists every line of a ledger in their stored order.
var Lines = []Line{
	{false, All}, {false, Country}, {false, Referrer}, {false, Link}, {false, Bot},
	{true, All}, {true, Country}, {true, Referrer}, {true, Bot},
}

// Entry is what a ledger holds of a line: the sum, and the plain number of
// clicks, which tells a person how far off a wrong sum is.
type Entry struct {
	Sum    Sum
	Clicks uint64
}

// Ledger holds an entry per line, in the order of Lines. The zero value is the
// ledger of no clicks.
type Ledger [9]Entry

// Add adds quarter-hour cells to the ledger. Cells of a facet that no line is
// for are refused by panic: they cannot come from Each.
func (l *Ledger) Add(cells ...Cell) {
	var buf [64]byte
	for _, c := range cells {
		e := &l[lineOf(c.Key)]
		e.Sum.add(xxh3.Hash128(c.Key.append(buf[:0])), c.Clicks)
		e.Clicks += c.Clicks
	}
}

// Total is all clicks, those of bots too.
func (l *Ledger) Total() (clicks uint64) {
	for i, line := range Lines {
		if !line.PerLink && (line.Facet == All || line.Facet == Bot) {
			clicks += l[i].Clicks
		}
	}
	return clicks
}

// AddLedger adds all of o.
func (l *Ledger) AddLedger(o *Ledger) {
	for i := range l {
		l[i].Sum.addSum(o[i].Sum)
		l[i].Clicks += o[i].Clicks
	}
}

// lineOf is the index in Lines of the key's line.
func lineOf(k Key) int {
	want := Line{k.Scope.Link != 0, k.Facet}
	for i, l := range Lines {
		if l == want {
			return i
		}
	}
	panic("rollup: no ledger line " + want.String())
}

// append writes the canonical bytes of a key, which the sum is made of.
func (k Key) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(k.Scope.User))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Scope.Link))
	b = append(b, byte(k.Facet))
	b = binary.BigEndian.AppendUint64(b, uint64(k.Slot))
	return append(b, k.Value...)
}

// ledgerSize is the length of an encoded ledger: three words an entry.
const ledgerSize = len(Ledger{}) * 24

// MarshalBinary encodes the ledger for the store: for each line the two halves
// of the sum, high first, then the clicks, all big-endian.
func (l *Ledger) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, ledgerSize)
	for _, e := range l {
		b = binary.BigEndian.AppendUint64(b, e.Sum.Hi)
		b = binary.BigEndian.AppendUint64(b, e.Sum.Lo)
		b = binary.BigEndian.AppendUint64(b, e.Clicks)
	}
	return b, nil
}

// UnmarshalBinary undoes MarshalBinary.
func (l *Ledger) UnmarshalBinary(b []byte) error {
	if len(b) != ledgerSize {
		return fmt.Errorf("rollup: a ledger of %d bytes, want %d", len(b), ledgerSize)
	}
	for i := range l {
		l[i].Sum.Hi = binary.BigEndian.Uint64(b[24*i:])
		l[i].Sum.Lo = binary.BigEndian.Uint64(b[24*i+8:])
		l[i].Clicks = binary.BigEndian.Uint64(b[24*i+16:])
	}
	return nil
}
