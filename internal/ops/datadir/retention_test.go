package datadir

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestRetention: of segments of several ages the right ones are kept.
func TestRetention(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		retention Retention
		ages      []time.Duration // of the segments, which hold 1000 clicks each; the open one holds none
		kept      int             // of them
		logged    string
	}{
		"within the time":     {Retention{Keep: 24 * time.Hour}, []time.Duration{23 * time.Hour, time.Hour}, 2, ""},
		"after the time":      {Retention{Keep: 24 * time.Hour}, []time.Duration{25 * time.Hour, 24 * time.Hour, 23 * time.Hour}, 1, ""},
		"one newer before it": {Retention{Keep: 24 * time.Hour}, []time.Duration{time.Hour, 25 * time.Hour}, 2, ""},
		"none":                {Retention{Keep: 0}, []time.Duration{time.Second, 0}, 0, ""},
		"forever":             {Retention{Keep: Forever}, []time.Duration{1000 * 24 * time.Hour, 0}, 2, ""},
		"too many bytes":      {Retention{Keep: Forever, Max: 20_000}, []time.Duration{0, 0, 0, 0}, 2, "has reached"},
		"nearly too many":     {Retention{Keep: Forever, Max: 35_000}, []time.Duration{0, 0, 0, 0}, 4, "about to reach"},
		"enough room":         {Retention{Keep: Forever, Max: 400_000}, []time.Duration{0, 0, 0, 0}, 4, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log logtest.Log
			dir := t.TempDir()
			d, err := Open(t.Context(), Options{
				Path: dir, Create: true, Now: func() time.Time { return start }, Log: log.Logger(),
			})
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close(t.Context())
			if err := d.DB.GiveUpIDs(t.Context(), progress.Links{User: 1, Link: 1000}); err != nil {
				t.Fatal(err)
			}
			for range c.ages {
				clicks := make([]click.Click, 1000)
				for i := range clicks {
					clicks[i] = click.Click{Time: start.UnixMilli(), User: 1, Link: 1 + click.LinkID(i), Referrer: "r"}
				}
				if err := d.Recorder.Import(t.Context(), clicks, store.Mark{}); err != nil {
					t.Fatal(err)
				}
				if err := d.Journal.Rotate(); err != nil {
					t.Fatal(err)
				}
			}
			if err := d.Recorder.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			segments := d.Journal.Segments()
			for i, age := range c.ages {
				name := filepath.Join(dir, "journal", sealedName(t, dir, i))
				if err := os.Chtimes(name, start.Add(-age), start.Add(-age)); err != nil {
					t.Fatal(err)
				}
			}
			k := &retainer{dir: d, Retention: c.retention, rotated: start}
			for range 2 {
				if err := k.trim(t.Context(), start); err != nil {
					t.Fatal(err)
				}
			}
			if kept := d.Journal.Segments(); len(kept) != c.kept+1 || kept[0].Base != segments[len(c.ages)-c.kept].Base {
				t.Errorf("of %v %v are kept, want the last %d and the open one", segments, kept, c.kept)
			}
			if logged := log.Alarms(); (logged == "") != (c.logged == "") || !strings.Contains(logged, c.logged) || strings.Count(logged, "\n") > 1 {
				t.Errorf("the log says %q, want %q once", logged, c.logged)
			}
			summary, err := d.Check(t.Context(), func(finding string) { t.Error(finding) })
			if err != nil {
				t.Error(summary, err)
			}
		})
	}
}

func sealedName(t *testing.T, dir string, i int) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "journal", "*.sealed"))
	if err != nil || i >= len(names) {
		t.Fatal(names, err)
	}
	return filepath.Base(names[i])
}

// TestRetentionKeepsUncounted: a click that is not counted is kept, whatever
// the age and the size of the journal.
func TestRetentionKeepsUncounted(t *testing.T) {
	t.Parallel()
	now := time.Now()
	var log logtest.Log
	d, err := Open(t.Context(), Options{Path: t.TempDir(), Create: true, Now: func() time.Time { return now }, Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	if err := d.Recorder.Close(t.Context()); err != nil { // counting has ended
		t.Fatal(err)
	}
	if _, err := d.Journal.Append(t.Context(), []byte("no record at all")); err != nil {
		t.Fatal(err)
	}
	k := &retainer{dir: d, Retention: Retention{Keep: 0, Max: 1}}
	for range 3 {
		if err := k.trim(t.Context(), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if first := d.Journal.First(); first != 0 {
		t.Errorf("the journal begins at %d", first)
	}
	if n := strings.Count(log.String(), "is larger than --journal-max"); n != 1 {
		t.Errorf("the log says %d times that the journal is too large:\n%s", n, log.String())
	}
}

// TestJournalAlarms: a worse alarm is logged at once, and the same one once an hour.
func TestJournalAlarms(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	k := &retainer{dir: &Dir{log: log.Logger()}, Retention: Retention{Max: 1000}}
	start := time.Now()
	for _, c := range []struct {
		minute    int
		had, stay int64
		want      string
	}{
		{0, 700, 700, ""},
		{1, 800, 800, "about to reach"},
		{2, 900, 900, ""},
		{3, 1001, 900, "has reached"},
		{4, 950, 950, ""},
		{5, 1001, 900, ""},
		{6, 1500, 1500, "is larger"},
		{7, 1500, 1500, ""},
		{66, 1500, 1500, "is larger"},
		{127, 850, 850, "about to reach"},
		{190, 100, 100, ""},
		{191, 800, 800, "about to reach"},
	} {
		log.Reset()
		k.warn(c.had, c.stay, start.Add(time.Duration(c.minute)*time.Minute))
		if got := log.String(); (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("minute %d: %q, want %q", c.minute, got, c.want)
		}
	}
}

// TestRetainEndsWithContext: a server that stops does not wait for a backup that keeps the
// segments.
func TestRetainEndsWithContext(t *testing.T) {
	t.Parallel()
	d, err := Open(t.Context(), Options{Path: t.TempDir(), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	if err := d.trimMu.Acquire(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	stopping, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.retain(stopping)
	}()
	stop()
	<-done
	for what, f := range map[string]func() error{
		"a backup":  func() error { _, err := d.Backup(stopping, filepath.Join(t.TempDir(), "b"), 1); return err },
		"an export": func() error { _, err := d.HoldJournal(stopping); return err },
	} {
		if err := f(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s that waits for another ends with %v", what, err)
		}
	}
	d.trimMu.Release(1)
}

// TestMaxIsChecked: a journal that exceeds Max is trimmed when a segment is full,
// and its segments are small compared with Max.
func TestMaxIsChecked(t *testing.T) {
	t.Parallel()
	const most = 1 << 20
	o := Options{Path: t.TempDir(), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler), Retention: Retention{Keep: Forever, Max: most}}
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close(t.Context())
	k := &retainer{dir: d, Retention: o.Retention, rotated: time.Now()}
	record := func(upTo int64) {
		for k.size() <= upTo {
			clicks := make([]click.Click, 1000)
			for i := range clicks {
				clicks[i] = click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1, Referrer: "r"}
			}
			if err := d.Recorder.Import(t.Context(), clicks, store.Mark{}); err != nil {
				t.Error(err)
				return
			}
		}
	}
	if err := d.DB.GiveUpIDs(t.Context(), progress.Links{User: 1, Link: 1}); err != nil {
		t.Fatal(err)
	}
	record(most / 2)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		k.wait(t.Context(), 0, 24*time.Hour)
	}()
	record(most + most/4) // with a segment that is full
	<-looked
	if err := d.Recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := k.trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if size := k.size(); size > most || size < most/2 { // the open one included
		t.Errorf("after a trim the journal has %d bytes, want at most %d", size, most)
	}
	for _, s := range d.Journal.Segments() {
		if s.Size > most/segmentsOfMax+64<<10 {
			t.Errorf("a segment has %d bytes", s.Size)
		}
	}
}
