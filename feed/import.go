package feed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// Formats lists the formats that Import takes.
var Formats = []string{"bitly-feed"}

// Recorder is where the clicks go: recorder.Recorder.
type Recorder interface {
	BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Result says what became of an input's lines. Lines is the sum of the others.
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
	Now      func() time.Time
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
	last, unended, err := im.commit(ctx, newScanner(behind, parse, reject, at))
	if err == nil {
		err = im.Recorder.Drain(ctx)
	}
	result := Result{
		Clicks:   last.Clicks - at.Clicks,
		Known:    at.Clicks,
		Skipped:  last.Skipped,
		Rejected: last.Rejected + unended,
	}
	result.Lines = result.Clicks + result.Known + result.Skipped + result.Rejected
	return result, err
}

// commit records chunk by chunk, while the next one is read. It returns the
// last mark recorded, and how many lines were rejected behind it.
func (im *Importer) commit(ctx context.Context, s *scanner) (last store.Mark, unended uint64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	chunks := make(chan chunk, 1)
	go s.scan(ctx, chunks)
	last = s.mark
	known := map[store.ForeignLink]store.Link{}
	for c := range chunks {
		// What comes with an error may be damaged itself.
		if whole := c.err == nil || errors.Is(c.err, io.EOF); whole && c.mark.Offset > last.Offset {
			if err := im.record(ctx, &c, known); err != nil {
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

// maxKnown bounds the links that an import remembers.
const maxKnown = 1 << 17

// record makes the links that a chunk names, and then records its clicks.
func (im *Importer) record(ctx context.Context, c *chunk, known map[store.ForeignLink]store.Link) error {
	var missing []store.ForeignLink
	if len(known) > maxKnown {
		clear(known)
	}
	for i := range c.entries {
		link := c.entries[i].link
		if _, ok := known[link]; !ok {
			missing = append(missing, link)
			known[link] = store.Link{}
		}
	}
	if len(missing) > 0 {
		made, err := im.Links.ImportLinks(ctx, missing)
		if err != nil {
			return fmt.Errorf("import links: %w", err)
		}
		for i, l := range made {
			known[missing[i]] = l
		}
	}
	clicks := make([]click.Click, len(c.entries))
	for i := range c.entries {
		l := known[c.entries[i].link]
		clicks[i] = c.entries[i].click
		clicks[i].User, clicks[i].Link = l.User, l.ID
	}
	return im.Recorder.Import(ctx, clicks, c.mark)
}

// parser is what reads a line of the format: an entry, errSkip, or why the
// line is rejected. It is not for concurrent use.
func (im *Importer) parser(format string) (func(line []byte) (entry, error), error) {
	switch format {
	case "bitly-feed":
		f := bitly{now: im.Now}
		return f.parse, nil
	}
	return nil, fmt.Errorf("unknown format %q: it must be one of %s", format, strings.Join(Formats, ", "))
}
