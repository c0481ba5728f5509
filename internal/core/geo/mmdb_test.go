package geo_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/testkit/mmdbtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// record is the value of a network: see mmdbtest.File.
type record = any

// mmdb makes a database of IPv4 and IPv6.
func mmdb(networks map[string]record) []byte { return mmdbtest.File(6, networks) }

func in(code string) record { return map[string]any{"country": map[string]any{"iso_code": code}} }

func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "countries.mmdb")
	write(t, path, mmdb(map[string]record{
		"1.1.1.0/24":          in("AU"),
		"1.1.2.0/24":          map[string]any{"country": "JP", "country_name": "Japan"},
		"1.1.3.0/24":          map[string]any{"country": "Germany", "country_code": "DE"},
		"1.1.4.0/24":          map[string]any{"registered_country": map[string]any{"iso_code": "US"}},
		"1.1.5.0/24":          in("EU"),
		"1.1.6.0/24":          in("fr"),
		"1.1.7.0/24":          in("XK"),
		"1.1.8.0/24":          map[string]any{"continent": "Asia"},
		"1.1.9.0/24":          "text",
		"1.1.10.0/24":         map[string]any{"country": map[string]any{"geoname_id": uint32(7)}},
		"10.0.0.0/8":          in("US"),
		"127.0.0.0/8":         in("US"),
		"192.0.2.0/24":        in("US"),
		"2a00:1450::/32":      in("IE"),
		"2001:db8::/32":       in("US"),
		"fc00::/7":            in("US"),
		"2606:4700::/33":      in("CA"),
		"2606:4700:8000::/33": in("MX"),
	}))
	l, err := geo.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]string{
		"1.1.1.0": "AU", "1.1.1.255": "AU", "1.1.0.255": "", "::ffff:1.1.1.1": "AU",
		"1.1.2.1": "JP", "1.1.3.1": "DE", "1.1.4.1": "", "1.1.5.1": "", "1.1.6.1": "FR", "1.1.7.1": "XK",
		"1.1.8.1": "", "1.1.9.1": "", "1.1.10.1": "", "8.8.8.8": "",
		"10.1.2.3": "", "127.0.0.1": "", "192.0.2.1": "",
		"2a00:1450::1": "IE", "2a00:1451::1": "", "2001:db8::1": "", "fd00::1": "",
		"2606:4700::1": "CA", "2606:4700:8000::1": "MX",
	} {
		if got := l.Place(netip.MustParseAddr(address)).Country.String(); got != want {
			t.Errorf("%s is in %q, want %q", address, got, want)
		}
	}
}

// names is a map of names, as files of MaxMind have them.
func names(english string) map[string]any {
	return map[string]any{"names": map[string]any{"de": "?", "en": english}}
}

// TestPlaces reads the layouts of all databases.
func TestPlaces(t *testing.T) {
	us := map[string]any{"iso_code": "US"}
	houston := click.Place{Country: click.Country{'U', 'S'}, Region: "TX", City: "Houston"}
	for _, c := range []struct {
		name   string
		record record
		want   click.Place
	}{
		{"GeoLite2 City", map[string]any{
			"country": us, "registered_country": map[string]any{"iso_code": "DE"}, "city": names("Houston"),
			"subdivisions": []any{map[string]any{"iso_code": "TX", "names": names("?")["names"]}, map[string]any{"iso_code": "201"}},
		}, houston},
		{"DB-IP", map[string]any{"country": us, "city": names("Houston"), "subdivisions": []any{names("Texas")}}, houston},
		{"ip-location-db", map[string]any{"country_code": "US", "state1": "Texas", "state2": "", "city": "Houston (Second Ward)"}, houston},
		{"ipinfo", map[string]any{"country": "US", "region": "Texas", "city": "Houston"}, houston},
		{"ipinfo with codes", map[string]any{"country": "United States", "country_code": "US", "region": "?", "region_code": "TX", "city": "Houston"}, houston},
		{"flat names", map[string]any{"country_code": "US", "region_name": "TEXAS", "city_name": "Houston"}, houston},

		{"no city", map[string]any{"country": us, "subdivisions": []any{map[string]any{"iso_code": "TX"}}}, click.Place{Country: houston.Country, Region: "TX"}},
		{"no region", map[string]any{"country": us, "city": names("Houston")}, click.Place{Country: houston.Country, City: "Houston"}},
		{"an unknown region", map[string]any{"country_code": "US", "state1": "Texarkana", "city": "Houston"}, click.Place{Country: houston.Country, City: "Houston"}},
		{"no country", map[string]any{"state1": "Texas", "city": "Houston"}, click.Place{}},
		{"an unknown country", map[string]any{"country_code": "EU", "state1": "Texas", "city": "Houston"}, click.Place{}},
		{"other kinds of values", map[string]any{"country_code": "US", "subdivisions": map[string]any{"0": "TX"}, "region": uint32(7), "city": []any{"Houston"}}, click.Place{Country: houston.Country}},
		{"a control character", map[string]any{"country_code": "US", "city": "Hous\x1bton"}, click.Place{Country: houston.Country}},
		{"a long name", map[string]any{"country_code": "US", "city": strings.Repeat("x", 200)}, click.Place{Country: houston.Country, City: click.City(strings.Repeat("x", click.MaxCityBytes))}},
		{"districts alone", map[string]any{"country_code": "US", "city": " (Second Ward)"}, click.Place{Country: houston.Country}},
	} {
		path := filepath.Join(t.TempDir(), "cities.mmdb")
		write(t, path, mmdb(map[string]record{"1.1.1.0/24": c.record, "2.2.2.0/24": in("JP")}))
		l, err := geo.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.Place(netip.MustParseAddr("1.1.1.1")); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// TestTwoFiles: the first file that has the country of an address wins. A file of IPv4 alone
// has no addresses of IPv6, also inside IPv4.
func TestTwoFiles(t *testing.T) {
	dir := t.TempDir()
	four, six := filepath.Join(dir, "4.mmdb"), filepath.Join(dir, "6.mmdb")
	city := map[string]any{"country_code": "US", "state1": "Texas", "city": "Houston"}
	write(t, four, mmdbtest.File(4, map[string]record{"1.1.1.0/24": city, "1.1.2.0/24": map[string]any{"city": "Nowhere"}}))
	write(t, six, mmdb(map[string]record{"1.1.1.0/24": in("AU"), "1.1.2.0/24": in("JP"), "2a00::/16": in("IE")}))
	for _, c := range []struct {
		paths []string
		want  map[string]string
	}{
		{[]string{four}, map[string]string{"1.1.1.1": "US TX Houston", "::ffff:1.1.1.1": "US TX Houston", "1.1.2.1": "  ", "2a00::1": "  ", "101:100::1": "  "}},
		{[]string{four, six}, map[string]string{"1.1.1.1": "US TX Houston", "1.1.2.1": "JP  ", "2a00::1": "IE  ", "8.8.8.8": "  "}},
		{[]string{six, four}, map[string]string{"1.1.1.1": "AU  ", "2a00::1": "IE  "}},
	} {
		l, err := geo.Open(c.paths...)
		if err != nil {
			t.Fatal(err)
		}
		for address, want := range c.want {
			p := l.Place(netip.MustParseAddr(address))
			if got := p.Country.String() + " " + string(p.Region) + " " + string(p.City); got != want {
				t.Errorf("%v: %s is in %q, want %q", c.paths, address, got, want)
			}
			a := netip.MustParseAddr(address)
			if n := testing.AllocsPerRun(10, func() { sink = l.Place(a) }); n > 0 {
				t.Errorf("%v: a lookup of %s allocates %v times", c.paths, address, n)
			}
		}
	}
	if _, err := geo.Open(four, filepath.Join(dir, "none")); err == nil || !strings.Contains(err.Error(), "none") {
		t.Errorf("the second file is missing: error %v", err)
	}
	write(t, six, []byte("text"))
	if _, err := geo.Open(four, six); err == nil || !strings.Contains(err.Error(), six) {
		t.Errorf("the second file is bad: error %v, want one that names it", err)
	}
}

func TestBadFile(t *testing.T) {
	good := mmdb(map[string]record{"1.1.1.0/24": in("AU"), "2a00::/16": in("IE")})
	circle := slices.Clone(good)
	copy(circle, []byte{0, 0, 0, 0, 0, 0}) // both branches of the root are the root
	endless := mmdb(map[string]record{"2a00::/96": in("IE")})
	for i := range 90 { // both branches of each node are the next one
		copy(endless[6*i:], []byte{0, 0, byte(i + 1), 0, 0, byte(i + 1)})
	}
	noData := slices.Clone(good)
	copy(noData[6*5:], []byte{0xff, 0xff, 0xff})
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "not a complete MMDB file"},
		{"text", []byte("country,code\n"), "not a complete MMDB file"},
		{"gzip", []byte("\x1f\x8b\x08\x00"), "compressed"},
		{"end missing", good[:len(good)-1], "not a complete MMDB file"},
		{"half", good[:len(good)/2], "not a complete MMDB file"},
		{"start missing", good[200:], ""},
		{"circle", circle, "damaged"},
		{"endless", endless, "damaged"},
		{"no data there", noData, "damaged"},
		{"no country", mmdb(map[string]record{"1.1.1.0/24": map[string]any{"asn": uint32(13335)}}), "names no countries"},
		{"no network", mmdb(nil), "names no countries"},
	} {
		path := filepath.Join(t.TempDir(), "countries.mmdb")
		write(t, path, c.data)
		if _, err := geo.Open(path); err == nil || !strings.Contains(err.Error(), c.want) || !errors.As(err, new(*geo.DatabaseError)) {
			t.Errorf("%s: error %v, want a DatabaseError with %q", c.name, err, c.want)
		}
	}
	if _, err := geo.Open(filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: error %v", err)
	}
	if _, err := geo.Open(t.TempDir()); err == nil {
		t.Error("a folder is taken for a database")
	}
}

// Opening a file of any bytes ends with a database or an error.
func TestDamagedFile(t *testing.T) {
	good := mmdb(map[string]record{"1.1.1.0/24": in("AU"), "1.1.2.0/24": in("JP"), "2a00::/16": in("IE")})
	random := seedtest.Rand(t)
	for range 300 {
		bad := slices.Clone(good)
		for range 1 + random.IntN(8) {
			bad[random.IntN(len(bad))] = byte(random.Uint32())
		}
		path := filepath.Join(t.TempDir(), "countries.mmdb")
		write(t, path, bad)
		l, err := geo.Open(path)
		if err != nil {
			continue
		}
		for _, a := range []string{"1.1.1.1", "1.1.2.1", "8.8.8.8", "2a00::1", "::1", "2c00::1"} {
			l.Place(netip.MustParseAddr(a))
		}
	}
}

func FuzzDatabase(f *testing.F) {
	f.Add(mmdb(map[string]record{"1.1.1.0/24": in("AU"), "2a00::/16": in("IE")}))
	f.Add(mmdbtest.File(4, map[string]record{"1.1.1.0/24": map[string]any{"country_code": "US", "state1": "Texas", "city": "Houston"}}))
	f.Add(mmdb(map[string]record{"1.1.1.0/24": map[string]any{"country": map[string]any{"iso_code": "US"}, "city": names("Houston"), "subdivisions": []any{names("Texas")}}}))
	path := filepath.Join(f.TempDir(), "cities.mmdb")
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		l, err := geo.Open(path)
		if err != nil {
			return
		}
		for _, a := range []string{"1.1.1.1", "8.8.8.8", "2a00::1", "2c00::1"} {
			p := l.Place(netip.MustParseAddr(a))
			if click.ParseCity(string(p.City)) != p.City || click.ParseRegion(string(p.Region)) != p.Region || !p.Country.Known() && p != (click.Place{}) {
				t.Fatalf("%s is in %+v", a, p)
			}
		}
	})
}
