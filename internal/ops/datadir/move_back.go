package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// MoveFromCluster makes a new directory that has all data itself from the shared engines of o, which
// it only reads. All servers of the cluster must have stopped, after they counted their journals:
// ErrChanged if something is counted meanwhile.
//
// It can be killed at any time. Called again, it starts again. Until it is done, the directory
// cannot be opened otherwise: MovingError. It fails with ErrNotNew if the directory has other data, with
// ErrOwned, with ErrDisagrees if a check finds something, which it reports, and with
// click.ErrUnavailable if an engine cannot be opened, or is away for about ten minutes.
func MoveFromCluster(ctx context.Context, o Options, report func(string)) (m Moved, err error) {
	lock, err := lockDir(o.Path, true)
	if err != nil {
		return m, err
	}
	err = moveIn(ctx, o, &m, report)
	if err = errors.Join(err, lock.Close()); err != nil {
		return m, err
	}
	own := o
	own.Clicks, own.Links, own.moving = nil, nil, true
	d, err := Open(ctx, own)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, d.Close(context.WithoutCancel(ctx))) }()
	v, err := d.Check(ctx, report)
	if err == nil && len(v.Remedies) > 0 {
		err = fmt.Errorf("the data were not moved: %w", ErrDisagrees)
	}
	if err == nil {
		err = d.checkpoint(ctx) // the journal alone cannot rebuild the counts
	}
	if err == nil {
		err = os.Remove(filepath.Join(o.Path, enginesFile))
	}
	if err == nil {
		err = fsync.Path(o.Path)
	}
	return m, err
}

// moveIn makes the parts of a directory, which is locked.
func moveIn(ctx context.Context, o Options, m *Moved, report func(string)) (err error) {
	if err := emptyForMove(o.Path); err != nil {
		return err
	}
	record := enginesRecord{Version: enginesVersion, Counts: Embedded, Links: Embedded, Moving: movingIn}
	record.drawServer()
	if err := record.write(o.Path); err != nil {
		return err
	}
	links, err := o.Links.Open(ctx)
	if err != nil {
		return unopened(PartLinks, err)
	}
	defer links.Close()
	counts, err := o.Clicks.Open(ctx, record.Server.String())
	if err != nil {
		return unopened(PartCounts, err)
	}
	defer func() { _ = counts.Close() }() // nothing was added
	installation, err := installationOf(ctx, links)
	if err != nil {
		return err
	}
	cluster := enginesRecord{Counts: o.Clicks.Engine, Links: o.Links.Engine}
	move := &countsMove{from: counts, now: o.Now, log: o.Log}
	err = move.waiting(ctx, func(ctx context.Context) error {
		return checkCounts(ctx, o.Path, &cluster, counts, installation)
	})
	if err != nil {
		return err
	}
	before, err := move.state(ctx)
	if err != nil {
		return err
	}
	db, err := sql.Open(ctx, filepath.Join(o.Path, databaseFile))
	if err != nil {
		return unopened(PartLinks, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := sql.Copy(ctx, links.Tables(), db.Tables()); err != nil {
		return err
	}
	own, err := pebble.Open(pebble.Options{Dir: filepath.Join(o.Path, clicksDir), Logger: o.Log})
	if err != nil {
		return unopened(PartCounts, err)
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	if _, err := own.Installation(ctx, installation); err != nil {
		return err
	}
	home, err := newJournal(ctx, o, own)
	if err != nil {
		return err
	}
	move.to, move.home, move.moved = own, home, movedJournal(home)
	if err := m.copy(ctx, move, links, db); err != nil {
		return err
	}
	after, err := move.state(ctx)
	switch {
	case err != nil:
		return err
	case !after.equal(before):
		return ErrChanged
	case !m.same():
		return fmt.Errorf("the data were not moved: %w", ErrDisagrees)
	}
	return nil
}

// emptyForMove removes what an earlier attempt left. It fails with ErrNotNew if the directory has
// anything else.
func emptyForMove(dir string) error {
	record, err := readEngines(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, n := range names {
		switch name := n.Name(); {
		case name == lockFile, name == "lost+found", name == enginesFile && record.Moving == movingIn:
		case record.Moving != movingIn:
			return fmt.Errorf("%s: %w", dir, ErrNotNew)
		default:
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// newJournal makes the journal, and makes it known to the counts.
func newJournal(ctx context.Context, o Options, counts store.Counting) (id store.JournalID, err error) {
	j, err := journal.Open(journal.Options{Dir: filepath.Join(o.Path, journalDir), Logger: o.Log})
	if err != nil {
		return id, unopened(PartJournal, err)
	}
	id = j.ID()
	return id, errors.Join(counts.AddBatch(ctx, &store.Batch{Journal: id}), j.Close())
}

// countsState is how far counting has come, and what the counts are.
type countsState struct {
	ledger    rollup.Ledger
	journals  []store.JournalID
	positions []uint64
}

// state returns the state of the counts that are copied.
func (m *countsMove) state(ctx context.Context) (s countsState, err error) {
	err = m.waiting(ctx, func(ctx context.Context) (err error) {
		s, err = stateOf(ctx, m.from)
		return err
	})
	return s, err
}

func stateOf(ctx context.Context, counts countsProof) (s countsState, err error) {
	if s.ledger, err = counts.Ledger(ctx); err != nil {
		return s, err
	}
	s.journals, err = counts.Journals(ctx)
	for _, id := range s.journals {
		if err == nil {
			var pos store.Position
			pos, _, err = counts.Position(ctx, id)
			s.positions = append(s.positions, pos.Counted)
		}
	}
	return s, err
}

func (s *countsState) equal(o countsState) bool {
	return s.ledger == o.ledger && slices.Equal(s.journals, o.journals) && slices.Equal(s.positions, o.positions)
}
