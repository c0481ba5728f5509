package datadir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/progress"
)

// Adopted says what Adopt found.
type Adopted struct {
	// Journal is the id of the journal, and Bytes its size.
	Journal progress.ID
	Bytes   uint64
	recorder.ForeignResult
}

// Adopt counts the journal of a server that is gone for good, in the counts that it shared with
// others. o.Path is a directory with what is left of its data, which Adopt locks and only reads. What
// that server counted does not count twice, and Adopt may be called again. Each engine must be the
// one that the server used, of the same installation.
//
// It fails with ErrInUse if a process has the directory open, with ErrNotShared if the counts are in
// the directory, with ErrOtherInstallation, and with errors that IsDamaged if the journal lacks
// clicks that were acknowledged. Then those before a damaged record are counted.
func Adopt(ctx context.Context, o Options) (a Adopted, err error) {
	r, err := readEngines(o.Path)
	if err == nil && r.Counts == Embedded || errors.Is(err, fs.ErrNotExist) && exists(linksFile(o.Path)) {
		return a, fmt.Errorf("%s: %w", o.Path, ErrNotShared)
	}
	dd, err := openDamaged(ctx, o, false)
	if errors.Is(err, ErrOwned) {
		err = fmt.Errorf("%s: %w", o.Path, ErrInUse)
	}
	if err != nil {
		return a, err
	}
	defer func() { err = errors.Join(err, dd.close()) }()
	installation, err := installationOf(ctx, dd.db)
	if err == nil {
		err = dd.engines.checkInstallation(o.Path, installation)
	}
	if err == nil {
		err = checkCounts(ctx, o.Path, &dd.engines, dd.counts, installation)
	}
	switch {
	case err != nil:
		return a, err
	case dd.journal == nil:
		return a, fmt.Errorf("%w in %s: it has no journal", ErrNoData, o.Path)
	case dd.diverged != nil:
		return a, unopened(PartJournal, dd.diverged)
	}
	j := dd.contents()
	a.Journal, a.Bytes = j.ID(), j.End()-j.First()
	meter.Begin(ctx, "clicks of the journal", meter.Bytes, int64(a.Bytes))
	a.ForeignResult, err = recorder.Replay{
		Journal: j, Counts: dd.counts, Shared: journalCounts(dd.counts), Known: dd.engines.Installation == progress.ID(installation), Now: o.Now, Log: o.Log,
	}.Foreign(ctx)
	if err == nil && len(dd.missing) > 0 {
		err = dd.missing[0]
	}
	if tail, ok := j.LostTail(); ok && err == nil {
		err = tail.Err
	}
	return a, unopened(PartJournal, err)
}
