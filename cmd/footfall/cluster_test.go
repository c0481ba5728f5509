//go:build cluster

package main

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/harness"
	"github.com/footfall/footfall/internal/testkit/pgtest"
)

// pair is two servers over one cluster.
type pair struct {
	t       *testing.T
	servers [2]*harness.Process
	dirs    [2]string
	token   string
}

// newPair starts two servers, and makes a user.
func newPair(t *testing.T, c *clustertest.Cluster, links string) *pair {
	t.Setenv("FOOTFALL_CLICKS", c.Database(t))
	t.Setenv("FOOTFALL_LINKS", links)
	p := &pair{t: t}
	for i := range p.servers {
		p.dirs[i] = t.TempDir()
		p.start(i)
	}
	p.token = addUser(t, p.dirs[0], "ann")
	return p
}

func (p *pair) start(i int) { p.servers[i] = serve(p.t, "--data", p.dirs[i]) }

// link makes a link on the first server, and returns its name.
func (p *pair) link(longURL string) string {
	return path.Base(shorten(p.t, p.servers[0], p.token, longURL))
}

// visit visits a link n times on each server.
func (p *pair) visit(name string, n, status int) {
	p.t.Helper()
	for _, s := range p.servers {
		for range n {
			if res := visit(p.t, s.URL+"/"+name); res.StatusCode != status {
				p.t.Fatalf("a visit of %s/%s: %s, want %d", s.URL, name, res.Status, status)
			}
		}
	}
}

// counted waits until both servers answer with a number of clicks.
func (p *pair) counted(want uint64) {
	p.t.Helper()
	for _, s := range p.servers {
		await.Until(p.t, fmt.Sprintf("%d clicks are counted", want), func() (string, bool) {
			got, err := s.Clicks("user/clicks?", p.token)
			return fmt.Sprint(got, err), err == nil && got == want
		})
	}
}

// refused waits until both servers refuse a question for the time being.
func (p *pair) refused() {
	p.t.Helper()
	for _, s := range p.servers {
		await.Until(p.t, "a question is refused", func() (string, bool) {
			answer := fetch(p.t, s.URL+"/v3/user/clicks?access_token="+p.token)
			return answer, strings.Contains(answer, "TEMPORARILY_UNAVAILABLE")
		})
	}
}

func (p *pair) check() {
	p.t.Helper()
	for _, dir := range p.dirs {
		checkAgrees(p.t, dir)
	}
}

// TestTwoServers: two servers take clicks, questions and deletions. Each sees what the
// other did.
func TestTwoServers(t *testing.T) {
	p := newPair(t, clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret"}), pgtest.Database(t))
	kept, deleted := p.link("https://example.org/kept"), p.link("https://example.org/deleted")
	p.visit(kept, 3, 301)
	p.visit(deleted, 2, 301)
	p.counted(10)

	contains(t, run(t, "link", "delete", deleted, "--yes", "--data", p.dirs[1]), "clicks 4")
	for _, s := range p.servers {
		await.Until(t, "the deleted link leads nowhere", func() (string, bool) {
			res := visit(t, s.URL+"/"+deleted)
			return res.Status, res.StatusCode == 404
		})
	}
	p.counted(6)
	run(t, "link", "edit", kept, "--to", "https://example.org/moved", "--data", p.dirs[0])
	for _, s := range p.servers {
		await.Until(t, "the link leads elsewhere", func() (string, bool) {
			to := visit(t, s.URL+"/"+kept).Header.Get("Location")
			return to, to == "https://example.org/moved"
		})
	}
	p.check()
	contains(t, run(t, "export", "--data", p.dirs[0]), `"https://example.org/moved"`)

	// Without its server, commands use the engines themselves.
	stop(t, p.servers[0])
	await.Until(t, "the links are listed", func() (string, bool) { // refused while a replica lags behind
		list := try(t, "link", "list", "--data", p.dirs[0])
		return list.stdout + list.stderr, list.status == 0 && strings.Contains(list.stdout, kept)
	})
	fails(t, "it counts from its journal what they lack", "rebuild", "--data", p.dirs[0])
	t.Setenv("FOOTFALL_CLICKS", "")
	fails(t, "FOOTFALL_CLICKS", "link", "list", "--data", p.dirs[0])
	fails(t, "give serve --clicks as the other servers have it", "user", "add", "bob", "--data", t.TempDir())
}

// TestCountsGoAway: without ClickHouse visitors are redirected, questions are refused,
// and a server that is killed then loses no click.
func TestCountsGoAway(t *testing.T) {
	c := clustertest.Start(t, clustertest.Options{Shards: 2, Replicas: 2, Password: "secret"})
	p := newPair(t, c, pgtest.Database(t))
	name := p.link("https://example.org/")
	p.visit(name, 2, 301)
	p.counted(4)
	for _, n := range c.Nodes {
		n.Kill()
	}
	p.visit(name, 3, 301)
	p.refused()
	for _, s := range p.servers {
		await.Until(t, "the server says that the counts are away", func() (string, bool) {
			health := fetch(t, s.URL+"/healthz")
			return health, strings.HasPrefix(health, "ok\n") && strings.Contains(health, "counts cannot be reached")
		})
	}
	contains(t, run(t, "link", "add", "ann", "https://example.org/new", "--data", p.dirs[0]), "http")
	fails(t, "clicks cannot be counted at the moment", "link", "delete", name, "--yes", "--data", p.dirs[0])

	p.servers[0].Kill()
	p.start(0)
	stop(t, p.servers[1])
	p.start(1)
	p.visit(name, 1, 301)
	if err := c.Heal(); err != nil {
		t.Fatal(err)
	}
	p.counted(12)
	p.check()
}

// TestLinksGoAway: without PostgreSQL visitors of known links are redirected and counted,
// and questions are refused.
func TestLinksGoAway(t *testing.T) {
	links := pgtest.Start(t)
	p := newPair(t, clustertest.Start(t, clustertest.Options{Password: "secret"}), links.Database(t))
	name := p.link("https://example.org/")
	p.visit(name, 1, 301)
	p.counted(2) // by now the notice of the new link has arrived, before which no answer is remembered
	p.visit(name, 1, 301)
	links.Kill()
	p.visit(name, 1, 301)
	for _, s := range p.servers {
		await.Until(t, "the server says that links are away", func() (string, bool) {
			health := fetch(t, s.URL+"/healthz")
			return health, strings.Contains(health, "links and users cannot be reached")
		})
		if res := visit(t, s.URL+"/unknown"); res.StatusCode != 503 {
			t.Errorf("a visit of an unknown link: %s, want 503", res.Status)
		}
	}
	if err := links.Start(); err != nil {
		t.Fatal(err)
	}
	p.counted(6)
	p.check()
}
