package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/footfall/footfall/internal/base/fsync"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// movedDir is where a move keeps the parts that a directory had itself.
const movedDir = "moved"

// moveState says how far a move has come. A directory with a state that is not empty is opened
// for a move alone.
type moveState string

const (
	movingOut moveState = "to cluster"   // data is copied from the directory
	movedOut  moveState = "in cluster"   // all is copied and proven; the old parts are put away
	movingIn  moveState = "from cluster" // data is copied into the directory
	notMoving moveState = ""
)

// Moved is the result of a move.
type Moved struct {
	Rows []MovedRow
	Kept string // the directory with the old parts; empty if there are none
}

// MovedRow is a number before a move and after it.
type MovedRow struct {
	What          string
	Before, After uint64
	// Same says that the numbers are the same, and the checksums of what is counted too.
	Same bool
}

// MoveToCluster moves the data of a directory into the shared engines of o, which must be
// empty, and makes the directory that of a server of the cluster. Its journal goes on. The old parts are
// kept in the directory moved.
//
// It can be killed at any time, and called again. From the first byte that it writes elsewhere until it is
// done, the directory cannot be opened otherwise: ErrMoving. It fails with ErrOwned, with
// sql.ErrNotEmpty, with ErrDisagrees if a check finds something before or after, which it reports, and
// with click.ErrUnavailable if an engine cannot be opened, or is away for about ten minutes.
func MoveToCluster(ctx context.Context, o Options, report func(string)) (m Moved, err error) {
	own := o
	own.Clicks, own.Links, own.moving = nil, nil, true
	record, err := readEngines(o.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		record = enginesRecord{Version: enginesVersion, Counts: o.Clicks.Engine, Links: o.Links.Engine}
		record.drawServer()
	case err != nil:
		return m, err
	case record.Moving == movedOut: // only that is left to do
		lock, err := lockDir(o.Path, false)
		if err != nil {
			return m, err
		}
		err = finishMove(o.Path, &record, &m)
		return m, errors.Join(err, lock.Close())
	case record.Moving != movingOut:
		return m, fmt.Errorf("%s: %w", o.Path, ErrInCluster)
	}
	d, err := Open(ctx, own)
	if err != nil {
		return m, err
	}
	lock := d.lock
	d.closers[0] = func(context.Context) error { return nil } // the directory stays locked until the end
	defer func() { err = errors.Join(err, lock.Close()) }()
	err = d.moveOut(ctx, o, &record, &m, report)
	if err = errors.Join(err, d.Close(context.WithoutCancel(ctx))); err == nil {
		err = finishMove(o.Path, &record, &m)
	}
	return m, err
}

// moveOut copies everything, and proves that it is the same.
func (d *Dir) moveOut(ctx context.Context, o Options, record *enginesRecord, m *Moved, report func(string)) error {
	if err := d.Recorder.Settle(ctx); err != nil {
		return err
	}
	if record.Moving == notMoving {
		v, err := d.Check(ctx, report)
		if err == nil && len(v.Remedies) > 0 {
			err = fmt.Errorf("nothing was moved: %w", ErrDisagrees)
		}
		if err == nil {
			err = d.Journal.Rotate() // the next click is in a segment after all that is moved
		}
		if err != nil {
			return err
		}
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
	defer func() { _ = counts.Close() }() // all is durable, or is copied again
	home := store.JournalID(d.Journal.ID())
	move := &countsMove{from: d.Counts, to: counts, home: home, moved: movedJournal(home), now: d.now, log: d.log}
	if err := d.beginMove(ctx, record, links, move); err != nil {
		return err
	}
	if err := sql.Copy(ctx, d.DB.Tables(), links.Tables()); err != nil {
		return err
	}
	if err := m.copy(ctx, move, d.DB, links); err != nil {
		return err
	}
	var findings []string
	err = move.waiting(ctx, func(ctx context.Context) error {
		findings = nil // of a check that did not end
		_, err := audit.CheckShared(ctx, counts, &d.Journal.Contents, func(finding string) { findings = append(findings, finding) })
		return err
	})
	if err != nil {
		return err
	}
	for _, finding := range findings {
		report(finding)
	}
	if len(findings) > 0 || !m.same() {
		return fmt.Errorf("the data were not moved: %w", ErrDisagrees)
	}
	if _, err := links.CountsEngine(ctx, record.Counts); err != nil { // no directory may have other counts
		return err
	}
	now, err := links.Links(ctx)
	if err != nil {
		return err
	}
	record.Moving, record.Deletions = movedOut, now.Version
	return record.write(d.path)
}

// beginMove checks that the shared engines are empty, or have what an earlier attempt
// copied there, and writes that the move has begun.
func (d *Dir) beginMove(ctx context.Context, record *enginesRecord, links SharedLinksStore, move *countsMove) error {
	copied, err := links.Tables().IsCopy(ctx, d.DB.Tables())
	if err != nil {
		return err
	}
	var journals []store.JournalID
	err = move.waiting(ctx, func(ctx context.Context) (err error) {
		journals, err = move.to.Journals(ctx)
		return err
	})
	if err != nil {
		return err
	}
	if record.Moving == notMoving && (copied || len(journals) > 0) {
		return ErrClusterNotEmpty
	}
	record.Installation = d.installation
	err = move.waiting(ctx, func(ctx context.Context) error {
		return checkCounts(ctx, d.path, record, move.to, d.installation)
	})
	if err != nil {
		return err
	}
	record.Moving = movingOut
	return record.write(d.path)
}

// finishMove puts the parts that were copied away, and makes the directory that of a server of the
// cluster. It may be called again after it was interrupted.
func finishMove(dir string, record *enginesRecord, m *Moved) error {
	m.Kept = filepath.Join(dir, movedDir)
	if err := os.MkdirAll(m.Kept, 0o700); err != nil {
		return err
	}
	for _, name := range []string{clicksDir, checkpointDir, databaseFile, databaseFile + "-wal", databaseFile + "-shm"} {
		err := os.Rename(filepath.Join(dir, name), filepath.Join(m.Kept, name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put the moved data away: %w", err)
		}
	}
	if err := errors.Join(fsync.Path(m.Kept), fsync.Path(dir)); err != nil {
		return err
	}
	record.Moving = notMoving
	return record.write(dir)
}

// CancelMove makes a directory usable again whose move into a cluster, or out of one, was
// interrupted. It fails with ErrNotMoving, and with ErrMoving if the data are moved and only the old parts must be
// put away. What was copied into other places stays there.
func CancelMove(dir string) (err error) {
	lock, err := lockDir(dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	record, err := readEngines(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && record.Moving == notMoving:
		return fmt.Errorf("%s: %w", dir, ErrNotMoving)
	case err != nil:
		return err
	case record.Moving != movingOut:
		return &MovingError{dir, record.Moving}
	}
	return errors.Join(os.Remove(filepath.Join(dir, enginesFile)), fsync.Path(dir))
}

// copy copies counts, and adds rows about them and about links and users, which were copied before.
func (m *Moved) copy(ctx context.Context, counts *countsMove, from, to LinksStore) error {
	if err := counts.run(ctx); err != nil {
		return unopened(PartCounts, err)
	}
	if err := m.addLinks(ctx, from, to); err != nil {
		return err
	}
	return counts.waiting(ctx, func(ctx context.Context) error { return m.addCounts(ctx, counts.from, counts.to) })
}

// addLinks adds rows about links and users.
func (m *Moved) addLinks(ctx context.Context, from, to LinksStore) error {
	before, err := from.Tables().Sums(ctx)
	if err != nil {
		return err
	}
	after, err := to.Tables().Sums(ctx)
	for i := range after {
		m.Rows = append(m.Rows, MovedRow{before[i].Table, before[i].Rows, after[i].Rows, before[i] == after[i]})
	}
	return err
}

// countsProof is what a move compares of counts.
type countsProof interface {
	store.Progress
	store.Proof
}

// addCounts adds rows about the counts. Those of the clicks compare all ledgers, too.
func (m *Moved) addCounts(ctx context.Context, from, to countsProof) error {
	type state struct {
		ledger         rollup.Ledger
		marks, deleted uint64
	}
	var states [2]state
	for i, counts := range []countsProof{from, to} {
		s := &states[i]
		deleted, err := counts.Deleted(ctx)
		if err == nil {
			s.deleted = uint64(len(deleted))
			s.ledger, err = counts.Ledger(ctx)
		}
		if err == nil {
			err = counts.EachMark(ctx, func(store.Mark) error { s.marks++; return nil })
		}
		if err != nil {
			return err
		}
	}
	before, after := &states[0], &states[1]
	m.Rows = append(m.Rows,
		MovedRow{"deleted users and links", before.deleted, after.deleted, before.deleted == after.deleted},
		MovedRow{"marks of imports", before.marks, after.marks, before.marks == after.marks},
		MovedRow{"clicks", before.ledger.Total(), after.ledger.Total(), before.ledger == after.ledger})
	return nil
}

// same reports whether everything is the same before and after.
func (m *Moved) same() bool {
	for _, r := range m.Rows {
		if !r.Same {
			return false
		}
	}
	return true
}
