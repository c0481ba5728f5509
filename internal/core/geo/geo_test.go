package geo_test

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

func builtin(t testing.TB) *geo.Lookup {
	t.Helper()
	l, err := geo.Open()
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestBuiltin(t *testing.T) {
	l := builtin(t)
	for address, want := range map[string]string{
		// Networks that have stayed in their countries for decades.
		"18.7.22.69":           "US", // MIT
		"141.20.1.1":           "DE", // Humboldt-Universität
		"133.11.0.1":           "JP", // University of Tokyo
		"193.62.0.1":           "GB", // Janet
		"::ffff:133.11.0.1":    "JP",
		"2001:638::1":          "DE", // DFN
		"2001:200::1":          "JP", // WIDE
		"2607:f140::1":         "US", // Berkeley
		"0.0.0.0":              "",
		"0.1.2.3":              "",
		"10.0.0.1":             "",
		"100.64.0.1":           "",
		"127.0.0.1":            "",
		"::ffff:127.0.0.1":     "",
		"169.254.1.1":          "",
		"172.16.0.1":           "",
		"192.0.0.8":            "",
		"192.0.2.1":            "",
		"192.168.1.1":          "",
		"198.18.0.1":           "",
		"198.51.100.7":         "",
		"203.0.113.9":          "",
		"224.0.0.1":            "",
		"240.0.0.1":            "",
		"255.255.255.255":      "",
		"::":                   "",
		"::1":                  "",
		"100::1":               "",
		"2001:db8::1":          "",
		"3fff:fff::1":          "",
		"fc00::1":              "",
		"fe80::1":              "",
		"fe80::1%eth0":         "",
		"ff02::1":              "",
		"ffff:ffff:ffff::ffff": "",
	} {
		if got := l.Place(netip.MustParseAddr(address)).Country.String(); got != want {
			t.Errorf("%s is in %q, want %q", address, got, want)
		}
	}
	if got := l.Place(netip.Addr{}); got.Country.Known() {
		t.Errorf("no address is in %v", got)
	}
	l.Watch(t.Context(), nil, nil) // returns
}

// watched is a Lookup that looks at its file when the test calls check.
type watched struct {
	*geo.Lookup
	path string
	log  logtest.Log
}

func watch(t *testing.T, code string) *watched {
	t.Helper()
	w := &watched{path: filepath.Join(t.TempDir(), "countries.mmdb")}
	write(t, w.path, mmdb(map[string]record{"1.1.1.0/24": in(code)}))
	var err error
	if w.Lookup, err = geo.Open(w.path); err != nil {
		t.Fatal(err)
	}
	return w
}

// check looks at the file, then at the country and at the lines logged since.
func (w *watched) check(t *testing.T, what, want string, lines int, word string) {
	t.Helper()
	w.Look(w.log.Logger())
	if got := w.Place(netip.MustParseAddr("1.1.1.1")).Country.String(); got != want {
		t.Errorf("%s: country %q, want %q", what, got, want)
	}
	log := w.log.String()
	w.log.Reset()
	if strings.Count(log, "\n") != lines || !strings.Contains(log, word) {
		t.Errorf("%s: logged %q, want %d lines with %q", what, log, lines, word)
	}
	if strings.Contains(log, "1.1.1.1") {
		t.Errorf("%s: the log has an address: %q", what, log)
	}
}

func TestWatch(t *testing.T) {
	w := watch(t, "AU")
	at := time.Unix(1_700_000_000, 0)
	// replace writes the file in place, with a time of its own.
	replace := func(data []byte) {
		t.Helper()
		write(t, w.path, data)
		at = at.Add(time.Second)
		if err := os.Chtimes(w.path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	w.check(t, "unchanged", "AU", 0, "")
	replace(mmdb(map[string]record{"1.1.1.0/24": in("JP")}))
	w.check(t, "written in place", "JP", 1, "in use")
	w.check(t, "unchanged", "JP", 0, "")

	replace([]byte("half a file"))
	w.check(t, "bad", "JP", 1, "cannot be used")
	w.check(t, "still bad", "JP", 0, "")
	replace(mmdb(map[string]record{"1.1.1.0/24": map[string]any{"asn": uint32(1)}}))
	w.check(t, "without countries", "JP", 1, "names no countries")
	good := mmdb(map[string]record{"1.1.1.0/24": in("NZ")})
	replace(good[:len(good)-20])
	w.check(t, "truncated", "JP", 1, "cannot be used")
	replace(good)
	w.check(t, "good again", "NZ", 1, "in use")

	if err := os.Rename(w.path, w.path+".old"); err != nil {
		t.Fatal(err)
	}
	w.check(t, "gone", "NZ", 1, "no such file")
	w.check(t, "still gone", "NZ", 0, "")
	next := w.path + ".new"
	write(t, next, mmdb(map[string]record{"1.1.1.0/24": in("FJ")}))
	if err := os.Rename(next, w.path); err != nil {
		t.Fatal(err)
	}
	w.check(t, "renamed into place", "FJ", 1, "in use")

	// It does not wait for a pipe.
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(w.path, 0o600); err != nil {
		t.Fatal(err)
	}
	w.check(t, "a pipe", "FJ", 1, "not a regular file")
	w.check(t, "still a pipe", "FJ", 0, "")
	if err := os.Remove(w.path); err != nil {
		t.Fatal(err)
	}
	replace(mmdb(map[string]record{"1.1.1.0/24": in("TO")}))
	w.check(t, "a file again", "TO", 1, "in use")
}

// Lookups continue while the file changes, and see one of its states.
func TestReloadUnderLoad(t *testing.T) {
	w := watch(t, "AU")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for address := netip.MustParseAddr("1.1.1.1"); ; {
				select {
				case <-stop:
					return
				default:
				}
				if got := w.Place(address).Country.String(); got != "AU" && got != "JP" {
					t.Errorf("country %q in between", got)
					return
				}
			}
		})
	}
	for i := range 200 {
		code := []string{"JP", "AU"}[i%2]
		write(t, w.path+".new", mmdb(map[string]record{"1.1.1.0/24": in(code)}))
		if err := os.Rename(w.path+".new", w.path); err != nil {
			t.Fatal(err)
		}
		w.Look(w.log.Logger())
		if got := w.Place(netip.MustParseAddr("1.1.1.1")).Country.String(); got != code {
			t.Fatalf("country %q after reload, want %q", got, code)
		}
	}
	close(stop)
	wg.Wait()
}

var sink click.Place

func BenchmarkCountry(b *testing.B) {
	path := filepath.Join(b.TempDir(), "countries.mmdb")
	networks := map[string]record{}
	for i := range 200 {
		a := netip.AddrFrom4([4]byte{byte(i + 1), byte(7 * i)})
		networks[netip.PrefixFrom(a, 24).String()] = in("AU")
		six := [16]byte{0x26, byte(i), byte(i * 3), 7}
		networks[netip.PrefixFrom(netip.AddrFrom16(six), 40).String()] = in("CA")
	}
	write(b, path, mmdb(networks))
	file, err := geo.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	var four, six [200]netip.Addr
	for i := range four {
		four[i] = netip.AddrFrom4([4]byte{byte(i + 1), byte(7 * i), 0, 9})
		six[i] = netip.AddrFrom16([16]byte{0x26, byte(i), byte(i * 3), 7, 0, 9})
	}
	for _, c := range []struct {
		name      string
		lookup    *geo.Lookup
		addresses *[200]netip.Addr
	}{
		{"builtin/4", builtin(b), &four}, {"builtin/6", builtin(b), &six}, {"file/4", file, &four}, {"file/6", file, &six},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				sink = c.lookup.Place(c.addresses[i%len(c.addresses)])
			}
		})
	}
}
