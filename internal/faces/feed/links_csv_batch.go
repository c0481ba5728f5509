package feed

import (
	"context"
	"crypto/sha256"
	"errors"
	"io"
)

// csvBatch is some links of a CSV file, which are made together, and the place where they end.
type csvBatch struct {
	rows   []csvLink
	offset uint64
	digest [sha256.Size]byte
	lines  uint64
	err    error // why the file ends: io.EOF after its last link
}

const (
	// maxRows, maxRowBytes and maxRowClicks bound a part of a batch. maxRowBytes bounds a batch
	// too, which has one part more at most.
	maxRows      = 1000
	maxRowBytes  = 1 << 20
	maxRowClicks = 1_000_000
)

// read sends all batches, the last one with an err, and closes out. It ends early if ctx is
// done. So the file is read while links are made.
func (x *linksImport) read(ctx context.Context, out chan<- csvBatch) {
	defer close(out)
	for {
		b := x.next()
		select {
		case out <- b:
		case <-ctx.Done():
			return
		}
		if b.err != nil {
			return
		}
	}
}

// next reads the next batch: parts, up to the first one with clicks. So a part with clicks
// ends a batch, and its end depends on nothing but the file: that is where marks are.
func (x *linksImport) next() (b csvBatch) {
	start, clicks := x.csv.offset, uint64(0)
	for b.err == nil && clicks == 0 && x.csv.offset-start < maxRowBytes {
		clicks, b.err = x.part(&b)
	}
	if b.err == nil || errors.Is(b.err, io.EOF) {
		b.offset, b.digest, b.lines = x.csv.offset, x.csv.sum(), x.csv.lines
	}
	return b
}

// part adds the next part of the file, and returns the number of its clicks.
func (x *linksImport) part(b *csvBatch) (clicks uint64, err error) {
	now, start := x.im.Now().Unix(), x.csv.offset
	for n := 0; n < maxRows && x.csv.offset-start < maxRowBytes && clicks < maxRowClicks; n++ {
		rec, err := x.csv.next()
		if err != nil {
			return clicks, err
		}
		l := x.header.link(rec, now, x.options.Counts)
		b.rows = append(b.rows, l)
		clicks += l.clicks
	}
	return clicks, nil
}
