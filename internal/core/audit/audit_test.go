package audit_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// tampered is a store whose snapshots are changed.
type tampered struct {
	store.ClickCounts
	cells  func(rollup.Cell) []rollup.Cell
	epochs func(map[uint64]rollup.Ledger)
	verify string
	times  int // how often Verify finds that
}

func (c *tampered) Snapshot(ctx context.Context) (store.Snapshot, error) {
	s, err := c.ClickCounts.Snapshot(ctx)
	return &tamperedSnapshot{s, c}, err
}

type tamperedSnapshot struct {
	store.Snapshot
	how *tampered
}

func (s *tamperedSnapshot) Cells(ctx context.Context) iter.Seq2[rollup.Cell, error] {
	return func(yield func(rollup.Cell, error) bool) {
		for c, err := range s.Snapshot.Cells(ctx) {
			cells := []rollup.Cell{c}
			if s.how.cells != nil {
				cells = s.how.cells(c)
			}
			for _, c := range cells {
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func (s *tamperedSnapshot) Epochs(ctx context.Context, source store.JournalID) (map[uint64]rollup.Ledger, error) {
	epochs, err := s.Snapshot.Epochs(ctx, source)
	if s.how.epochs != nil {
		s.how.epochs(epochs)
	}
	return epochs, err
}

func (s *tamperedSnapshot) Verify(ctx context.Context, part func() func(*rollup.Cell) error, report func(string)) error {
	for range s.how.times {
		report(s.how.verify)
	}
	return errors.Join(store.EachCell(ctx, s, part), s.Snapshot.Verify(ctx, nil, report))
}

// TestCheck changes a store in several ways, and each time Check reports it.
func TestCheck(t *testing.T) {
	j, err := journal.Open(journal.Options{Dir: "journal", FS: vfs.NewMem(), SegmentSize: 512})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	counts := new(storetest.MemoryCounts)
	r, err := recorder.Open(t.Context(), recorder.Options{Journal: j, Counts: counts, Now: time.Now, Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(100) {
		c := click.Click{Time: (1_360_000_000 + 600*i) * 1000, User: 1, Link: click.LinkID(1 + i%3), Country: click.Country{'U', 'S'}, Bot: i%9 == 0}
		if err := r.Record(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(j.Segments()); n < 3 {
		t.Fatalf("%d segments, want some", n)
	}

	once := func(change func(rollup.Cell) []rollup.Cell) func(rollup.Cell) []rollup.Cell {
		done := false
		return func(c rollup.Cell) []rollup.Cell {
			if done || c.Facet != rollup.Country || c.Scope.Link == 0 {
				return []rollup.Cell{c}
			}
			done = true
			return change(c)
		}
	}
	second := j.Segments()[1].Base
	for _, c := range []struct {
		name   string
		how    tampered
		report []string // parts of the findings; empty if nothing is wrong
	}{
		{"untouched", tampered{}, nil},
		{"a changed count", tampered{cells: once(func(c rollup.Cell) []rollup.Cell { c.Clicks++; return []rollup.Cell{c} })}, []string{"per link, by country"}},
		{"a lost cell", tampered{cells: once(func(rollup.Cell) []rollup.Cell { return nil })}, []string{"per link, by country"}},
		{"a doubled cell", tampered{cells: once(func(c rollup.Cell) []rollup.Cell { return []rollup.Cell{c, c} })}, []string{"per link, by country"}},
		{"a moved cell", tampered{cells: once(func(c rollup.Cell) []rollup.Cell { c.Slot += 900; return []rollup.Cell{c} })}, []string{"per link, by country"}},
		{"a segment that was not counted", tampered{epochs: func(m map[uint64]rollup.Ledger) { delete(m, second) }}, []string{"journal segment", "0 clicks were counted"}},
		{"a segment that was counted twice", tampered{epochs: func(m map[uint64]rollup.Ledger) { l := m[second]; l.AddLedger(&l); m[second] = l }}, []string{"journal segment"}},
		{"a wrong day sum", tampered{verify: "the day is wrong", times: 1}, []string{"the day is wrong"}},
		{"many wrong day sums", tampered{verify: "the day is wrong", times: 150}, []string{"the day is wrong", "sums of days: 50 more values differ"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.how.ClickCounts = counts
			var findings []string
			summary, err := audit.Check(t.Context(), &c.how, &j.Contents, func(f string) { findings = append(findings, f) })
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(summary.String(), "journal segments checked") {
				t.Errorf("the summary is %v", summary)
			}
			if w := summary.Wrong; w.Counts+w.Days+w.Journal != len(findings) || (w.Days > 0) != (c.how.verify != "") {
				t.Errorf("%d findings, and the summary has %+v", len(findings), w)
			}
			if (len(findings) > 0) != (len(c.report) > 0) {
				t.Errorf("findings %q, want some of %q", findings, c.report)
			}
			for _, want := range c.report {
				if !strings.Contains(strings.Join(findings, "\n"), want) {
					t.Errorf("findings %q lack %q", findings, want)
				}
			}
		})
	}
}
