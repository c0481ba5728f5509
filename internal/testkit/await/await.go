// Package await waits in tests until another goroutine or process has done something.
// It polls, so it is for events that cannot be waited for directly.
//
// It has no time limit of its own: a test fails a little before its deadline
// (go test -timeout), so a slow machine cannot make it fail.
package await

import (
	"fmt"
	"testing"
	"time"
)

const (
	pause = 5 * time.Millisecond // leaves the processor to the others
	early = 5 * time.Second      // time to clean up and to report
)

// Until calls f until it returns true, with a pause between the calls. If it never
// does, the test fails with what f returned last.
func Until(t testing.TB, what string, f func() (got string, ok bool)) {
	t.Helper()
	var deadline time.Time
	if d, ok := t.(interface{ Deadline() (time.Time, bool) }); ok {
		deadline, _ = d.Deadline()
	}
	if err := Try(deadline, what, f); err != nil {
		t.Fatal(err)
	}
}

// Try is Until without a test. If f does not return true before, Try returns an error
// 5 s before the deadline. The zero time is no deadline.
func Try(deadline time.Time, what string, f func() (got string, ok bool)) error {
	for {
		got, ok := f()
		if ok {
			return nil
		}
		if !deadline.IsZero() && time.Until(deadline) < early {
			return fmt.Errorf("%s: still false shortly before the deadline; the last result was %q", what, got)
		}
		time.Sleep(pause)
	}
}
