package journal_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestReaderTriesAgain: a Reader can be used again after the disk or the operating
// system refused an operation. It goes on where it was, and returns every record
// once.
func TestReaderTriesAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind errorfs.OpKind
		err  error
	}{
		{errorfs.OpOpen, syscall.EMFILE},
		{errorfs.OpOpen, fs.ErrNotExist},
		{errorfs.OpFileReadAt, syscall.EIO},
	} {
		for every := range 3 { // every n-th operation succeeds; 0: none
			t.Run(fmt.Sprintf("%v/%v/%d", c.kind.ReadOrWrite(), c.err, every), func(t *testing.T) {
				failing, n := false, 0
				o := journal.Options{Dir: "journal", SegmentSize: 100, FS: errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
					if !failing || op.Kind != c.kind {
						return nil
					}
					if n++; every > 0 && n%(every+1) == 1 {
						return nil
					}
					return c.err
				}))}
				j := open(t, o)
				defer j.Close()
				r, err := j.Reader(0)
				check(t, err)
				defer r.Close()
				var want, got []string
				for i := range 40 {
					want = append(want, fmt.Sprintf("record %d %s", i, strings.Repeat("x", i)))
					add(t, j, want[i])
				}
				failing = true
				for tries := 0; len(got) < len(want); {
					rec, err := r.Next(context.Background())
					if err == nil {
						got = append(got, string(rec.Data))
						continue
					}
					if !errors.Is(err, c.err) {
						t.Fatalf("the reader fails with %v, want %v", err, c.err)
					}
					if tries++; tries%5 == 0 {
						failing = false
						rec, err := r.Next(context.Background())
						check(t, err)
						got = append(got, string(rec.Data))
						failing = true
					}
				}
				failing = false
				if _, err := r.TryNext(); !errors.Is(err, journal.ErrEnd) {
					t.Errorf("after the last record the reader fails with %v", err)
				}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("record %d is %q, want %q", i, got[i], want[i])
					}
				}
			})
		}
	}
}
