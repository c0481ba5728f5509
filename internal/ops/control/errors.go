package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"syscall"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/recorder"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
	"github.com/footfall/footfall/internal/storage/journal"
)

var (
	// ErrCutOff says that the owner ended before it answered.
	ErrCutOff = errors.New("the footfall process that owns the data directory ended without an answer")
	// ErrStopping says that the owner is stopping, and has not answered.
	ErrStopping = errors.New("the footfall process that owns the data directory is stopping")
	// ErrOtherVersion says that the owner does not have the command.
	ErrOtherVersion = errors.New("the footfall process that owns the data directory is of another version, which does not have this command")
	// ErrNotServing says that the owner answers no visitors: it is a command, or a
	// server that starts or stops.
	ErrNotServing = errors.New("a footfall process owns the data directory and answers no visitors: it is a command, or a server that starts or stops")
	// ErrTimezone says that a time zone is neither a name nor hours.
	ErrTimezone = errors.New("not a time zone")
	// ErrInstant says that a text is not an instant.
	ErrInstant = errors.New("not a time")
)

// UnknownUserError says that a login is not in use. It is click.ErrNotFound.
type UnknownUserError struct {
	Login string
	Near  string // a login that is in use and looks alike, or empty
	Valid bool   // the login may be given to a user
}

func (e *UnknownUserError) Error() string { return fmt.Sprintf("there is no user %q", e.Login) }

// Is makes every UnknownUserError a click.ErrNotFound.
func (e *UnknownUserError) Is(target error) bool { return target == click.ErrNotFound }

// UnknownLinkError says that a link does not exist. It is click.ErrNotFound.
type UnknownLinkError struct{ Link string } // as it was written

func (e *UnknownLinkError) Error() string { return fmt.Sprintf("there is no link %q", e.Link) }

// Is makes every UnknownLinkError a click.ErrNotFound.
func (e *UnknownLinkError) Is(target error) bool { return target == click.ErrNotFound }

// ExistsError says that a login is in use. It is click.ErrExists.
type ExistsError struct{ Login string }

func (e *ExistsError) Error() string { return fmt.Sprintf("the login %q %v", e.Login, click.ErrExists) }

// Is makes every ExistsError a click.ErrExists.
func (e *ExistsError) Is(target error) bool { return target == click.ErrExists }

// code is the name of a kind of error on the socket.
type code struct {
	name string
	// detail returns the part of an error of this kind that is sent over the socket; false
	// for an error of another kind.
	detail func(error) (any, bool)
	// restore makes the error of its detail.
	restore func(json.RawMessage) (error, error)
}

// codes are the kinds of errors that the command line distinguishes. The first
// that fits is taken.
var codes = []code{
	typed[*UnknownUserError]("unknown_user"),
	typed[*UnknownLinkError]("unknown_link"),
	typed[*ExistsError]("exists"),
	typed[*links.TakenError]("name_taken"),
	sentinel("name", links.ErrName),
	sentinel("not_found", click.ErrNotFound),
	sentinel("timezone", ErrTimezone),
	sentinel("instant", ErrInstant),
	sentinel("no_version", links.ErrNoVersion),
	sentinel("tag", links.ErrTag),
	sentinel("not_serving", ErrNotServing),
	sentinel("counting_stalled", recorder.ErrStalled),
	sentinel("importing", recorder.ErrImporting),
	typed[*feed.PackedError]("packed"),
	typed[*feed.ColumnsError]("csv_columns"),
	sentinel("gzip_cut", feed.ErrGzipCut),
	sentinel("gzip_damaged", feed.ErrGzipDamaged),
	typed[*backup.PlaceError]("backup_place"),
	sentinel("backup_mixed", backup.ErrMixed),
	sentinel("backup_version", backup.ErrVersion),
	sentinel("backup_write", backup.ErrWrite),
	sentinel("damaged_journal", journal.ErrCorrupt),
	sentinel("not_separate", datadir.ErrNotSeparate),
	sentinel("disk_full", syscall.ENOSPC),
	sentinel("disk_quota", syscall.EDQUOT),
	sentinel("permission", syscall.EACCES),
}

// sentinel returns the code of errors that wrap a target.
func sentinel(name string, target error) code {
	return code{
		name,
		func(err error) (any, bool) { return nil, errors.Is(err, target) },
		func(json.RawMessage) (error, error) { return target, nil },
	}
}

// typed returns the code of errors of a type, which are sent with all their fields.
func typed[T error](name string) code {
	return code{
		name,
		func(err error) (any, bool) {
			var as T
			ok := errors.As(err, &as)
			return as, ok
		},
		func(detail json.RawMessage) (error, error) {
			var as T
			err := json.Unmarshal(detail, &as)
			return as, err
		},
	}
}

// remote is an error as it is sent over the socket.
type remote struct {
	Message string          `json:"message"`
	Code    string          `json:"code,omitempty"` // empty for an error of no kind
	Detail  json.RawMessage `json:"detail,omitempty"`
}

// remoteOf returns an error as it is sent; nil for nil.
func remoteOf(err error) *remote {
	if err == nil {
		return nil
	}
	r := &remote{Message: plain.Error(err)}
	for _, c := range codes {
		detail, ok := c.detail(err)
		if !ok {
			continue
		}
		r.Code = c.name
		if detail != nil {
			r.Detail, _ = json.Marshal(detail) // structs of strings and numbers
		}
		break
	}
	return r
}

// ownerError is an error of the owner, in its words.
type ownerError struct {
	message string
	kind    error // found by errors.Is and errors.As
}

func (e *ownerError) Error() string { return e.message }
func (e *ownerError) Unwrap() error { return e.kind }

// error returns the error for the command; nil of nil.
func (r *remote) error() error {
	if r == nil {
		return nil
	}
	e := &ownerError{message: r.Message}
	for _, c := range codes {
		if c.name == r.Code {
			if kind, err := c.restore(r.Detail); err == nil {
				e.kind = kind
			}
		}
	}
	return e
}
