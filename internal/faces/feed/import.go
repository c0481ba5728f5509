package feed

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// The formats, by their names.
const (
	bitlyFeed    = "bitly-feed"
	ndjsonFormat = "ndjson"
	accessLog    = "combined"
)

// Formats lists the formats that Import takes.
var Formats = []string{bitlyFeed, ndjsonFormat, accessLog}

// BringsLinks tells whether inputs of the format bring links and users, so that
// they may be the first thing that a data directory gets.
func BringsLinks(format string) bool { return format != accessLog }

// Recorder is where the clicks go: recorder.Recorder.
type Recorder interface {
	BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Result says what became of an input's lines, however many imports it took.
// Where each line is one click at most, Lines is the sum of the next four; a
// line of counts brings many clicks.
type Result struct {
	Lines    uint64
	Clicks   uint64 // recorded now
	Known    uint64 // clicks that an earlier import brought
	Skipped  uint64 // in order, and no clicks
	Rejected uint64 // not understood, or out of range, or without a link

	Users, Links uint64 // of the skipped lines, those that describe one
	NoLink       uint64 // of the rejected lines, those whose link is not here
	Alien        uint64 // of the rejected lines, those that have not the format at all
}

// Add adds another input's result.
func (r *Result) Add(o Result) {
	r.Lines += o.Lines
	r.Clicks += o.Clicks
	r.Known += o.Known
	r.Skipped += o.Skipped
	r.Rejected += o.Rejected
	r.Users += o.Users
	r.Links += o.Links
	r.NoLink += o.NoLink
	r.Alien += o.Alien
}

// Rejected is a line that was not taken.
type Rejected struct {
	Line   uint64 `json:"line"` // counted from 1
	Reason string `json:"reason"`
}

// Importer imports clicks. All public fields are required.
type Importer struct {
	Recorder Recorder
	Links    store.Links
	Users    store.Users
	// Names knows which URLs are short links of ours, and Host is the host of
	// those where there is no domain.
	Names *links.Links
	Host  string
	Now   func() time.Time
	// IsBot tells what a user agent of an access log is; empty or "-" is none.
	IsBot func(agent string) bool
	// Proxy tells whether an address is that of a proxy that is trusted to say, in an
	// access log, where a visitor came from.
	Proxy func(netip.Addr) bool
	// Country is where an address is. The address goes no further.
	Country func(netip.Addr) click.Country
	// After is time.After.
	After func(time.Duration) <-chan time.Time

	deletions deletions
}

// Import reads an input, gzip or plain, and returns once its clicks are
// durable and counted. Of an input that goes on, such as a pipe, the lines that
// have come are recorded half a second later at the latest. Lines that are not taken go to reject, the first time
// they are met; later imports look at them again, and take those that they can.
// So are those of users and links that are deleted before their line is taken.
// After an error what was recorded is not lost: importing the same input again
// goes on behind it. A Read of the input that waits for more when Import returns
// early may end after that.
func (im *Importer) Import(ctx context.Context, format string, r io.Reader, reject func(Rejected)) (Result, error) {
	parse, err := im.parser(format)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	flow := newInflow(ctx, r, im.After)
	input := buffered{bufio.NewReaderSize(flow, maxLine), flow}
	name := source(format, input.Reader)
	if err := input.failed(); err != nil {
		return Result{}, err
	}
	marks, end, err := im.Recorder.BeginImport(ctx, name)
	if err != nil {
		return Result{}, err
	}
	defer end()
	gone, endGone := im.deletions.begin()
	defer endGone()
	i := importing{
		recorder: im.Recorder, parse: parse, cancel: cancel,
		resolver: newResolver(im, gone),
	}
	at, rest, err := resume(input, marks, func(m, before store.Mark, between []byte) error { return i.takeRejected(ctx, m, before, between) })
	if err != nil {
		return i.result(at), err
	}
	at.Source = name
	i.last = at
	known, err := i.prefix(rest, marks, at, reject)
	if err == nil && !known {
		err = i.recordAll(ctx, rest, reject)
	}
	if err == nil {
		err = im.Recorder.Drain(ctx)
	}
	return i.result(at), err
}

// parser is what reads the lines of the format. It is not for concurrent use.
func (im *Importer) parser(format string) (parser, error) {
	switch format {
	case bitlyFeed:
		f := bitly{now: im.Now}
		return f.parse, nil
	case ndjsonFormat:
		f := ndjson{now: im.Now}
		return f.parse, nil
	case accessLog:
		f := combined{now: im.Now, isBot: im.IsBot, proxy: im.Proxy, country: im.Country}
		return f.parse, nil
	}
	return nil, fmt.Errorf("unknown format %q: it must be one of %s", format, strings.Join(Formats, ", "))
}
