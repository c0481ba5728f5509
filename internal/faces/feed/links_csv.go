package feed

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// LinksCSV is the name of the format that ImportLinks takes: CSV files of links, as other
// programs for short links export them. Import does not take it, because it brings no clicks
// of its own.
const LinksCSV = "links-csv"

// LinksOptions say what ImportLinks does.
type LinksOptions struct {
	Login string // of the user who owns the links
	// Counts also imports the number of clicks of each link that this import makes, or that
	// an earlier import of the same file has made without its clicks.
	Counts bool
	// DryRun changes nothing, and reports every link.
	DryRun bool
}

// Verdict is what an import does with a link.
type Verdict string

const (
	Made  Verdict = "made"
	Known Verdict = "known" // the user has it: the name leads to the long URL already
	// NotMade is that of a link that is rejected.
	NotMade Verdict = "rejected"
)

// LinkRow is a line of a CSV file, and what an import does with it. Long texts are cut.
type LinkRow struct {
	Line    uint64  `json:"line"` // in which the record begins, counted from 1
	Link    string  `json:"link"` // the short URL or the name in the file
	LongURL string  `json:"long_url"`
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"` // of a link that is rejected
}

// LinksResult counts the links of CSV files by what an import did with them.
type LinksResult struct {
	Links    uint64 `json:"links"` // the sum of the next three
	Made     uint64 `json:"made"`
	Known    uint64 `json:"known"`
	Rejected uint64 `json:"rejected"`
	// Clicks are the clicks that were recorded, or in a dry run would be. ClicksLeft are,
	// without Counts, the clicks that would be recorded with it; with Counts, the clicks of
	// links that are known from elsewhere.
	Clicks     uint64 `json:"clicks"`
	ClicksLeft uint64 `json:"clicks_left"`
	// Ignored are columns that have no meaning here.
	Ignored []string `json:"ignored_columns,omitempty"`
}

// Add adds another input's result, except its columns.
func (r *LinksResult) Add(o LinksResult) {
	r.Links += o.Links
	r.Made += o.Made
	r.Known += o.Known
	r.Rejected += o.Rejected
	r.Clicks += o.Clicks
	r.ClicksLeft += o.ClicksLeft
}

// ImportLinks makes the links of a CSV file, gzip or plain, for a user that exists. It fails
// with a ColumnsError if the header does not say what it must. It reports each link that it
// rejects; in a dry run, every link.
//
// A link is looked up by its name, so an import can be repeated: links that the user has are
// known. Links that were deleted here are made again. After an error the links that were made
// stay.
//
// With Counts, the clicks of a link are recorded at the time at which the link was made. They
// are recorded once, even if an import is cut off in the middle and the same file is imported
// again. A newer file does not add to the clicks of a link that is known.
func (im *Importer) ImportLinks(ctx context.Context, o LinksOptions, r io.Reader, each func(LinkRow)) (LinksResult, error) {
	user, err := im.Users.UserByLogin(ctx, o.Login)
	if err != nil {
		return LinksResult{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	x := &linksImport{im: im, options: o, user: user.ID, each: each, cancel: cancel, planned: planned{}, source: sha256.Sum256([]byte(LinksCSV + "\n" + o.Login))}
	// Imports for one user wait for each other: both would count the clicks of a new link.
	marks, end, err := im.Recorder.BeginImport(ctx, x.source)
	if err != nil {
		return LinksResult{}, err
	}
	defer end()
	x.marks = marks
	gone, endGone := im.deletions.begin()
	defer endGone()
	x.resolver = newResolver(im, gone)
	x.csv = newCSVReader(bufio.NewReaderSize(newInflow(ctx, r, im.After), maxLine))
	err = x.importAll(ctx)
	if err == nil {
		err = im.Recorder.Drain(ctx)
	}
	return x.result, err
}

// IsLinksCSV reports whether an input, gzip or plain, has the header of a file that
// ImportLinks takes.
func IsLinksCSV(r io.Reader) bool {
	r, err := Decompress(r)
	if err != nil {
		return false
	}
	head, err := newCSVReader(bufio.NewReaderSize(r, maxLine)).next()
	if err == nil {
		_, err = parseHeader(head.fields)
	}
	return err == nil && head.err == nil
}

// linksImport is one ImportLinks while it runs.
type linksImport struct {
	im       *Importer
	options  LinksOptions
	user     click.UserID
	each     func(LinkRow)
	cancel   func() // stops reading the input
	resolver resolver
	csv      *csvReader
	header   csvHeader
	result   LinksResult

	source  [sha256.Size]byte
	marks   []store.Mark // of earlier imports
	seen    bool         // one of them is at the end of the batch
	planned planned
	free    map[string]bool // names that no link had before the batch
}

func (x *linksImport) importAll(ctx context.Context) error {
	head, err := x.csv.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if head.err != nil {
		return fmt.Errorf("line %d: %w", head.line, head.err)
	}
	if x.header, err = parseHeader(head.fields); err != nil {
		return err
	}
	x.result.Ignored = x.header.ignored
	batches := make(chan csvBatch, 1)
	go x.read(ctx, batches)
	for b := range batches {
		err = b.err
		if err == nil || errors.Is(err, io.EOF) {
			err = x.batch(ctx, &b)
		}
		if err != nil {
			x.cancel()
			for range batches { // until read has ended
			}
			return err
		}
	}
	return ctx.Err() // read ends early for it, without an error
}

// batch plans and makes some links, records their clicks, and then reports what it did.
func (x *linksImport) batch(ctx context.Context, b *csvBatch) error {
	plans, err := x.planAndMake(ctx, b)
	if err != nil {
		return err
	}
	for i := range plans {
		x.report(&plans[i])
	}
	return nil
}

func (x *linksImport) planAndMake(ctx context.Context, b *csvBatch) ([]plan, error) {
	resolving := &x.im.deletions.resolving
	resolving.RLock()
	defer resolving.RUnlock()
	x.resolver.forgetGone()
	if reason := x.resolver.gone.user(x.options.Login); reason != nil {
		return nil, reason
	}
	plans, err := x.plan(ctx, b.rows)
	if err != nil {
		return nil, err
	}
	n, err := x.findBegun(b, plans)
	if err != nil || x.options.DryRun {
		return plans, err
	}
	if err := x.beginCounts(ctx, b, plans, n); err != nil {
		return nil, err
	}
	if err := x.makeLinks(ctx, plans); err != nil {
		return nil, err
	}
	clear(x.planned)
	if x.options.Counts {
		err = x.recordCounts(ctx, b, plans, n.taken.clicks)
	}
	return plans, err
}

func (x *linksImport) report(p *plan) {
	x.result.Links++
	row := LinkRow{Line: p.line, Link: p.short, LongURL: cut(p.longURL, maxShort), Verdict: p.verdict}
	switch p.verdict {
	case Made:
		x.result.Made++
	case Known:
		x.result.Known++
	case NotMade:
		x.result.Rejected++
		row.Reason = p.rejected.Error()
	}
	switch {
	case p.counts() && !x.options.Counts, p.verdict == Known && !p.counts() && x.options.Counts && !x.seen:
		x.result.ClicksLeft += p.clicks
	case p.counts() && x.options.DryRun:
		x.result.Clicks += p.clicks
	}
	if x.options.DryRun || p.verdict == NotMade {
		x.each(row)
	}
}
