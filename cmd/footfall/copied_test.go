//go:build cluster

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// TestCopiedDirectory: if a copy of a directory is served elsewhere, the server of the original
// stops counting and says so, although no visitor comes.
func TestCopiedDirectory(t *testing.T) {
	p := newPair(t, clustertest.Start(t, clustertest.Options{Password: "secret"}), pgtest.Database(t))
	name := p.link("https://example.org/")
	p.visit(name, 2, 301)
	p.counted(4)

	copied := filepath.Join(t.TempDir(), "data")
	for _, part := range []string{"journal", "engines", "progress"} {
		from := filepath.Join(p.dirs[0], part)
		if info, err := os.Stat(from); err != nil {
			t.Fatal(err)
		} else if info.IsDir() {
			if err := os.CopyFS(filepath.Join(copied, part), os.DirFS(from)); err != nil {
				t.Fatal(err)
			}
			continue
		}
		b, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(copied, part), string(b))
	}
	copy := serve(t, "--data", copied)
	if res := visit(t, copy.URL+"/"+name); res.StatusCode != 301 {
		t.Errorf("a visit of the copy: %s", res.Status)
	}
	await.Until(t, "the server of the original says that counting has stopped", func() (string, bool) {
		health := fetch(t, p.servers[0].URL+"/healthz")
		return health, strings.Contains(health, "counting has stopped")
	})
	p.servers[0].Kill()
	p.servers[0] = copy
	p.counted(5)
}
