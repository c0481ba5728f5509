package audit_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// journaled makes a journal of three segments in memory, and counts it.
func journaled(t *testing.T) (o journal.Options, counts *storetest.MemoryCounts, segments []journal.Segment) {
	t.Helper()
	o = journal.Options{Dir: "journal", FS: vfs.NewMem()}
	j, err := journal.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	counts = new(storetest.MemoryCounts)
	r, err := recorder.Open(t.Context(), recorder.Options{Journal: j, Counts: counts, Now: time.Now, Log: slog.Default()})
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(30) {
		if err := r.Record(t.Context(), click.Click{Time: (1_360_000_000 + 600*i) * 1000, User: 1, Link: 2}); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 && i < 29 {
			if err := j.Rotate(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	segments = j.Segments()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return o, counts, segments
}

func name(s journal.Segment) string { return fmt.Sprintf("journal/%020d.sealed", s.Base) }

// flipped flips a bit of a file, some bytes before its end.
func flipped(t *testing.T, fs vfs.FS, path string, back int64) {
	t.Helper()
	f, err := fs.OpenReadWrite(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	if _, err := f.ReadAt(b, info.Size()-back); err != nil {
		t.Fatal(err)
	}
	b[0] ^= 4
	if _, err := f.WriteAt(b, info.Size()-back); err != nil {
		t.Fatal(err)
	}
}

// TestCheckJournal: damaged and missing parts are reported with what is lost, and
// what is missing for a known reason is a note.
func TestCheckJournal(t *testing.T) {
	for _, c := range []struct {
		name   string
		harm   func(t *testing.T, fs vfs.FS, s []journal.Segment)
		counts store.ClickCounts // instead of those that were made
		repair bool
		want   []string // a part of each finding
		notes  []string
	}{
		{name: "nothing", harm: func(*testing.T, vfs.FS, []journal.Segment) {}},
		{name: "a damaged segment", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			flipped(t, fs, name(s[0]), 40)
		}, want: []string{"are counted, and no click is lost"}},
		{name: "two damages", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			flipped(t, fs, name(s[1]), 150)
			flipped(t, fs, name(s[1]), 40)
		}, want: []string{"are counted", "are counted"}},
		{name: "damage that is not counted", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			flipped(t, fs, name(s[2]), 40)
		}, counts: new(storetest.MemoryCounts), want: []string{"the clicks are not counted"}},
		{name: "a damaged header", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			flipped(t, fs, name(s[1]), s[1].Size-40)
		}, want: []string{"no click is lost"}},
		{name: "a missing segment", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			if err := fs.Remove(name(s[1])); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"are counted, and no click is lost"}},
		{name: "no beginning", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			if err := fs.Remove(name(s[0])); err != nil {
				t.Fatal(err)
			}
		}, want: []string{"positions 0 to "}},
		{name: "a repaired damage", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			flipped(t, fs, name(s[1]), 40)
		}, repair: true, notes: []string{"positions "}},
		{name: "a repaired beginning", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			if err := fs.Remove(name(s[0])); err != nil {
				t.Fatal(err)
			}
		}, repair: true},
		{name: "another journal", harm: func(t *testing.T, fs vfs.FS, s []journal.Segment) {
			if err := fs.RemoveAll("journal"); err != nil {
				t.Fatal(err)
			}
			j, err := journal.Open(journal.Options{Dir: "journal", FS: fs})
			if err != nil {
				t.Fatal(err)
			}
			j.Close()
		}, notes: []string{"which is gone"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, recorded, segments := journaled(t)
			end := segments[2].End
			c.harm(t, o.FS, segments)
			damaged, err := journal.Inspect(o)
			if err != nil {
				t.Fatal(err)
			}
			j := &damaged.Contents
			if c.repair {
				if _, err := damaged.Repair(end); err != nil {
					t.Fatal(err)
				}
				repaired, err := journal.Open(o)
				if err != nil {
					t.Fatal(err)
				}
				defer repaired.Close()
				j = &repaired.Contents
			}
			counts := store.ClickCounts(recorded)
			if c.counts != nil {
				counts = c.counts
			}
			var findings []string
			summary, err := audit.Check(t.Context(), counts, j, func(f string) { findings = append(findings, f) })
			if err != nil {
				t.Fatal(err)
			}
			if len(findings) != len(c.want) {
				t.Errorf("findings %q, want some of %q", findings, c.want)
			}
			for i := range min(len(findings), len(c.want)) {
				if !strings.Contains(findings[i], c.want[i]) {
					t.Errorf("%q lacks %q", findings[i], c.want[i])
				}
			}
			if summary.Wrong.Damage != len(findings) || len(summary.Notes) != len(c.notes) {
				t.Errorf("%d findings, %+v; notes %q, want %d", len(findings), summary.Wrong, summary.Notes, len(c.notes))
			}
			for i := range min(len(summary.Notes), len(c.notes)) {
				if !strings.Contains(summary.Notes[i], c.notes[i]) {
					t.Errorf("%q lacks %q", summary.Notes[i], c.notes[i])
				}
			}
		})
	}
}
