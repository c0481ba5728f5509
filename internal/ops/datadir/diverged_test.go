package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestRebuildFromDiverged: a backup was restored elsewhere and used there, and newer
// backups of that copy lie among those of the directory that is rebuilt. The rebuild
// refuses them, and takes an older one that fits.
func TestRebuildFromDiverged(t *testing.T) {
	t.Parallel()
	dir, backups := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "backups")
	record := func(a *Dir, n int, referrer click.Referrer) {
		t.Helper()
		for range n {
			c := click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 2, Referrer: referrer}
			if err := a.Recorder.Record(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		if err := a.Recorder.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	backUp := func(a *Dir) string {
		t.Helper()
		if _, err := a.Backup(t.Context(), backups, 10); err != nil {
			t.Fatal(err)
		}
		path, _, err := backup.Newest(backups)
		if err != nil {
			t.Fatal(err)
		}
		return path
	}
	d, _ := openIn(t, dir)
	record(d, 5, "")
	first := backUp(d)

	restored := filepath.Join(t.TempDir(), "copy")
	if err := backup.Restore(t.Context(), first, restored); err != nil {
		t.Fatal(err)
	}
	other, _ := openIn(t, restored)
	record(other, 3, "http://copy.example/")
	second := backUp(other)
	other.mustClose(t)

	record(d, 200, click.Referrer("http://live.example/"+strings.Repeat("x", 100)))
	d.mustClose(t)
	if err := os.RemoveAll(filepath.Join(dir, clicksDir)); err != nil {
		t.Fatal(err)
	}
	var reported string
	o := Options{Path: dir, Now: time.Now, Log: d.log}
	if err := Rebuild(t.Context(), o, backups, false, func(s string) { reported += s + "\n" }); err != nil {
		t.Fatalf("the rebuild failed: %v\n%s", err, reported)
	}
	for _, want := range []string{second + " ends at position", "differs from this one", "counted again from the backup " + first} {
		if !strings.Contains(reported, want) {
			t.Errorf("rebuild reports %q, without %q", reported, want)
		}
	}
	d, _ = openIn(t, dir)
	d.checks(t, 205, 0)
	d.mustClose(t)
}

// divergedPair makes two directories that were one: a backup of the first was
// restored, and both were used.
func divergedPair(t *testing.T, stop bool) (own, other *scenario) {
	t.Helper()
	live, backups := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "backups")
	d, _ := openIn(t, live)
	d.clickOn(t, 2, 3)
	if _, err := d.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	restored := filepath.Join(t.TempDir(), "restored")
	if err := backup.Restore(t.Context(), path, restored); err != nil {
		t.Fatal(err)
	}
	copied, _ := openIn(t, restored)
	leave := func(d *Dir, more uint64) *scenario {
		for range more {
			d.clickOn(t, 2, 1)
			if _, err := d.AddToken(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
		}
		w := &scenario{t: t, dir: filepath.Join(t.TempDir(), "data"), clicks: 3 + more}
		if stop {
			d.mustClose(t)
		}
		copyStill(t, d.path, w.dir)
		if !stop {
			d.mustClose(t)
		}
		return w
	}
	return leave(d, 4), leave(copied, 9)
}

// exchange replaces a part by that of another directory.
func (w *scenario) exchange(part string, from *scenario) {
	w.t.Helper()
	w.backup = from.dir
	w.take(part)
	if part == databaseFile {
		for _, ext := range []string{"-wal", "-shm"} {
			if b, err := os.ReadFile(filepath.Join(from.dir, part+ext)); err == nil {
				w.must(os.WriteFile(filepath.Join(w.dir, part+ext), b, 0o600))
			}
		}
	}
}

// TestDiverged: parts of a copy that was used separately are refused as such,
// although the names and positions in them are the same.
func TestDiverged(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		for _, c := range []struct{ part, words string }{
			{journalDir, "was used separately"},
			{databaseFile, "was used separately"},
		} {
			t.Run(c.part, func(t *testing.T) {
				t.Parallel()
				own, other := divergedPair(t, stop)
				whole := filepath.Join(t.TempDir(), "whole")
				own.copy(own.dir, whole)
				own.exchange(c.part, other)
				if c.part == databaseFile && !stop { // with a -wal
					c.words = "was replaced by an older or another file"
				}
				own.refused(c.words)
				report := func(what string) { t.Log(what) }
				if v, err := CheckDamaged(t.Context(), own.options(new(logtest.Log)), report); err != nil || v.Remedies == nil {
					t.Errorf("check: %+v, %v", v, err)
				}
				if err := RepairDamaged(t.Context(), own.options(new(logtest.Log)), GiveUp{Damaged: true}, report); err == nil {
					t.Error("a repair accepts it")
				}
				if c.part == databaseFile {
					own.must(RepairDamaged(t.Context(), own.options(new(logtest.Log)), GiveUp{Links: true}, report))
					own.opens(own.clicks)
				} else {
					if err := Rebuild(t.Context(), own.options(new(logtest.Log)), "", false, report); err == nil || !errors.As(err, new(*NoBaseError)) {
						t.Errorf("rebuild without --lossy: %v", err)
					}
					own.must(Rebuild(t.Context(), own.options(new(logtest.Log)), "", true, report))
					own.opens(other.clicks)
				}
				own.dir = whole
				own.opens(own.clicks)
			})
		}
	}
}

// TestGiveUpLinksOfOneLife: after a kill the parts remember different versions of
// the same life, because some are saved later than others. A repair gives up what
// links and users lack at the first try.
func TestGiveUpLinksOfOneLife(t *testing.T) {
	t.Parallel()
	for _, saved := range []int{0, 1, 2, 3} { // changes before the counts remember them
		live := filepath.Join(t.TempDir(), "live")
		d, _ := openIn(t, live)
		w := &scenario{t: t, dir: filepath.Join(t.TempDir(), "data"), clicks: 3}
		d.clickOn(t, 2, 3)
		for i := range 4 {
			if i == saved {
				known := d.progress.file.Record()
				w.must(d.Counts.SetNote(t.Context(), known.Encode()))
				w.must(d.Counts.Sync(t.Context()))
			}
			if _, err := d.AddToken(t.Context(), "ann"); err != nil {
				t.Fatal(err)
			}
		}
		copyStill(t, live, w.dir)
		d.mustClose(t)
		w.must(os.Remove(w.path(databaseFile + "-wal")))
		w.refused("older")
		w.must(RepairDamaged(t.Context(), w.options(new(logtest.Log)), GiveUp{Links: true}, func(what string) { t.Log(what) }))
		w.opens(w.clicks)
		w.opens(w.clicks)
	}
}
