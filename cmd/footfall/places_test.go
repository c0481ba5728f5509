package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/mmdbtest"
)

// geoFiles writes a database of IPv4 as ip-location-db has it, and one of IPv6 as MaxMind has
// it, and returns their paths.
func geoFiles(t *testing.T) (four, six string) {
	t.Helper()
	dir := t.TempDir()
	four, six = filepath.Join(dir, "4.mmdb"), filepath.Join(dir, "6.mmdb")
	for path, content := range map[string][]byte{
		four: mmdbtest.File(4, map[string]any{
			"1.1.1.0/24": map[string]any{"country_code": "US", "state1": "Texas", "city": "Houston (Second Ward)"},
			"1.1.2.0/24": map[string]any{"country_code": "CH", "state1": "Zurich", "city": "Zürich"},
			"1.1.3.0/24": map[string]any{"country_code": "CH"},
		}),
		six: mmdbtest.File(6, map[string]any{"2a00::/16": map[string]any{
			"country": map[string]any{"iso_code": "DE"}, "subdivisions": []any{map[string]any{"iso_code": "BE"}},
			"city": map[string]any{"names": map[string]any{"en": "Berlin"}},
		}}),
	} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return four, six
}

// TestPlaces: visits and access logs count for the places that the files of --geo-db have.
// Bots and other addresses have none.
func TestPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	token := addUser(t, dir, "ann")
	four, six := geoFiles(t)
	server := serve(t, "--data", dir, "--trusted-proxies", "127.0.0.1", "--geo-db", four, "--geo-db", six)
	short := shorten(t, server, token, "https://example.org/")
	for _, address := range []string{"1.1.1.1", "1.1.2.1", "1.1.3.1", "2a00::1", "9.9.9.9"} {
		visit(t, short, "X-Forwarded-For: "+address)
	}
	visit(t, short, "X-Forwarded-For: 1.1.1.1", "User-Agent: Googlebot/2.1")
	log := filepath.Join(t.TempDir(), "access.log")
	lines := ""
	for _, address := range []string{"1.1.2.9", "2a00::9"} {
		lines += address + ` - - [10/Feb/2013:13:55:36 -0700] "GET ` + short + ` HTTP/1.1" 301 5 "-" "` + harness.Browser + "\"\n"
	}
	if err := os.WriteFile(log, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "import", "--format", "combined", log, "--data", dir)
	awaitClicks(t, server, token, 7)
	for question, want := range map[string]string{
		"cities":  "city,region,country,clicks\nBerlin,BE,DE,2\nZürich,ZH,CH,2\nHouston,TX,US,1\nunknown,unknown,CH,1\nunknown,unknown,unknown,1\n",
		"regions": "region,country,clicks\nBE,DE,2\nZH,CH,2\nTX,US,1\nunknown,CH,1\nunknown,unknown,1\n",
	} {
		for _, subject := range []string{"user/" + question + "?", "link/" + question + "?link=" + url.QueryEscape(short)} {
			got := fetch(t, server.URL+"/v3/"+subject+"&unit=day&format=csv&access_token="+token)
			if got = strings.ReplaceAll(got, "\r", ""); got != want {
				t.Errorf("%s: %q, want %q", subject, got, want)
			}
		}
	}
	stop(t, server)
	checkAgrees(t, dir)
}

// TestWrongGeoFiles: the error says which file it is, and what to do.
func TestWrongGeoFiles(t *testing.T) {
	t.Parallel()
	four, _ := geoFiles(t)
	wrong := filepath.Join(t.TempDir(), "wrong.mmdb")
	for content, want := range map[string]string{
		"1.1.1.0,1.1.1.255,US\n":                   "not a complete MMDB file",
		"\x1f\x8b\x08":                             "unpack it with gunzip",
		string(mmdbtest.File(6, map[string]any{})): "names no countries",
	} {
		if err := os.WriteFile(wrong, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		fails(t, want, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--geo-db", four+","+wrong)
		fails(t, wrong, "serve", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--geo-db", four, "--geo-db", wrong)
	}
}
