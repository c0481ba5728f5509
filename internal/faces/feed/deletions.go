package feed

import (
	"fmt"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Gone is what was deleted: a user, or a link.
type Gone struct {
	Login string     // empty where it is a link
	Hash  click.Hash // empty where it is a user
}

// deletions keeps imports and deletions apart: a click is recorded before its
// link is deleted, or its line is rejected.
type deletions struct {
	// resolving is held for reading from when a click is given its link until it
	// is recorded.
	resolving sync.RWMutex
	running   map[*gone]struct{} // one of each import; guarded by resolving
}

// Hold has imports wait while users and links are deleted. The caller calls
// release with what is gone then. Lines of imports under way that are of these,
// and come later, are rejected: they would make again what was just deleted, or
// be recorded and count nowhere.
func (im *Importer) Hold() (release func(...Gone)) {
	im.deletions.resolving.Lock()
	return func(all ...Gone) {
		defer im.deletions.resolving.Unlock()
		for g := range im.deletions.running {
			g.add(all)
		}
	}
}

// begin has an import hear of deletions until end.
func (d *deletions) begin() (_ *gone, end func()) {
	d.resolving.Lock()
	defer d.resolving.Unlock()
	g := &gone{logins: map[string]bool{}, hashes: map[click.Hash]bool{}}
	if d.running == nil {
		d.running = map[*gone]struct{}{}
	}
	d.running[g] = struct{}{}
	return g, func() {
		d.resolving.Lock()
		defer d.resolving.Unlock()
		delete(d.running, g)
	}
}

// gone is what was deleted since an import began.
type gone struct {
	logins map[string]bool
	hashes map[click.Hash]bool
	more   bool // since it was looked at last
}

func (g *gone) add(all []Gone) {
	for _, one := range all {
		if g.more = true; one.Login != "" {
			g.logins[one.Login] = true
		} else {
			g.hashes[one.Hash] = true
		}
	}
}

// user says why a user is not made; empty where he is.
func (g *gone) user(login string) string {
	if !g.logins[login] {
		return ""
	}
	return fmt.Sprintf("the user %.100q was deleted while this was imported: import the same file again to bring the user back", login)
}

// link says why a link is not made; empty where it is.
func (g *gone) link(l *store.ForeignLink) string {
	if reason := g.user(l.Login); reason != "" {
		return reason
	}
	if !g.hashes[l.Hash] {
		return ""
	}
	return fmt.Sprintf("the link %.100q was deleted while this was imported: import the same file again to bring the link back", l.Hash)
}

// forgetGone has the resolver ask again for everything after a deletion.
func (r *resolver) forgetGone() {
	if r.gone.more {
		r.gone.more = false
		r.forget()
	}
}

// rejectGone rejects the lines that describe who and what is gone.
func (r *resolver) rejectGone(c *chunk, reject func(Rejected)) {
	users := c.users[:0]
	for i := range c.users {
		if reason := r.gone.user(c.users[i].Login); reason != "" {
			c.sum.lines-- // reject counts it again
			c.sum.skipped--
			c.sum.users--
			c.reject(c.users[i].line)
			reject(Rejected{Line: c.users[i].line, Reason: reason})
			continue
		}
		users = append(users, c.users[i])
	}
	c.users = users
	links := c.links[:0]
	for i := range c.links {
		if reason := r.gone.link(&c.links[i].ForeignLink); reason != "" {
			c.rejectLink(&c.links[i], reason, reject)
			continue
		}
		links = append(links, c.links[i])
	}
	c.links = links
}
