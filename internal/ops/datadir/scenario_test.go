package datadir

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// scenario is a data directory as a killed or a stopped process leaves it, and a
// backup of it from before.
type scenario struct {
	t       *testing.T
	dir     string
	past    string // footfall.db as it was before the token
	backup  string // 3 clicks on link 2
	same    string // footfall.db of another directory, made right before the last start
	clicks  uint64 // that were acknowledged
	stopped bool
}

// newScenario makes a directory with a link, clicks on it and a backup. After the
// backup come another link, clicks on both, and a token.
func newScenario(t *testing.T, stop bool) *scenario {
	t.Helper()
	live, backups := filepath.Join(t.TempDir(), "live"), filepath.Join(t.TempDir(), "backups")
	d, _ := openIn(t, live)
	d.mustClose(t)
	past, err := os.ReadFile(filepath.Join(live, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	d, _ = openIn(t, live)
	if _, err := d.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	d.mustClose(t)
	d, _ = openIn(t, live)
	d.clickOn(t, 2, 3)
	if _, err := d.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	w := &scenario{t: t, dir: filepath.Join(t.TempDir(), "data"), past: string(past), backup: path, clicks: 3 + 5 + 4, stopped: stop}
	again := filepath.Join(t.TempDir(), "again")
	if _, err := d.Backup(t.Context(), again, 1); err != nil {
		t.Fatal(err)
	}
	if path, _, err = backup.Newest(again); err != nil {
		t.Fatal(err)
	}
	w.same = filepath.Join(path, databaseFile)
	d.mustClose(t)
	d, _ = openIn(t, live)
	if _, err := d.AddLink(t.Context(), "ann", "http://example.org/second"); err != nil {
		t.Fatal(err)
	}
	d.clickOn(t, 2, 5)
	d.clickOn(t, 4, 4)
	if _, err := d.AddToken(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if stop {
		d.mustClose(t)
	}
	copyStill(t, live, w.dir) // which is all that a killed process leaves
	if !stop {
		d.mustClose(t)
	}
	return w
}

// clickOn records clicks on a link of user 1, and waits until they are counted.
func (d *Dir) clickOn(t *testing.T, link click.LinkID, n int) {
	t.Helper()
	for range n {
		if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: link}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// copy copies a directory, except its socket.
func (w *scenario) copy(from, to string) {
	w.t.Helper()
	w.must(copyFiles(from, to))
}

// copyStill copies an open data directory as kill -9 would leave it: again, until
// nothing changed meanwhile, because engines write and remove files at any time.
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
		if errors.Is(err, fs.ErrNotExist) { // it was removed between the two calls
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

func (w *scenario) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// path is the last file of the directory that matches a pattern.
func (w *scenario) path(pattern string) string {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(w.dir, pattern))
	w.must(err)
	if len(all) == 0 {
		w.t.Fatalf("no file matches %s", pattern)
	}
	return all[len(all)-1]
}

// edit changes the bytes of a file.
func (w *scenario) edit(pattern string, change func([]byte) []byte) {
	w.t.Helper()
	path := w.path(pattern)
	b, err := os.ReadFile(path)
	w.must(err)
	w.must(os.WriteFile(path, change(b), 0o600))
}

// take replaces a part by that of the backup.
func (w *scenario) take(part string) {
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

func (w *scenario) options(log *logtest.Log) Options {
	return Options{Path: w.dir, Now: time.Now, Log: log.Logger()}
}

// refused fails unless Open refuses the directory twice with these words, and leaves
// all files that can have clicks.
func (w *scenario) refused(words string) {
	w.t.Helper()
	before := w.holding()
	for range 2 {
		d, err := Open(w.t.Context(), w.options(new(logtest.Log)))
		if err == nil {
			n := w.counted(d)
			d.mustClose(w.t)
			w.t.Fatalf("the directory was opened, with %d clicks of %d", n, w.clicks)
		}
		if !strings.Contains(err.Error(), words) {
			w.t.Errorf("the error is %q, without %q", err, words)
		}
	}
	for name, size := range before {
		if after, ok := w.holding()[name]; !ok || after < size {
			w.t.Errorf("%s had %d bytes and has %d", name, size, after)
		}
	}
}

// holding is the segments that have clicks, without their extensions, and the sizes
// of their files.
func (w *scenario) holding() map[string]int64 {
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

// tables is the number of tables of counts in a directory.
func (w *scenario) tables(dir string) int {
	w.t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.sst"))
	w.must(err)
	return len(all)
}

func (w *scenario) counted(d *Dir) uint64 {
	w.t.Helper()
	n, err := d.Clicks(w.t.Context(), rollup.Scope{User: 1})
	w.must(err)
	return n
}

// opens fails unless the directory opens twice with this many clicks, and Check
// finds nothing.
func (w *scenario) opens(clicks uint64) {
	w.t.Helper()
	for range 2 {
		d, err := Open(w.t.Context(), w.options(new(logtest.Log)))
		w.must(err)
		if n := w.counted(d); n != clicks {
			w.t.Errorf("%d clicks are counted, want %d", n, clicks)
		}
		if _, err := d.Check(w.t.Context(), func(f string) { w.t.Error(f) }); err != nil {
			w.t.Error(err)
		}
		d.mustClose(w.t)
	}
}

// checked returns the findings of CheckDamaged.
func (w *scenario) checked() string {
	w.t.Helper()
	var all []string
	v, err := CheckDamaged(w.t.Context(), w.options(new(logtest.Log)), func(f string) { all = append(all, f) })
	w.must(err)
	if v.Wrong.Damage == 0 || v.Remedies == nil {
		w.t.Errorf("the verdict is %+v", v)
	}
	return strings.Join(all, "\n")
}

// givenUp fails unless a repair is refused, and succeeds with this many clicks if it
// may give up the rest.
func (w *scenario) givenUp(clicks uint64) {
	w.t.Helper()
	if found := w.checked(); strings.Contains(found, "no click is lost") || !strings.Contains(found, "missing") && !strings.Contains(found, "not counted") {
		w.t.Errorf("check reports %q", found)
	}
	report := func(what string) { w.t.Log(what) }
	if err := RepairDamaged(w.t.Context(), w.options(new(logtest.Log)), GiveUp{Links: true}, report); err == nil || !errors.As(err, new(*GiveUpError)) {
		w.t.Errorf("a repair without giving up: %v", err)
	}
	w.must(RepairDamaged(w.t.Context(), w.options(new(logtest.Log)), GiveUp{Damaged: true}, report))
	w.opens(clicks)
}

// cut keeps the first size bytes, or all except the last -size.
func cut(size int) func([]byte) []byte {
	return func(b []byte) []byte {
		if size < 0 {
			size += len(b)
		}
		return b[:size]
	}
}
