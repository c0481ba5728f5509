//go:build cluster

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// TestAdoptServer: a server is killed while ClickHouse is away. Its directory is brought
// elsewhere, and its clicks are counted once, however often that is done.
func TestAdoptServer(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	p := newPair(t, c, pgtest.Database(t))
	name := p.link("https://example.org/")
	p.visit(name, 2, 301)
	p.counted(4)
	for _, n := range c.Nodes {
		n.Kill()
	}
	p.visit(name, 3, 301)
	p.servers[0].Kill()
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	p.servers[0] = p.servers[1]
	p.counted(7)

	fails(t, "so its server is not gone", "adopt", "--from", p.dirs[1])
	if err := os.Remove(harness.Socket(p.dirs[0])); err != nil { // it cannot be copied
		t.Fatal(err)
	}
	left := filepath.Join(t.TempDir(), "left")
	if err := os.CopyFS(left, os.DirFS(p.dirs[0])); err != nil {
		t.Fatal(err)
	}
	contains(t, run(t, "adopt", "--from", left), "5 clicks, of which 5 were counted now")
	p.counted(10)
	contains(t, run(t, "adopt", "--from", left), "5 clicks, of which 0 were counted now")
	p.counted(10)
	checkAgrees(t, p.dirs[1])
	t.Setenv("FOOTFALL_LINKS", "")
	fails(t, "name the cluster with --clicks and --links", "adopt", "--from", left)
}
