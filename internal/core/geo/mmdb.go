package geo

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/footfall/footfall/internal/base/click"
)

// ErrCompressed says that a database is a gzip file.
var ErrCompressed = errors.New("the file is compressed")

// database is an MMDB file (https://maxmind.github.io/MaxMind-DB/) in memory. All its
// records were decoded once, so that no lookup can fail or allocate.
type database struct {
	reader *maxminddb.Reader
	places []click.Place      // the different ones; [0] is unknown
	at     map[uintptr]uint32 // indexes in places by the offset of the record
	only4  bool               // the file has no addresses of IPv6
	built  time.Time
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
	db := &database{
		reader: reader, places: make([]click.Place, 1), at: map[uintptr]uint32{},
		only4: reader.Metadata.IPVersion == 4, built: reader.Metadata.BuildTime().UTC(),
	}
	index := map[click.Place]uint32{{}: 0}
	named := regionCache{}
	left := reader.Metadata.NodeCount + 1 // a tree has no more leaves; nodes with two parents could make endless work
	for network := range reader.Networks(maxminddb.IncludeNetworksWithoutData()) {
		if err := network.Err(); err != nil {
			return nil, fmt.Errorf("the file is damaged: %w", err)
		}
		if left == 0 {
			return nil, errors.New("the file is damaged: its search tree has more networks than nodes")
		}
		left--
		if !network.Found() {
			continue
		}
		if _, known := db.at[network.Offset()]; known {
			continue
		}
		place, err := recordPlace(network, named)
		if err != nil {
			return nil, fmt.Errorf("the file is damaged: %w", err)
		}
		i, known := index[place]
		if !known {
			i = uint32(len(db.places)) // #nosec G115 -- the file has less than 1<<30 bytes
			index[place] = i
			db.places = append(db.places, place)
		}
		db.at[network.Offset()] = i
	}
	if len(db.places) == 1 {
		return nil, errors.New("the file names no countries")
	}
	return db, nil
}

// place returns the place of an address, or the unknown one.
func (db *database) place(a netip.Addr) click.Place {
	if db.only4 && !a.Is4() { // the reader would make an error with the address
		return click.Place{}
	}
	r := db.reader.Lookup(a)
	if !r.Found() {
		return click.Place{}
	}
	return db.places[db.at[r.Offset()]]
}

// The fields in which databases have a place. Files of MaxMind and DB-IP have maps in their
// records. Those of ipinfo and the packages of ip-location-db have flat ones.
//
// MaxMind's registered_country is not used: a network may be used far from where it was
// registered.
var (
	countryFields    = [...][]any{{"country", "iso_code"}, {"country_code"}, {"country"}}
	regionCodeFields = [...][]any{{"subdivisions", 0, "iso_code"}, {"region_code"}}
	regionNameFields = [...][]any{{"subdivisions", 0, "names", "en"}, {"state1"}, {"region"}, {"region_name"}, {"state"}, {"stateprov"}}
	cityFields       = [...][]any{{"city", "names", "en"}, {"city"}, {"city_name"}}
)

// regionCache has the regions of names that were found before.
type regionCache map[regionName]click.Region

type regionName struct {
	country click.Country
	name    string
}

func (c regionCache) region(country click.Country, name string) click.Region {
	key := regionName{country, name}
	region, known := c[key]
	if !known {
		region = regionNamed(country, name)
		c[key] = region
	}
	return region
}

// recordPlace reads a record. Without a country it has no place.
func recordPlace(r maxminddb.Result, named regionCache) (p click.Place, err error) {
	p.Country, err = field(r, countryFields[:], country)
	if err != nil || !p.Country.Known() {
		return click.Place{}, err
	}
	p.Region, err = field(r, regionCodeFields[:], click.ParseRegion)
	if err == nil && p.Region == "" {
		p.Region, err = field(r, regionNameFields[:], func(name string) click.Region { return named.region(p.Country, name) })
	}
	if err == nil {
		p.City, err = field(r, cityFields[:], city)
	}
	return p, err
}

// field returns the first field that has a value. It fails if the record is damaged.
func field[T comparable](r maxminddb.Result, fields [][]any, read func(string) T) (value T, err error) {
	var unknown T
	for _, path := range fields {
		var text string
		err := r.DecodePath(&text, path...)
		if damage := (maxminddb.InvalidDatabaseError{}); errors.As(err, &damage) {
			return unknown, err
		}
		if err == nil && text != "" {
			if value = read(text); value != unknown {
				return value, nil
			}
		}
	}
	return unknown, nil
}

// city takes the name of a city without the district that DB-IP has after it, as in San
// Francisco (Mission District).
func city(name string) click.City {
	if before, _, ok := strings.Cut(name, " ("); ok {
		name = before
	}
	return click.ParseCity(name)
}
