package feed

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

// chunk is a number of lines of the input that are recorded together.
type chunk struct {
	users   []describedUser
	links   []namedLink
	entries []entry
	sum     tally
	// waiting are the lines that were rejected, by their number.
	waiting []uint64

	// prints are those of the lines.
	prints prints

	// The end of the chunk in the input.
	offset uint64
	digest [sha256.Size]byte
	inside bool

	// alien counts the rejected lines that are not of the format at all.
	alien uint64

	// unended counts a rejected last line without a newline. It is not in the chunk: it
	// may still grow, and the next import reads it again.
	unended uint64
	err     error // why the input ended
}

// parser parses a line, and adds its clicks, links and users to the chunk. Its error is
// the reason to reject the line, or errSkip for a valid line without clicks.
type parser func(line []byte, c *chunk) error

// notOfFormat is for a line that is not of the format at all, unlike one with a wrong
// value.
type notOfFormat struct{ error }

func isOfFormat(err error) bool { return !errors.As(err, new(notOfFormat)) }

const (
	// maxEntries is the number of clicks, or of rejected lines, that fills a chunk. Their
	// record in the journal must have room for them.
	maxEntries = 20_000
	// maxClicks bounds the clicks of a line.
	maxClicks = 10_000
)

// full reports whether the chunk should take no more lines.
func (c *chunk) full() bool { return len(c.entries) >= maxEntries || len(c.waiting) >= maxEntries }

// dirt may precede a line: zeros after a log was emptied while it was written, and the
// byte order mark that some editors write at the start of a file.
const dirt = "\x00\ufeff"

// take parses a line and adds its clicks, links and users. If the line is rejected, it
// returns the reason and leaves the chunk as it was.
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
	number uint64 // of the last line
	parse  parser
	reject func(Rejected)
	spare  chan []entry // memory of chunks that are recorded
}

// recycle gives the memory of a recorded chunk to a later one.
func (s *scanner) recycle(c *chunk) {
	clear(c.entries) // frees their texts
	select {
	case s.spare <- c.entries[:0]:
	default:
	}
}

// scan sends all chunks, the last one with an err, and closes out. It ends early if ctx is
// done.
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

// accept adds the last piece to a chunk, which is due after dueAfter.
func (s *scanner) accept(c *chunk) {
	s.lines.accept()
	s.lines.input.flow.hold()
	c.prints.add(s.lines.piece)
}

var (
	errTooLong = fmt.Errorf("the line is longer than %d bytes", maxLine)
	errWaits   = errors.New("the line was rejected when it was imported")
)

// chunk reads lines until the chunk is full or due.
func (s *scanner) chunk() (c chunk) {
	defer s.lines.input.flow.release()
	start := s.lines.offset
	select {
	case c.entries = <-s.spare:
	default:
	}
	for c.err == nil && s.lines.offset-start < maxChunk && !c.full() {
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
			s.reject(rejected(number, err))
			if !isOfFormat(err) {
				c.alien++
			}
			switch what {
			case anEnd:
				c.unended, c.err = 1, io.EOF
				continue
			case tooLong: // it cannot be tried again
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
