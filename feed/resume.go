package feed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding"
	"errors"
	"io"

	"github.com/footfall/footfall/store"
)

// source is the SHA-256 of the input's first line without its newline: under
// that name its marks are kept. It reads nothing off.
func source(r *bufio.Reader) [sha256.Size]byte {
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
	return sha256.Sum256(head)
}

// resume finds the longest mark that matches the input: whose digest is that
// of the input up to its offset. It returns the mark, the zero Mark where none
// matches, and the lines behind it.
//
// A mark was made by an import that came from the mark at its Prev. So a mark
// can match only if one at its Prev does, and never more bytes are held than
// lie between two marks of an import.
func resume(r io.Reader, marks []store.Mark) (at store.Mark, rest *lines, err error) {
	digest := sha256.New()
	state, err := digest.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return at, nil, err
	}
	var held bytes.Buffer // what was read after at
	offset := uint64(0)
	matched := map[uint64]bool{0: true}
	for _, m := range marks { // by ascending offset
		if !matched[m.Prev] || m.Offset < offset {
			continue
		}
		n, err := io.CopyN(io.MultiWriter(&held, digest), r, int64(m.Offset-offset))
		offset += uint64(n)
		if errors.Is(err, io.EOF) {
			break // the input is shorter than it was
		}
		if err != nil {
			return at, nil, err
		}
		if !bytes.Equal(digest.Sum(nil), m.Digest[:]) {
			continue
		}
		if state, err = digest.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
			return at, nil, err
		}
		at = m
		matched[m.Offset] = true
		held.Reset()
	}
	if err := digest.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		return at, nil, err
	}
	return at, &lines{
		r:      bufio.NewReaderSize(io.MultiReader(&held, r), maxLine),
		offset: at.Offset, digest: digest, inside: at.Inside,
	}, nil
}
