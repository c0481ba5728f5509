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

// Purge has nothing left in the store's files of what Delete removed since the
// last Purge; with everything, of all that it ever removed. The engine keeps what
// is deleted until it happens to write the files anew that it is in: Purge
// writes these anew, and waits until the old ones are gone. Counting and
// questions go on meanwhile. Snapshots from before the deletion are waited for.
func (s *Store) Purge(ctx context.Context, everything bool) error {
	if err := s.uses.begin(); err != nil {
		return failed("purge", err)
	}
	defer s.uses.end()
	if err := s.purge(ctx, everything); err != nil {
		return failed("purge", err)
	}
	return nil
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
		if all, err = s.Deleted(ctx); err != nil {
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
	if err = s.goneFrom(ctx, before); err != nil {
		return err
	}
	err = s.renewManifest(ctx)
	return err
}

// maxPurgeRanges bounds how often a file is written anew, where many are deleted
// at once.
const maxPurgeRanges = 64

// purgeRanges is where what was deleted lies. A link's clicks are in the counts
// of its user too. Minutes are few.
func purgeRanges(scopes []rollup.Scope) (ranges []pebble.KeyRange) {
	own := map[rollup.Scope]bool{} // of one scope alone, or of a user with his links
	for _, s := range scopes {
		own[s] = s.Link == click.AllLinks
	}
	for _, s := range scopes {
		if of := (rollup.Scope{User: s.User}); s.Link != click.AllLinks && s.User != click.Nobody && !own[of] {
			own[of] = false
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

// joined has one range, from the first to the last, of those in order whose first
// so many bytes are the same.
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

// purgeEvery is how often Purge looks whether the engine has removed a file.
const purgeEvery = 20 * time.Millisecond

// goneFrom waits until those of the tables are gone that are in use no more.
func (s *Store) goneFrom(ctx context.Context, before map[string]bool) error {
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
			return fmt.Errorf("%w: %d old files are in use still", err, len(before))
		}
	}
}

// renewManifest waits until the engine's list of its files, which names the
// first and the last key of each, and the list before it are new ones. The
// engine begins a new one by itself after enough changes, and here are some: a
// key is set to what it is.
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

// writeVersion changes nothing that is counted.
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

// unpurged are the scopes that were deleted and whose files were not written
// anew yet.
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

// snapshots are those that are open: what they show stays in the files.
type snapshots struct {
	mu   sync.Mutex
	open map[chan struct{}]bool // closed with the snapshot
}

// add has wait wait until done is called.
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

// wait waits for those that are open now.
func (s *snapshots) wait(ctx context.Context) error {
	s.mu.Lock()
	open := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, closed := range open {
		select {
		case <-closed:
		case <-ctx.Done():
			return fmt.Errorf("%w: somebody reads counts from before the deletion still", ctx.Err())
		}
	}
	return nil
}
