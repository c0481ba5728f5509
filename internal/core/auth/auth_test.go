package auth_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// counted counts the questions about tokens that reach the store. If err is set, it is the
// answer to all of them.
type counted struct {
	store.Users
	mu    sync.Mutex
	asked int
	err   error
}

func (c *counted) UserByToken(ctx context.Context, d store.TokenDigest) (store.User, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.err != nil {
		return store.User{}, c.err
	}
	return c.Users.UserByToken(ctx, d)
}

type fixture struct {
	users *counted
	now   time.Time
	auth  *auth.Auth
}

func newFixture() *fixture {
	h := &fixture{users: &counted{Users: storetest.NewMemoryLinks()}, now: time.Unix(1331822918, 0)}
	h.auth = auth.New(h.users, func() time.Time { return h.now })
	return h
}

func (h *fixture) user(t *testing.T, login string) store.User {
	t.Helper()
	u, err := h.users.AddUser(context.Background(), login, 1)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func (h *fixture) token(t *testing.T, login string) string {
	t.Helper()
	token, err := auth.Issue(context.Background(), h.users, login, "", h.now)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (h *fixture) want(t *testing.T, token string, want store.User) {
	t.Helper()
	if u, err := h.auth.User(context.Background(), token); err != nil || u != want {
		t.Errorf("the token of %q is of %+v (%v)", want.Login, u, err)
	}
}

func TestTokenFormat(t *testing.T) {
	shape := regexp.MustCompile(`^[g-z][0-9a-f]{64}$`)
	seen := make(map[string]bool)
	random := seedtest.Reader(t)
	for range 100 {
		token, err := auth.NewToken(random)
		if err != nil {
			t.Fatal(err)
		}
		if !shape.MatchString(token) || url.QueryEscape(token) != token || seen[token] {
			t.Errorf("token %q has a wrong form, or was drawn twice", token)
		}
		seen[token] = true
	}
	bits := bytes.Repeat([]byte{0x0f, 0xa5}, 16)
	token, err := auth.NewToken(bytes.NewReader(bits))
	if err != nil || token[1:] != strings.Repeat("0fa5", 16) {
		t.Errorf("of 256 bits the token is %q (%v)", token, err)
	}
	if token, err := auth.NewToken(bytes.NewReader(bits[:31])); !errors.Is(err, io.ErrUnexpectedEOF) || token != "" {
		t.Errorf("with too few random bits: %q, %v", token, err)
	}
}

func TestDigest(t *testing.T) {
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2, B.1
	if got := fmt.Sprintf("%x", auth.Digest("abc")); got != want {
		t.Errorf("digest of abc is %s", got)
	}
}

func TestUser(t *testing.T) {
	h := newFixture()
	ann, bob := h.user(t, "ann"), h.user(t, "bob")
	first, second, other := h.token(t, "ann"), h.token(t, "ann"), h.token(t, "bob")
	for range 2 { // asked, then remembered
		h.want(t, first, ann)
		h.want(t, second, ann)
		h.want(t, other, bob)
	}
	if token, err := auth.Issue(context.Background(), h.users, "nobody", "", h.now); !errors.Is(err, click.ErrNotFound) || token != "" {
		t.Errorf("a token for an unknown login: %q, %v", token, err)
	}
}

func TestUnknownTokens(t *testing.T) {
	h := newFixture()
	h.user(t, "ann")
	good := h.token(t, "ann")
	unknown, err := auth.NewToken(seedtest.Reader(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		token string
		asked int
	}{
		{unknown, 1},
		{"", 0}, {"k", 0}, {good[1:], 0}, {good + "0", 0}, {good[:64], 0}, {" " + good[1:], 0},
		{"a" + good[1:], 0}, {"K" + good[1:], 0}, {"{" + good[1:], 0}, {"k" + strings.Repeat("g", 64), 0},
		{strings.ToUpper(good), 0}, {good[:64] + "\x00", 0}, {strings.Repeat("k", 1<<20), 0},
	} {
		before := h.users.asked
		if u, err := h.auth.User(context.Background(), c.token); !errors.Is(err, click.ErrNotFound) {
			t.Errorf("token %.80q is of %+v (%v)", c.token, u, err)
		}
		if asked := h.users.asked - before; asked != c.asked {
			t.Errorf("the store was asked about token %.80q %d times, want %d", c.token, asked, c.asked)
		}
	}
}

func TestAnswersAreCached(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	token := h.token(t, "ann")
	for _, step := range []struct {
		name  string
		after time.Duration
		asked int
	}{
		{"at first", 0, 1},
		{"at once", 0, 1},
		{"just within the minute", auth.CacheAge - 1, 1},
		{"a use does not extend the time", 1, 2},
		{"a clock set back", -time.Hour, 3},
		{"and again within the minute", auth.CacheAge / 2, 3},
	} {
		h.now = h.now.Add(step.after)
		h.want(t, token, ann)
		if h.users.asked != step.asked {
			t.Errorf("%s: the store was asked %d times, want %d", step.name, h.users.asked, step.asked)
		}
	}
}

func TestFailuresAreNotCached(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	token, err := auth.NewToken(seedtest.Reader(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []error{click.ErrUnavailable, click.ErrNotFound} {
		h.users.err = want
		if _, err := h.auth.User(context.Background(), token); !errors.Is(err, want) {
			t.Errorf("the store fails with %v, and auth with %v", want, err)
		}
	}
	h.users.err = nil
	if err := h.users.AddToken(context.Background(), store.Token{User: ann.ID, Digest: auth.Digest(token), Created: 1}, 0); err != nil {
		t.Fatal(err)
	}
	h.want(t, token, ann)
	h.users.err = click.ErrUnavailable
	h.want(t, token, ann) // which is remembered
}

func TestCacheIsBounded(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	first := h.token(t, "ann")
	h.want(t, first, ann)
	for range 10_000 {
		h.want(t, h.token(t, "ann"), ann)
	}
	before := h.users.asked
	h.want(t, first, ann)
	if h.users.asked != before+1 {
		t.Error("after 10,000 other tokens the first is still cached")
	}
}

func TestConcurrentQuestions(t *testing.T) {
	h := newFixture()
	ann := h.user(t, "ann")
	tokens := []string{h.token(t, "ann"), h.token(t, "ann"), h.token(t, "ann")}
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for i := range 500 {
				h.want(t, tokens[i%len(tokens)], ann)
			}
		})
	}
	group.Wait()
}

func BenchmarkRememberedToken(b *testing.B) {
	users := storetest.NewMemoryLinks()
	if _, err := users.AddUser(context.Background(), "ann", 1); err != nil {
		b.Fatal(err)
	}
	token, err := auth.Issue(context.Background(), users, "ann", "", time.Unix(1, 0))
	if err != nil {
		b.Fatal(err)
	}
	a := auth.New(users, time.Now)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.User(context.Background(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// TestChanged: what another process changed of a user ends with the notice of it.
func TestChanged(t *testing.T) {
	h := newFixture()
	ann, bob := h.user(t, "ann"), h.user(t, "bob")
	tokens := map[string]store.User{h.token(t, "ann"): ann, h.token(t, "bob"): bob}
	for what, c := range map[string]struct {
		change store.Change
		asked  int // users about whom the store is asked
	}{
		"nothing":           {store.Change{}, 0},
		"a user":            {store.Change{Users: []click.UserID{ann.ID}}, 1},
		"the links of both": {store.Change{Owners: []click.UserID{ann.ID, bob.ID}}, 0},
		"anything, perhaps": {store.Change{All: true}, 2},
	} {
		for token, u := range tokens {
			h.want(t, token, u)
		}
		h.auth.Changed(c.change)
		h.users.asked = 0
		for token, u := range tokens {
			h.want(t, token, u)
		}
		if h.users.asked != c.asked {
			t.Errorf("after a change of %s the store was asked about %d users, not %d", what, h.users.asked, c.asked)
		}
	}
}
