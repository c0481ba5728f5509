package datadir

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/sql"
)

// Verdict is what a check found.
type Verdict struct {
	audit.Summary
	// Remedies make right what is wrong, in their order; none if nothing is.
	Remedies []Remedy `json:"remedies"`
}

// Check proves that links and users are whole, and that the counts agree with
// each other and with the journal, of which no segment goes meanwhile.
func (d *Dir) Check(ctx context.Context, report func(string)) (v Verdict, err error) {
	var stopped error
	if err := d.Recorder.Settle(ctx); err != nil {
		if _, failed := d.Recorder.Counted(); failed == nil && !errors.Is(err, recorder.ErrStalled) {
			return v, err
		}
		stopped = err
		report(err.Error())
	}
	if err := d.trimMu.lock(ctx); err != nil {
		return v, err
	}
	defer d.trimMu.unlock()
	if v, err = check(ctx, d.Links, d.Counts, &d.Journal.Contents, 0, stopped, report); err != nil {
		return v, err
	}
	// Once all is counted, every id that clicks are of must have been given out.
	err = d.progress.reportLinks(ctx, d.Links, d.Counts, nil, &v, report)
	return v, err
}

// check is Check, where so many journals are missing and were reported. Counting
// has stopped for a reason that was reported too, or has not, which is nil. j is
// nil where there is no journal.
func check(ctx context.Context, db *sql.DB, clicks *pebble.Store, j *journal.Contents, lost int, stopped error, report func(string)) (v Verdict, err error) {
	links := 0
	meter.Begin(ctx, "links and users", meter.Bytes, 0)
	err = db.Verify(ctx, func(finding string) {
		links++
		report(finding)
	})
	if err != nil {
		return v, err
	}
	v.Summary, err = audit.Check(ctx, clicks, j, report)
	v.Wrong.Damage += lost
	v.Remedies = remedies(links, v.Wrong)
	switch {
	case errors.Is(stopped, recorder.ErrStalled):
		v.Remedies = append([]Remedy{WaitForDisk}, v.Remedies...)
	case stopped != nil:
		if v.Wrong.Journal == 0 && v.Wrong.Damage == 0 && v.Wrong.Counts == 0 { // a restart is enough, if anything is
			v.Remedies = append([]Remedy{StartAgain}, v.Remedies...)
		}
		v.Wrong.Journal++
	}
	return v, err
}

// remedies make right what is wrong of links and users, and of the rest.
func remedies(links int, wrong audit.Wrong) (all []Remedy) {
	if links > 0 {
		all = append(all, RestoreLinks)
	}
	switch {
	case wrong.Counts > 0:
		all = append(all, RebuildCounts)
	case wrong.Days > 0:
		all = append(all, RepairDays)
	}
	switch {
	case wrong.Damage > 0:
		all = append(all, RepairJournal)
	case wrong.Journal > 0 && wrong.Counts == 0:
		all = append(all, RebuildFromOld)
	}
	return all
}

// Repair makes the sums of days anew where they are wrong and the counts that
// they sum are right, and keeps counts to rebuild from where the journal has
// holes.
func (d *Dir) Repair(ctx context.Context, report func(string)) error {
	if err := d.Recorder.Settle(ctx); err != nil {
		return err
	}
	wrong, err := audit.CheckCounts(ctx, d.Counts)
	if err != nil {
		return err
	}
	if wrong > 0 {
		report("the counts themselves disagree, so the sums of days cannot be made of them")
		return nil
	}
	months, err := d.Counts.Repair(ctx)
	if err != nil {
		return err
	}
	if months > 0 {
		report(fmt.Sprintf("made the sums of days of %d months anew", months))
	}
	return d.keepForRebuild(ctx, report)
}
