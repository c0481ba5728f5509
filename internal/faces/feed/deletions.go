package feed

import (
	"errors"
	"fmt"
	"sync"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Gone is a user or a link that was deleted.
type Gone struct {
	Login string     // of the user; empty for a link
	Hash  click.Hash // of the link; empty for a user
}

// deletions separates imports from deletions: a click is recorded before its link is
// deleted, or its line is rejected.
type deletions struct {
	// resolving is held for reading from the moment a click gets its link until it is
	// recorded.
	resolving sync.RWMutex
	running   map[*gone]struct{} // one of each import; guarded by resolving
}

// Hold blocks imports while users and links are deleted. The caller calls release with
// the deleted users and links. Running imports reject later lines of these users and links, which
// would otherwise make them again, or be recorded and count nowhere.
func (im *Importer) Hold() (release func(...Gone)) {
	im.deletions.resolving.Lock()
	return func(all ...Gone) {
		defer im.deletions.resolving.Unlock()
		for g := range im.deletions.running {
			g.add(all)
		}
	}
}

// begin returns a gone to which deletions are added until end is called.
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

// gone is the users and links that were deleted since an import started.
type gone struct {
	logins map[string]bool
	hashes map[click.Hash]bool
	more   bool // since forgetGone
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

var errDeleted = errors.New("was deleted during the import")

// user is the reason why a user is not made; nil if there is none.
func (g *gone) user(login string) error {
	if !g.logins[login] {
		return nil
	}
	return fmt.Errorf("the user %.100q %w", login, errDeleted)
}

// link is the reason why a link is not made; nil if there is none.
func (g *gone) link(l *store.ForeignLink) error {
	if reason := g.user(l.Login); reason != nil {
		return reason
	}
	if !g.hashes[l.Hash] {
		return nil
	}
	return fmt.Errorf("the link %.100q %w", l.Hash, errDeleted)
}

// Changed makes running imports look up links and users again, before the next lines, if
// another process deleted or edited some.
func (im *Importer) Changed(c store.Change) {
	if c.All || c.Aggregates || len(c.Owners)+len(c.Links) > 0 {
		im.changes.Add(1)
	}
}

// forgetGone forgets all answers after a deletion.
func (r *resolver) forgetGone() {
	changes := r.im.changes.Load()
	if r.gone.more || changes != r.changes {
		r.gone.more, r.changes = false, changes
		r.forget()
	}
}

// rejectGone rejects the lines that describe users and links that are gone.
func (r *resolver) rejectGone(c *chunk, reject func(Rejected)) {
	users := c.users[:0]
	for i := range c.users {
		if reason := r.gone.user(c.users[i].Login); reason != nil {
			c.sum.lines-- // reject counts it again
			c.sum.skipped--
			c.sum.users--
			c.reject(c.users[i].line)
			reject(rejected(c.users[i].line, reason))
			continue
		}
		users = append(users, c.users[i])
	}
	c.users = users
	links := c.links[:0]
	for i := range c.links {
		if reason := r.gone.link(&c.links[i].ForeignLink); reason != nil {
			c.rejectLink(&c.links[i], reason, reject)
			continue
		}
		links = append(links, c.links[i])
	}
	c.links = links
}
