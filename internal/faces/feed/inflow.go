package feed

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"
)

// dueAfter is the time after which lines that were read are recorded without waiting for
// more lines. Counting takes up to half a second more, so a line is in the counts within
// a second.
const dueAfter = 500 * time.Millisecond

// errDue is the error of a Read that found no bytes when lines that were read before are due.
var errDue = errors.New("lines are due")

// inflow reads and unpacks an input in the background. A Read of a quiet input returns
// when lines are due, or when the import ends.
type inflow struct {
	ctx    context.Context
	after  func(time.Duration) <-chan time.Time
	blocks chan block
	free   chan []byte

	block block
	rest  []byte           // the unread part of it
	due   <-chan time.Time // nil if nothing is due
}

// block is a piece of the input. One with an error is the last.
type block struct {
	bytes []byte
	err   error
}

// blockSize is the number of bytes that are read at once.
const blockSize = 1 << 16

// newInflow starts to read. It stops when the input or ctx ends. A read that blocks then
// ends later.
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

// Read implements io.Reader. It returns its errors again, except errDue.
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

// ready reports whether Read returns at once.
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

// hold is called when lines were read: they are due after dueAfter. release is called when
// they were passed on.
func (f *inflow) hold() {
	if f.due == nil {
		f.due = f.after(dueAfter)
	}
}

func (f *inflow) release() { f.due = nil }

// buffered is an inflow with a buffer for a whole line.
type buffered struct {
	*bufio.Reader
	flow *inflow
}

// ready reports whether a read returns at once.
func (b buffered) ready() bool { return b.Buffered() > 0 || b.flow.ready() }

// failed is the error of an input if nothing could be read.
func (b buffered) failed() error {
	if err := b.flow.block.err; b.Buffered() == 0 && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
