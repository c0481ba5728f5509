package pebble

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// keepFS keeps tables and lists of tables until Release. The engine removes files
// that are not in its list as soon as it is opened, before it is known whether the
// list is the newest one.
type keepFS struct {
	vfs.FS
	*kept
}

// kept is the files to remove at release.
type kept struct {
	mu       sync.Mutex
	released bool
	paths    []string
}

func (f keepFS) Unwrap() vfs.FS { return f.FS }

// Remove removes a file, now or at release. The engine does not check it.
func (f keepFS) Remove(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := f.PathBase(path)
	if f.released || !strings.HasSuffix(name, tableSuffix) && !strings.HasPrefix(name, manifestPrefix) {
		return f.FS.Remove(path)
	}
	f.paths = append(f.paths, path)
	return nil
}

// Release removes the files that Options.Keep kept. From then on files are removed
// at once. It may be called again.
func (s *Store) Release() error {
	s.kept.mu.Lock()
	defer s.kept.mu.Unlock()
	s.kept.released = true
	var err error
	for _, path := range s.kept.paths {
		if e := s.fs.Remove(path); e != nil && !errors.Is(e, os.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	s.kept.paths = nil
	if err != nil {
		return fmt.Errorf("counts: remove files that are no longer needed: %w", err)
	}
	return nil
}
