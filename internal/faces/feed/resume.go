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

// source names an input, of which marks are kept: the SHA-256 of its format, a
// newline, and its first line without the newline. Of Bitly's feed it is that
// of the first line alone: a digest that no other format has, for no line holds
// a newline. It reads nothing off.
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
	if format == bitlyFeed {
		return sha256.Sum256(head)
	}
	return sha256.Sum256(append([]byte(format+"\n"), head...))
}

// resume finds the longest mark that matches the input: whose digest is that
// of the input up to its offset. It returns the mark, the zero Mark where none
// matches, and the lines behind it. On its way it calls matched with each mark
// that does, with the one that matched before, and with what lies between.
//
// A mark was made by an import that came from the mark at its Prev. So a mark
// can match only if one at its Prev does, and never more bytes are held than
// lie between two marks of an import.
//
// Where the input is quiet, it is waited for only as long as a mark may match.
func resume(r buffered, marks []store.Mark, matched func(m, before store.Mark, between []byte) error) (at store.Mark, rest *lines, err error) {
	digest := sha256.New()
	state, err := digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return at, nil, err
	}
	held := new(bytes.Buffer) // what was read after at
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
			break // the input is shorter than it was, or another one
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
		r: bufio.NewReaderSize(io.MultiReader(held, r), maxLine), held: held, from: r,
		offset: at.Offset, digest: digest, inside: at.Inside,
	}, nil
}

// mayBegin tells whether the stretch before a mark may begin with what has come of
// an input. Where the mark has no prints, nothing speaks against it.
func mayBegin(m *store.Mark, come []byte) bool {
	n, err := parseNotes(m.Notes)
	return err != nil || len(n.prints) == 0 || begins(n.prints, come)
}
