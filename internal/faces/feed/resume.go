package feed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding"
	"errors"
	"io"

	"github.com/footfall/footfall/internal/storage/store"
)

// source is the name under which marks of an input are kept: the SHA-256 of its format, a
// newline, and its first line without the newline. For Bitly's feed it is the SHA-256 of
// the first line alone, which no other format can have, because no line has a newline.
// It consumes nothing.
func source(format string, r *bufio.Reader) [sha256.Size]byte {
	var head []byte
	for n := 1; n <= maxLine; n = r.Buffered() + 1 {
		_, err := r.Peek(n) // waits for one byte more, and no longer
		head, _ = r.Peek(r.Buffered())
		if i := bytes.IndexByte(head, '\n'); i >= 0 {
			head = head[:i]
			break
		}
		if err != nil {
			break
		}
	}
	if format == BitlyFeed {
		return sha256.Sum256(head)
	}
	return sha256.Sum256(append([]byte(format+"\n"), head...))
}

// resume finds the last mark that matches the input: its digest is that of the input up to
// its offset. It returns this mark, or the zero Mark, and the lines after it. It calls
// matched with each mark that matches, the previous one that does, and the bytes between
// them.
//
// A mark can match only if the mark at its Prev does, because the same import made both. So
// resume never holds more bytes than there are between two marks of an import.
//
// It waits for a quiet input only while a mark may still match.
func resume(r buffered, marks []store.Mark, matched func(m, before store.Mark, between []byte) error) (at store.Mark, rest *lines, err error) {
	digest := sha256.New()
	state, err := digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return at, nil, err
	}
	held := new(bytes.Buffer) // the bytes that were read after at
	offset := uint64(0)
	match := map[uint64]bool{0: true}
	may := func(marks []store.Mark) bool {
		for i := range marks {
			if m := &marks[i]; match[m.Prev] && m.Offset > offset && (m.Prev != at.Offset || mayBegin(m, held.Bytes())) {
				return true
			}
		}
		return false
	}
	piece := make([]byte, blockSize)
	for i, m := range marks { // by ascending offset
		if !match[m.Prev] || m.Offset < offset {
			continue
		}
		for offset < m.Offset && err == nil && (r.ready() || may(marks[i:])) {
			var n int
			n, err = r.Read(piece[:min(uint64(len(piece)), m.Offset-offset)])
			held.Write(piece[:n])
			digest.Write(piece[:n])
			offset += uint64(n)
		}
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err != nil {
			return at, nil, err
		}
		if offset < m.Offset {
			break // the input is shorter than before, or another one
		}
		if !bytes.Equal(digest.Sum(nil), m.Digest[:]) {
			continue
		}
		if state, err = digest.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
			return at, nil, err
		}
		if err := matched(m, at, held.Bytes()); err != nil {
			return at, nil, err
		}
		at = m
		match[m.Offset] = true
		held.Reset()
	}
	if err := digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		return at, nil, err
	}
	return at, &lines{
		r: bufio.NewReaderSize(io.MultiReader(held, r), maxLine), held: held, input: r,
		offset: at.Offset, digest: digest, inside: at.Inside,
	}, nil
}

// mayBegin reports whether the stretch before a mark may begin with the bytes that were
// read. It may if the mark has no prints.
func mayBegin(m *store.Mark, read []byte) bool {
	n, err := parseNotes(m.Notes)
	return err != nil || len(n.prints) == 0 || begins(n.prints, read)
}
