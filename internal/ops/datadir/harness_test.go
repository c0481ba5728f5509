package datadir

import (
	"context"
	"crypto/sha256"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// The methods below do what the server does with a directory, as far as tests need it.

// AddUser makes a user.
func (d *Dir) AddUser(ctx context.Context, login string) (store.User, error) {
	return d.DB.AddUser(ctx, login, d.now().Unix())
}

// AddToken gives a user another token.
func (d *Dir) AddToken(ctx context.Context, login string) (string, error) {
	return auth.Issue(ctx, d.DB, login, "", d.now())
}

// AddLink makes a link of a user.
func (d *Dir) AddLink(ctx context.Context, login, longURL string) (store.Link, error) {
	u, err := d.DB.UserByLogin(ctx, login)
	if err != nil {
		return store.Link{}, err
	}
	names, err := d.names(longURL)
	if err != nil {
		return store.Link{}, err
	}
	link, _, err := names.Shorten(ctx, links.Request{User: u.ID, LongURL: longURL, Domain: "sho.rt", Host: "sho.rt"})
	return link, err
}

// names makes links with hashes that are drawn from a seed.
func (d *Dir) names(seed string) (*links.Links, error) {
	return links.New(links.Options{Links: d.DB, Domains: []string{"sho.rt"}, Now: d.now, Random: rand.NewChaCha8(sha256.Sum256([]byte(seed)))})
}

// DeleteUser removes a user.
func (d *Dir) DeleteUser(ctx context.Context, login string) (Removal, error) {
	u, err := d.DB.UserByLogin(ctx, login)
	if err != nil {
		return Removal{}, err
	}
	return d.Delete(ctx, Deletion{
		Scope: rollup.Scope{User: u.ID}, Hold: func() func(bool) { return func(bool) {} },
		Remove: func() (store.DeletedRows, error) { return d.DB.DeleteUser(ctx, u.ID) },
	})
}

// DeleteLink removes a link.
func (d *Dir) DeleteLink(ctx context.Context, l store.Link) (Removal, error) {
	return d.Delete(ctx, Deletion{
		Scope: rollup.Scope{User: l.User, Link: l.ID}, Hold: func() func(bool) { return func(bool) {} },
		Remove: func() (store.DeletedRows, error) { return d.DB.DeleteLink(ctx, l.ID) },
	})
}

// userClicks returns the number of counted clicks of a user.
func (d *Dir) userClicks(ctx context.Context, login string) (uint64, error) {
	u, err := d.DB.UserByLogin(ctx, login)
	if err != nil {
		return 0, err
	}
	return d.Clicks(ctx, rollup.Scope{User: u.ID})
}

// open opens a directory, which it makes if it is missing.
func open(t *testing.T, path string) *Dir {
	t.Helper()
	d, err := Open(t.Context(), Options{Path: path, Create: true, Now: time.Now, Log: logtest.To(t)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// openIn opens a data directory, makes a user and a link if it is new, and returns
// its log.
func openIn(t *testing.T, dir string) (*Dir, *logtest.Log) {
	t.Helper()
	log := new(logtest.Log)
	d, err := Open(t.Context(), Options{Path: dir, Create: true, Now: time.Now, Log: log.Logger()})
	if err != nil {
		t.Fatal(err)
	}
	if d.Created {
		if _, err := d.AddUser(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddLink(t.Context(), "ann", "http://example.org/"); err != nil {
			t.Fatal(err)
		}
	}
	return d, log
}

func (d *Dir) mustClose(t *testing.T) {
	t.Helper()
	if err := d.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func (d *Dir) click(t *testing.T, n int) {
	t.Helper()
	for range n {
		if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: 1, Link: 1}); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Recorder.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// checks fails unless Check finds nothing, and this many clicks and notes.
func (d *Dir) checks(t *testing.T, clicks uint64, notes int) {
	t.Helper()
	v, err := d.Check(t.Context(), func(finding string) { t.Error(finding) })
	if err != nil || len(v.Notes) != notes || v.Clicks != clicks {
		t.Errorf("check: %+v, %v; want %d clicks and %d notes", v, err, clicks, notes)
	}
}

// moved makes a backup of a directory, restores it, and opens the result.
func (d *Dir) moved(t *testing.T) (*Dir, *logtest.Log) {
	t.Helper()
	backups, restored := filepath.Join(t.TempDir(), "backups"), filepath.Join(t.TempDir(), "restored")
	if _, err := d.Backup(t.Context(), backups, 1); err != nil {
		t.Fatal(err)
	}
	path, _, err := backup.Newest(backups)
	if err != nil {
		t.Fatal(err)
	}
	if err := backup.Restore(t.Context(), path, restored); err != nil {
		t.Fatal(err)
	}
	return openIn(t, restored)
}
