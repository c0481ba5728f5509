package journal_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestAppendWithin: calls of AppendWithin wait for a disk that hangs as long as the first call of their group
// allows, or as they allow themselves. Later their records are in the journal all the same.
func TestAppendWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hangs, thaw := false, make(chan struct{})
		j := open(t, journal.Options{Dir: "journal", FS: &hookFS{FS: vfs.NewMem(), before: func(op, _ string) error {
			if hangs && op == "write" {
				<-thaw
			}
			return nil
		}}})
		check(t, j.AppendWithin(time.Second, []byte("before")))
		hangs = true
		began := time.Now()
		type end struct {
			record string
			after  time.Duration
			err    error
		}
		ends := make(chan end, 20)
		begin := func(patience time.Duration, record string) {
			go func() {
				err := j.AppendWithin(patience, []byte(record))
				ends <- end{record, time.Since(began), err}
			}()
			synctest.Wait()
		}
		const s = time.Second
		begin(2*s, "a") // is being written
		time.Sleep(s)
		begin(2*s, "b") // the first of the next group
		begin(s/2, "c") // has less patience
		time.Sleep(s)
		begin(2*s, "d") // shares b's
		time.Sleep(2 * s)
		begin(2*s, "e") // comes after b's has run out
		large := strings.Repeat("x", journal.MaxRecord)
		for range 4 {
			begin(s/2, large) // has no room in the group
		}
		time.Sleep(4 * s)
		want := map[string]time.Duration{"a": 2 * s, "b": 3 * s, "c": 1500 * time.Millisecond, "d": 3 * s, "e": 6 * s, large: 4500 * time.Millisecond}
		for range 9 {
			e := <-ends
			if e.after != want[e.record] || !errors.Is(e.err, context.DeadlineExceeded) {
				t.Errorf("%.3s ended after %v with %v, want %v and the end of its patience", e.record, e.after, e.err, want[e.record])
			}
		}
		hangs = false
		close(thaw)
		check(t, j.AppendWithin(time.Second, []byte("after")))
		got := read(t, j, 0)
		if first := strings.Join(got[:6], " "); first != "before a b c d e" || got[len(got)-1] != "after" {
			t.Errorf("the journal begins with %.80q and ends with %.3q", first, got[len(got)-1])
		}
		if n := len(got); n != 7 { // no large one found room beside the others
			t.Errorf("the journal has %d records, want 7", n)
		}
		time.Sleep(time.Hour) // no timer is left that could fail later
		check(t, j.AppendWithin(time.Second, []byte("later")))
		check(t, j.Close())
		if err := j.AppendWithin(time.Second, []byte("closed")); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("a closed journal: %v", err)
		}
	})
}

// TestAppendWithinFails: a record that the disk refuses fails at once.
func TestAppendWithinFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fails := false
		j := open(t, journal.Options{Dir: "journal", FS: &hookFS{FS: vfs.NewMem(), misused: func(string, string) {}, before: func(string, string) error {
			if fails {
				return errInjected
			}
			return nil
		}}})
		began := time.Now()
		fails = true
		if err := j.AppendWithin(time.Hour, []byte("a")); !errors.Is(err, errInjected) || time.Since(began) != 0 {
			t.Errorf("failed after %v with %v", time.Since(began), err)
		}
		fails = false
		for _, size := range []int{0, journal.MaxRecord + 1} {
			if err := j.AppendWithin(time.Hour, make([]byte, size)); !errors.Is(err, journal.ErrSize) {
				t.Errorf("%d bytes: %v", size, err)
			}
		}
		check(t, j.Close())
	})
}
