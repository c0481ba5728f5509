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
	users   []store.User
	links   []namedLink
	entries []entry
	mark    store.Mark
	// unended counts a rejected last line that has no newline. It lies behind
	// the mark: it may still be being written, and is read again next time.
	unended uint64
	err     error // why the input ended
}

// parser understands a line: it adds to the chunk what the line brings, in
// entries of any number, or says why it is rejected. errSkip stands for a line
// that is in order and brings no click.
type parser func(line []byte, c *chunk) error

// maxEntries is how many clicks make a chunk, whose record must have room for
// them. No line brings more than maxClicks.
const (
	maxEntries = 20_000
	maxClicks  = 10_000
)

// scanner cuts an input into chunks.
type scanner struct {
	lines  *lines
	parse  parser
	reject func(Rejected)
	mark   store.Mark // where the lines begin
}

func newScanner(l *lines, parse parser, reject func(Rejected), at store.Mark) *scanner {
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
	for c.err == nil && s.lines.offset-at.Offset < maxChunk && len(c.entries) < maxEntries {
		what, line, err := s.lines.next()
		if err != nil {
			c.err = err
			continue
		}
		if what == rest {
			s.lines.accept()
			continue
		}
		before := len(c.entries)
		err = s.entries(what, line, &c)
		switch {
		case err == nil:
			for i := range c.entries[before:] {
				c.entries[before+i].line = c.mark.Lines + 1
			}
			c.mark.Clicks += uint64(len(c.entries) - before)
		case errors.Is(err, errSkip):
			c.mark.Skipped++
		default:
			c.entries = c.entries[:before]
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

// entries understands a piece that is a line.
func (s *scanner) entries(what kind, line []byte, c *chunk) error {
	if what == tooLong {
		return fmt.Errorf("the line is longer than %d bytes", maxLine)
	}
	if line = bytes.TrimSpace(line); len(line) == 0 {
		return errSkip
	}
	return s.parse(line, c)
}
