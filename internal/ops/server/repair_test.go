package server

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
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

// openIn opens a data directory, in which there is a link, and returns what its
// log says.
func openIn(t *testing.T, dir string) (*App, *logtest.Log) {
	t.Helper()
	log := new(logtest.Log)
	app, err := Open(t.Context(), Options{Dir: dir, Create: true, Host: "sho.rt", Now: time.Now, Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	if app.made {
		if _, err := app.AddUser(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := app.AddLink(t.Context(), "ann", "http://example.org/", ""); err != nil {
			t.Fatal(err)
		}
	}
	return app, log
}

func (a *App) mustClose(t *testing.T) {
	t.Helper()
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func (a *App) click(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := a.recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// checks checks, and wants so many clicks and notes.
func (a *App) checks(t *testing.T, clicks uint64, notes int) {
	t.Helper()
	v, err := a.Check(t.Context(), func(finding string) { t.Error(finding) })
	if err != nil || len(v.Notes) != notes || v.Clicks != clicks {
		t.Errorf("check: %+v, %v; want %d clicks and %d notes", v, err, clicks, notes)
	}
}

// moved backs an App up, and opens what is restored of it.
func (a *App) moved(t *testing.T) (*App, *logtest.Log) {
	t.Helper()
	backups, restored := filepath.Join(t.TempDir(), "backups"), filepath.Join(t.TempDir(), "restored")
	if _, err := a.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Restore(t.Context(), path, restored); err != nil {
		t.Fatal(err)
	}
	return openIn(t, restored)
}

// TestLostTail: where counts reach further than the journal, check says so and is
// content, and backups have what comes behind the hole.
func TestLostTail(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	app, _ := openIn(t, dir)
	app.click(t, 10)
	source := store.SourceID(app.journal.ID())
	for range 2 { // the second time, the newest segment has no records
		end := app.journal.End()
		cell := rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: 1}, Facet: rollup.Bot, Slot: 1_360_000_800}, Clicks: 5}
		b := store.Batch{Source: source, Epoch: app.journal.Segments()[len(app.journal.Segments())-1].Base, From: end, To: end + 500, Cells: []rollup.Cell{cell}}
		b.Journaled.Add(cell)
		if err := app.clicks.Record(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		app.mustClose(t)
		var log *logtest.Log
		if app, log = openIn(t, dir); !strings.Contains(log.String(), "lost a tail") {
			t.Errorf("the log says %q", log)
		}
	}
	defer app.mustClose(t)
	app.click(t, 3)
	app.checks(t, 23, 1)
	if err := app.Repair(t.Context(), func(string) {}); err != nil {
		t.Error(err)
	}
	if _, m, err := backup.Newest(filepath.Join(dir, checkpointDir)); err != nil || m.Counted != app.journal.End() {
		t.Errorf("kept are counts up to %d of %d: %v", m.Counted, app.journal.End(), err)
	}
	again, log := app.moved(t)
	defer again.mustClose(t)
	again.click(t, 2)
	again.checks(t, 25, 1)
	if log.Len() > 0 || again.journal.ID() != app.journal.ID() {
		t.Errorf("the log of what was restored says %q", log)
	}
}

// TestMoveTrimmed: a backup of a journal that was trimmed, and that has no clicks
// at all, is of the same journal.
func TestMoveTrimmed(t *testing.T) {
	t.Parallel()
	app, _ := openIn(t, t.TempDir())
	defer app.mustClose(t)
	app.click(t, 10)
	if err := app.journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	k := &retainer{app: app, Retention: Retention{Keep: 0}}
	if err := k.pass(t.Context(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if app.journal.First() == 0 {
		t.Fatal("nothing was trimmed")
	}
	for range 3 { // the journal has no clicks, and then one more each time
		again, log := app.moved(t)
		if log.Len() > 0 || again.journal.ID() != app.journal.ID() || again.journal.End() != app.journal.End() {
			t.Errorf("the log of what was restored says %q; its journal ends at %d, and this one at %d", log, again.journal.End(), app.journal.End())
		}
		again.click(t, 1)
		v, err := again.Check(t.Context(), func(finding string) { t.Error(finding) })
		if err != nil || len(v.Notes) > 0 {
			t.Error(v, err)
		}
		again.mustClose(t)
		app.click(t, 1)
	}
}

// TestCheckWhileServing damages a segment under a server: check names it, and
// keeps it from being trimmed meanwhile; repair waits for the server to stop.
func TestCheckWhileServing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	app, _ := openIn(t, dir)
	app.click(t, 10)
	if err := app.journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	app.click(t, 5)
	file, err := app.journal.File(0)
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
	v, err := app.Check(t.Context(), func(finding string) {
		findings = append(findings, finding)
		select {
		case app.keeping <- struct{}{}:
			app.keeping.unlock()
			t.Error("the journal may be trimmed while it is checked")
		default:
		}
	})
	if err != nil || len(findings) != 1 || !strings.Contains(findings[0], "no click is lost") || v.Clicks != 15 || v.Wrong.Damage != 1 || !strings.Contains(v.Advice, "footfall check --repair") {
		t.Errorf("%q, %+v, %v", findings, v, err)
	}
	o := Options{Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	repairJournal := func() error {
		return RepairParts(t.Context(), o, GiveUp{}, func(said string) { t.Log(said) })
	}
	if err := repairJournal(); !errors.Is(err, ErrOwned) {
		t.Errorf("mending under a server: %v", err)
	}
	app.mustClose(t)
	if err := repairJournal(); err != nil {
		t.Fatal(err)
	}
	app, _ = openIn(t, dir)
	defer app.mustClose(t)
	app.checks(t, 15, 1)
	for _, kept := range []bool{true, false} { // the second time they are there
		var done string
		if err := app.Repair(t.Context(), func(said string) { done += said }); err != nil || strings.Contains(done, "kept the counts") != kept {
			t.Errorf("repair says %q, %v", done, err)
		}
	}
}

// TestCheckWhereCountingStopped: a journal that cannot be counted on is a finding
// beside others, and not the end of the check.
func TestCheckWhereCountingStopped(t *testing.T) {
	t.Parallel()
	app, _ := openIn(t, t.TempDir())
	defer func() { _ = app.Close(t.Context()) }() // it says why counting stopped
	app.click(t, 10)
	if _, err := app.journal.Append(t.Context(), []byte("no record at all")); err != nil {
		t.Fatal(err)
	}
	var findings []string
	v, err := app.Check(t.Context(), func(finding string) { findings = append(findings, finding) })
	if err != nil || !strings.Contains(strings.Join(findings, "\n"), "counting has stopped") || v.Clicks != 10 || v.Wrong.Journal != len(findings) || !strings.HasPrefix(v.Advice, "start the server again") {
		t.Errorf("%q, %+v, %v", findings, v, err)
	}
	if health := app.health(); !strings.HasPrefix(health, "ok\ncounting has stopped") {
		t.Errorf("/healthz says %q", health)
	}
}

// TestOldCounts: counts that end before the journal begins are named, and a
// repair leaves them to a rebuild.
func TestOldCounts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	app, _ := openIn(t, dir)
	app.click(t, 10)
	app.mustClose(t)
	old := filepath.Join(t.TempDir(), "old")
	if err := os.CopyFS(old, os.DirFS(filepath.Join(dir, clicksDir))); err != nil {
		t.Fatal(err)
	}
	app, _ = openIn(t, dir)
	app.click(t, 10)
	if err := app.journal.Rotate(); err != nil {
		t.Fatal(err)
	}
	k := &retainer{app: app, Retention: Retention{Keep: time.Hour}}
	if err := k.pass(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	app.click(t, 10)
	app.mustClose(t)
	if err := replaceDir(old, filepath.Join(dir, clicksDir)); err != nil {
		t.Fatal(err)
	}

	o := Options{Dir: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if app, err := Open(t.Context(), o); !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "footfall check") {
		t.Errorf("counts without ten clicks that are gone: %v, %v", app, err)
	}
	var findings []string
	v, err := CheckDamaged(t.Context(), o, func(finding string) { findings = append(findings, finding) })
	if err != nil || len(findings) != 1 || !strings.Contains(findings[0], "the counts reach position") || !strings.Contains(v.Advice, "footfall rebuild") {
		t.Errorf("%q, %+v, %v", findings, v, err)
	}
	for _, giveUp := range []bool{false, true} {
		if err := RepairParts(t.Context(), o, GiveUp{Damaged: giveUp}, func(said string) { t.Error(said) }); err == nil || !strings.Contains(err.Error(), "footfall rebuild") {
			t.Errorf("a repair: %v", err)
		}
	}
	if err := Rebuild(t.Context(), o, "", false, func(said string) { t.Log(said) }); err != nil {
		t.Fatal(err)
	}
	app, _ = openIn(t, dir)
	defer app.mustClose(t)
	app.checks(t, 30, 0)
}
