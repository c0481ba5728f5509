package journal_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestDuplicates adds a second file of the open segment, as an operator does who
// copies the files of a backup into the directory.
func TestDuplicates(t *testing.T) {
	t.Parallel()
	flip := func(b []byte, at int) []byte { b = slices.Clone(b); b[at] ^= 1; return b }
	for _, c := range []struct {
		name    string
		sealed  func(b []byte) []byte // of the open file
		open    func(b []byte) []byte
		records int  // in the opened journal
		refused bool // because the files differ
		kept    string
	}{
		{name: "half a rename", records: 6},
		{name: "only a header", sealed: func(b []byte) []byte { return b[:48] }, records: 6},
		{name: "an older copy", sealed: func(b []byte) []byte { return b[:48+17] }, records: 6},
		{name: "a newer copy", open: func(b []byte) []byte { return b[:48+17] }, records: 6},
		{name: "a file of another journal without records", sealed: func([]byte) []byte {
			o := inMemory()
			other := open(t, o)
			check(t, other.SkipTo(51))
			return content(t, o.FS, openFile)
		}, records: 6},
		{name: "an empty file", sealed: func([]byte) []byte { return nil }, records: 6},
		{name: "a sealed copy of a damaged open file", open: func(b []byte) []byte { return flip(b, 48+16) }, records: 6, kept: "51.open.damaged"},
		{name: "a damaged sealed copy of the open file", sealed: func(b []byte) []byte { return flip(b, 48+16) }, records: 6, kept: "51.sealed.damaged"},
		{name: "an older copy of a damaged file", open: func(b []byte) []byte { return flip(b, 48+16) },
			sealed: func(b []byte) []byte { return b[:48+17] }, refused: true},
		{name: "a file of another journal", sealed: func(b []byte) []byte { return flip(b, 9) }, refused: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			o, records, _ := killed(t)
			b := content(t, o.FS, openFile)
			sealed, unsealed := b, b
			if c.sealed != nil {
				sealed = c.sealed(b)
			}
			if c.open != nil {
				unsealed = c.open(b)
			}
			put(t, o.FS, otherFile, sealed)
			put(t, o.FS, openFile, unsealed)
			got, err := readAll(o)
			if c.refused {
				if !errors.Is(err, journal.ErrCorrupt) || !strings.Contains(err.Error(), "files of the same segment") {
					t.Errorf("records %q: %v", got, err)
				}
				if !slices.Equal(content(t, o.FS, otherFile), sealed) || !slices.Equal(content(t, o.FS, openFile), unsealed) {
					t.Error("a file was changed")
				}
				return
			}
			check(t, err)
			wantRecords(t, got, records[:c.records]...)
			names, err := o.FS.List("journal")
			check(t, err)
			if kept := slices.ContainsFunc(names, func(n string) bool { return c.kept != "" && strings.HasSuffix(n, c.kept) }); kept != (c.kept != "") || len(names) != 3 && c.kept != "" {
				t.Errorf("the files are %q, want only %q", names, c.kept)
			}
		})
	}
}
