package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/storage/journal"
	"github.com/footfall/footfall/internal/storage/store"
)

// The exit statuses. The help and docs/operations.md list them.
const (
	exitDone    = 0
	exitFailed  = 1 // none of the others
	exitUsage   = 2 // the command line is wrong
	exitUnknown = 3 // the user, the link or the token that it names is not there
	exitExists  = 4 // what it makes is there already
	exitDir     = 5 // the data directory is another process's or user's, or holds nothing
	exitDamaged = 6 // the check found something, or a part cannot be opened because it is damaged or missing
	exitAgain   = 7 // interrupted, or the process that owns the directory went away: run the command again
)

// statusHelp is the part of --help about the exit statuses.
const statusHelp = "Exit status: 0 done; 1 failed; 2 the command line is wrong; 3 the user, link or token is not there; 4 it exists already; " +
	"5 the data directory cannot be used; 6 something is damaged or does not agree; 7 interrupted: run it again."

// statuses are the exit statuses of errors; the first that fits is taken.
var statuses = []struct {
	is     func(error) bool
	status int
}{
	{is(errUnhealthy), exitFailed}, // health checks of containers know 0 and 1
	{is(errUsage), exitUsage},
	{is(errDisagrees), exitDamaged},
	{is(datadir.ErrDisagrees), exitDamaged},
	{func(err error) bool {
		return errors.As(err, new(*store.CorruptError)) || errors.Is(err, journal.ErrCorrupt) || errors.As(err, new(*datadir.GiveUpError)) ||
			errors.As(err, new(*datadir.OlderLinksError)) || errors.As(err, new(*datadir.MissingLinksError)) || errors.As(err, new(*datadir.NoBaseError))
	}, exitDamaged},
	{is(click.ErrNotFound), exitUnknown},
	{is(click.ErrExists), exitExists},
	{func(err error) bool {
		return errors.Is(err, datadir.ErrOwned) || errors.Is(err, datadir.ErrNoData) || errors.Is(err, datadir.ErrForeign) || errors.Is(err, datadir.ErrFile) ||
			errors.Is(err, datadir.ErrUntrusted) || errors.Is(err, datadir.ErrInUse) || errors.Is(err, datadir.ErrInCluster) || errors.Is(err, datadir.ErrNotNew) || errors.As(err, new(*datadir.MovingError)) || errors.Is(err, datadir.ErrNotShared) || errors.Is(err, datadir.ErrOtherInstallation) || errors.Is(err, server.ErrNoServer) || errors.As(err, new(*datadir.OwnerError)) || errors.As(err, new(*datadir.OpenError))
	}, exitDir},
	{func(err error) bool {
		return errors.Is(err, control.ErrCutOff) || errors.Is(err, control.ErrStopping) || errors.Is(err, context.Canceled)
	}, exitAgain},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// status returns the exit status of a command that ended with an error.
func status(err error) int {
	for _, s := range statuses {
		if s.is(err) {
			return s.status
		}
	}
	return exitFailed
}

var (
	errUsage     = errors.New("the command line is wrong")
	errUnhealthy = errors.New("no server answers visitors")
	errDisagrees = errors.New("something does not agree")
)

// kindError adds a kind to an error, by which errors.Is finds it.
type kindError struct {
	error
	kind error
}

func (e kindError) Unwrap() error        { return e.error }
func (e kindError) Is(target error) bool { return target == e.kind }

// usage returns an error about the command line.
func usage(format string, args ...any) error {
	return kindError{fmt.Errorf(format, args...), errUsage}
}
