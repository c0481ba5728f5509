// Package envelope has the common parts of the answers of api/v3 and oauth: the
// status that the body repeats, the errors that lead to it, and the log of the
// errors that are not the client's.
//
// It has no methods and no formats.
package envelope

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/lograte"
)

// Status is the status_code and the status_txt of an answer. As an error it is the
// answer to a request that is refused.
type Status struct {
	Code int
	Text string
}

func (s Status) Error() string { return s.Text }

// The statuses that api/v3 and oauth share. docs/api.md lists all statuses.
var (
	InvalidRequest   = Status{400, "INVALID_REQUEST"}
	NotFound         = Status{404, "NOT_FOUND"}
	MethodNotAllowed = Status{405, "METHOD_NOT_ALLOWED"}
	TooLarge         = Status{413, "REQUEST_TOO_LARGE"}
	Unknown          = Status{500, "UNKNOWN_ERROR"}
	Unavailable      = Status{503, "TEMPORARILY_UNAVAILABLE"}
)

// StatusOf is the status of an error: the Status in it, Unavailable if the store
// did not answer or time ran out, else Unknown.
func StatusOf(err error) Status {
	var s Status
	switch {
	case errors.As(err, &s):
		return s
	case errors.Is(err, click.ErrUnavailable), errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return Unavailable
	}
	return Unknown
}

// Panicked is the error for a recovered panic, with the stack.
func Panicked(p any) error { return fmt.Errorf("a handler panicked: %v\n%s", p, debug.Stack()) }

// Fault is an error that is not the client's.
type Fault struct {
	RequestID string // sent to the client, too
	Path      string
	Err       error
}

// Faults logs errors that are not the client's, at most one line a second for
// Unknown and one for Unavailable.
type Faults struct{ unknown, unavailable *lograte.Line[Fault] }

// NewFaults returns Faults that must be closed. write logs the number of faults since the
// last line, and the last fault.
func NewFaults(write func(faults uint64, last Fault)) *Faults {
	return &Faults{lograte.New(time.Second, write), lograte.New(time.Second, write)}
}

// Note logs the error that leads to s, if that is Unknown or Unavailable, and sends
// its id in X-Request-Id. A request that its client has given up is no fault.
func (f *Faults) Note(w http.ResponseWriter, r *http.Request, s Status, err error) {
	if s != Unknown && s != Unavailable || errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return
	}
	id := rand.Text()
	w.Header().Set("X-Request-Id", id)
	line := f.unknown
	if s == Unavailable {
		line = f.unavailable
	}
	line.Note(Fault{id, r.URL.Path, err})
}

// Close logs the faults that are not logged yet.
func (f *Faults) Close() {
	f.unknown.Close()
	f.unavailable.Close()
}

// Write sends an answer.
func Write(w http.ResponseWriter, code int, contentType string, body []byte) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // if it fails, the client is gone
}
