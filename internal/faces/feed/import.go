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

// The names of the formats.
const (
	bitlyFeed    = "bitly-feed"
	ndjsonFormat = "ndjson"
	accessLog    = "combined"
)

// Formats lists the formats that Import takes.
var Formats = []string{bitlyFeed, ndjsonFormat, accessLog}

// BringsLinks reports whether inputs of the format describe links and users, so that they
// may be imported into an empty data directory.
func BringsLinks(format string) bool { return format != accessLog }

// Recorder records the clicks: recorder.Recorder.
type Recorder interface {
	BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Result is what became of the lines of an input, in this and earlier imports. If each
// line is one click at most, Lines is the sum of the next four; a line of counts has many
// clicks.
type Result struct {
	Lines    uint64
	Clicks   uint64 // recorded now
	Known    uint64 // clicks of earlier imports
	Skipped  uint64 // valid lines without clicks
	Rejected uint64 // not understood, or out of range, or without a link

	Users, Links uint64 // of the skipped lines, those that describe one
	NoLink       uint64 // of the rejected lines, those whose link does not exist
	Alien        uint64 // of the rejected lines, those that are not of the format at all
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
	// Names says which URLs are short links of ours. Host is the host of those if there
	// is no domain.
	Names *links.Links
	Host  string
	Now   func() time.Time
	// IsBot reports whether a user agent of an access log is a bot. An agent that is
	// missing is empty or "-".
	IsBot func(agent string) bool
	// Proxy reports whether an address is that of a trusted proxy, so that the address
	// before it in an access log is believed.
	Proxy func(netip.Addr) bool
	// Country is the country of an address. The address is not kept.
	Country func(netip.Addr) click.Country
	// After is time.After.
	After func(time.Duration) <-chan time.Time

	deletions deletions
}

// Import reads an input, gzip or plain, and returns when its clicks are durable and
// counted. If the input is a pipe, lines are recorded at most half a second after they
// were read.
//
// Lines that cannot be taken are passed to reject the first time. Importing the input
// again tries them again. Lines of users and links that are deleted during the import are
// rejected too.
//
// After an error nothing that was recorded is lost: importing the same input again
// continues after it. If Import returns early, a Read of the input that blocks may return
// later than Import.
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
	at.Input = name
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

// parser returns a parser of the format. It is not for concurrent use.
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
