package journal_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/journal"
)

// TestLostHeader: a segment whose header is damaged loses no record whose own
// bytes are sound, although every check depends on the header.
func TestLostHeader(t *testing.T) {
	t.Parallel()
	const records, size = 1000, 48 // the bytes of a record with its head
	for _, c := range []struct {
		name string
		harm func(b []byte)
		lost int // records that the damage hits
	}{
		{"a bit of the header", func(b []byte) { b[20] ^= 1 }, 0},
		{"the header", func(b []byte) { clear(b[:48]) }, 0},
		{"the first 512 bytes", func(b []byte) { clear(b[:512]) }, 10},
		{"the first 4096 bytes", func(b []byte) { clear(b[:4096]) }, 85},
	} {
		for _, state := range []struct {
			ext    string
			noSync bool // an open segment is cut at a damaged record then
		}{{"open", false}, {"sealed", false}, {"sealed", true}} {
			t.Run(fmt.Sprintf("%s/%s/%v", c.name, state.ext, state.noSync), func(t *testing.T) {
				o := inMemory()
				o.NoSync = state.noSync
				j := open(t, o)
				id := j.ID()
				for i := range records {
					add(t, j, fmt.Sprintf("%032d", i))
				}
				if state.ext == "sealed" {
					check(t, j.Close())
				}
				path := "journal/00000000000000000000." + state.ext
				disk := vfs.NewMem()
				if _, err := vfs.Clone(o.FS, disk, "journal", "journal"); err != nil {
					t.Fatal(err)
				}
				spoil(t, disk, path, func(b []byte) []byte { c.harm(b); return b })
				o.FS = disk
				// It is the only segment: the id must come from elsewhere, as it does
				// from the counts.
				damaged, err := journal.Inspect(o, [16]byte{1}, id, [16]byte{2})
				check(t, err)
				needed := uint64(c.lost * size)
				if damaged.ID() != id || damaged.End() != records*size {
					t.Errorf("journal %x ends at %d, want %x at %d", damaged.ID(), damaged.End(), id, records*size)
				}
				if _, err := damaged.Repair(needed); err != nil {
					t.Fatal(err)
				}
				repaired := open(t, o)
				got := read(t, repaired, needed)
				if len(got) != records-c.lost || got[0] != fmt.Sprintf("%032d", c.lost) {
					t.Errorf("%d records are read, the first %q; want %d", len(got), got[0], records-c.lost)
				}
			})
		}
	}
}
