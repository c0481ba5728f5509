package backup_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/storage/backup"
)

// TestOnlyWhatIsListed: a restore, and a rebuild from a backup, read only the regular
// files in the manifest. Anything else is refused by name. No link is followed, and
// nothing blocks.
func TestOnlyWhatIsListed(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "secret", noon)
	for what, spoil := range map[string]func(t *testing.T, path string) (want string){
		"a file that is not listed": func(t *testing.T, path string) string {
			write(t, filepath.Join(path, "b", "file-wal"), "more", noon)
			return filepath.Join("b", "file-wal") + " does not belong to the backup"
		},
		"an empty directory": func(t *testing.T, path string) string {
			must(t, os.Mkdir(filepath.Join(path, "b", "c"), 0o700))
			return filepath.Join("b", "c") + " does not belong to the backup"
		},
		"a link": func(t *testing.T, path string) string {
			must(t, os.Symlink(secret, filepath.Join(path, "b", "zz")))
			return filepath.Join("b", "zz") + " is a symbolic link"
		},
		"a link in the place of a file": func(t *testing.T, path string) string {
			must(t, os.Remove(filepath.Join(path, "b", "file")), os.Symlink(secret, filepath.Join(path, "b", "file")))
			return filepath.Join("b", "file") + " is a symbolic link"
		},
		"a link in the place of a directory": func(t *testing.T, path string) string {
			must(t, os.Rename(filepath.Join(path, "b"), filepath.Join(path, "elsewhere")), os.Symlink("elsewhere", filepath.Join(path, "b")))
			return "b is a symbolic link"
		},
		"a pipe": func(t *testing.T, path string) string {
			must(t, syscall.Mkfifo(filepath.Join(path, "b", "zz"), 0o600))
			return filepath.Join("b", "zz") + " is a pipe"
		},
		"a pipe in the place of a file": func(t *testing.T, path string) string {
			must(t, os.Remove(filepath.Join(path, "b", "file")), syscall.Mkfifo(filepath.Join(path, "b", "file"), 0o600))
			return filepath.Join("b", "file") + " is a pipe"
		},
		"a pipe in the place of the manifest": func(t *testing.T, path string) string {
			must(t, os.Remove(filepath.Join(path, "backup.json")), syscall.Mkfifo(filepath.Join(path, "backup.json"), 0o600))
			return "backup.json is a pipe"
		},
		"a file that grew": func(t *testing.T, path string) string {
			write(t, filepath.Join(path, "b", "file"), "sound and more", noon)
			return "is not as it was"
		},
		"a file that lies outside": func(t *testing.T, path string) string {
			manifest(t, path, func(m *backup.Manifest) {
				m.Contents = append(m.Contents, backup.File{Name: "b/../../secret", Bytes: 6})
			})
			return `lists "b/../../secret"`
		},
		"a manifest that lists nothing": func(t *testing.T, path string) string {
			manifest(t, path, func(m *backup.Manifest) { m.Contents = nil })
			return "lists no files"
		},
	} {
		t.Run(what, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			write(t, filepath.Join(from, "file"), "sound", noon)
			take(t, from, to, "mine", noon, 1)
			path, _, err := backup.Newest(to)
			must(t, err)
			want := spoil(t, path)
			restored, part := t.TempDir(), filepath.Join(t.TempDir(), "part")
			for call, err := range map[string]error{
				"restore": backup.Restore(t.Context(), path, restored),
				"part":    backup.CopyPart(t.Context(), path, "b", part),
			} {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want a sentence with %q", call, err, want)
				}
			}
			if left, err := os.ReadDir(restored); err != nil || len(left) > 0 {
				t.Errorf("a restore that was refused left %v, %v", left, err)
			}
			must(t, filepath.WalkDir(filepath.Dir(part), func(path string, e fs.DirEntry, err error) error {
				if err == nil && e.Type().IsRegular() && read(t, path) == "secret" {
					err = fmt.Errorf("%s was copied from elsewhere", path)
				}
				return err
			}))
		})
	}
}

func must(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func manifest(t *testing.T, path string, change func(*backup.Manifest)) {
	t.Helper()
	m, err := backup.Read(path)
	must(t, err)
	change(&m)
	b, err := json.Marshal(m)
	must(t, err, os.WriteFile(filepath.Join(path, "backup.json"), b, 0o600))
}

// TestSharedWithOthers: a link or a pipe in place of a file of the backup before is
// not shared, and does not block.
func TestSharedWithOthers(t *testing.T) {
	for what, plant := range map[string]func(path, same string) error{
		"a link": func(path, same string) error { return os.Symlink(same, path) },
		"a pipe": func(path, _ string) error { return syscall.Mkfifo(path, 0o600) },
	} {
		from, to := t.TempDir(), t.TempDir()
		write(t, filepath.Join(from, "file"), "sound", noon)
		take(t, from, to, "mine", noon, 9)
		before, _, err := backup.Newest(to)
		file := filepath.Join(before, "b", "file")
		must(t, err, os.Remove(file), plant(file, filepath.Join(from, "file")))
		if m := take(t, from, to, "mine", noon.Add(1), 9); m.Copied != 5 {
			t.Errorf("%s instead of a file was shared with the next backup: %+v", what, m)
		}
	}
}

// TestPlaces: backups are not written where other users could replace them.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		owner, user uint32
		mode        fs.FileMode
		want        string
	}{
		{1000, 1000, 0o700, ""},
		{0, 1000, 0o770, ""},
		{0, 0, 0o755, ""},
		{1000, 0, 0o700, "belongs to user 1000"},
		{1001, 1000, 0o777, "belongs to user 1001"},
		{1000, 1000, 0o777, "by every user"},
		{0, 1000, 0o777 | fs.ModeSticky, "by every user"},
	} {
		if got := backup.SafePlace("/b", c.owner, c.mode, c.user); (got == nil) != (c.want == "") || got != nil && !strings.Contains(got.Error(), c.want) {
			t.Errorf("user %d in a directory of user %d, %v: %v, want %q", c.user, c.owner, c.mode, got, c.want)
		}
	}
	open := t.TempDir()
	must(t, os.Chmod(open, 0o777))
	if _, err := backup.Begin(open, "mine", noon); err == nil || !strings.Contains(err.Error(), "by every user") {
		t.Errorf("a backup where everybody may write: %v", err)
	}
}
