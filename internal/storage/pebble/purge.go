package pebble

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Purge removes from the store's files what Delete removed since the last Purge;
// with everything, all that Delete ever removed. The engine keeps deleted data
// until it rewrites the files with it. Purge rewrites these files, and waits until
// the old ones are removed, and for snapshots from before the deletion. Counting
// and questions go on meanwhile.
func (s *Store) Purge(ctx context.Context, everything bool) error {
	return s.calls.run("purge", func() error { return s.purge(ctx, everything) })
}

func (s *Store) purge(ctx context.Context, everything bool) error {
	scopes := s.unpurged.take()
	var err error
	defer func() {
		if err != nil {
			s.unpurged.add(scopes...)
		}
	}()
	if everything {
		var all []rollup.Scope
		if all, err = s.deleted(ctx); err != nil {
			return err
		}
		scopes = append(scopes, all...)
	}
	if len(scopes) == 0 {
		return nil
	}
	if err = s.snapshots.wait(ctx); err != nil {
		return err
	}
	before, err := s.files(tableSuffix)
	if err != nil {
		return err
	}
	if err = s.flush(ctx); err != nil {
		return err
	}
	for _, r := range purgeRanges(scopes) {
		if err = s.db.Compact(ctx, r.Start, r.End, false); err != nil {
			return err
		}
	}
	if err = s.waitRemoved(ctx, before); err != nil {
		return err
	}
	err = s.renewManifest(ctx)
	return err
}

// maxPurgeRanges limits how often a file is rewritten after many deletions.
const maxPurgeRanges = 64

// purgeRanges returns the ranges of keys that had deleted data. A link's clicks are in
// the counts of its user too. Minutes are few, and one range.
func purgeRanges(scopes []rollup.Scope) (ranges []pebble.KeyRange) {
	own := map[rollup.Scope]bool{} // false: the scope alone; true: a user with all links
	for _, s := range scopes {
		own[s] = s.Link == click.AllLinks
	}
	for _, s := range scopes {
		if user := (rollup.Scope{User: s.User}); s.Link != click.AllLinks && s.User != click.Nobody && !own[user] {
			own[user] = false
		}
	}
	for _, grain := range []byte{grainDay, grainQuarter} {
		var some []pebble.KeyRange
		for s, whole := range own {
			from := scopeKey([]byte{grain}, s)
			if whole {
				from = scopePrefix([]byte{grain}, s)
			}
			some = append(some, pebble.KeyRange{Start: from, End: after(from)})
		}
		slices.SortFunc(some, func(a, b pebble.KeyRange) int { return strings.Compare(string(a.Start), string(b.Start)) })
		if len(some) > maxPurgeRanges {
			some = joined(some, 1+8) // those of one user
		}
		if len(some) > maxPurgeRanges {
			some = joined(some, 1)
		}
		ranges = append(ranges, some...)
	}
	return append(ranges, pebble.KeyRange{Start: []byte{grainMinute}, End: []byte{grainMinute + 1}})
}

// joined joins ranges that start with the same bytes. The ranges are sorted.
func joined(ranges []pebble.KeyRange, same int) (out []pebble.KeyRange) {
	for _, r := range ranges {
		if n := len(out); n > 0 && bytes.Equal(out[n-1].Start[:same], r.Start[:same]) {
			if bytes.Compare(out[n-1].End, r.End) < 0 {
				out[n-1].End = r.End
			}
			continue
		}
		out = append(out, r)
	}
	return out
}

// The kinds of files that hold keys.
const (
	tableSuffix    = ".sst"
	manifestPrefix = "MANIFEST-"
)

// files lists the files of a kind in the store's directory.
func (s *Store) files(kind string) (map[string]bool, error) {
	names, err := s.fs.List(s.dir)
	if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, kind) || strings.HasPrefix(name, kind) {
			files[name] = true
		}
	}
	return files, nil
}

// purgeEvery is the interval at which Purge checks whether the engine has removed a
// file.
const purgeEvery = 20 * time.Millisecond

// waitRemoved waits until the tables that are no longer in use are removed.
func (s *Store) waitRemoved(ctx context.Context, before map[string]bool) error {
	for {
		levels, err := s.db.SSTables()
		if err != nil {
			return err
		}
		for _, tables := range levels {
			for _, t := range tables {
				delete(before, fmt.Sprintf("%s%s", t.BackingSSTNum, tableSuffix))
			}
		}
		now, err := s.files(tableSuffix)
		if err != nil {
			return err
		}
		maps.DeleteFunc(before, func(name string, _ bool) bool { return !now[name] })
		if len(before) == 0 {
			return nil
		}
		if err := pauseFor(ctx, purgeEvery); err != nil {
			return fmt.Errorf("%w: %d old files cannot be removed, because questions still read them", err, len(before))
		}
	}
}

// renewManifest waits until the engine has replaced its list of files, and the list
// before it: a list has the first and the last key of each file. The engine
// starts a new list after enough changes; so this makes some, by setting a key to
// its value.
func (s *Store) renewManifest(ctx context.Context) error {
	old, err := s.files(manifestPrefix)
	if err != nil {
		return err
	}
	for {
		now, err := s.files(manifestPrefix)
		if err != nil {
			return err
		}
		maps.DeleteFunc(old, func(name string, _ bool) bool { return !now[name] })
		if len(old) == 0 {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.writeVersion(); err != nil {
			return err
		}
		if err := s.flush(ctx); err != nil {
			return err
		}
	}
}

// writeVersion writes without changing anything.
func (s *Store) writeVersion() error {
	s.write.Lock()
	defer s.write.Unlock()
	return s.set([]byte{keyVersion}, binary.AppendUvarint(nil, Version))
}

func pauseFor(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// unpurged are the scopes that were deleted since the last Purge.
type unpurged struct {
	mu     sync.Mutex
	scopes []rollup.Scope
}

func (u *unpurged) add(scopes ...rollup.Scope) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.scopes = append(u.scopes, scopes...)
}

func (u *unpurged) take() []rollup.Scope {
	u.mu.Lock()
	defer u.mu.Unlock()
	scopes := u.scopes
	u.scopes = nil
	return scopes
}

// snapshots are the open snapshots: their data stays in the files.
type snapshots struct {
	mu   sync.Mutex
	open map[chan struct{}]bool // closed with the snapshot
}

// add makes wait wait until done is called.
func (s *snapshots) add() (done func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open == nil {
		s.open = map[chan struct{}]bool{}
	}
	closed := make(chan struct{})
	s.open[closed] = true
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.open, closed)
		close(closed)
	}
}

// wait waits for the snapshots that are open now.
func (s *snapshots) wait(ctx context.Context) error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, closed := range open {
		select {
		case <-closed:
		case <-ctx.Done():
			return fmt.Errorf("%w: counts from before the deletion are still being read", ctx.Err())
		}
	}
	return nil
}
