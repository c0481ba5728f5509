package control_test

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/storage/journal"
)

// TestErrorsCrossTheSocket: an error of the owner has the same words and the same
// kind in the command.
func TestErrorsCrossTheSocket(t *testing.T) {
	var failed error
	c, _ := between(t, t.Context(), owner{checking: func(context.Context) error { return failed }})
	for _, failed = range []error{
		&control.UnknownUserError{Login: "anne", Near: "ann", Valid: true},
		&control.UnknownLinkError{Link: "abc"},
		&control.ExistsError{Login: "ann"},
		&links.TakenError{Name: "sale", Holder: "abc", As: "a name of the link"},
		fmt.Errorf("%q is %w", "v3", links.ErrName),
		fmt.Errorf("the token: %w", click.ErrNotFound),
		fmt.Errorf("x is %w", control.ErrTimezone),
		control.ErrNotServing,
		fmt.Errorf("open: %w", journal.ErrCorrupt),
		fmt.Errorf("write: %w", syscall.ENOSPC),
	} {
		_, err := control.Check.Ask(t.Context(), c, control.None{}, nil)
		if err == nil || err.Error() != failed.Error() {
			t.Errorf("the client received the error %v, want %v", err, failed)
		}
		for _, kind := range []error{click.ErrNotFound, click.ErrExists, control.ErrTimezone, control.ErrNotServing, links.ErrName, journal.ErrCorrupt, syscall.ENOSPC} {
			if errors.Is(err, kind) != errors.Is(failed, kind) {
				t.Errorf("the client received the error %v; that it is %v is %t, want %t", err, kind, errors.Is(err, kind), errors.Is(failed, kind))
			}
		}
		var was, is *control.UnknownUserError
		if errors.As(failed, &was) && (!errors.As(err, &is) || *is != *was) {
			t.Errorf("the client received %+v, want %+v", is, was)
		}
	}
	if failed = errors.New("of no kind"); true {
		if _, err := control.Check.Ask(t.Context(), c, control.None{}, nil); err == nil || err.Error() != "of no kind" || errors.Unwrap(err) != nil {
			t.Errorf("the client received %v, want an error of no kind", err)
		}
	}
}

// TestEachCommandIsServedOnce: a server does not start if one of its commands is
// missing, or is there twice.
func TestEachCommandIsServedOnce(t *testing.T) {
	all := owner{}.commands()
	for what, served := range map[string][]control.Served{"one is missing": all[1:], "one is served twice": append(all, all[0])} {
		if _, err := control.NewHandler(served...); err == nil {
			t.Errorf("%s, and NewHandler returned no error", what)
		}
	}
}
