//go:build cluster

package links_test

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/pgtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// server is what one server has of links and users. Its clock stands still, so no answer
// gets too old: only a notice makes it ask again.
type server struct {
	db    *sql.Postgres
	links *links.Links
	auth  *auth.Auth
	log   *logtest.Log
}

func newServer(t *testing.T, address string) *server {
	t.Helper()
	s := &server{log: new(logtest.Log)}
	var err error
	if s.db, err = sql.OpenPostgres(t.Context(), sql.PostgresOptions{Address: address, Log: s.log.Logger()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
	now := func() time.Time { return time.Unix(1331822918, 0) }
	s.links, err = links.New(links.Options{Links: s.db, Domains: []string{"sho.rt", "j.mp"}, Now: now, Random: seedtest.Reader(t)})
	if err != nil {
		t.Fatal(err)
	}
	s.auth = auth.New(s.db, now)
	ctx, stop := context.WithCancel(context.Background())
	listening, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		var first sync.Once
		s.db.Follow(ctx, func(c store.Change) {
			s.links.Changed(c)
			s.auth.Changed(c)
			first.Do(func() { close(listening) })
		})
	}()
	t.Cleanup(func() { stop(); <-ended })
	<-listening
	return s
}

// finds waits until a name leads to a long URL; to nothing if that is empty.
func (s *server) finds(t *testing.T, name, longURL string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("%s leads to %q", name, longURL), func() (string, bool) {
		l, err := s.links.Resolve(context.Background(), "sho.rt", name)
		return fmt.Sprint(l.LongURL, err), l.LongURL == longURL && (err == nil || longURL == "" && errors.Is(err, click.ErrNotFound))
	})
}

// knows waits until a token belongs to a login; to nobody if that is empty.
func (s *server) knows(t *testing.T, token, login string) {
	t.Helper()
	await.Until(t, fmt.Sprintf("a token is of %q", login), func() (string, bool) {
		u, err := s.auth.User(context.Background(), token)
		return fmt.Sprint(u, err), u.Login == login && (err == nil || login == "" && errors.Is(err, click.ErrNotFound))
	})
}

// seen is what the tests look at.
type seen struct{ h, g, word, long, token string }

func (s *server) sees(t *testing.T, want seen) {
	t.Helper()
	s.finds(t, "h", want.h)
	s.finds(t, "g", want.g)
	s.finds(t, "Word", want.word)
	s.finds(t, strings.Repeat("l", links.MaxName), want.long)
	s.knows(t, token, want.token)
}

const token = "g" + "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// TestOtherServersSeeChanges: what one server changes is seen by another one, which
// remembers how it was before.
func TestOtherServersSeeChanges(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	address := pgtest.Database(t)
	a, b := newServer(t, address), newServer(t, address)
	var ann store.User
	var link store.Link
	elsewhere := "http://elsewhere/"
	for _, step := range []struct {
		what string
		does func() error
		want seen
	}{
		{"nothing", func() error { return nil }, seen{}},
		{"a user gets a token", func() (err error) {
			if ann, err = a.db.AddUser(ctx, "ann", 1); err == nil {
				err = a.db.AddToken(ctx, store.Token{User: ann.ID, Digest: auth.Digest(token), Created: 1}, 0)
			}
			return err
		}, seen{token: "ann"}},
		{"the user is disabled", func() error { return a.db.SetDisabled(ctx, ann.ID, true) }, seen{}},
		{"the user is enabled", func() error { return a.db.SetDisabled(ctx, ann.ID, false) }, seen{token: "ann"}},
		{"a link is made", func() (err error) {
			link, _, err = a.db.MakeLink(ctx, store.NewLink{User: ann.ID, LongURL: "http://a/", Hash: "h", AggregateHash: "g", Created: 1})
			return err
		}, seen{h: "http://a/", g: "http://a/", token: "ann"}},
		{"it gets a name", func() error {
			_, err := a.db.NameLink(ctx, store.Keyword{Link: link.ID, Keyword: "word"}, false)
			return err
		}, seen{h: "http://a/", g: "http://a/", word: "http://a/", token: "ann"}},
		{"it leads elsewhere", func() error {
			_, err := a.db.EditLink(ctx, link.ID, store.LinkEdit{LongURL: &elsewhere, AggregateHash: "other", Modified: 2})
			return err
		}, seen{h: elsewhere, g: "http://a/", word: elsewhere, token: "ann"}},
		{"thousands are imported", func() error {
			all := []store.ForeignLink{{Login: "bob", Hash: click.Hash(strings.Repeat("l", links.MaxName)), LongURL: "http://long/"}}
			for i := range 3000 {
				all = append(all, store.ForeignLink{Login: "bob", Hash: click.Hash(fmt.Sprint("bob", i)), LongURL: "http://b/"})
			}
			_, err := a.db.ImportLinks(ctx, all)
			return err
		}, seen{h: elsewhere, g: "http://a/", word: elsewhere, long: "http://long/", token: "ann"}},
		{"the token is removed", func() error { return a.db.RemoveToken(ctx, ann.ID, auth.Digest(token)) },
			seen{h: elsewhere, g: "http://a/", word: elsewhere, long: "http://long/"}},
		{"the link is deleted", func() error { _, err := a.db.DeleteLink(ctx, link.ID); return err }, seen{long: "http://long/"}},
		{"its hash is that of another link", func() error {
			_, err := a.db.ImportLinks(ctx, []store.ForeignLink{{Login: "bob", Hash: "h", LongURL: "http://b/"}})
			return err
		}, seen{h: "http://b/", long: "http://long/"}},
		{"the user is deleted", func() error {
			bob, err := a.db.UserByLogin(ctx, "bob")
			if err == nil {
				_, err = a.db.DeleteUser(ctx, bob.ID)
			}
			return err
		}, seen{}},
	} {
		if err := step.does(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		b.sees(t, step.want)
		if t.Failed() {
			t.Fatal(step.what)
		}
	}
	for _, s := range []*server{a, b} {
		if log := s.log.String(); log != "" {
			t.Errorf("a server logs\n%s", log)
		}
	}
}

// TestAwayAndBack: without PostgreSQL, links that were visited are redirected, and all
// else is unavailable. When it is back everything goes on, and what was changed meanwhile
// is seen.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg := pgtest.Start(t)
	address := pg.Database(t)
	a, b := newServer(t, address), newServer(t, address)
	if _, err := a.db.ImportLinks(ctx, []store.ForeignLink{{Login: "ann", Hash: "h", LongURL: "http://a/"}, {Login: "ann", Hash: "i", LongURL: "http://i/"}}); err != nil {
		t.Fatal(err)
	}
	b.finds(t, "h", "http://a/")
	b.finds(t, "none", "")
	pg.Stop()
	await.Until(t, "the lost connection is logged", func() (string, bool) {
		return b.log.String(), b.log.Count("PostgreSQL sends no notices of changes by other servers.") == 1
	})
	b.finds(t, "h", "http://a/")
	for what, ask := range map[string]func() error{
		"a link that was not visited": func() error { _, err := b.links.Resolve(ctx, "sho.rt", "i"); return err },
		"a name that was unknown":     func() error { _, err := b.links.Resolve(ctx, "sho.rt", "none"); return err },
		"a user":                      func() error { _, err := b.db.UserByLogin(ctx, "ann"); return err },
		"a list":                      func() error { _, _, err := b.db.ListLinks(ctx, store.LinkFilter{User: 1, Limit: 1}); return err },
		"a new user":                  func() error { _, err := b.db.AddUser(ctx, "bob", 1); return err },
		"a lock":                      func() error { _, _, err := b.db.TryLock(ctx, "some"); return err },
	} {
		if err := ask(); !errors.Is(err, click.ErrUnavailable) {
			t.Errorf("%s: %v, not click.ErrUnavailable", what, err)
		}
	}
	if _, err := sql.OpenPostgres(ctx, sql.PostgresOptions{Address: address, Log: b.log.Logger()}); !errors.Is(err, click.ErrUnavailable) {
		t.Errorf("a server that starts meanwhile gets %v, not click.ErrUnavailable", err)
	}
	if err := pg.Start(); err != nil {
		t.Fatal(err)
	}
	await.Until(t, "a user is made", func() (string, bool) {
		_, err := a.db.AddUser(ctx, "bob", 1)
		return fmt.Sprint(err), err == nil || errors.Is(err, click.ErrExists)
	})
	await.Until(t, "a link is made", func() (string, bool) {
		_, err := a.db.ImportLinks(ctx, []store.ForeignLink{{Login: "bob", Hash: "none", LongURL: "http://n/"}})
		return fmt.Sprint(err), err == nil
	})
	b.finds(t, "none", "http://n/")
	b.finds(t, "i", "http://i/")
	await.Until(t, "the new connection is logged", func() (string, bool) {
		return b.log.String(), b.log.Count("PostgreSQL sends notices of changes by other servers again") == 1
	})
}

// TestSilentListener: if notices stop to arrive on a connection that stays open, that is
// noticed, and other connections are used instead.
func TestSilentListener(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	address := pgtest.Database(t)
	a, b := newServer(t, address), newServer(t, address)
	ann, err := a.db.AddUser(ctx, "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	b.finds(t, "h", "")
	raw, err := stdsql.Open("pgx", address)
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	// The processes of PostgreSQL that send notices to servers.
	rows, err := raw.QueryContext(ctx, `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_notify%' AND state = 'idle' AND pid <> pg_backend_pid()`)
	if err != nil {
		t.Fatal(err)
	}
	frozen := 0
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = syscall.Kill(pid, syscall.SIGCONT) }) // it may have ended
		frozen++
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || frozen < 2 {
		t.Fatalf("%d connections with notices are frozen, %v", frozen, err)
	}
	if _, _, err := a.db.MakeLink(ctx, store.NewLink{User: ann.ID, LongURL: "http://a/", Hash: "h", AggregateHash: "g", Created: 1}); err != nil {
		t.Fatal(err)
	}
	b.finds(t, "h", "http://a/")
	await.Until(t, "the new connection is logged", func() (string, bool) {
		return b.log.String(), b.log.Count("PostgreSQL sends notices of changes by other servers again") == 1
	})
}
