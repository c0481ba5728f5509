package feed

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"
)

// dueAfter is when lines that have been read are recorded, although more may come
// that would be recorded with them. Counting them takes up to half a second more,
// so that a line is in the counts within a second.
const dueAfter = 500 * time.Millisecond

// errDue: nothing more has come, and lines that were read before are due.
var errDue = errors.New("lines are due")

// inflow reads an input in the background, and unpacks it. Whoever waits for an
// input that is quiet stops waiting when lines are due, or when the import ends.
type inflow struct {
	ctx    context.Context
	after  func(time.Duration) <-chan time.Time
	blocks chan block
	free   chan []byte

	block block
	rest  []byte           // what has not been read of it
	due   <-chan time.Time // nil where nothing is due
}

// block is a piece of the input. One with an error is the last.
type block struct {
	bytes []byte
	err   error
}

// blockSize is how much is read at once, in bytes.
const blockSize = 1 << 16

// newInflow begins to read. It goes on until the input or ctx ends; a read that
// waits for more then ends after that.
func newInflow(ctx context.Context, r io.Reader, after func(time.Duration) <-chan time.Time) *inflow {
	f := &inflow{ctx: ctx, after: after, blocks: make(chan block, 1), free: make(chan []byte, 3)}
	for range cap(f.free) {
		f.free <- nil
	}
	go f.fill(r)
	return f
}

func (f *inflow) fill(r io.Reader) {
	input, err := Decompress(r)
	for {
		b := block{err: err}
		if err == nil {
			select {
			case b.bytes = <-f.free:
			case <-f.ctx.Done():
				return
			}
			if b.bytes == nil {
				b.bytes = make([]byte, blockSize)
			}
			var n int
			n, err = input.Read(b.bytes[:blockSize])
			b.bytes, b.err = b.bytes[:n], err
		}
		select {
		case f.blocks <- b:
		case <-f.ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// Read implements io.Reader. Its errors come again, except errDue.
func (f *inflow) Read(b []byte) (int, error) {
	for len(f.rest) == 0 {
		if f.block.err != nil {
			return 0, f.block.err
		}
		if !f.ready() {
			select {
			case next := <-f.blocks:
				f.take(next)
			case <-f.due:
				f.due = nil
				return 0, errDue
			case <-f.ctx.Done():
				f.block.err = f.ctx.Err()
			}
		}
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// ready tells whether Read has an answer at once.
func (f *inflow) ready() bool {
	if len(f.rest) > 0 || f.block.err != nil {
		return true
	}
	select {
	case next := <-f.blocks:
		f.take(next)
		return len(f.rest) > 0 || f.block.err != nil
	default:
		return false
	}
}

func (f *inflow) take(next block) {
	if f.block.bytes != nil {
		f.free <- f.block.bytes // there is room: these are all
	}
	f.block, f.rest = next, next.bytes
}

// hold says that lines have been read which are due in a while, and release that
// there are none.
func (f *inflow) hold() {
	if f.due == nil {
		f.due = f.after(dueAfter)
	}
}

func (f *inflow) release() { f.due = nil }

// buffered is an inflow with a buffer that holds a line.
type buffered struct {
	*bufio.Reader
	from *inflow
}

// ready tells whether there is more at once.
func (b buffered) ready() bool { return b.Buffered() > 0 || b.from.ready() }

// failed is why an input cannot be read of which nothing has come.
func (b buffered) failed() error {
	if err := b.from.block.err; b.Buffered() == 0 && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
