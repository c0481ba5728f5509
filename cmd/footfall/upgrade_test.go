package main

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unpackOlder unpacks a data directory that an older revision made, and what it exported
// then.
//
// before-agents.tar.gz was made by revision ee41940, whose clicks had no agent and no city:
// 300 clicks of an NDJSON file on three links of ann and bob.
func unpackOlder(t *testing.T, name string) (data, exported string) {
	t.Helper()
	dir := t.TempDir()
	f, err := os.Open(filepath.Join("testdata", "older", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(h.Name))
		if h.FileInfo().IsDir() {
			err = os.MkdirAll(path, 0o700)
		} else {
			var b []byte
			if b, err = io.ReadAll(r); err == nil {
				err = os.WriteFile(path, b, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(filepath.Join(dir, "export.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "data"), string(b)
}

// TestUpgrade: a data directory of an older revision opens with the same counts, proves
// itself, is counted again from its journal, and goes on with what clicks remember now.
// What its own clicks lack is unknown.
func TestUpgrade(t *testing.T) {
	t.Parallel()
	data, exported := unpackOlder(t, "before-agents.tar.gz")
	same := func(when string) {
		t.Helper()
		if got := run(t, "export", "--data", data); got != exported {
			t.Errorf("%s it exports\n%s\nwant\n%s", when, got, exported)
		}
		checkAgrees(t, data)
	}
	same("after the upgrade")
	run(t, "rebuild", "--data", data)
	same("after a rebuild")

	token := newToken(t, data, "ann")
	server := serve(t, "--data", data)
	if n := clicks(t, server, token); n != 194 {
		t.Errorf("ann has %d clicks, want 194", n)
	}
	answers := func(want ...string) {
		t.Helper()
		for i, list := range []string{"devices", "cities", "bots"} {
			got, err := server.Ask("user/" + list + "?access_token=" + token)
			if err != nil || !strings.Contains(got, want[i]) {
				t.Errorf("user/%s is %s (%v), want %s", list, got, err, want[i])
			}
		}
	}
	answers(`"devices": [{"device": "unknown", "clicks": 194}]`,
		`[{"city": "unknown", "region": "unknown", "country": "US", "clicks": 83}, {"city": "unknown", "region": "unknown", "country": "DE", "clicks": 58}, {"city": "unknown", "region": "unknown", "country": "unknown", "clicks": 53}]`,
		`"bots": [{"bot": "unknown", "clicks": 30}]`)
	stop(t, server)

	run(t, "import", "--format", "ndjson", "--data", data, writeFile(t, filepath.Join(t.TempDir(), "new.ndjson"),
		`{"ts":1700100000,"hash":"abc","country":"US","region":"TX","city":"Austin","device":"mobile","source":"qr"}`+"\n"+
			`{"ts":1700100000,"hash":"abc","bot":true,"bot_family":"Googlebot"}`+"\n"))
	for range 2 {
		checkAgrees(t, data)
		server = serve(t, "--data", data)
		answers(`"devices": [{"device": "unknown", "clicks": 194}, {"device": "mobile", "clicks": 1}]`,
			`{"city": "Austin", "region": "TX", "country": "US", "clicks": 1}`, `{"bot": "Googlebot", "clicks": 1}`)
		stop(t, server)
		run(t, "rebuild", "--data", data)
	}
}
