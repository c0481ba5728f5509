package geo

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/reload"
)

const (
	// largest bounds a database in bytes; those of all cities have some 100 MB.
	largest = 1 << 30
	// slow is the time after which a file system that does not answer is logged.
	slow = 10 * time.Second
)

// Lookup finds countries. It is safe for concurrent use, also while it reads its file
// again.
type Lookup struct {
	path string
	file *reload.Value[*database] // nil: the built-in data
}

// DatabaseError says that a file cannot be read, or names no countries.
type DatabaseError struct{ Err error }

func (e *DatabaseError) Error() string { return e.Err.Error() }
func (e *DatabaseError) Unwrap() error { return e.Err }

// Open makes a Lookup of the MMDB file at path, or of the built-in data if path is
// empty. It fails with a DatabaseError.
func Open(path string) (*Lookup, error) {
	if path == "" {
		builtin(netip.IPv6Unspecified()) // unpacks the data, which the first visitor would wait for
		return &Lookup{}, nil
	}
	file, err := reload.Open(reload.Options[*database]{
		Files: []reload.File{{Name: "country database", Path: path}}, Largest: largest,
		Parse: func(contents [][]byte) (*database, error) {
			db, err := parse(contents[0])
			if err != nil {
				err = fmt.Errorf("country database %s: %w", path, err)
			}
			return db, err
		},
	})
	if err != nil {
		return nil, &DatabaseError{err}
	}
	return &Lookup{path, file}, nil
}

// Country returns the country of an address. It is unknown for an address that is in
// no country, such as a private one, and for one that is not in the data. IPv4 inside
// IPv6 (::ffff:a.b.c.d) counts as IPv4.
func (l *Lookup) Country(a netip.Addr) click.Country {
	a = a.Unmap()
	if !place(a) {
		return click.Country{}
	}
	if l.file != nil {
		return l.file.Get().country(a)
	}
	return builtin(a)
}

// Watch looks at the file at every tick until ctx is done, reads it again if it
// changed, and logs the result. A few seconds between ticks are enough. Built-in
// data do not change.
func (l *Lookup) Watch(ctx context.Context, ticks <-chan time.Time, log *slog.Logger) {
	if l.file != nil {
		l.file.Watch(ctx, ticks, slow, l.report(log))
	}
}

func (l *Lookup) report(log *slog.Logger) reload.Report[*database] {
	return reload.Report[*database]{
		Changed: func(db *database) { log.Info("new country database in use", "path", l.path, "built", db.built) },
		Failed: func(err error) {
			log.Error("the changed country database cannot be used; the old one stays in use: look at the file", "error", err)
		},
		Slow: func(waited time.Duration) {
			log.Warn("reading the country database hangs; the old one stays in use: look at its disk or network share", "waited", waited, "path", l.path)
		},
	}
}
