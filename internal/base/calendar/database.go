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

// ErrZone: no zone has that name, or that many hours.
var ErrZone = errors.New("no such time zone")

// zoneinfo is release 2025c of the IANA database (https://www.iana.org/time-zones),
// one TZif file a zone, in the form in which Go ships it.
//
//go:embed zoneinfo.zip
var zoneinfo string

// database is the embedded zones by name, each parsed when first asked for.
type database struct {
	names []string // ascending
	zones map[string]func() (*Zone, error)
}

// open reads the archive's directory, once. The archive is part of the program:
// that it cannot be read is a mistake of the build, hence the panic.
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

// isZone tells a zone's name from what else a database may hold: directories,
// the placeholder Factory, copies of the host's own choice, and the same zones
// again with and without leap seconds.
func isZone(name string) bool {
	switch name {
	case "", "Factory", "Local", "localtime", "posixrules":
		return false
	}
	return !strings.HasSuffix(name, "/") && !strings.HasPrefix(name, "posix/") && !strings.HasPrefix(name, "right/")
}

// Load finds a zone by its IANA name, case-sensitive, in the embedded database
// and nowhere else. Any other name is ErrZone.
func Load(name string) (*Zone, error) {
	zone, ok := open().zones[name]
	if !ok {
		return nil, fmt.Errorf("calendar: load %q: %w", name, ErrZone)
	}
	return zone()
}

// Zones lists the names that Load takes, ascending.
func Zones() []string { return slices.Clone(open().names) }

// Fixed is the zone that is always so many hours east of UTC. Hours outside
// −14..14 are ErrZone.
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
