package feed

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
)

// tally counts lines by their outcome.
type tally struct {
	lines, clicks, skipped, rejected uint64
	users, links                     uint64 // skipped lines that describe one
}

func (t *tally) add(o tally) {
	t.lines += o.lines
	t.clicks += o.clicks
	t.skipped += o.skipped
	t.rejected += o.rejected
	t.users += o.users
	t.links += o.links
}

// notes describe the lines before a mark. An import that finds the mark again tries the
// rejected lines again. A mark and its notes are recorded together with the clicks, so
// that each line is taken once.
type notes struct {
	users, links uint64 // lines before the mark that describe one
	// taken are the lines since the mark before that were rejected at first, and taken
	// by a later import. The counts in the mark itself do not change.
	taken tally
	// waiting are the lines that are still rejected, by their number in the input,
	// ascending.
	waiting []uint64
	// prints are those of the lines of the stretch; empty if there are too many lines.
	prints []uint16
}

// maxWaiting bounds waiting: a line has at least two bytes.
const maxWaiting = (maxChunk + maxLine) / 2

// printed is the start of notes with prints. No number that encode writes starts so.
const printed = "\x80\x00"

var errNotes = errors.New("the notes of an import mark are damaged")

// encode writes the notes as docs/format/record.md says. Notes without content are empty.
func (n *notes) encode() string {
	b := make([]byte, 0, 16+2*len(n.prints))
	if len(n.prints) > 0 {
		b = append(b, printed...)
		b = binary.AppendUvarint(b, uint64(len(n.prints)))
		for _, p := range n.prints {
			b = binary.LittleEndian.AppendUint16(b, p)
		}
	}
	nothing := len(n.waiting)+len(n.prints) == 0
	for _, v := range [...]uint64{n.users, n.links, n.taken.lines, n.taken.clicks, n.taken.skipped, n.taken.users, n.taken.links} {
		b = binary.AppendUvarint(b, v)
		nothing = nothing && v == 0
	}
	if nothing {
		return ""
	}
	end := uint64(0) // the last line of the run before
	for i := 0; i < len(n.waiting); {
		first, run := n.waiting[i], 1
		for i+run < len(n.waiting) && n.waiting[i+run] == first+uint64(run) {
			run++
		}
		b = binary.AppendUvarint(b, first-end-1)
		b = binary.AppendUvarint(b, uint64(run))
		end = first + uint64(run) - 1
		i += run
	}
	return string(b)
}

// parseNotes reads notes that encode wrote. It fails for all other texts.
func parseNotes(s string) (notes, error) {
	var n notes
	if s == "" {
		return n, nil
	}
	b := []byte(s)
	next := func() uint64 {
		v, size := binary.Uvarint(b)
		b = b[max(size, 0):]
		if size <= 0 {
			b = nil
		}
		return v
	}
	if rest, ok := bytes.CutPrefix(b, []byte(printed)); ok {
		b = rest
		number := next()
		if number == 0 || number > maxPrints || 2*number > uint64(len(b)) {
			return notes{}, errNotes
		}
		for range number {
			n.prints = append(n.prints, binary.LittleEndian.Uint16(b))
			b = b[2:]
		}
	}
	for _, p := range [...]*uint64{&n.users, &n.links, &n.taken.lines, &n.taken.clicks, &n.taken.skipped, &n.taken.users, &n.taken.links} {
		*p = next()
	}
	for end := uint64(0); len(b) > 0; {
		gap, run := next(), next()
		if run > uint64(maxWaiting-len(n.waiting)) {
			return notes{}, errNotes
		}
		for i := range run {
			n.waiting = append(n.waiting, end+gap+i+1)
		}
		end += gap + run
	}
	if !slices.IsSorted(n.waiting) || n.encode() != s {
		return notes{}, errNotes
	}
	return n, nil
}
