package reload

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestOpen: a file is read whole, and a file without an end is refused at once.
func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(path("file"), []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("file", path("link")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"file": "content", "link": "content", "empty": ""} {
		f, err := open(path(name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := f.content(7); err != nil || string(b) != want || f.info.Size() != int64(len(want)) {
			t.Errorf("%s: %q, %v, of %d bytes", name, b, err, f.info.Size())
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
	if err := unix.Mkfifo(path("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("pipe", path("link to a pipe")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path("pipe"), path("link to a pipe"), "/dev/zero", dir} {
		if f, err := open(name); !errors.Is(err, ErrKind) {
			t.Errorf("%s: %v, %v", name, f, err)
		}
	}
	l, err := net.Listen("unix", path("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, name := range []string{path("socket"), path("missing")} {
		if f, err := open(name); err == nil {
			t.Errorf("%s: %v", name, f)
		}
	}
}

// TestFileThatChanges: a file is read as long as it was, or as far as it goes.
func TestFileThatChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.content(6); err == nil || !strings.Contains(err.Error(), "has 7 bytes") {
		t.Errorf("too long: %v", err)
	}
	if err := os.WriteFile(path, []byte("content and more"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := f.content(7); err != nil || string(b) != "content" {
		t.Errorf("longer: %q, %v", b, err)
	}
	g, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if err := os.Truncate(path, 3); err != nil {
		t.Fatal(err)
	}
	if b, err := g.content(100); err != nil || string(b) != "con" {
		t.Errorf("shorter: %q, %v", b, err)
	}
}
