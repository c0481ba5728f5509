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

// prints show whether another input has the same lines: after each line of a stretch, which
// is the input between two marks, 16 bits of the CRC-32C of the stretch up to there. They are
// needed for an input that was cut off, because it ends inside a known stretch, where there
// is no mark.
type prints struct {
	list []uint16
	crc  uint32
	many bool // more lines than maxPrints
}

// maxPrints bounds the lines of a stretch that have prints. Only a stretch with lines
// without clicks has more.
const maxPrints = maxEntries

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// add takes the next piece of the stretch, and makes the print of the line that it ends.
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

// takeCutOff counts the rest of the input, which follows the mark at, if it is the start of a
// known stretch, so that all of it is known. Otherwise it leaves rest as it was.
func (i *importing) takeCutOff(rest *lines, marks []store.Mark, at store.Mark, reject func(Rejected)) (known bool, err error) {
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
	mayMatch := func(read []byte) bool {
		for _, n := range candidates {
			if begins(n.prints, read) {
				return true
			}
		}
		return false
	}
	read := make([]byte, 0, most)
	for uint64(len(read)) < most && err == nil && (rest.ready() || mayMatch(read)) {
		var n int
		n, err = rest.r.Read(read[len(read):most])
		read = read[:len(read)+n]
	}
	rest.r = bufio.NewReaderSize(io.MultiReader(bytes.NewReader(read), rest.r), maxLine)
	if !errors.Is(err, io.EOF) || len(read) == 0 || uint64(len(read)) == most {
		return false, nil // the next read returns another error again
	}
	for j, n := range candidates {
		if uint64(len(read)) < marks[j].Offset-at.Offset && begins(n.prints, read) {
			i.cut = i.tally(read, at, n.waiting, reject)
			return true, nil
		}
	}
	return false, nil
}

// begins reports whether the first prints are those of some lines. A last line without its
// newline is not compared.
func begins(printed []uint16, read []byte) bool {
	var p prints
	for line := range bytes.Lines(read) {
		p.add(line)
	}
	return len(p.list) <= len(printed) && slices.Equal(p.list, printed[:len(p.list)])
}

// tally counts known lines. Some of them are still rejected.
func (i *importing) tally(known []byte, at store.Mark, waiting []uint64, reject func(Rejected)) tally {
	var c chunk
	number, inside := at.Lines, at.Inside
	for line := range bytes.Lines(known) {
		if inside { // the end of a line that was handled already
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
			reject(rejected(number, err))
		}
	}
	return c.sum
}
