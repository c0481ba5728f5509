package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestExport moves everything to another installation by export and import. The same
// questions must have the same answers there.
func TestExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to, file := filepath.Join(dir, "from"), filepath.Join(dir, "to"), filepath.Join(dir, "export.ndjson")
	importFeed(t, from, feedFiles(t)...)
	base := serve(t, "--data", from, "--domain", "sho.rt").URL
	out := run(t, "export", "--data", from) // while the server runs
	writeFile(t, file, out)
	contains(t, run(t, "import", "--format", "ndjson", "--data", to, "--json", file), `"clicks":6724,"known":0,`, `"rejected":0`)
	other := serve(t, "--data", to, "--domain", "sho.rt").URL
	checkAgrees(t, to)
	const up = "&unit_reference_ts=1364000000&limit=1000&access_token="
	for _, login := range []string{"nasatwitter", "bitly"} {
		token := newToken(t, from, login)
		otherToken := newToken(t, to, login)
		for _, question := range []string{
			"user/clicks?unit=hour&rollup=false", "user/clicks?unit=day&timezone=Asia/Kolkata&rollup=false", "user/countries?unit=month",
			"user/referrers?unit=month", "user/referring_domains?unit=week", "user/popular_links?unit=month", "user/shorten_counts?unit=month&rollup=false",
			"user/link_history?limit=100", "user/info?x=x",
		} {
			want := fetch(t, base+"/v3/"+question+up+token)
			got := fetch(t, other+"/v3/"+question+up+otherToken)
			if i := strings.Index(want, `"apiKey": "`); i >= 0 { // which differs between installations
				want, got = want[:i]+want[i+47:], got[:i]+got[i+47:]
			}
			if got != want {
				t.Errorf("after export and import, %s for %s answers\n%.300s\nwant\n%.300s", question, login, got, want)
			}
		}
	}
	clicks := run(t, "export", "--clicks", "--data", from)
	if n := strings.Count(clicks, `"type":"click"`); n != feedClicks {
		t.Errorf("export --clicks writes %d clicks", n)
	}
	for _, secret := range []string{"token", "password", "secret", "apiKey"} {
		if strings.Contains(out+clicks, `"`+secret) {
			t.Errorf("the export has a field %q, which is secret", secret)
		}
	}
}
