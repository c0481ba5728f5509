package feed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

const (
	// maxLine bounds a line, in bytes. A longer one is rejected.
	maxLine = 1 << 20
	// maxChunk is the number of bytes after which a mark is made. Two marks are never
	// more than maxChunk + maxLine apart.
	maxChunk = 1 << 20
)

// lines reads an input piece by piece, and counts and hashes (SHA-256) the bytes that were
// accepted.
type lines struct {
	r *bufio.Reader
	// r reads held, and then input.
	held   *bytes.Buffer
	input  buffered
	offset uint64
	digest hash.Hash
	// inside is set if the next bytes belong to a line that was handled already.
	inside bool

	piece       []byte // the last one, until accepted
	pieceInside bool
}

// kind is the kind of a piece.
type kind int

const (
	aLine   kind = iota // a line with its newline
	anEnd               // the last line of the input, without a newline; it may grow
	tooLong             // the start of a line that is too long
	rest                // more of a line that was handled already
)

// next returns the next piece without its newline, valid until the next call. A piece that
// is not accepted before that is not counted. The input ends with io.EOF, and continues
// after errDue.
func (l *lines) next() (kind, []byte, error) {
	if err := l.await(); err != nil {
		return 0, nil, err
	}
	b, err := l.r.ReadSlice('\n')
	l.piece = b
	what := aLine
	switch {
	case err == nil:
		l.pieceInside = false
		b = b[:len(b)-1]
	case errors.Is(err, bufio.ErrBufferFull):
		l.pieceInside = true
		what = tooLong
	case errors.Is(err, io.EOF) && len(b) > 0:
		l.pieceInside = true
		what = anEnd
	default:
		return 0, nil, err
	}
	if l.inside {
		what = rest
	}
	return what, b, nil
}

// await returns when a piece can be read, or fails with errDue.
func (l *lines) await() error {
	for looked := 0; ; {
		b, _ := l.r.Peek(l.r.Buffered())
		if bytes.IndexByte(b[looked:], '\n') >= 0 || len(b) == l.r.Size() {
			return nil
		}
		looked = len(b)
		if _, err := l.r.Peek(looked + 1); errors.Is(err, errDue) {
			return err
		} else if err != nil {
			return nil // the next read returns it again
		}
	}
}

// ready reports whether a read returns at once.
func (l *lines) ready() bool { return l.r.Buffered() > 0 || l.held.Len() > 0 || l.input.ready() }

// accept counts the last piece.
func (l *lines) accept() {
	l.offset += uint64(len(l.piece))
	l.digest.Write(l.piece)
	l.inside = l.pieceInside
}

// sum is the SHA-256 of all bytes accepted.
func (l *lines) sum() (d [sha256.Size]byte) {
	l.digest.Sum(d[:0])
	return d
}
