package calendar

import (
	"archive/zip"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// ErrZone means that there is no zone with that name or that many hours.
var ErrZone = errors.New("no such time zone")

// zoneinfo is release 2025c of the IANA database (https://www.iana.org/time-zones),
// one TZif file per zone, in the form in which Go ships it.
//
//go:embed zoneinfo.zip
var zoneinfo string

// database is the embedded zones by name. Each is parsed when it is first used.
type database struct {
	names []string // ascending
	zones map[string]func() (*Zone, error)
}

// open reads the directory of the archive once. It panics if the archive cannot be
// read, because then the build is broken.
var open = sync.OnceValue(func() database {
	r, err := zip.NewReader(strings.NewReader(zoneinfo), int64(len(zoneinfo)))
	if err != nil {
		panic(fmt.Sprintf("calendar: open the embedded zones: %v", err))
	}
	db := database{zones: make(map[string]func() (*Zone, error), len(r.File))}
	for _, f := range r.File {
		if !isZone(f.Name) {
			continue
		}
		db.names = append(db.names, f.Name)
		db.zones[f.Name] = sync.OnceValues(func() (*Zone, error) { return parse(f) })
	}
	slices.Sort(db.names)
	return db
})

// isZone reports whether a name in the archive is a zone, and not a directory, the
// placeholder Factory, a copy of the zone of a host, or a zone again with or without
// leap seconds.
func isZone(name string) bool {
	switch name {
	case "", "Factory", "Local", "localtime", "posixrules":
		return false
	}
	return !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, "posix/") && !strings.HasPrefix(name, "right/")
}

// Load finds a zone by its IANA name, which is case-sensitive, in the embedded
// database. It fails with ErrZone if there is none.
func Load(name string) (*Zone, error) {
	zone, ok := open().zones[name]
	if !ok {
		return nil, fmt.Errorf("calendar: load %q: %w", name, ErrZone)
	}
	return zone()
}

// Zones lists the names of all zones in ascending order.
func Zones() []string { return slices.Clone(open().names) }

// Fixed returns a zone that is always the same number of hours east of UTC. It fails
// with ErrZone for hours outside −14..14.
func Fixed(hours int) (*Zone, error) {
	if hours < -14 || hours > 14 {
		return nil, fmt.Errorf("calendar: fixed zone of %d hours: %w", hours, ErrZone)
	}
	return newZone(time.FixedZone("", hours*3600)), nil
}

func parse(f *zip.File) (*Zone, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("calendar: open zone %s: %w", f.Name, err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("calendar: read zone %s: %w", f.Name, err)
	}
	loc, err := time.LoadLocationFromTZData(f.Name, data)
	if err != nil {
		return nil, fmt.Errorf("calendar: parse zone %s: %w", f.Name, err)
	}
	return newZone(loc), nil
}
