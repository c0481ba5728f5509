package geo

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"strings"
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

// Lookup finds places. It is safe for concurrent use, also while it reads its files
// again.
type Lookup struct {
	paths string
	files *reload.Value[databases] // nil: the built-in data
}

// databases are those of all files, in the order in which they are asked.
type databases []*database

// DatabaseError says that a file cannot be read, or names no countries.
type DatabaseError struct{ Err error }

func (e *DatabaseError) Error() string { return e.Err.Error() }
func (e *DatabaseError) Unwrap() error { return e.Err }

// Open makes a Lookup of MMDB files of countries or cities, or of the built-in data if there
// are no paths. It fails with a DatabaseError. The built-in data of IPv6 are unpacked for the first
// visitor who needs them, who waits a tenth of a second: a start takes half as long then, and 25 MB
// less.
func Open(paths ...string) (*Lookup, error) {
	if len(paths) == 0 {
		return &Lookup{}, nil
	}
	o := reload.Options[databases]{Largest: largest}
	for _, path := range paths {
		o.Files = append(o.Files, reload.File{Name: "geo database", Path: path})
	}
	o.Parse = func(contents [][]byte) (databases, error) {
		all := make(databases, len(paths))
		for i, content := range contents {
			var err error
			if all[i], err = parse(content); err != nil {
				return nil, fmt.Errorf("geo database %s: %w", paths[i], err)
			}
		}
		return all, nil
	}
	files, err := reload.Open(o)
	if err != nil {
		return nil, &DatabaseError{err}
	}
	return &Lookup{strings.Join(paths, ", "), files}, nil
}

// Place returns where an address is, from the first file that has its country. All of it is
// unknown for an address that is in no country, such as a private one, and for one that is
// not in the data. The built-in data have countries alone. IPv4 inside IPv6 (::ffff:a.b.c.d)
// counts as IPv4.
func (l *Lookup) Place(a netip.Addr) click.Place {
	a = a.Unmap()
	if !locatable(a) {
		return click.Place{}
	}
	if l.files == nil {
		return click.Place{Country: builtin(a)}
	}
	for _, db := range l.files.Get() {
		if p := db.place(a); p.Country.Known() {
			return p
		}
	}
	return click.Place{}
}

// Watch looks at the files at every tick until ctx is done, reads them again if one
// changed, and logs the result. A few seconds between ticks are enough. Built-in
// data do not change.
func (l *Lookup) Watch(ctx context.Context, ticks <-chan time.Time, log *slog.Logger) {
	if l.files != nil {
		l.files.Watch(ctx, ticks, slow, l.report(log))
	}
}

func (l *Lookup) report(log *slog.Logger) reload.Report[databases] {
	return reload.Report[databases]{
		Changed: func(all databases) { log.Info("new geo database in use", "path", l.paths, "built", all.built()) },
		Failed: func(err error) {
			log.Error("the changed geo database cannot be used; the old one stays in use: look at the file", "error", err)
		},
		Slow: func(waited time.Duration) {
			log.Warn("reading the geo database hangs; the old one stays in use: look at its disk or network share", "waited", waited, "path", l.paths)
		},
	}
}

// built is when the oldest of the databases was made.
func (all databases) built() time.Time {
	return slices.MinFunc(all, func(a, b *database) int { return a.built.Compare(b.built) }).built
}
