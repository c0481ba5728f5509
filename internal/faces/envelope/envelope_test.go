package envelope_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/envelope"
)

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		want envelope.Status
	}{
		{fmt.Errorf("find: %w", envelope.NotFound), envelope.NotFound},
		{errors.Join(errors.New("close"), envelope.TooLarge), envelope.TooLarge},
		{fmt.Errorf("query: %w", click.ErrUnavailable), envelope.Unavailable},
		{fmt.Errorf("query: %w", context.DeadlineExceeded), envelope.Unavailable},
		{context.Canceled, envelope.Unavailable},
		{envelope.Panicked("a bug"), envelope.Unknown},
		{errors.New("disk"), envelope.Unknown},
	} {
		if got := envelope.StatusOf(c.err); got != c.want {
			t.Errorf("%v has the status %v, want %v", c.err, got, c.want)
		}
	}
}

// TestFaults: faults are logged with the id that the client gets. Other errors, and
// requests that their client has given up, are not.
func TestFaults(t *testing.T) {
	t.Parallel()
	var logged []envelope.Fault
	f := envelope.NewFaults(func(_ uint64, last envelope.Fault) { logged = append(logged, last) })
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		ctx   context.Context
		err   error
		fault bool
	}{
		{t.Context(), errors.New("disk"), true},
		{t.Context(), click.ErrUnavailable, true},
		{t.Context(), envelope.NotFound, false},
		{gone, fmt.Errorf("query: %w", context.Canceled), false},
	} {
		logged = nil
		w := httptest.NewRecorder()
		f.Note(w, httptest.NewRequestWithContext(c.ctx, "GET", "/v3/x", nil), envelope.StatusOf(c.err), c.err)
		id := w.Header().Get("X-Request-Id")
		if c.fault != (id != "") || c.fault != (len(logged) == 1) || c.fault && logged[0] != (envelope.Fault{RequestID: id, Path: "/v3/x", Err: c.err}) {
			t.Errorf("%v: logged %v, request id %q", c.err, logged, id)
		}
	}
	f.Close()
}
