package feed

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/storage/store"
)

// format is a format of inputs.
type format struct {
	name string
	// describes is set if lines describe links and users.
	describes bool
	// parser makes a parser. It is not for concurrent use.
	parser func(*Importer) parser
}

// formats are all formats that Import takes.
var formats = []format{bitlyFormat, ndjsonFormat, combinedFormat, caddyFormat, traefikFormat}

// Formats lists the names of the formats that Import takes.
func Formats() (names []string) {
	for _, f := range formats {
		names = append(names, f.name)
	}
	return names
}

// BringsLinks reports whether inputs of the format describe links and users, so that they
// may be imported into an empty data directory.
func BringsLinks(name string) bool {
	f, err := formatOf(name)
	return err == nil && f.describes
}

func formatOf(name string) (format, error) {
	for _, f := range formats {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("unknown format %q: it must be one of %s", name, strings.Join(Formats(), ", "))
}

// Recorder records the clicks: recorder.Recorder.
type Recorder interface {
	BeginImport(ctx context.Context, source [32]byte) (marks []store.Mark, end func(), err error)
	Import(ctx context.Context, clicks []click.Click, mark store.Mark) error
	Drain(ctx context.Context) error
}

// Result counts the lines of an input by their outcome, in this and earlier imports. If each
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
	Kind   Kind   `json:"kind,omitempty"`
}

// Kind is a kind of rejected lines that a person can do something about.
type Kind string

const (
	// CommonLog is the kind of lines in the common log format, which lack what the
	// combined one has.
	CommonLog Kind = "common_log"
	// NoHeaders is the kind of lines without the user agent, NoLocation of those that do
	// not say where a redirect led.
	NoHeaders  Kind = "no_headers"
	NoLocation Kind = "no_location"
	// Deleted is the kind of lines whose user or link was deleted during the import.
	Deleted Kind = "deleted"
)

func rejected(line uint64, reason error) Rejected {
	r := Rejected{Line: line, Reason: reason.Error()}
	switch {
	case errors.Is(reason, errCommon):
		r.Kind = CommonLog
	case errors.Is(reason, errNoHeaders):
		r.Kind = NoHeaders
	case errors.Is(reason, errNoLocation):
		r.Kind = NoLocation
	case errors.Is(reason, errDeleted):
		r.Kind = Deleted
	}
	return r
}

// Importer imports clicks. All public fields are required.
type Importer struct {
	Recorder Recorder
	Links    store.Links
	Users    store.Users
	// Names finds which URLs are short links of ours. Host is the host of those if there
	// is no domain.
	Names *links.Links
	Host  string
	Now   func() time.Time
	// ReadAgent says what a user agent is: useragent.Reader.ReadText.
	ReadAgent func(agent string) useragent.Visitor
	// Proxy reports whether an address is that of a trusted proxy, so that the address
	// before it in an access log is believed.
	Proxy func(netip.Addr) bool
	// Place is where an address is. The address is not kept.
	Place func(netip.Addr) click.Place
	// After is time.After.
	After func(time.Duration) <-chan time.Time

	deletions deletions
	changes   atomic.Uint64 // by other processes
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
func (im *Importer) Import(ctx context.Context, formatName string, r io.Reader, reject func(Rejected)) (Result, error) {
	format, err := formatOf(formatName)
	if err != nil {
		return Result{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	flow := newInflow(ctx, r, im.After)
	input := buffered{bufio.NewReaderSize(flow, maxLine), flow}
	name := source(format.name, input.Reader)
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
		recorder: im.Recorder, parse: format.parser(im), cancel: cancel,
		resolver: newResolver(im, gone),
	}
	at, rest, err := resume(input, marks, func(m, before store.Mark, between []byte) error { return i.takeRejected(ctx, m, before, between) })
	if err != nil {
		return i.result(at), err
	}
	at.Input = name
	i.last = at
	known, err := i.takeCutOff(rest, marks, at, reject)
	if err == nil && !known {
		err = i.recordAll(ctx, rest, reject)
	}
	if err == nil {
		err = im.Recorder.Drain(ctx)
	}
	return i.result(at), err
}
