package datadir

import (
	"context"
	"errors"

	"github.com/footfall/footfall/internal/base/inorder"
	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/core/audit"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// Verdict is the result of a check.
type Verdict struct {
	audit.Summary
	// Remedies are the steps that repair the faults, in their order; empty if
	// nothing is wrong.
	Remedies []Remedy `json:"remedies"`
}

// Check proves that links and users are undamaged, and that the counts agree with
// each other and with the journal. It calls report with a sentence for each
// fault. The journal is not trimmed meanwhile.
func (d *Dir) Check(ctx context.Context, report func(string)) (v Verdict, err error) {
	var stopped error
	if err := d.Recorder.Settle(ctx); err != nil {
		if _, failed := d.Recorder.Counted(); failed == nil && !errors.Is(err, recorder.ErrStalled) {
			return v, err
		}
		stopped = err
		report(err.Error())
	}
	if err := d.trimMu.Acquire(ctx, 1); err != nil {
		return v, err
	}
	defer d.trimMu.Release(1)
	if v, err = check(ctx, d.DB, d.Counts, &d.Journal.Contents, 0, stopped, report); err != nil {
		return v, err
	}
	// Everything is counted, so the ids of all clicks are in the counts.
	err = d.progress.reportLinks(ctx, d.DB, d.Counts, nil, &v, report)
	return v, err
}

// CheckDamaged is Check of a directory that Open refuses with an error that
// IsDamaged. It fails with ErrOwned if a process has the directory open.
func CheckDamaged(ctx context.Context, o Options, report func(string)) (v Verdict, err error) {
	dd, err := openDamaged(ctx, o, false)
	if older := new(OlderLinksError); errors.As(err, &older) {
		report(older.Error())
		v.Remedies = []Remedy{ReplaceLinks}
		return v, nil
	}
	if err != nil {
		return v, err
	}
	defer func() { err = errors.Join(err, dd.close()) }()
	missing := len(dd.missing)
	for _, m := range dd.missing {
		report(m.Error())
	}
	if dd.diverged != nil {
		report(dd.diverged.Error())
		missing++
	}
	v, err = check(ctx, dd.db, dd.counts, dd.contents(), missing, nil, report)
	if dd.diverged != nil {
		v.Remedies = append([]Remedy{ReplaceJournal}, v.Remedies...)
	}
	if err == nil {
		err = dd.progress.reportLinks(ctx, dd.db, dd.counts, dd.contents(), &v, report)
	}
	return v, err
}

// check checks everything that is open. j is nil if there is no journal. missing is the
// number of journals that are missing, and stopped is the error that stopped counting, or nil. The
// caller has reported both.
func check(ctx context.Context, db LinksEngine, counts CountsEngine, j *journal.Contents, missing int, stopped error, report func(string)) (v Verdict, err error) {
	links, done := 0, func(err error) error { return err }
	_, shared := counts.(*sharedCounts)
	err = inorder.Run(ctx, audit.AtOnce(shared), inorder.Part{
		Do: func(ctx context.Context, report func(string)) error {
			meter.Begin(ctx, "links and users", meter.Bytes, 0)
			return db.Verify(ctx, report)
		},
		Report: func(finding string) { links++; report(finding) }, Done: done,
	}, inorder.Part{
		Do: func(ctx context.Context, report func(string)) (err error) {
			if shared {
				v.Summary, err = audit.CheckShared(ctx, counts, j, report)
			} else {
				v.Summary, err = audit.Check(ctx, counts, j, report)
			}
			return err
		},
		Report: report, Done: done,
	})
	if err != nil {
		return v, err
	}
	v.Wrong.Damage += missing
	wrong := v.Wrong
	if v.Shared != nil && wrong.Counts+wrong.Days+wrong.Journal > 0 {
		v.Remedies, wrong = []Remedy{RestoreShared}, audit.Wrong{Damage: wrong.Damage}
	}
	v.Remedies = append(v.Remedies, remedies(links, wrong)...)
	switch {
	case errors.Is(stopped, recorder.ErrStalled):
		v.Remedies = append([]Remedy{WaitForDisk}, v.Remedies...)
	case stopped != nil:
		if v.Wrong.Journal == 0 && v.Wrong.Damage == 0 && v.Wrong.Counts == 0 { // nothing shows that a restart is not enough
			v.Remedies = append([]Remedy{StartAgain}, v.Remedies...)
		}
		v.Wrong.Journal++
	}
	return v, err
}

// remedies returns the steps that repair the findings. links is the number of findings
// about links and users, and wrong has those about the other parts.
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

// reportLinks reports links and users that are older than the other parts, and
// puts the remedy first.
func (t *tracker) reportLinks(ctx context.Context, db LinksEngine, counts store.Progress, j *journal.Contents, v *Verdict, report func(string)) error {
	err := t.checkLinks(ctx, db, counts, j)
	older := new(OlderLinksError)
	if !errors.As(err, &older) {
		return err
	}
	report(older.Error())
	v.Remedies = append([]Remedy{ReplaceLinks}, v.Remedies...)
	return nil
}
