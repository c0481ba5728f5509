package datadir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestScenario: a scenario opens as it was left.
func TestScenario(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		w := newScenario(t, stop)
		w.opens(w.clicks)
	}
}

// TestJournalEndsEarly: clicks were acknowledged and not counted before the process
// was killed, and then their file was removed, cut, or replaced by an older one. The
// directory is refused, and only a repair that gives them up opens it.
func TestJournalEndsEarly(t *testing.T) {
	t.Parallel()
	const newest = "journal/*.open"
	for _, c := range []struct {
		name   string
		spoil  func(w *scenario)
		words  string
		counts uint64 // clicks, once the rest is given up
	}{
		{"the newest segment is removed", func(w *scenario) { w.must(os.Remove(w.path(newest))) }, "had reached", 3},
		{"the last byte of the newest segment is removed", func(w *scenario) { w.edit(newest, cut(-1)) }, "had reached", 11},
		{"the second half of the newest segment is removed", func(w *scenario) { w.edit(newest, func(b []byte) []byte { return b[:len(b)/2] }) }, "had reached", 6},
		{"all of the newest segment except its header is removed", func(w *scenario) { w.edit(newest, cut(48)) }, "had reached", 3},
		{"the header of the newest segment is cut", func(w *scenario) { w.edit(newest, cut(20)) }, "had reached", 3},
		{"the newest segment is empty", func(w *scenario) { w.edit(newest, cut(0)) }, "had reached", 3},
		{"the two newest are empty", func(w *scenario) {
			w.edit(newest, cut(0))
			w.edit("journal/*.sealed", cut(0))
		}, "shorter than a segment's header", 3},
		{"the journal is replaced by the backup's", func(w *scenario) { w.take("journal") }, "had reached", 3},
		{"the files of the journal are replaced by the backup's", func(w *scenario) { w.copy(filepath.Join(w.backup, "journal"), filepath.Join(w.dir, "journal")) }, "had reached", 3},
		{"the journal is removed", func(w *scenario) { w.must(os.RemoveAll(filepath.Join(w.dir, "journal"))) }, "bytes of clicks are missing", 3},
		{"the journal is emptied", func(w *scenario) {
			w.must(os.RemoveAll(filepath.Join(w.dir, "journal")))
			w.must(os.Mkdir(filepath.Join(w.dir, "journal"), 0o700))
		}, "bytes of clicks are missing", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newScenario(t, false)
			whole := filepath.Join(t.TempDir(), "whole")
			w.copy(w.dir, whole)
			c.spoil(w)
			w.refused(c.words)
			// Put the original back.
			broken := w.dir
			w.dir = filepath.Join(t.TempDir(), "repaired")
			w.copy(broken, w.dir)
			w.must(os.RemoveAll(filepath.Join(w.dir, "journal")))
			w.copy(filepath.Join(whole, "journal"), filepath.Join(w.dir, "journal"))
			w.opens(w.clicks)
			w.dir = broken
			w.givenUp(c.counts)
		})
	}
}

// TestBackupCopiedIntoJournal copies the segments of a backup into the journal, as the
// advice is if one is damaged. A file that has more clicks is never taken for the
// older one.
func TestBackupCopiedIntoJournal(t *testing.T) {
	t.Parallel()
	add := func(w *scenario, name func(string) string) {
		files, err := filepath.Glob(filepath.Join(w.backup, "journal", "*"))
		w.must(err)
		for _, file := range files {
			to := filepath.Join(w.dir, "journal", name(filepath.Base(file)))
			if _, err := os.Stat(to); err == nil {
				continue
			}
			b, err := os.ReadFile(file)
			w.must(err)
			w.must(os.WriteFile(to, b, 0o600))
		}
	}
	asSealed := func(name string) string { return strings.TrimSuffix(name, filepath.Ext(name)) + ".sealed" }
	asIs := func(name string) string { return name }
	t.Run("a whole journal", func(t *testing.T) {
		for _, name := range []func(string) string{asIs, asSealed} {
			w := newScenario(t, false)
			add(w, name)
			w.opens(w.clicks)
		}
	})
	t.Run("a damaged newest segment", func(t *testing.T) {
		t.Parallel()
		w := newScenario(t, false)
		w.edit("journal/*.open", func(b []byte) []byte { b[48+20] ^= 1; return b })
		add(w, asSealed)
		w.refused("damaged")
		w.givenUp(w.clicks - 1)
	})
	t.Run("a damaged sealed segment", func(t *testing.T) {
		t.Parallel()
		w := newScenario(t, false)
		w.edit("journal/*.sealed", func(b []byte) []byte { b[48+20] ^= 1; return b })
		w.must(os.Remove(w.path("journal/*.sealed")))
		add(w, asIs)
		w.opens(w.clicks)
	})
}

// TestCountsRemoved: a directory without its counts, or with a part of them, is
// refused, and nothing of them is removed.
func TestCountsRemoved(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(w *scenario)
		words string
	}{
		{"the directory", func(w *scenario) { w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir))) }, "no counts"},
		{"all in it", func(w *scenario) {
			w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir)))
			w.must(os.Mkdir(filepath.Join(w.dir, clicksDir), 0o700))
		}, "no counts"},
		{"the marker", func(w *scenario) { w.must(os.Remove(w.path("clicks/marker.manifest.*"))) }, "marker.manifest"},
		// A manifest that ends after a whole record is an older one.
		{"the manifest after the middle of its first record", func(w *scenario) { w.edit("clicks/MANIFEST-*", cut(60)) }, "the counts are damaged"},
	} {
		for _, emptied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/journal emptied %v", c.name, emptied), func(t *testing.T) {
				t.Parallel()
				w := newScenario(t, true)
				if emptied { // as docs/data.md allows
					w.must(os.RemoveAll(filepath.Join(w.dir, journalDir)))
					w.opens(w.clicks)
				}
				whole := filepath.Join(t.TempDir(), "whole")
				w.copy(w.dir, whole)
				c.spoil(w)
				left := w.tables(filepath.Join(w.dir, clicksDir))
				w.refused(c.words)
				if now := w.tables(filepath.Join(w.dir, clicksDir)); now != left {
					t.Errorf("there were %d tables of counts, and now %d", left, now)
				}
				rebuild := func(lossy bool) (reported string, err error) {
					err = Rebuild(t.Context(), w.options(new(logtest.Log)), "", lossy, func(s string) { reported += s + "\n" })
					return reported, err
				}
				reported, err := rebuild(false)
				if !emptied {
					w.must(err)
					w.opens(w.clicks)
					return
				}
				if err == nil || !errors.As(err, new(*NoBaseError)) || !strings.Contains(reported, "12 or more") {
					t.Errorf("rebuild: %v\n%s", err, reported)
				}
				w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir)))
				w.copy(filepath.Join(whole, clicksDir), filepath.Join(w.dir, clicksDir))
				w.opens(w.clicks)
				c.spoil(w)
				if reported, err = rebuild(true); err != nil {
					t.Errorf("rebuild --lossy: %v\n%s", err, reported)
				}
				w.opens(0)
				if kept := w.tables(filepath.Join(w.dir, clicksDir+damagedSuffix)); kept != left {
					t.Errorf("%d tables are kept of %d", kept, left)
				}
			})
		}
	}
}

// TestLinksAreOlder: links and users that lack acknowledged changes are refused at
// the first start, whatever they lack.
func TestLinksAreOlder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		stop  bool
		spoil func(w *scenario)
	}{
		{"after a kill, links and users are replaced by the backup's", false, func(w *scenario) { w.take(databaseFile) }},
		{"after a stop, links and users are replaced by the backup's", true, func(w *scenario) { w.take(databaseFile) }},
		{"the -wal is removed", false, func(w *scenario) { w.must(os.Remove(w.path(databaseFile + "-wal"))) }},
		{"the file is older than its -wal", false, func(w *scenario) {
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), []byte(w.past), 0o600))
		}},
		{"the file under the -wal is replaced by the backup's", false, func(w *scenario) {
			b, err := os.ReadFile(filepath.Join(w.backup, databaseFile))
			w.must(err)
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), b, 0o600))
		}},
		{"the file under the -wal is replaced by a backup of the same version", false, func(w *scenario) {
			b, err := os.ReadFile(w.same)
			w.must(err)
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), b, 0o600))
		}},
		{"the -wal is emptied", false, func(w *scenario) { w.edit(databaseFile+"-wal", cut(0)) }},
		{"links and counts are replaced by the backup's", true, func(w *scenario) { w.take(databaseFile); w.take(clicksDir); w.must(os.Remove(w.path(progressFile))) }},
		{"after a kill, links and counts are replaced by the backup's", false, func(w *scenario) { w.take(databaseFile); w.take(clicksDir); w.must(os.Remove(w.path(progressFile))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newScenario(t, c.stop)
			whole := filepath.Join(t.TempDir(), "whole")
			w.copy(w.dir, whole)
			c.spoil(w)
			w.refused("older")

			var found []string
			v, err := CheckDamaged(t.Context(), w.options(new(logtest.Log)), func(f string) { found = append(found, f) })
			if err != nil || len(found) != 1 || !strings.Contains(found[0], "older") || !slices.Contains(v.Remedies, ReplaceLinks) {
				t.Errorf("check reports %q: %+v, %v", found, v, err)
			}
			report := func(what string) { t.Log(what) }
			if err := RepairDamaged(t.Context(), w.options(new(logtest.Log)), GiveUp{Damaged: true}, report); err == nil || !errors.As(err, new(*OlderLinksError)) {
				t.Errorf("a repair without giving up: %v", err)
			}
			broken := w.dir
			w.dir = filepath.Join(t.TempDir(), "repaired")
			w.copy(broken, w.dir)
			for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
				w.must(os.RemoveAll(filepath.Join(w.dir, name)))
				if b, err := os.ReadFile(filepath.Join(whole, name)); err == nil {
					w.must(os.WriteFile(filepath.Join(w.dir, name), b, 0o600))
				}
			}
			w.opens(w.clicks)
			w.dir = broken

			w.must(RepairDamaged(t.Context(), w.options(new(logtest.Log)), GiveUp{Links: true}, report))
			w.opens(w.clicks)
			d, err := Open(t.Context(), w.options(new(logtest.Log)))
			w.must(err)
			defer d.mustClose(t)
			if _, err := d.AddLink(t.Context(), "ann", "http://example.org/third"); err != nil {
				t.Fatal(err)
			}
			if now, err := d.DB.Links(t.Context()); err != nil || now.Link <= 4 {
				t.Errorf("the id %d is used again, %v", now.Link, err)
			}
		})
	}
}

// TestOlderCounts: the counts of a backup are accepted if the journal has everything
// that came after them.
func TestOlderCounts(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		w := newScenario(t, stop)
		w.take(clicksDir)
		w.opens(w.clicks)
	}
}

// TestOlderJournalAndCounts: if both are from a backup, links and users remember
// that there was more.
func TestOlderJournalAndCounts(t *testing.T) {
	t.Parallel()
	w := newScenario(t, true)
	w.take(clicksDir)
	w.take(journalDir)
	w.must(os.Remove(w.path(progressFile)))
	w.refused("had reached")
}

// TestDamagedProgress: a damaged file progress is written again, and the directory
// opens.
func TestDamagedProgress(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b []byte) []byte{
		"a turned bit": func(b []byte) []byte { b[40] ^= 1; return b },
		"zeros":        func(b []byte) []byte { clear(b); return b },
		"cut":          func(b []byte) []byte { return b[:30] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newScenario(t, false)
			w.edit(progressFile, spoil)
			log := new(logtest.Log)
			d, err := Open(t.Context(), w.options(log))
			w.must(err)
			if n := w.counted(d); n != w.clicks || !strings.Contains(log.String(), "progress is damaged") {
				t.Errorf("%d clicks, and the log is %q", n, log)
			}
			d.mustClose(t)
			w.opens(w.clicks)
		})
	}
}

// TestInterruptedRebuild: wherever a rebuild is interrupted, the next start has
// counts, and removes the files that the rebuild left.
func TestInterruptedRebuild(t *testing.T) {
	t.Parallel()
	for name, dirs := range map[string][]string{ // which directories there are
		"before the new counts are proven":  {clicksDir, rebuildingDir},
		"once they are proven":              {clicksDir, rebuiltDir},
		"once the old counts are renamed":   {clicksDir + oldSuffix, rebuiltDir},
		"once the new counts are in place":  {clicksDir, clicksDir + oldSuffix},
		"with what an earlier one has left": {clicksDir, clicksDir + oldSuffix, rebuildingDir, rebuiltDir},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newScenario(t, true)
			counts := filepath.Join(t.TempDir(), clicksDir)
			w.must(os.Rename(filepath.Join(w.dir, clicksDir), counts))
			for _, dir := range dirs {
				w.copy(counts, filepath.Join(w.dir, dir))
			}
			w.opens(w.clicks)
			w.noLeftovers()
		})
	}
}

// noLeftovers fails if a rebuild left a directory next to the counts.
func (w *scenario) noLeftovers() {
	w.t.Helper()
	if left, err := filepath.Glob(filepath.Join(w.dir, clicksDir+".*")); err != nil || len(left) > 0 {
		w.t.Errorf("a rebuild left %v, %v", left, err)
	}
}

// TestLinksElsewhere: footfall.db may be a symbolic link to another disk, also after
// a crash.
func TestLinksElsewhere(t *testing.T) {
	t.Parallel()
	w := newScenario(t, true)
	elsewhere := filepath.Join(t.TempDir(), databaseFile)
	w.must(os.Rename(w.path(databaseFile), elsewhere))
	w.must(os.Symlink(elsewhere, filepath.Join(w.dir, databaseFile)))
	d, err := Open(t.Context(), w.options(new(logtest.Log)))
	w.must(err)
	if _, err := d.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	killed := &scenario{t: t, dir: filepath.Join(t.TempDir(), "data"), clicks: w.clicks}
	copyStill(t, w.dir, killed.dir)
	there := filepath.Join(t.TempDir(), "there")
	copyStill(t, filepath.Dir(elsewhere), there)
	d.mustClose(t)
	if _, err := os.Stat(filepath.Join(there, databaseFile+"-wal")); err != nil {
		t.Fatalf("the -wal is in another directory: %v", err)
	}
	w.must(os.RemoveAll(filepath.Join(killed.dir, databaseFile)))
	w.must(os.Symlink(filepath.Join(there, databaseFile), filepath.Join(killed.dir, databaseFile)))
	killed.opens(w.clicks)
}

// TestNoBase: if no base reaches the journal, only a lossy rebuild goes on without
// the clicks between them. A refused one leaves no files.
func TestNoBase(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live")
	d, _ := openIn(t, live)
	d.clickOn(t, 2, 5)
	if err := errors.Join(d.Journal.Rotate(), d.Counts.Sync(t.Context()), d.Journal.Trim(d.Journal.End())); err != nil {
		t.Fatal(err)
	}
	d.clickOn(t, 2, 3)
	d.mustClose(t)
	w := &scenario{t: t, dir: live}
	w.must(os.RemoveAll(filepath.Join(live, clicksDir)))
	report := func(what string) { t.Log(what) }
	if err := Rebuild(t.Context(), w.options(new(logtest.Log)), "", false, report); err == nil || !errors.As(err, new(*NoBaseError)) {
		t.Errorf("a rebuild without --lossy: %v", err)
	}
	w.noLeftovers()
	w.must(Rebuild(t.Context(), w.options(new(logtest.Log)), "", true, report))
	w.opens(3)
}
