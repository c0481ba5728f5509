package server

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// town is a data directory as a killed or a stopped process leaves it, and a
// backup of its past.
type town struct {
	t       *testing.T
	dir     string
	past    string // footfall.db as it was before the token
	backup  string // 3 clicks on link 2
	same    string // footfall.db of another one, made right before the last start
	clicks  uint64 // that were acknowledged
	stopped bool
}

// newTown makes a directory with a link, clicks on it and a backup; then come
// another link, clicks on both, and a token.
func newTown(t *testing.T, stop bool) *town {
	t.Helper()
	live, backups := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "backups")
	app, _ := openIn(t, live)
	app.mustClose(t)
	past, err := os.ReadFile(filepath.Join(live, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	app, _ = openIn(t, live)
	if _, err := app.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	app.mustClose(t)
	app, _ = openIn(t, live)
	app.clickOn(t, 2, 3)
	if _, err := app.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	w := &town{t: t, dir: filepath.Join(t.TempDir(), "data"), past: string(past), backup: path, clicks: 3 + 5 + 4, stopped: stop}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := app.Backup(t.Context(), again, 1); err != nil {
		t.Fatal(err)
	}
	if path, _, err = backup.Newest(again); err != nil {
		t.Fatal(err)
	}
	w.same = filepath.Join(path, databaseFile)
	app.mustClose(t)
	app, _ = openIn(t, live)
	if _, err := app.AddLink(t.Context(), "ann", "http://example.org/second", ""); err != nil {
		t.Fatal(err)
	}
	app.clickOn(t, 2, 5)
	app.clickOn(t, 4, 4)
	if _, err := app.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if stop {
		app.mustClose(t)
	}
	copyStill(t, live, w.dir) // which is all that a killed process leaves
	if !stop {
		app.mustClose(t)
	}
	return w
}

// clickOn records clicks on a link of user 1, and has them counted.
func (a *App) clickOn(t *testing.T, link click.LinkID, n int) {
	t.Helper()
	for range n {
		if err := a.recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: link}); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// copy copies a directory, except its socket.
func (w *town) copy(from, to string) {
	w.t.Helper()
	w.must(copyFiles(from, to))
}

// copyStill copies a data directory as kill -9 would leave it, although a process
// has it open: again, until nothing changed meanwhile. Engines write and remove
// files of their own accord.
func copyStill(t *testing.T, from, to string) {
	t.Helper()
	for {
		before := sizes(t, from)
		err := os.RemoveAll(to)
		if err == nil {
			err = copyFiles(from, to)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		if err == nil && maps.Equal(before, sizes(t, from)) {
			return
		}
	}
}

// sizes is the files below a directory, and their sizes.
func sizes(t *testing.T, dir string) map[string]int64 {
	t.Helper()
	all := map[string]int64{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = e.Info()
		}
		if errors.Is(err, fs.ErrNotExist) { // it went between the two
			return nil
		}
		if err == nil {
			all[path] = info.Size()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func copyFiles(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		if !e.Type().IsRegular() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), b, 0o600)
	})
}

func (w *town) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// path is a file of the directory; a pattern stands for the last one that fits.
func (w *town) path(pattern string) string {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(w.dir, pattern))
	w.must(err)
	if len(all) == 0 {
		w.t.Fatalf("there is no %s", pattern)
	}
	return all[len(all)-1]
}

// edit changes the bytes of a file.
func (w *town) edit(pattern string, change func([]byte) []byte) {
	w.t.Helper()
	path := w.path(pattern)
	b, err := os.ReadFile(path)
	w.must(err)
	w.must(os.WriteFile(path, change(b), 0o600))
}

// take replaces a part by the backup's.
func (w *town) take(part string) {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(w.dir, part+"*"))
	w.must(err)
	for _, path := range all {
		w.must(os.RemoveAll(path))
	}
	from := filepath.Join(w.backup, part)
	if info, err := os.Stat(from); err == nil && info.IsDir() {
		w.copy(from, filepath.Join(w.dir, part))
		return
	}
	b, err := os.ReadFile(from)
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.dir, part), b, 0o600))
}

func (w *town) options(log *logtest.Log) Options {
	return Options{Dir: w.dir, Host: "sho.rt", Now: time.Now, Log: log.Logger()}
}

// refused wants the directory to be refused in words, twice, and nothing of
// what can hold clicks to be removed.
func (w *town) refused(words string) {
	w.t.Helper()
	before := w.holding()
	for range 2 {
		app, err := Open(w.t.Context(), w.options(new(logtest.Log)))
		if err == nil {
			n := w.counted(app)
			app.mustClose(w.t)
			w.t.Fatalf("it was opened, with %d clicks of %d", n, w.clicks)
		}
		if !strings.Contains(err.Error(), words) {
			w.t.Errorf("the error is %q, and says nothing of %q", err, words)
		}
	}
	for name, size := range before {
		if after, ok := w.holding()[name]; !ok || after < size {
			w.t.Errorf("%s had %d bytes and has %d", name, size, after)
		}
	}
}

// holding is the segments with clicks, and the sizes of their files, whatever
// they are called.
func (w *town) holding() map[string]int64 {
	all := map[string]int64{}
	names, err := filepath.Glob(filepath.Join(w.dir, "journal/*"))
	w.must(err)
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && info.Size() > 48 {
			all[strings.TrimSuffix(strings.TrimSuffix(filepath.Base(name), ".sealed"), ".open")] = info.Size()
		}
	}
	return all
}

// tables is how many tables of counts there are.
func (w *town) tables(dir string) int {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	w.must(err)
	return len(all)
}

func (w *town) counted(app *App) uint64 {
	w.t.Helper()
	n, err := app.drained(w.t.Context(), rollup.Scope{User: 1})
	w.must(err)
	return n
}

// opens wants the directory to have so many clicks, and check to agree.
func (w *town) opens(clicks uint64) {
	w.t.Helper()
	for range 2 {
		app, err := Open(w.t.Context(), w.options(new(logtest.Log)))
		w.must(err)
		if n := w.counted(app); n != clicks {
			w.t.Errorf("%d clicks are counted, want %d", n, clicks)
		}
		if _, err := app.Check(w.t.Context(), func(f string) { w.t.Error(f) }); err != nil {
			w.t.Error(err)
		}
		app.mustClose(w.t)
	}
}

// checked is what check says of a directory that cannot be opened.
func (w *town) checked() string {
	w.t.Helper()
	var all []string
	v, err := CheckDamaged(w.t.Context(), w.options(new(logtest.Log)), func(f string) { all = append(all, f) })
	w.must(err)
	if v.Wrong.Damage == 0 || v.Advice == "" {
		w.t.Errorf("the verdict is %+v", v)
	}
	return strings.Join(all, "\n")
}

// givenUp wants a repair to be refused, and to go on with so many clicks where
// the others are given up.
func (w *town) givenUp(clicks uint64) {
	w.t.Helper()
	if found := w.checked(); strings.Contains(found, "no click is lost") || !strings.Contains(found, "missing") && !strings.Contains(found, "not counted") {
		w.t.Errorf("check says %q", found)
	}
	report := func(what string) { w.t.Log(what) }
	if err := RepairParts(w.t.Context(), w.options(new(logtest.Log)), GiveUp{Links: true}, report); err == nil || !strings.Contains(err.Error(), "--give-up-damaged") {
		w.t.Errorf("a repair without giving up: %v", err)
	}
	w.must(RepairParts(w.t.Context(), w.options(new(logtest.Log)), GiveUp{Damaged: true}, report))
	w.opens(clicks)
}

// cut keeps so many bytes, or all but so many.
func cut(size int) func([]byte) []byte {
	return func(b []byte) []byte {
		if size < 0 {
			size += len(b)
		}
		return b[:size]
	}
}

// TestWholeTown: the directory is one that opens, as it was left.
func TestWholeTown(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		w := newTown(t, stop)
		w.opens(w.clicks)
	}
}

// TestJournalEndsEarly: clicks were acknowledged, and not counted before the
// process was killed, and the file that they are in is gone, cut, or an older
// one. What is missing is said, and is given up by order alone.
func TestJournalEndsEarly(t *testing.T) {
	t.Parallel()
	const newest = "journal/*.open"
	for _, c := range []struct {
		name   string
		spoil  func(w *town)
		words  string
		counts uint64 // what there is where the rest is given up
	}{
		{"the newest segment is removed", func(w *town) { w.must(os.Remove(w.path(newest))) }, "had reached", 3},
		{"its last byte is", func(w *town) { w.edit(newest, cut(-1)) }, "had reached", 11},
		{"its second half is", func(w *town) { w.edit(newest, func(b []byte) []byte { return b[:len(b)/2] }) }, "had reached", 6},
		{"all but its header is", func(w *town) { w.edit(newest, cut(48)) }, "had reached", 3},
		{"its header is cut", func(w *town) { w.edit(newest, cut(20)) }, "had reached", 3},
		{"it is empty", func(w *town) { w.edit(newest, cut(0)) }, "had reached", 3},
		{"the two newest are empty", func(w *town) {
			w.edit(newest, cut(0))
			w.edit("journal/*.sealed", cut(0))
		}, "shorter than a segment's header", 3},
		{"the journal is the backup's", func(w *town) { w.take("journal") }, "had reached", 3},
		{"the backup's files replace those there", func(w *town) { w.copy(filepath.Join(w.backup, "journal"), filepath.Join(w.dir, "journal")) }, "had reached", 3},
		{"the journal is removed", func(w *town) { w.must(os.RemoveAll(filepath.Join(w.dir, "journal"))) }, "Put its files back", 3},
		{"the journal is emptied", func(w *town) {
			w.must(os.RemoveAll(filepath.Join(w.dir, "journal")))
			w.must(os.Mkdir(filepath.Join(w.dir, "journal"), 0o700))
		}, "Put its files back", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, false)
			whole := filepath.Join(t.TempDir(), "whole")
			w.copy(w.dir, whole)
			c.spoil(w)
			w.refused(c.words)
			// What was taken away is put back.
			broken := w.dir
			w.dir = filepath.Join(t.TempDir(), "mended")
			w.copy(broken, w.dir)
			w.must(os.RemoveAll(filepath.Join(w.dir, "journal")))
			w.copy(filepath.Join(whole, "journal"), filepath.Join(w.dir, "journal"))
			w.opens(w.clicks)
			w.dir = broken
			w.givenUp(c.counts)
		})
	}
}

// TestBackupBesideJournal copies the backup's segments beside those that are
// there, as the advice is where one is damaged: no file that has more clicks is
// taken for the older one.
func TestBackupBesideJournal(t *testing.T) {
	t.Parallel()
	add := func(w *town, name func(string) string) {
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
			w := newTown(t, false)
			add(w, name)
			w.opens(w.clicks)
		}
	})
	t.Run("a damaged newest segment", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, false)
		w.edit("journal/*.open", func(b []byte) []byte { b[48+20] ^= 1; return b })
		add(w, asSealed)
		w.refused("damaged")
		w.givenUp(w.clicks - 1)
	})
	t.Run("a damaged sealed segment", func(t *testing.T) {
		t.Parallel()
		w := newTown(t, false)
		w.edit("journal/*.sealed", func(b []byte) []byte { b[48+20] ^= 1; return b })
		w.must(os.Remove(w.path("journal/*.sealed")))
		add(w, asIs)
		w.opens(w.clicks)
	})
}

// TestCountsAreGone: what is left of the counts cannot be taken for none, and
// is not removed.
func TestCountsAreGone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		spoil func(w *town)
		words string
	}{
		{"the directory", func(w *town) { w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir))) }, "no counts"},
		{"all in it", func(w *town) {
			w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir)))
			w.must(os.Mkdir(filepath.Join(w.dir, clicksDir), 0o700))
		}, "no counts"},
		{"the marker", func(w *town) { w.must(os.Remove(w.path("clicks/marker.manifest.*"))) }, "marker.manifest"},
		{"the end of the manifest", func(w *town) { w.edit("clicks/MANIFEST-*", func(b []byte) []byte { return b[:len(b)/2] }) }, "rebuild"},
	} {
		for _, emptied := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/journal emptied %v", c.name, emptied), func(t *testing.T) {
				t.Parallel()
				w := newTown(t, true)
				if emptied { // as the manual allows
					w.must(os.RemoveAll(filepath.Join(w.dir, journalDir)))
					w.opens(w.clicks)
				}
				whole := filepath.Join(t.TempDir(), "whole")
				w.copy(w.dir, whole)
				c.spoil(w)
				left := w.tables(filepath.Join(w.dir, clicksDir))
				w.refused(c.words)
				if now := w.tables(filepath.Join(w.dir, clicksDir)); now != left {
					t.Errorf("there were %d tables, and are %d", left, now)
				}
				rebuild := func(lossy bool) (said string, err error) {
					err = Rebuild(t.Context(), w.options(new(logtest.Log)), "", lossy, func(s string) { said += s + "\n" })
					return said, err
				}
				said, err := rebuild(false)
				if !emptied {
					w.must(err)
					w.opens(w.clicks)
					return
				}
				if err == nil || !strings.Contains(err.Error(), "--lossy") || !strings.Contains(said, "12 or more") {
					t.Errorf("rebuild: %v\n%s", err, said)
				}
				w.must(os.RemoveAll(filepath.Join(w.dir, clicksDir)))
				w.copy(filepath.Join(whole, clicksDir), filepath.Join(w.dir, clicksDir))
				w.opens(w.clicks)
				c.spoil(w)
				if said, err = rebuild(true); err != nil {
					t.Errorf("rebuild --lossy: %v\n%s", err, said)
				}
				w.opens(0)
				if kept := w.tables(filepath.Join(w.dir, clicksDir+damagedSuffix)); kept != left {
					t.Errorf("%d tables are kept of %d", kept, left)
				}
			})
		}
	}
}

// TestLinksAreOlder: links and users that lack what was acknowledged are
// refused, at the first start, whatever they lack.
func TestLinksAreOlder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		stop  bool
		spoil func(w *town)
	}{
		{"a killed one's are the backup's", false, func(w *town) { w.take(databaseFile) }},
		{"a stopped one's are the backup's", true, func(w *town) { w.take(databaseFile) }},
		{"the -wal is removed", false, func(w *town) { w.must(os.Remove(w.path(databaseFile + "-wal"))) }},
		{"the file is older than its -wal", false, func(w *town) {
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), []byte(w.past), 0o600))
		}},
		{"the file is the backup's beneath the -wal", false, func(w *town) {
			b, err := os.ReadFile(filepath.Join(w.backup, databaseFile))
			w.must(err)
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), b, 0o600))
		}},
		{"the file is a backup of the same version beneath the -wal", false, func(w *town) {
			b, err := os.ReadFile(w.same)
			w.must(err)
			w.must(os.WriteFile(filepath.Join(w.dir, databaseFile), b, 0o600))
		}},
		{"the -wal is emptied", false, func(w *town) { w.edit(databaseFile+"-wal", cut(0)) }},
		{"links and counts are the backup's", true, func(w *town) { w.take(databaseFile); w.take(clicksDir); w.must(os.Remove(w.path(progressFile))) }},
		{"links and counts of a killed one are the backup's", false, func(w *town) { w.take(databaseFile); w.take(clicksDir); w.must(os.Remove(w.path(progressFile))) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, c.stop)
			whole := filepath.Join(t.TempDir(), "whole")
			w.copy(w.dir, whole)
			c.spoil(w)
			w.refused("older")

			var found []string
			v, err := CheckDamaged(t.Context(), w.options(new(logtest.Log)), func(f string) { found = append(found, f) })
			if err != nil || len(found) != 1 || !strings.Contains(found[0], "older") || !strings.Contains(v.Advice, "put the newer one back") {
				t.Errorf("check says %q: %+v, %v", found, v, err)
			}
			report := func(what string) { t.Log(what) }
			if err := RepairParts(t.Context(), w.options(new(logtest.Log)), GiveUp{Damaged: true}, report); err == nil || !strings.Contains(err.Error(), "--give-up-links") {
				t.Errorf("a repair without giving up: %v", err)
			}
			broken := w.dir
			w.dir = filepath.Join(t.TempDir(), "mended")
			w.copy(broken, w.dir)
			for _, name := range []string{databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
				w.must(os.RemoveAll(filepath.Join(w.dir, name)))
				if b, err := os.ReadFile(filepath.Join(whole, name)); err == nil {
					w.must(os.WriteFile(filepath.Join(w.dir, name), b, 0o600))
				}
			}
			w.opens(w.clicks)
			w.dir = broken

			w.must(RepairParts(t.Context(), w.options(new(logtest.Log)), GiveUp{Links: true}, report))
			w.opens(w.clicks)
			app, err := Open(t.Context(), w.options(new(logtest.Log)))
			w.must(err)
			defer app.mustClose(t)
			if _, err := app.AddLink(t.Context(), "ann", "http://example.org/third", ""); err != nil {
				t.Fatal(err)
			}
			if now, err := app.db.Links(t.Context()); err != nil || now.Link <= 4 {
				t.Errorf("the id %d is given again, %v", now.Link, err)
			}
		})
	}
}

// TestOlderCounts: counts of a backup are taken where the journal has all that
// came after them.
func TestOlderCounts(t *testing.T) {
	t.Parallel()
	for _, stop := range []bool{false, true} {
		w := newTown(t, stop)
		w.take(clicksDir)
		w.opens(w.clicks)
	}
}

// TestOlderJournalAndCounts: where both are a backup's, links and users know
// that there was more.
func TestOlderJournalAndCounts(t *testing.T) {
	t.Parallel()
	w := newTown(t, true)
	w.take(clicksDir)
	w.take(journalDir)
	w.must(os.Remove(w.path(progressFile)))
	w.refused("had reached")
}

// TestDamagedProgress: the file progress says nothing where it is damaged, and
// is written again.
func TestDamagedProgress(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(b []byte) []byte{
		"a turned bit": func(b []byte) []byte { b[40] ^= 1; return b },
		"zeros":        func(b []byte) []byte { clear(b); return b },
		"cut":          func(b []byte) []byte { return b[:30] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newTown(t, false)
			w.edit(progressFile, spoil)
			log := new(logtest.Log)
			app, err := Open(t.Context(), w.options(log))
			w.must(err)
			if n := w.counted(app); n != w.clicks || !strings.Contains(log.String(), "progress is damaged") {
				t.Errorf("%d clicks, and the log says %q", n, log)
			}
			app.mustClose(t)
			w.opens(w.clicks)
		})
	}
}

// TestLeftovers: what a rebuild that was cut short leaves is removed.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	w := newTown(t, true)
	for _, name := range []string{rebuildingDir, clicksDir + oldSuffix} {
		w.copy(filepath.Join(w.dir, clicksDir), filepath.Join(w.dir, name))
	}
	w.opens(w.clicks)
	entries, err := os.ReadDir(w.dir)
	w.must(err)
	if slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return strings.HasPrefix(e.Name(), clicksDir+".") }) {
		t.Errorf("there are %v", entries)
	}
}

// TestLinksElsewhere: footfall.db may be a symbolic link to another disk, also
// after a crash.
func TestLinksElsewhere(t *testing.T) {
	t.Parallel()
	w := newTown(t, true)
	elsewhere := filepath.Join(t.TempDir(), databaseFile)
	w.must(os.Rename(w.path(databaseFile), elsewhere))
	w.must(os.Symlink(elsewhere, filepath.Join(w.dir, databaseFile)))
	app, err := Open(t.Context(), w.options(new(logtest.Log)))
	w.must(err)
	if _, err := app.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	killed := &town{t: t, dir: filepath.Join(t.TempDir(), "data"), clicks: w.clicks}
	copyStill(t, w.dir, killed.dir)
	there := filepath.Join(t.TempDir(), "there")
	copyStill(t, filepath.Dir(elsewhere), there)
	app.mustClose(t)
	if _, err := os.Stat(filepath.Join(there, databaseFile+"-wal")); err != nil {
		t.Fatalf("the log lies somewhere else: %v", err)
	}
	w.must(os.RemoveAll(filepath.Join(killed.dir, databaseFile)))
	w.must(os.Symlink(filepath.Join(there, databaseFile), filepath.Join(killed.dir, databaseFile)))
	killed.opens(w.clicks)
}

// TestNoBase: where no base reaches the journal, a rebuild goes on without the
// clicks between them by order alone.
func TestNoBase(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live")
	app, _ := openIn(t, live)
	app.clickOn(t, 2, 5)
	if err := errors.Join(app.journal.Rotate(), app.clicks.Sync(t.Context()), app.journal.Trim(app.journal.End())); err != nil {
		t.Fatal(err)
	}
	app.clickOn(t, 2, 3)
	app.mustClose(t)
	w := &town{t: t, dir: live}
	w.must(os.RemoveAll(filepath.Join(live, clicksDir)))
	report := func(what string) { t.Log(what) }
	if err := Rebuild(t.Context(), w.options(new(logtest.Log)), "", false, report); err == nil || !strings.Contains(err.Error(), "--lossy") {
		t.Errorf("a rebuild without --lossy: %v", err)
	}
	w.must(Rebuild(t.Context(), w.options(new(logtest.Log)), "", true, report))
	w.opens(3)
}
