package geo

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/regular"
)

// largest bounds a database in bytes; those of all cities have some 100 MB.
const largest = 1 << 30

// Lookup finds countries. It may be used by many goroutines at once, also while
// it reloads.
type Lookup struct {
	path string
	file atomic.Pointer[database] // nil: the built-in data

	mu   sync.Mutex  // one Reload at a time
	seen fs.FileInfo // of the file that was tried last
	last string      // why that file could not be read, if it could not
}

// Open makes a Lookup of the MMDB file at path, or of the built-in data where
// path is empty. It fails where the file cannot be read or names no countries.
func Open(path string) (*Lookup, error) {
	l := &Lookup{path: path}
	if path == "" {
		builtin(netip.IPv6Unspecified()) // Unpack now what the first visitor would wait for.
		return l, nil
	}
	if _, err := l.Reload(); err != nil {
		return nil, fmt.Errorf("%w; name a GeoLite2, DB-IP or ipinfo database of countries or cities, or none to use the built-in one", err)
	}
	return l, nil
}

// Country tells where an address is. Addresses that are nowhere, such as private
// ones, are unknown, as is what the data does not know. IPv4 inside IPv6
// (::ffff:a.b.c.d) counts as IPv4.
func (l *Lookup) Country(a netip.Addr) click.Country {
	a = a.Unmap()
	if !place(a) {
		return click.Country{}
	}
	if file := l.file.Load(); file != nil {
		return file.country(a)
	}
	return builtin(a)
}

// Reload reads the file again if it is another, or changed in size or time, since
// the last attempt, and tells whether it took new data. On error the old data
// stays. An error that lasts is returned once.
func (l *Lookup) Reload() (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.path == "" {
		return false, nil
	}
	data, err := l.changed()
	if err != nil {
		if err.Error() == l.last {
			return false, nil
		}
		l.last = err.Error()
		return false, fmt.Errorf("geo: read country database: %w", err)
	}
	l.last = ""
	if data == nil {
		return false, nil
	}
	file, err := parse(data)
	if err != nil {
		return false, fmt.Errorf("geo: country database %s: %w", l.path, err)
	}
	l.file.Store(file)
	return true, nil
}

// changed reads the file into memory, for what is mapped must not change, or is
// nil where it was read before. What is remembered of the file is from before
// reading, so that a change meanwhile will be a change.
func (l *Lookup) changed() ([]byte, error) {
	f, err := regular.Open(l.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info := f.Info
	if old := l.seen; old != nil && os.SameFile(info, old) && info.Size() == old.Size() && info.ModTime().Equal(old.ModTime()) {
		return nil, nil
	}
	data, err := f.Read(largest)
	if err != nil {
		return nil, err
	}
	l.seen = info
	return data, nil
}

// Watch reloads at every tick until ctx is done, and logs what came of it. A tick
// costs opening the file; a few seconds between them are plenty.
func (l *Lookup) Watch(ctx context.Context, ticks <-chan time.Time, log *slog.Logger) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		changed, err := l.Reload()
		switch {
		case err != nil:
			log.Error("new country database refused, the old one stays in use", "error", err)
		case changed:
			log.Info("new country database in use", "path", l.path, "built", l.file.Load().built)
		}
	}
}
