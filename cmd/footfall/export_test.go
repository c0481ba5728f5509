package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestExport brings everything to another installation by export and import:
// there the same questions have the same answers.
func TestExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	from, to, file := filepath.Join(dir, "from"), filepath.Join(dir, "to"), filepath.Join(dir, "export.ndjson")
	run(t, append([]string{"import", "--format", "bitly-feed", "--data", from}, feedFiles(t)...)...)
	base, _ := serve(t, "--data", from, "--domain", "sho.rt")
	out, _ := run(t, "export", "--data", from) // of a server that runs
	if err := os.WriteFile(file, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, _ := run(t, "import", "--format", "ndjson", "--data", to, "--json", file); !strings.Contains(said, `"clicks":6724,"known":0,`) || !strings.Contains(said, `"rejected":0`) {
		t.Errorf("importing the export: %s", said)
	}
	other, _ := serve(t, "--data", to, "--domain", "sho.rt")
	agrees(t, to)
	const up = "&unit_reference_ts=1364000000&limit=1000&access_token="
	for _, login := range []string{"nasatwitter", "bitly"} {
		token, _ := run(t, "user", "token", login, "--data", from)
		otherToken, _ := run(t, "user", "token", login, "--data", to)
		for _, question := range []string{
			"user/clicks?unit=hour&rollup=false", "user/clicks?unit=day&timezone=Asia/Kolkata&rollup=false", "user/countries?unit=month",
			"user/referrers?unit=month", "user/referring_domains?unit=week", "user/popular_links?unit=month", "user/shorten_counts?unit=month&rollup=false",
			"user/link_history?limit=100", "user/info?x=x",
		} {
			want := fetch(t, base+"/v3/"+question+up+strings.TrimSpace(token))
			got := fetch(t, other+"/v3/"+question+up+strings.TrimSpace(otherToken))
			if i := strings.Index(want, `"apiKey": "`); i >= 0 { // each installation's own
				want, got = want[:i]+want[i+47:], got[:i]+got[i+47:]
			}
			if got != want {
				t.Errorf("%s of %s is\n%.300s\nand was\n%.300s", question, login, got, want)
			}
		}
	}
	clicks, _ := run(t, "export", "--clicks", "--data", from)
	if n := strings.Count(clicks, `"type":"click"`); n != 6724 {
		t.Errorf("%d single clicks", n)
	}
	for _, secret := range []string{"token", "password", "secret", "apiKey"} {
		if strings.Contains(out+clicks, `"`+secret) {
			t.Errorf("the export holds %s", secret)
		}
	}
}
