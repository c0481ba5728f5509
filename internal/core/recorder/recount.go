package recorder

import (
	"context"
	"fmt"
	"iter"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
)

// Epoch is the recount of one segment. Base is its first position, and End the one after its last record, in bytes.
type Epoch struct {
	Base, End uint64
	Ledger    rollup.Ledger // compares with store.Batch.Journaled
}

// Recount counts the kept segments again, up to a position, and yields each that
// has a record before it. Later records are only read. It yields the error of a
// segment that cannot be read, and goes on with the next one. The current meter of
// ctx counts the bytes read.
func Recount(ctx context.Context, j *journal.Contents, until uint64) iter.Seq2[Epoch, error] {
	return func(yield func(Epoch, error) bool) {
		for _, s := range j.Segments() {
			e := Epoch{Base: s.Base, End: s.End}
			counted, err := e.recount(ctx, j, until)
			if (counted || err != nil) && !yield(e, err) {
				return
			}
		}
	}
}

// recount reads one segment and counts it up to a position.
func (e *Epoch) recount(ctx context.Context, j *journal.Contents, until uint64) (counted bool, err error) {
	var adder ledgerAdder
	watched := meter.Current(ctx)
	for rec, err := range j.Scan(e.Base) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return counted, err
		}
		watched.Add(int64(rec.To - rec.From))
		if rec.To > until {
			continue
		}
		if err := adder.add(rec.Data, &e.Ledger); err != nil {
			return counted, fmt.Errorf("journal position %d: %w", rec.From, err)
		}
		counted = true
	}
	return counted, nil
}

// ledgerAdder adds records to a ledger. It makes no cells: that would take longer than to add each
// click to the sums.
type ledgerAdder struct {
	record record
	texts  texts
}

func (a *ledgerAdder) add(data []byte, to *rollup.Ledger) error {
	if a.texts == nil || len(a.texts) > maxTexts {
		a.texts = texts{}
	}
	if err := a.record.decode(data, a.texts.intern); err != nil {
		return err
	}
	for i := range a.record.clicks {
		to.AddClick(&a.record.clicks[i])
	}
	return nil
}

// maxTexts is how many texts are kept: with more, all are dropped before the next record.
const maxTexts = 1 << 16

// newText takes a text of a record without interning it.
func newText(b []byte) string { return string(b) }

// Clicks iterates over the clicks that the journal keeps, up to a position, in the
// order of the journal. It ends with the first error.
func Clicks(ctx context.Context, j *journal.Contents, until uint64) iter.Seq2[click.Click, error] {
	return func(yield func(click.Click, error) bool) {
		var r record
		for _, s := range j.Segments() {
			for rec, err := range j.Scan(s.Base) {
				if err == nil {
					err = ctx.Err()
				}
				if err == nil && rec.To > until {
					return
				}
				if err == nil {
					err = r.decode(rec.Data, newText)
				}
				if err != nil {
					yield(click.Click{}, fmt.Errorf("clicks of the journal: %w", err))
					return
				}
				for _, c := range r.clicks {
					if !yield(c, nil) {
						return
					}
				}
			}
		}
	}
}

// Since iterates over the clicks from a position on. A record must start at the position, or the journal
// end there. The clicks have no texts. It ends with the first error.
func Since(ctx context.Context, j *journal.Contents, pos uint64) iter.Seq2[click.Click, error] {
	return func(yield func(click.Click, error) bool) {
		var r record
		noText := func([]byte) string { return "" }
		for rec, err := range j.Records(pos) {
			if err == nil {
				err = ctx.Err()
			}
			if err == nil {
				err = r.decode(rec.Data, noText)
			}
			if err != nil {
				yield(click.Click{}, fmt.Errorf("clicks of the journal: %w", err))
				return
			}
			for _, c := range r.clicks {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}
