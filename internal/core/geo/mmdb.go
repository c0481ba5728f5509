package geo

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/footfall/footfall/internal/base/click"
)

// ErrCompressed says that a database is a gzip file.
var ErrCompressed = errors.New("the file is compressed")

// database is an MMDB file (https://maxmind.github.io/MaxMind-DB/) in memory. All its
// records were decoded once, so that no lookup can fail.
type database struct {
	reader  *maxminddb.Reader
	records map[uintptr]click.Country // by offset; without the unknown country
	built   time.Time
}

// parse reads a file. The database keeps its bytes.
func parse(data []byte) (*database, error) {
	if bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return nil, ErrCompressed
	}
	reader, err := maxminddb.OpenBytes(data)
	if err != nil {
		return nil, fmt.Errorf("the file is not a complete MMDB file: %w", err)
	}
	db := &database{reader: reader, records: map[uintptr]click.Country{}, built: reader.Metadata.BuildTime().UTC()}
	unknown := map[uintptr]bool{}
	for network := range reader.Networks() {
		if err := network.Err(); err != nil {
			return nil, fmt.Errorf("the file is damaged: %w", err)
		}
		at := network.Offset()
		if db.records[at].Known() || unknown[at] {
			continue
		}
		c, err := recordCountry(network)
		if err != nil {
			return nil, fmt.Errorf("the file is damaged: %w", err)
		}
		if c.Known() {
			db.records[at] = c
		} else {
			unknown[at] = true
		}
	}
	if len(db.records) == 0 {
		return nil, errors.New("the file names no countries")
	}
	return db, nil
}

func (db *database) country(a netip.Addr) click.Country {
	r := db.reader.Lookup(a)
	if !r.Found() {
		return click.Country{}
	}
	return db.records[r.Offset()]
}

// recordCountry reads a record: country.iso_code in files of MaxMind and DB-IP, country_code
// or country in flat ones such as those of ipinfo. It ignores MaxMind's registered_country,
// because a network may be used far from where it was registered.
func recordCountry(r maxminddb.Result) (click.Country, error) {
	for _, path := range [...][]any{{"country", "iso_code"}, {"country_code"}, {"country"}} {
		var code string
		err := r.DecodePath(&code, path...)
		if damage := (maxminddb.InvalidDatabaseError{}); errors.As(err, &damage) {
			return click.Country{}, err
		}
		if c := country(code); err == nil && c.Known() {
			return c, nil
		}
	}
	return click.Country{}, nil
}
