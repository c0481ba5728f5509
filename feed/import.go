package feed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// Formats lists the formats that Import takes.
var Formats = []string{"bitly-feed", "ndjson", "combined"}

// Recorder is where the clicks go: recorder.Recorder.
type Recorder interface {
	BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Result says what became of an input's lines. Where each line is one click at
// most, Lines is the sum of the others; a line of counts brings many clicks.
type Result struct {
	Lines    uint64 `json:"lines"`
	Clicks   uint64 `json:"clicks"`   // recorded now
	Known    uint64 `json:"known"`    // clicks that an earlier import brought
	Skipped  uint64 `json:"skipped"`  // in order, and no clicks
	Rejected uint64 `json:"rejected"` // not understood, or out of range
}

// Add adds another input's result.
func (r *Result) Add(o Result) {
	r.Lines += o.Lines
	r.Clicks += o.Clicks
	r.Known += o.Known
	r.Skipped += o.Skipped
	r.Rejected += o.Rejected
}

// Rejected is a line that was not taken.
type Rejected struct {
	Line   uint64 `json:"line"` // counted from 1
	Reason string `json:"reason"`
}

// Importer imports clicks. All fields are required.
type Importer struct {
	Recorder Recorder
	Links    store.Links
	Users    store.Users
	Now      func() time.Time
	// IsBot tells what a user agent of an access log is; empty or "-" is none.
	IsBot func(agent string) bool
	// Country is where an address is. The address goes no further.
	Country func(netip.Addr) click.Country
}

// Import reads an input, gzip or plain, and returns once its clicks are
// durable and counted. Lines that are not taken go to reject. After an error
// what was read is not lost: importing the same input again goes on behind it.
func (im *Importer) Import(ctx context.Context, format string, r io.Reader, reject func(Rejected)) (Result, error) {
	parse, err := im.parser(format)
	if err != nil {
		return Result{}, err
	}
	plain, err := Decompress(r)
	if err != nil {
		return Result{}, err
	}
	input := bufio.NewReaderSize(plain, maxLine)
	name := source(input)
	marks, end, err := im.Recorder.BeginImport(ctx, name)
	if err != nil {
		return Result{}, err
	}
	defer end()
	at, behind, err := resume(input, marks)
	if err != nil {
		return Result{}, err
	}
	at.Source = name
	var one sync.Mutex // lines are rejected as they are read, and as they are resolved
	reject = func(f func(Rejected)) func(Rejected) {
		return func(l Rejected) {
			one.Lock()
			defer one.Unlock()
			f(l)
		}
	}(reject)
	last, unended, err := im.commit(ctx, newScanner(behind, parse, reject, at))
	if err == nil {
		err = im.Recorder.Drain(ctx)
	}
	return Result{
		Lines:    last.Lines + unended,
		Clicks:   last.Clicks - at.Clicks,
		Known:    at.Clicks,
		Skipped:  last.Skipped,
		Rejected: last.Rejected + unended,
	}, err
}

// commit records chunk by chunk, while the next one is read. It returns the
// last mark recorded, and how many lines were rejected behind it.
func (im *Importer) commit(ctx context.Context, s *scanner) (last store.Mark, unended uint64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan chunk, 1)
	go s.scan(ctx, chunks)
	last = s.mark
	r := resolver{im: im, known: map[store.ForeignLink]store.Link{}, targets: map[target]store.Link{}, reject: s.reject}
	for c := range chunks {
		// What comes with an error may be damaged itself.
		if whole := c.err == nil || errors.Is(c.err, io.EOF); whole && c.mark.Offset > last.Offset {
			clicks, err := r.resolve(ctx, &c)
			if err == nil {
				err = im.Recorder.Import(ctx, clicks, c.mark)
			}
			if err != nil {
				cancel()
				for range chunks { // until scan has stopped
				}
				return last, 0, err
			}
			last = c.mark
		}
		unended = c.unended
		if c.err != nil && !errors.Is(c.err, io.EOF) {
			err = c.err
		}
	}
	if err == nil {
		err = ctx.Err() // scan may have stopped for it without a word
	}
	return last, unended, err
}

// parser is what reads the lines of the format. It is not for concurrent use.
func (im *Importer) parser(format string) (parser, error) {
	switch format {
	case "bitly-feed":
		f := bitly{now: im.Now}
		return f.parse, nil
	case "ndjson":
		f := ndjson{now: im.Now}
		return f.parse, nil
	case "combined":
		f := combined{now: im.Now, isBot: im.IsBot, country: im.Country}
		return f.parse, nil
	}
	return nil, fmt.Errorf("unknown format %q: it must be one of %s", format, strings.Join(Formats, ", "))
}
