package datadir

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestLostTail: if the counts reach further than the journal, check finds nothing
// wrong and notes it, and backups have what comes after the hole.
func TestLostTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, _ := openIn(t, dir)
	d.click(t, 10)
	source := store.JournalID(d.Journal.ID())
	for range 2 { // the second time, the newest segment has no records
		end := d.Journal.End()
		cell := rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.Bot, Slot: 1_360_000_800}, Clicks: 5}
		b := store.Batch{Journal: source, Epoch: d.Journal.Segments()[len(d.Journal.Segments())-1].Base, From: end, To: end + 500, Cells: []rollup.Cell{cell}}
		b.Journaled.Add(cell)
		if err := d.Counts.AddBatch(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		d.mustClose(t)
		var log *logtest.Log
		if d, log = openIn(t, dir); !strings.Contains(log.String(), "lost a tail") {
			t.Errorf("the log says %q", log)
		}
	}
	defer d.mustClose(t)
	d.click(t, 3)
	d.checks(t, 23, 1)
	if err := d.Repair(t.Context(), func(string) {}); err != nil {
		t.Error(err)
	}
	if _, m, err := backup.Newest(filepath.Join(dir, checkpointDir)); err != nil || m.Counted != d.Journal.End() {
		t.Errorf("the backup has counts up to %d of %d: %v", m.Counted, d.Journal.End(), err)
	}
	again, log := d.moved(t)
	defer again.mustClose(t)
	again.click(t, 2)
	again.checks(t, 25, 1)
	if log.Alarms() != "" || again.Journal.ID() != d.Journal.ID() {
		t.Errorf("the log of the restored directory says %q", log)
	}
}

// TestMoveTrimmed: a backup of a trimmed journal has the same journal, even if that
// has no clicks at all.
func TestMoveTrimmed(t *testing.T) {
	t.Parallel()
	d, _ := openIn(t, t.TempDir())
	defer d.mustClose(t)
	d.click(t, 10)
	if err := d.Journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	k := &retainer{dir: d, Retention: Retention{Keep: 0}}
	if err := k.trim(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if d.Journal.First() == 0 {
		t.Fatal("nothing was trimmed")
	}
	for range 3 { // the journal has no clicks, and then one more each time
		again, log := d.moved(t)
		if log.Alarms() != "" || again.Journal.ID() != d.Journal.ID() || again.Journal.End() != d.Journal.End() {
			t.Errorf("the log of the restored directory says %q; its journal ends at %d, and this one at %d", log, again.Journal.End(), d.Journal.End())
		}
		again.click(t, 1)
		v, err := again.Check(t.Context(), func(finding string) { t.Error(finding) })
		if err != nil || len(v.Notes) > 0 {
			t.Error(v, err)
		}
		again.mustClose(t)
		d.click(t, 1)
	}
}

// TestCheckWhileServing damages a segment while a server runs: check names it, and
// keeps it from being trimmed meanwhile. A repair needs the server to be stopped.
func TestCheckWhileServing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, _ := openIn(t, dir)
	d.click(t, 10)
	if err := d.Journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	d.click(t, 5)
	file, err := d.Journal.File(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-3] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	var findings []string
	v, err := d.Check(t.Context(), func(finding string) {
		findings = append(findings, finding)
		if d.trimMu.TryAcquire(1) {
			d.trimMu.Release(1)
			t.Error("the journal may be trimmed while it is checked")
		}
	})
	if err != nil || len(findings) != 1 || !strings.Contains(findings[0], "no click is lost") || v.Clicks != 15 || v.Wrong.Damage != 1 || !slices.Equal(v.Remedies, []Remedy{RepairJournal}) {
		t.Errorf("the check finds %q, %+v, %v", findings, v, err)
	}
	o := Options{Path: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	repairJournal := func() error {
		return RepairDamaged(t.Context(), o, GiveUp{}, func(said string) { t.Log(said) })
	}
	if err := repairJournal(); !errors.Is(err, ErrOwned) {
		t.Errorf("a repair while a server runs: %v", err)
	}
	d.mustClose(t)
	if err := repairJournal(); err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, dir)
	defer d.mustClose(t)
	d.checks(t, 15, 1)
	for _, kept := range []bool{true, false} { // the second time there is a checkpoint
		var done string
		if err := d.Repair(t.Context(), func(said string) { done += said }); err != nil || strings.Contains(done, "kept the counts") != kept {
			t.Errorf("the repair reports %q, %v", done, err)
		}
	}
}

// TestCheckWhereCountingStopped: check reports that counting stopped, and checks
// everything else.
func TestCheckWhereCountingStopped(t *testing.T) {
	t.Parallel()
	d, _ := openIn(t, t.TempDir())
	defer func() { _ = d.Close(t.Context()) }() // it says why counting stopped
	d.click(t, 10)
	if _, err := d.Journal.Append(t.Context(), []byte("no record at all")); err != nil {
		t.Fatal(err)
	}
	var findings []string
	v, err := d.Check(t.Context(), func(finding string) { findings = append(findings, finding) })
	if err != nil || !strings.Contains(strings.Join(findings, "\n"), "counting has stopped") || v.Clicks != 10 || v.Wrong.Journal != len(findings) || v.Remedies[0] != StartAgain {
		t.Errorf("the check finds %q, %+v, %v", findings, v, err)
	}
}

// TestOldCounts: counts that end before the journal begins are refused. A repair
// leaves them as they are, and a rebuild replaces them.
func TestOldCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, _ := openIn(t, dir)
	d.click(t, 10)
	d.mustClose(t)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(dir, clicksDir))); err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, dir)
	d.click(t, 10)
	if err := d.Journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	k := &retainer{dir: d, Retention: Retention{Keep: time.Hour}}
	if err := k.trim(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	d.click(t, 10)
	d.mustClose(t)
	if err := replaceDir(old, filepath.Join(dir, clicksDir)); err != nil {
		t.Fatal(err)
	}

	o := Options{Path: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if d, err := Open(t.Context(), o); !errors.Is(err, journal.ErrCorrupt) {
		t.Errorf("Open with counts that lack ten clicks returned %v, %v, want journal.ErrCorrupt", d, err)
	}
	var findings []string
	v, err := CheckDamaged(t.Context(), o, func(finding string) { findings = append(findings, finding) })
	if err != nil || len(findings) != 1 || !strings.Contains(findings[0], "counted up to position") || !slices.Contains(v.Remedies, RebuildFromOld) {
		t.Errorf("the check finds %q, %+v, %v", findings, v, err)
	}
	for _, giveUp := range []bool{false, true} {
		if err := RepairDamaged(t.Context(), o, GiveUp{Damaged: giveUp}, func(said string) { t.Error(said) }); err == nil || !errors.Is(err, ErrOldCounts) {
			t.Errorf("the repair returned %v, want ErrOldCounts", err)
		}
	}
	if err := Rebuild(t.Context(), o, "", false, func(said string) { t.Log(said) }); err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, dir)
	defer d.mustClose(t)
	d.checks(t, 30, 0)
}

// TestGiveUpTwice: two stretches of one segment of the journal that are not counted and cannot be
// read are given up, although the counts are shared. All other clicks count.
func TestGiveUpTwice(t *testing.T) {
	t.Parallel()
	m, log := newMemory(), new(logtest.Log)
	dir := filepath.Join(t.TempDir(), "data")
	d := m.open(t, dir, log)
	if _, err := d.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddLink(t.Context(), "ann", "http://example.org/"); err != nil {
		t.Fatal(err)
	}
	d.click(t, 5)
	m.away.Store(true)
	for range 40 {
		if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}); err != nil {
			t.Fatal(err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	_ = d.Close(ended) // it says that clicks are not counted
	m.away.Store(false)
	file, err := d.Journal.File(0)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	b[len(b)*3/4] ^= 1
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
	report := func(said string) { t.Log(said) }
	if err := RepairDamaged(t.Context(), m.options(dir, log), GiveUp{}, report); !errors.As(err, new(*GiveUpError)) {
		t.Fatalf("a repair that gives up nothing: %v, want a GiveUpError", err)
	}
	if err := RepairDamaged(t.Context(), m.options(dir, log), GiveUp{Damaged: true}, report); err != nil {
		t.Fatal(err)
	}
	d = m.open(t, dir, log)
	d.click(t, 1)
	d.checks(t, 5+40-2+1, 1)
	d.mustClose(t)
}
