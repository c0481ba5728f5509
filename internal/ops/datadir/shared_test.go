package datadir

import (
	"cmp"
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/storage/progress"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// sharedFile is links and users that several directories of a test use, in one file.
type sharedFile struct {
	*sql.SQLite

	mu      sync.Mutex
	deleted []deletedAt
	lost    bool // the newest changes
	counts  string
	givenUp progress.Links
}

type deletedAt struct {
	scope   rollup.Scope
	version uint64
}

func newSharedFile(t *testing.T) *sharedFile {
	t.Helper()
	db, err := sql.Open(t.Context(), filepath.Join(t.TempDir(), "links.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &sharedFile{SQLite: db}
}

func (f *sharedFile) DeleteLink(ctx context.Context, id click.LinkID) (store.DeletedRows, error) {
	r, err := f.SQLite.DeleteLink(ctx, id)
	if err != nil {
		return r, err
	}
	scopes, err := f.Deletions(ctx, 100)
	if err != nil {
		return r, err
	}
	now, err := f.Links(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range scopes {
		f.deleted = append(f.deleted, deletedAt{s, now.Version})
	}
	return r, err
}

func (f *sharedFile) DeletionsAfter(_ context.Context, version uint64, _ int) (scopes []rollup.Scope, last uint64, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last = version
	for _, d := range f.deleted {
		if d.version > version {
			scopes, last = append(scopes, d.scope), d.version
		}
	}
	return scopes, last, nil
}

func (f *sharedFile) Links(ctx context.Context) (progress.Links, error) {
	now, err := f.SQLite.Links(ctx)
	if f.lost {
		now = progress.Links{Version: 1}
	}
	return now, err
}

func (f *sharedFile) GiveUpIDs(ctx context.Context, l progress.Links) error {
	f.givenUp = l
	return f.SQLite.GiveUpIDs(ctx, l)
}

func (f *sharedFile) CountsEngine(_ context.Context, offer string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts = cmp.Or(f.counts, offer)
	return f.counts, nil
}

func (*sharedFile) TryLock(ctx context.Context, _ string) (context.Context, func(), error) {
	return ctx, func() {}, nil
}
func (f *sharedFile) Lock(ctx context.Context, name string) (context.Context, func(), error) {
	return f.TryLock(ctx, name)
}
func (*sharedFile) Follow(context.Context, func(store.Change)) {}
func (*sharedFile) Close() error                               { return nil }

func (f *sharedFile) engine() *SharedLinks {
	return &SharedLinks{Engine: "file", Open: func(context.Context) (SharedLinksStore, error) { return f, nil }}
}

// open opens a directory with shared counts and links.
func (f *sharedFile) open(t *testing.T, m memory, log *logtest.Log) *Dir {
	t.Helper()
	o := m.options(filepath.Join(t.TempDir(), "data"), log)
	o.Links = f.engine()
	d, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDeletionsOfOtherServers: a server writes what another one deleted into its own
// journal, once, and later clicks of that do not count.
func TestDeletionsOfOtherServers(t *testing.T) {
	t.Parallel()
	links, m, log := newSharedFile(t), newMemory(), new(logtest.Log)
	one, two := links.open(t, m, log), links.open(t, m, log)
	if _, err := one.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	l, err := one.AddLink(t.Context(), "ann", "http://example.org/")
	if err != nil {
		t.Fatal(err)
	}
	record := func(d *Dir) {
		t.Helper()
		if err := d.Recorder.Record(t.Context(), click.Click{Time: time.Now().UnixMilli(), User: l.User, Link: l.ID}); err != nil {
			t.Fatal(err)
		}
		if err := d.Recorder.Drain(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	record(one)
	record(two)
	record(two)
	for d, want := range map[*Dir]audit.Shared{one: {Own: 1, Others: 2}, two: {Own: 2, Others: 1}} {
		v, err := d.Check(t.Context(), func(finding string) { t.Error(finding) })
		if err != nil || v.Clicks != 3 || *v.Shared != want {
			t.Errorf("check says that %d clicks are those of %+v (%v), want %+v", v.Clicks, v.Shared, err, want)
		}
	}
	if r, err := one.DeleteLink(t.Context(), l); err != nil || r.Clicks != 3 {
		t.Errorf("the deletion: %+v, %v, want 3 clicks", r, err)
	}
	var written [2]uint64
	for i := range written {
		end := two.Journal.End()
		if err := two.finishDeletions(t.Context()); err != nil {
			t.Fatal(err)
		}
		record(two) // it was on its way
		written[i] = two.Journal.End() - end
	}
	if written[0] <= written[1] {
		t.Errorf("with the deletion the journal grew by %d bytes, and without one by %d", written[0], written[1])
	}
	for _, d := range []*Dir{one, two} {
		if n, err := d.userClicks(t.Context(), "ann"); err != nil || n != 0 {
			t.Errorf("%d clicks are left (%v)", n, err)
		}
		d.checks(t, 0, 0)
	}
	v, err := one.Check(t.Context(), func(string) {})
	if want := (audit.Shared{Own: 1, Others: 4, Deleted: 5}); err != nil || *v.Shared != want {
		t.Errorf("after the deletion, check says %+v (%v), want %+v", v.Shared, err, want)
	}
	one.mustClose(t)
	two.mustClose(t)
}

// TestOneEngineOfCounts: the counts of shared links are in shared counts for all servers, or in the
// directory of one. A start that fails decides nothing.
func TestOneEngineOfCounts(t *testing.T) {
	t.Parallel()
	for _, shared := range []bool{false, true} {
		links, m := newSharedFile(t), newMemory()
		options := func(shared bool) Options {
			o := m.options(filepath.Join(t.TempDir(), "data"), new(logtest.Log))
			if o.Links = links.engine(); !shared {
				o.Clicks = nil
			}
			return o
		}
		fails := options(true)
		fails.Clicks.Open = func(context.Context, string) (SharedCountsStore, error) { return nil, errors.New("wrong password") }
		if _, err := Open(t.Context(), fails); err == nil {
			t.Error("a start with wrong options succeeds")
		}
		one := options(shared)
		for range 2 {
			d, err := Open(t.Context(), one)
			if err != nil {
				t.Fatal(err)
			}
			d.mustClose(t)
			other := options(!shared)
			for range 2 {
				if d, err := Open(t.Context(), other); !errors.As(err, new(*OtherCountsError)) {
					t.Errorf("shared counts %v, and then %v: %v, want an OtherCountsError", shared, !shared, err)
					if err == nil {
						d.mustClose(t)
					}
				}
			}
			other = options(shared)
			if d, err = Open(t.Context(), other); err != nil {
				t.Fatal(err)
			}
			d.mustClose(t)
		}
	}
}

// TestLinksLost: ids that PostgreSQL lost are not given out again.
func TestLinksLost(t *testing.T) {
	t.Parallel()
	links, log := newSharedFile(t), new(logtest.Log)
	d := links.open(t, newMemory(), log)
	if _, err := d.AddUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	const lost = "PostgreSQL lost links, users or changes"
	if err := d.askLinks(t.Context()); err != nil || log.Count(lost) != 0 {
		t.Errorf("nothing was lost: %v\n%s", err, log)
	}
	links.lost = true
	if err := d.askLinks(t.Context()); err != nil || log.Count(lost) != 1 || links.givenUp.User != 1 {
		t.Errorf("a user was lost: %v, the ids up to %+v were given up\n%s", err, links.givenUp, log)
	}
	links.lost = false
	d.mustClose(t)
}
