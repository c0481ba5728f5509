package feed

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/footfall/footfall/store"
)

// chunk is a stretch of the input, up to a mark.
type chunk struct {
	entries []entry
	mark    store.Mark
	// unended counts a rejected last line that has no newline. It lies behind
	// the mark: it may still be being written, and is read again next time.
	unended uint64
	err     error // why the input ended
}

// scanner cuts an input into chunks.
type scanner struct {
	lines  *lines
	parse  func([]byte) (entry, error)
	reject func(Rejected)
	mark   store.Mark // where the lines begin
}

func newScanner(l *lines, parse func([]byte) (entry, error), reject func(Rejected), at store.Mark) *scanner {
	return &scanner{lines: l, parse: parse, reject: reject, mark: at}
}

// scan sends every chunk, the last one with an err, and closes out. It stops
// early when ctx ends.
func (s *scanner) scan(ctx context.Context, out chan<- chunk) {
	defer close(out)
	at := s.mark
	for {
		c := s.chunk(at)
		select {
		case out <- c:
		case <-ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
		at = c.mark
	}
}

// chunk reads the chunk that begins at a mark.
func (s *scanner) chunk(at store.Mark) chunk {
	c := chunk{mark: at}
	c.mark.Prev = at.Offset
	for c.err == nil && s.lines.offset-at.Offset < maxChunk {
		what, line, err := s.lines.next()
		if err != nil {
			c.err = err
			continue
		}
		if what == rest {
			s.lines.accept()
			continue
		}
		e, err := s.entry(what, line)
		switch {
		case err == nil:
			c.mark.Clicks++
			c.entries = append(c.entries, e)
		case errors.Is(err, errSkip):
			c.mark.Skipped++
		default:
			s.reject(Rejected{Line: c.mark.Lines + 1, Reason: err.Error()})
			if what == anEnd {
				c.unended, c.err = 1, io.EOF
				continue
			}
			c.mark.Rejected++
		}
		c.mark.Lines++
		s.lines.accept()
	}
	c.mark.Offset, c.mark.Digest, c.mark.Inside = s.lines.offset, s.lines.sum(), s.lines.inside
	return c
}

// entry understands a piece that is a line.
func (s *scanner) entry(what kind, line []byte) (entry, error) {
	if what == tooLong {
		return entry{}, fmt.Errorf("the line is longer than %d bytes", maxLine)
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return entry{}, errSkip
	}
	return s.parse(line)
}
