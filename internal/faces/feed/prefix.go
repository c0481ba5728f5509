package feed

import (
	"bufio"
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"slices"

	"github.com/footfall/footfall/internal/storage/store"
)

// prints tell, of the lines of a stretch, whether another input has them too: after
// each line, 16 bits of the CRC-32C of the stretch up to there. An input that was
// cut off ends within a stretch that is known, where no mark is.
type prints struct {
	list []uint16
	crc  uint32
	many bool // more lines than are worth it
}

// maxPrints bounds the lines of a stretch whose prints are kept. Only lines that
// bring no click are more.
const maxPrints = maxEntries

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// add takes the next piece of the stretch, and prints the line that ends with it.
func (p *prints) add(piece []byte) {
	p.crc = crc32.Update(p.crc, castagnoli, piece)
	switch {
	case p.many || !bytes.HasSuffix(piece, []byte("\n")):
	case len(p.list) == maxPrints:
		p.list, p.many = nil, true
	default:
		p.list = append(p.list, uint16(p.crc))
	}
}

// prefix finds whether the rest of the input, which lies behind the mark at, is the
// begin of a stretch that is known: then all of it is. Else behind is as it was.
func (i *importing) prefix(behind *lines, marks []store.Mark, at store.Mark, reject func(Rejected)) (known bool, err error) {
	candidates := map[int]notes{}
	most := uint64(0)
	for j, m := range marks {
		if m.Prev != at.Offset || m.Offset <= at.Offset {
			continue
		}
		n, err := parseNotes(m.Notes)
		if err != nil {
			return false, err
		}
		if len(n.prints) > 0 {
			candidates[j] = n
			most = max(most, m.Offset-at.Offset)
		}
	}
	if most == 0 {
		return false, nil
	}
	may := func(rest []byte) bool {
		for _, n := range candidates {
			if begins(n.prints, rest) {
				return true
			}
		}
		return false
	}
	rest := make([]byte, 0, most)
	for uint64(len(rest)) < most && err == nil && (behind.ready() || may(rest)) {
		var n int
		n, err = behind.r.Read(rest[len(rest):most])
		rest = rest[:len(rest)+n]
	}
	behind.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(rest), behind.r), maxLine)
	if !errors.Is(err, io.EOF) || len(rest) == 0 || uint64(len(rest)) == most {
		return false, nil // whoever reads on meets another error again
	}
	for j, n := range candidates {
		if uint64(len(rest)) < marks[j].Offset-at.Offset && begins(n.prints, rest) {
			i.cut = i.tally(rest, at, n.waiting, reject)
			return true, nil
		}
	}
	return false, nil
}

// begins tells whether the lines of a rest are those that were printed, as far as
// they go. A last line without its end is not compared.
func begins(printed []uint16, rest []byte) bool {
	var p prints
	for line := range bytes.Lines(rest) {
		p.add(line)
	}
	return len(p.list) <= len(printed) && slices.Equal(p.list, printed[:len(p.list)])
}

// tally counts lines that are known, of which some wait.
func (i *importing) tally(rest []byte, at store.Mark, waiting []uint64, reject func(Rejected)) tally {
	var c chunk
	number, inside := at.Lines, at.Inside
	for line := range bytes.Lines(rest) {
		if inside { // the end of a line that is dealt with
			inside = false
			continue
		}
		number++
		text, whole := bytes.CutSuffix(line, []byte("\n"))
		_, waits := slices.BinarySearch(waiting, number)
		err := errWaits
		switch {
		case waits:
		case len(text) > maxLine:
			err = errTooLong
		default:
			err = c.take(i.parse, number, text)
		}
		if err == nil {
			continue
		}
		c.sum.lines++
		c.sum.rejected++
		if !whole && !errors.Is(err, errWaits) {
			reject(Rejected{Line: number, Reason: err.Error()})
		}
	}
	return c.sum
}
