//go:build contrib

package contrib_test

import (
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// cities returns the files that footfall-cities.sh fetched.
func cities(t *testing.T) []string {
	t.Helper()
	var files []string
	for _, name := range []string{"ipv4.mmdb", "ipv6.mmdb"} {
		path, err := filepath.Abs(filepath.Join("cities", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); err != nil {
			t.Fatalf("%v: run contrib/footfall-cities.sh contrib/cities", err)
		}
		files = append(files, path)
	}
	return files
}

// TestCities: with a real database, visits from known places are in the answers of the API.
func TestCities(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	token, _, err := footfall.Run(t.Context(), "", "user", "add", "ann", "--data", data)
	if err != nil {
		t.Fatal(err)
	}
	token = strings.TrimSpace(token)
	p, err := harness.Start(footfall.Command(t.Context(), "serve", "--data", data, "--listen", "127.0.0.1:0",
		"--geo-db", strings.Join(cities(t), ","), "--trusted-proxies", "127.0.0.1"))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Kill()
	short, err := p.Shorten(token, "http://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	// Universities, whose networks have stayed in their cities for decades, and a resolver.
	visitors := []string{"18.7.22.69", "128.32.0.1", "141.20.1.1", "8.8.8.8", "2607:f140:400::1", "10.0.0.1"}
	for _, address := range visitors {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, short, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", harness.Browser)
		r.Header.Set("X-Forwarded-For", address)
		if res, _, err := harness.Do(harness.NewClient(nil), r); err != nil || res.StatusCode != http.StatusMovedPermanently {
			t.Fatalf("a visit from %s: %v, %v", address, res, err)
		}
	}
	for question, want := range map[string]string{
		"user/cities":    "city,region,country,clicks\nBerkeley,CA,US,2\nBerlin,BE,DE,1\nCambridge,MA,US,1\nMountain View,CA,US,1\nunknown,unknown,unknown,1\n",
		"user/regions":   "region,country,clicks\nCA,US,3\nBE,DE,1\nMA,US,1\nunknown,unknown,1\n",
		"user/countries": "country,clicks\nUS,4\nDE,1\nNone,1\n",
	} {
		await.Until(t, question, func() (string, bool) {
			got, err := p.Ask(question + "?unit=day&format=csv&access_token=" + token)
			if err != nil {
				t.Fatal(err)
			}
			got = strings.ReplaceAll(got, "\r", "")
			return got, got == want
		})
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
}

// TestMostRegions: the names of a real database get codes.
func TestMostRegions(t *testing.T) {
	l, err := geo.Open(cities(t)...)
	if err != nil {
		t.Fatal(err)
	}
	random := seedtest.Rand(t)
	var located, regions, named int
	for range 200_000 {
		b := random.Uint32()
		p := l.Place(netip.AddrFrom4([4]byte{byte(b >> 24), byte(b >> 16), byte(b >> 8), byte(b)}))
		if p.Country.Known() {
			located++
		}
		if p.Region != "" {
			regions++
		}
		if p.City != "" {
			named++
		}
	}
	t.Logf("of %d addresses with a country, %d have a region and %d a city", located, regions, named)
	if located < 100_000 || regions < located*95/100 || named < located*95/100 {
		t.Errorf("of %d addresses with a country, %d have a region and %d a city, want 95 in 100: does the database have other fields, or other names?", located, regions, named)
	}
}
