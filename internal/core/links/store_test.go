package links_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// world is Links over the model, with a clock and a store that can be stopped.
type world struct {
	t testing.TB
	*links.Links
	store *watched
	user  click.UserID
	clock atomic.Int64 // Unix seconds
}

// watched counts the questions about names, and can change the answers.
type watched struct {
	*storetest.MemoryLinks
	asked atomic.Int64
	// inspect gets each answer and returns the one to use; nil keeps it.
	inspect func(context.Context, click.Hash, store.Link, error) (store.Link, error)
}

func (w *watched) LinkByName(ctx context.Context, domain string, name click.Hash) (store.Link, error) {
	w.asked.Add(1)
	l, err := w.MemoryLinks.LinkByName(ctx, domain, name)
	return w.answer(ctx, name, l, err)
}

func (w *watched) LinkByKeyword(ctx context.Context, domain string, name click.Hash) (store.Link, error) {
	w.asked.Add(1)
	l, err := w.MemoryLinks.LinkByKeyword(ctx, domain, name)
	return w.answer(ctx, name, l, err)
}

func (w *watched) answer(ctx context.Context, name click.Hash, l store.Link, err error) (store.Link, error) {
	if w.inspect != nil {
		return w.inspect(ctx, name, l, err)
	}
	return l, err
}

var errDown = fmt.Errorf("the database is away: %w", click.ErrUnavailable)

// down is an inspect of a store that is unavailable.
func down(context.Context, click.Hash, store.Link, error) (store.Link, error) {
	return store.Link{}, errDown
}

// newWorld makes a world with defaults for the options that are missing.
func newWorld(t testing.TB, o links.Options) *world {
	t.Helper()
	w := &world{t: t, store: &watched{MemoryLinks: storetest.NewMemoryLinks()}}
	w.clock.Store(1331822918)
	o.Links = w.store
	o.Now = func() time.Time { return time.Unix(w.clock.Load(), 0) }
	if o.Random == nil {
		o.Random = seedtest.Reader(t)
	}
	l, err := links.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.Links = l
	u, err := w.store.AddUser(context.Background(), "ann", 1)
	if err != nil {
		t.Fatal(err)
	}
	w.user = u.ID
	return w
}

// importLink imports a link, as another process may.
func (w *world) importLink(f store.ForeignLink) store.Link {
	w.t.Helper()
	got, err := w.store.ImportLinks(context.Background(), []store.ForeignLink{f})
	if err != nil {
		w.t.Fatal(err)
	}
	return got[0]
}

func (w *world) shorten(longURL string) store.Link {
	w.t.Helper()
	l, _, err := w.Shorten(context.Background(), links.Request{User: w.user, LongURL: longURL, Host: "sho.rt"})
	if err != nil {
		w.t.Fatalf("a good long URL, %q, was not shortened: %v", longURL, err)
	}
	return l
}

// resolves fails if the name does not lead to the link; the zero link stands for an unknown
// name.
func (w *world) resolves(host, name string, want store.Link) {
	w.t.Helper()
	got, err := w.Resolve(context.Background(), host, name)
	if got != want || (want == store.Link{}) != errors.Is(err, click.ErrNotFound) || (want != store.Link{}) && err != nil {
		w.t.Errorf("%q on %q gave %+v, %v; want %+v", name, host, got, err, want)
	}
}

// asks fails if f does not ask the store that number of times.
func (w *world) asks(times int64, f func()) {
	w.t.Helper()
	before := w.store.asked.Load()
	f()
	if got := w.store.asked.Load() - before; got != times {
		w.t.Errorf("the store was asked %d times, not %d", got, times)
	}
}

// repeated is a source of the hashes 0000000, 1111111, and so on. It ends after the last
// character.
type repeated struct {
	mu sync.Mutex
	n  int
}

const base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

func (r *repeated) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n == len(base62) {
		return 0, io.EOF
	}
	for i := range p {
		p[i] = byte(r.n) << 2
	}
	r.n++
	return len(p), nil
}

// spelt is a source of these hashes, one after the other.
func spelt(hashes ...string) io.Reader {
	r, w := io.Pipe()
	go func() {
		for _, hash := range hashes {
			var bits [16]byte
			for i := range hash {
				for v := range len(base62) {
					if base62[v] == hash[i] {
						bits[i] = byte(v) << 2
					}
				}
			}
			if _, err := w.Write(bits[:]); err != nil {
				return
			}
		}
		w.Close()
	}()
	return r
}
