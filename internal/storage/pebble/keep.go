package pebble

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// keepingFS removes no table and no list of tables until Release. The engine removes what its list of
// files does not name as soon as it is opened, before anybody can tell whether
// the list is the newest one.
type keepingFS struct {
	vfs.FS
	*kept
}

// kept is the files that are to be removed on release.
type kept struct {
	mu       sync.Mutex
	released bool
	paths    []string
}

func (f keepingFS) Unwrap() vfs.FS { return f.FS }

// Remove removes a file, now or later. The engine does not look whether it is gone.
func (f keepingFS) Remove(path string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name := f.PathBase(path)
	if f.released || !strings.HasSuffix(name, tableSuffix) && !strings.HasPrefix(name, manifestPrefix) {
		return f.FS.Remove(path)
	}
	f.paths = append(f.paths, path)
	return nil
}

// Release removes the files that the engine needs no more, which Options.Keep
// kept until now, and from now on at once. It may be called again.
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
		return fmt.Errorf("click store: remove files that are not needed: %w", err)
	}
	return nil
}
