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

// Epoch is the result of a recount of one segment.
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
			any, err := e.recount(ctx, j, until)
			if (any || err != nil) && !yield(e, err) {
				return
			}
		}
	}
}

// recount reads one segment and counts it up to a position.
func (e *Epoch) recount(ctx context.Context, j *journal.Contents, until uint64) (any bool, err error) {
	var sums summer
	watched := meter.Current(ctx)
	for rec, err := range j.Scan(e.Base) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return any, err
		}
		watched.Add(int64(rec.To - rec.From))
		if rec.To > until {
			continue
		}
		if err := sums.add(rec.Data, &e.Ledger); err != nil {
			return any, fmt.Errorf("journal position %d: %w", rec.From, err)
		}
		any = true
	}
	return any, nil
}

// summer adds records to a ledger. It makes no cells: that would take longer than to add each
// click to the sums.
type summer struct {
	record record
	texts  texts
}

func (s *summer) add(data []byte, to *rollup.Ledger) error {
	if len(s.texts) > maxTexts {
		s.texts = nil
	}
	if s.texts == nil {
		s.texts = texts{}
	}
	if err := s.record.decode(data, s.texts.intern); err != nil {
		return err
	}
	for i := range s.record.clicks {
		to.AddClick(&s.record.clicks[i])
	}
	return nil
}

// maxTexts is how many texts of clicks a summer keeps.
const maxTexts = 1 << 16

// newText takes a text of a record without interning it.
func newText(b []byte) string { return string(b) }

// Clicks iterates over the clicks that the journal keeps, up to a position, in the
// order of the journal.
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

// Since iterates over the clicks that the journal has from a position on, at
// which a record starts or the journal ends. Their texts are left out.
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
