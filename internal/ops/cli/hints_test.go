package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestHints: each error ends with what to do about it, also as one of several, and
// a command ends with the status of its kind.
func TestHints(t *testing.T) {
	damaged := fmt.Errorf("open: %w", &store.CorruptError{File: "000004.sst", Err: errors.New("bad")})
	system := func(err error) error {
		return &datadir.PartError{Part: datadir.PartCounts, Err: &fs.PathError{Op: "open", Path: "x", Err: err}}
	}
	for _, c := range []struct {
		err    error
		hint   string
		status int
	}{
		{errors.New("other"), "other", exitFailed},
		{&datadir.PartError{Part: datadir.PartCounts, Err: damaged}, ": run footfall rebuild, which counts the journal again", exitDamaged},
		{&datadir.PartError{Part: datadir.PartLinks, Err: damaged}, ": restore a backup", exitDamaged},
		{&datadir.PartError{Part: datadir.PartJournal, Err: &journal.CorruptError{File: "0.sealed"}}, "repairs it if no click is lost by that", exitDamaged},
		{&datadir.PartError{Part: datadir.PartJournal, Err: &datadir.DivergedJournalError{}}, "footfall rebuild --lossy to continue with this one", exitDamaged},
		{&datadir.PartError{Part: datadir.PartLinks, Err: store.ErrVersion}, ": run that version, or restore a backup", exitFailed},
		{system(syscall.ENOSPC), ": make room, and start again", exitFailed},
		{system(syscall.EMFILE), ": let the process open more files (LimitNOFILE, ulimit -n)", exitFailed},
		{system(syscall.EACCES), " with chown -R", exitFailed},
		{system(syscall.EIO), ": the disk fails: read what the log of the system says about it, and start again", exitFailed},
		{&datadir.PartError{Part: datadir.PartLinks, Err: fmt.Errorf("%w: %w", click.ErrUnavailable, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})},
			": look at the network and at PostgreSQL, and start again", exitFailed},
		{&datadir.PartError{Part: datadir.PartCounts, Err: &datadir.EngineError{Part: datadir.PartCounts, Was: "clickhouse", Now: datadir.Embedded}},
			": give serve --clicks as at its last start, and other commands the variable FOOTFALL_CLICKS", exitFailed},
		{&datadir.PartError{Part: datadir.PartLinks, Err: &datadir.EngineError{Part: datadir.PartLinks, Was: datadir.Embedded, Now: "postgresql"}},
			": leave out --links to use the data that are there, or name a new directory with --data; footfall move to-cluster moves all data into an empty cluster", exitFailed},
		{&datadir.OlderLinksError{Shared: true}, ": bring back the server of PostgreSQL that has them; or run footfall check --repair --give-up-links to continue without them", exitDamaged},
		{&datadir.OpenError{Err: syscall.ENOTDIR}, ": name another directory with --data", exitDir},
		{fmt.Errorf("%w /data", datadir.ErrOwned), ": stop it, or name another directory with --data", exitDir},
		{&datadir.OwnerError{Dir: "/data", Owner: 12345, User: 7}, "sudo -u '#12345' footfall …, or give the directory to user 7 with chown -R", exitDir},
		{&datadir.OwnerError{Dir: "/data", Owner: 12345}, "sudo -u '#12345' footfall …", exitDir},
		{&datadir.UntrustedError{Dir: "/data", Owner: 12345}, "sudo -u '#12345' footfall …", exitDir},
		{&datadir.GiveUpError{Part: datadir.PartJournal, Err: errors.New("x")}, "--repair --give-up-damaged", exitDamaged},
		{&datadir.NoBaseError{Losing: true}, "accept the loss with --lossy", exitDamaged},
		{&control.UnknownUserError{Login: "an n", Near: "ann"}, `: did you mean "ann"? footfall user list lists all users`, exitUnknown},
		{&control.ExistsError{Login: "ann"}, ": footfall user token ann prints another token", exitExists},
		{fmt.Errorf("the token: %w", click.ErrNotFound), click.ErrNotFound.Error(), exitUnknown},
		{&geo.DatabaseError{Err: fs.ErrNotExist}, "or none to use the built-in one", exitFailed},
		{&geo.DatabaseError{Err: geo.ErrCompressed}, ": unpack it with gunzip first", exitFailed},
		{fmt.Errorf("\"a b\" %w", geo.ErrHeader), ": give one header, such as X-Real-IP", exitFailed},
		{fmt.Errorf("0.0.0.0/0 %w", geo.ErrTooLarge), ": name the proxies' own addresses, or their networks", exitFailed},
		{fmt.Errorf("%w in line 1 or before", feed.ErrGzipDamaged), ": get a good copy", exitFailed},
		{control.ErrStopping, ": run the command again", exitAgain},
		{usage("--x is given twice"), "--x is given twice", exitUsage},
	} {
		for _, err := range []error{c.err, errors.Join(errors.New("first"), c.err)} {
			if got := sentence(err, nil); !strings.HasSuffix(got, c.hint) || !strings.Contains(got, c.err.Error()) {
				t.Errorf("the error %v is printed as %q, want it to end with %q", err, got, c.hint)
			}
			if got := status(err); got != c.status {
				t.Errorf("after the error %v the exit status is %d, want %d", err, got, c.status)
			}
		}
	}
}

// TestEachRemedyHasWords: each remedy that a check may name has a hint.
func TestEachRemedyHasWords(t *testing.T) {
	for _, r := range []datadir.Remedy{
		datadir.WaitForDisk, datadir.StartAgain, datadir.RestoreLinks, datadir.ReplaceLinks, datadir.ReplaceJournal,
		datadir.RebuildCounts, datadir.RepairDays, datadir.RepairJournal, datadir.RebuildFromOld,
	} {
		if remedies[r] == "" {
			t.Errorf("remedies has no hint for %s", r)
		}
	}
}
