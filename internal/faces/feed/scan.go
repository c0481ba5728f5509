package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// chunk is some lines of the input, which are recorded together.
type chunk struct {
	users   []describedUser
	links   []namedLink
	entries []entry
	sum     tally
	// waiting lists the lines that were rejected, by their number.
	waiting []uint64

	// prints are those of its lines.
	prints prints

	// Where it ends in the input, which the scanner says.
	offset uint64
	digest [sha256.Size]byte
	inside bool

	// alien counts the rejected lines that have not the format at all.
	alien uint64

	// unended counts a rejected last line that has no newline. It lies behind
	// the chunk: it may still be being written, and is read again next time.
	unended uint64
	err     error // why the input ended
}

// parser understands a line: it adds to the chunk what the line brings, in
// entries of any number, or says why it is rejected. errSkip stands for a line
// that is in order and brings no click.
type parser func(line []byte, c *chunk) error

// notOfFormat says that a line has not the format that it should have, rather than
// something wrong in it.
type notOfFormat struct{ error }

func isOfFormat(err error) bool { return !errors.As(err, new(notOfFormat)) }

// maxEntries is how many clicks, and how many rejected lines, make a chunk:
// their record must have room for them. No line brings more than maxClicks.
const (
	maxEntries = 20_000
	maxClicks  = 10_000
)

// full tells whether the chunk should take no more lines.
func (c *chunk) full() bool { return len(c.entries) >= maxEntries || len(c.waiting) >= maxEntries }

// dirt may come before a line: zeros where a log was emptied while it was written,
// and the byte order mark that some editors put at the start of a file.
const dirt = "\x00\ufeff"

// take has a line parsed and adds what it brings. An error is why it is
// rejected; then the chunk is as it was before.
func (c *chunk) take(parse parser, number uint64, line []byte) error {
	users, links, entries := len(c.users), len(c.links), len(c.entries)
	err := errSkip
	if line = bytes.TrimSpace(bytes.TrimLeft(line, dirt)); len(line) > 0 {
		err = parse(line, c)
	}
	switch {
	case err == nil:
		for i := range c.entries[entries:] {
			c.entries[entries+i].line = number
		}
		c.sum.clicks += uint64(len(c.entries) - entries)
	case errors.Is(err, errSkip):
		for i := range c.users[users:] {
			c.users[users+i].line = number
		}
		for i := range c.links[links:] {
			c.links[links+i].line = number
		}
		c.sum.skipped++
		c.sum.users += uint64(len(c.users) - users)
		c.sum.links += uint64(len(c.links) - links)
	default:
		c.users, c.links, c.entries = c.users[:users], c.links[:links], c.entries[:entries]
		return err
	}
	c.sum.lines++
	return nil
}

// reject counts a line that was not taken.
func (c *chunk) reject(number uint64) {
	c.waiting = append(c.waiting, number)
	c.sum.lines++
	c.sum.rejected++
}

// scanner cuts an input into chunks.
type scanner struct {
	lines  *lines
	number uint64 // of lines before
	parse  parser
	reject func(Rejected)
}

// scan sends every chunk, the last one with an err, and closes out. It stops
// early when ctx ends.
func (s *scanner) scan(ctx context.Context, out chan<- chunk) {
	defer close(out)
	for {
		c := s.chunk()
		select {
		case out <- c:
		case <-ctx.Done():
			return
		}
		if c.err != nil {
			return
		}
	}
}

// accept takes the last piece into a chunk, which is due in a while then.
func (s *scanner) accept(c *chunk) {
	s.lines.accept()
	s.lines.from.from.hold()
	c.prints.add(s.lines.piece)
}

var (
	errTooLong = fmt.Errorf("the line is longer than %d bytes", maxLine)
	errWaits   = errors.New("it was rejected when it was imported")
)

// chunk reads the next chunk: until it is full, or due.
func (s *scanner) chunk() (c chunk) {
	defer s.lines.from.from.release()
	from := s.lines.offset
	for c.err == nil && s.lines.offset-from < maxChunk && !c.full() {
		what, line, err := s.lines.next()
		if errors.Is(err, errDue) {
			break
		}
		if err != nil {
			c.err = err
			continue
		}
		if what == rest {
			s.accept(&c)
			continue
		}
		number := s.number + 1
		if what == tooLong {
			err = errTooLong
		} else {
			err = c.take(s.parse, number, line)
		}
		if err != nil {
			s.reject(Rejected{Line: number, Reason: err.Error()})
			if !isOfFormat(err) {
				c.alien++
			}
			switch what {
			case anEnd:
				c.unended, c.err = 1, io.EOF
				continue
			case tooLong: // it is not there to be looked at again
				c.sum.lines++
				c.sum.rejected++
			default:
				c.reject(number)
			}
		}
		s.number = number
		s.accept(&c)
	}
	c.offset, c.digest, c.inside = s.lines.offset, s.lines.sum(), s.lines.inside
	return c
}
