package journal_test

import (
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestKilledProcess: the next process reads records that a killed process wrote but
// did not sync, so they must survive a later power cut.
func TestKilledProcess(t *testing.T) {
	t.Parallel()
	mem := vfs.NewCrashableMem()
	written := open(t, journal.Options{Dir: "journal", FS: mem, NoSync: true})
	add(t, written, "a")
	add(t, written, "b")
	next := open(t, journal.Options{Dir: "journal", FS: mem})
	wantRecords(t, read(t, next, 0), "a", "b")
	cut := mem.CrashClone(vfs.CrashCloneCfg{})
	wantRecords(t, read(t, open(t, journal.Options{Dir: "journal", FS: cut}), 0), "a", "b")
}

// TestTrimOrder: each file is removed durably before the next one, because a power
// cut must not leave a gap.
func TestTrimOrder(t *testing.T) {
	t.Parallel()
	var ops []string
	trimming, failures := false, 4
	j := open(t, journal.Options{Dir: "journal", FS: &hookFS{
		FS: vfs.NewMem(),
		before: func(op, name string) error {
			if !trimming {
				return nil
			}
			ops = append(ops, op+" "+path.Base(name))
			if failures--; failures == 0 {
				return errInjected
			}
			return nil
		},
		misused: func(op, name string) { t.Errorf("%s of %s after it failed before", op, name) },
	}})
	for _, record := range []string{"a", "b", "c", "d"} {
		add(t, j, record)
		check(t, j.Rotate())
	}
	trimming = true
	if err := j.Trim(51); err == nil { // the first sync fails
		t.Error("a failed trim returned no error")
	}
	check(t, j.Trim(0))
	want := []string{
		"create 00000000000000000051.trimmed", "sync journal",
		"remove 00000000000000000000.sealed", "sync journal",
		"remove 00000000000000000000.sealed", "sync journal",
		"remove 00000000000000000017.sealed", "sync journal",
		"remove 00000000000000000034.sealed", "sync journal",
	}
	if !slices.Equal(ops, want) {
		t.Errorf("trim called\n%s\nwant\n%s", strings.Join(ops, "\n"), strings.Join(want, "\n"))
	}
	trimming = false
	add(t, j, "e")
	check(t, j.Rotate())
	trimming, ops, failures = true, nil, 1
	if err := j.Trim(68); err == nil {
		t.Error("a trim without its mark returned no error")
	}
	check(t, j.Trim(0))
	want = []string{
		"rename 00000000000000000051.trimmed",
		"rename 00000000000000000051.trimmed", "sync journal",
		"remove 00000000000000000051.sealed", "sync journal",
	}
	if !slices.Equal(ops, want) {
		t.Errorf("trim called\n%s\nwant\n%s", strings.Join(ops, "\n"), strings.Join(want, "\n"))
	}
	trimming = false
	wantRecords(t, read(t, j, j.First()), "e")
	if j.Trimmed() != 68 || path.Base(j.TrimMark()) != "00000000000000000068.trimmed" {
		t.Errorf("trimmed is %d, in %s", j.Trimmed(), j.TrimMark())
	}
}
