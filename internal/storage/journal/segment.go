package journal

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
)

const (
	openExt, sealedExt, tempExt = ".open", ".sealed", ".temp"
	// trimmedExt is the extension of the trim mark, an empty file: everything before
	// the position in its name was trimmed.
	trimmedExt = ".trimmed"
	nameDigits = 20

	// noPosition is greater than every position.
	noPosition = 1 << 63
)

// Segment describes one file of the journal.
type Segment struct {
	// Base and End bound its durable records: Base ≤ p < End.
	Base, End uint64
	Sealed    bool  // no record will be added to it
	Size      int64 // bytes of the file up to End
}

// segment is a file of the journal.
type segment struct {
	header
	seed uint32 // the header's check, which its records' checks begin with
	// end is the end of the durable records, and file is the name of the file. Both
	// change under Contents.segMu.
	end  uint64
	file string

	// What Inspect found: damage of the header, whether no record can be read
	// because of it, and whether the end is unknown then.
	damage     *CorruptError
	unreadable bool
	unknown    bool
}

func (s *segment) sealed() bool { return strings.HasSuffix(s.file, sealedExt) }

// offset is the place of a position in the file.
func (s *segment) offset(pos uint64) int64 { return headerSize + int64(pos-s.base) }

func fileName(base uint64, ext string) string { return fmt.Sprintf("%0*d%s", nameDigits, base, ext) }

// parseName is the inverse of fileName. It is false for other files.
func parseName(name string) (base uint64, ext string, ok bool) {
	if len(name) < nameDigits {
		return 0, "", false
	}
	base, err := strconv.ParseUint(name[:nameDigits], 10, 64)
	ext = name[nameDigits:]
	return base, ext, err == nil && (ext == openExt || ext == sealedExt || ext == tempExt || ext == trimmedExt)
}

// newSegment returns a segment without records, and the bytes of its header.
func newSegment(h header, file string) (*segment, []byte) {
	b := h.encode()
	return &segment{header: h, end: h.base, file: file, seed: binary.BigEndian.Uint32(b[44:])}, b
}
