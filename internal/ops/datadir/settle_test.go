package datadir

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// syncs is shared counts whose Sync a test answers, unless sync is nil.
type syncs struct {
	memory
	sync atomic.Pointer[func() error]
}

func (s *syncs) Sync(ctx context.Context) error {
	if f := s.sync.Load(); f != nil {
		return (*f)()
	}
	return s.memory.Sync(ctx)
}

// TestDeletionWaitsForReplicas: a deletion waits until shared counts have carried it out. If they cannot now,
// they do it later, and the deletion says so. Another error is that of the deletion.
func TestDeletionWaitsForReplicas(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	for what, test := range map[string]struct {
		sync, err error
		later     bool
	}{
		"all replicas have it":  {},
		"a replica is away":     {sync: click.ErrUnavailable, later: true},
		"clicks are lost":       {sync: store.ErrResume, later: true},
		"it takes too long":     {sync: context.DeadlineExceeded, later: true},
		"the counts are broken": {sync: broken, err: broken},
	} {
		s := &syncs{memory: newMemory()}
		o := s.options(filepath.Join(t.TempDir(), "data"), new(logtest.Log))
		o.Clicks.Open = func(context.Context, string) (SharedCountsStore, error) { return s, nil }
		d, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.AddUser(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		l, err := d.AddLink(t.Context(), "ann", "http://example.org/")
		if err != nil {
			t.Fatal(err)
		}
		c := click.Click{Time: time.Now().UnixMilli(), User: l.User, Link: l.ID}
		if err := errors.Join(d.Recorder.Record(t.Context(), c), d.Recorder.Drain(t.Context())); err != nil {
			t.Fatal(err)
		}
		before := d.Journal.End()
		waited := false
		sync := func() error {
			pos, _, err := s.Position(t.Context(), d.Journal.ID())
			waited = waited || err == nil && pos.Counted == d.Journal.End() && pos.Counted > before
			return test.sync
		}
		s.sync.Store(&sync)
		r, err := d.DeleteLink(t.Context(), l)
		s.sync.Store(nil)
		if !waited {
			t.Errorf("%s: the deletion does not wait after it is counted", what)
		}
		if !errors.Is(err, test.err) || test.err == nil && err != nil || r.Traces.Later != test.later {
			t.Errorf("%s: the deletion returns %v, and is carried out later: %t, want %v and %t", what, err, r.Traces.Later, test.err, test.later)
		}
		d.mustClose(t)
	}
}
