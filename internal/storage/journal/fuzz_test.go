package journal_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"testing"

	"github.com/footfall/footfall/internal/storage/journal"
)

// FuzzSegment opens arbitrary bytes as the newest segment. With fix the checks are
// made right, so that the fuzzer gets past them.
func FuzzSegment(f *testing.F) {
	o := inMemory()
	j := open(f, o)
	for _, record := range []string{"a", "some more", "the last"} {
		add(f, j, record)
	}
	file, err := o.FS.Open("journal/00000000000000000000.open")
	if err != nil {
		f.Fatal(err)
	}
	seed, err := io.ReadAll(file)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed, false, false)
	f.Add(seed, true, true)
	f.Add(seed[:50], true, false)
	f.Add([]byte{}, false, false)
	f.Fuzz(func(t *testing.T, b []byte, sealed, fix bool) {
		name := "journal/00000000000000000000.open"
		if sealed {
			name = "journal/00000000000000000000.sealed"
		}
		b = bytes.Clone(b)
		if fix {
			fixChecks(b)
		}
		o := inMemory()
		if err := o.FS.MkdirAll("journal", 0o700); err != nil {
			t.Fatal(err)
		}
		put(t, o.FS, name, b)
		var found []journal.Flaw
		looked, lookErr := journal.Inspect(o, [16]byte{1})
		if lookErr == nil {
			found = flaws(t, looked)
		}
		records, err := readAll(o)
		if err != nil {
			if !errors.Is(err, journal.ErrCorrupt) && !errors.Is(err, journal.ErrVersion) {
				t.Fatal(err)
			}
			if errors.Is(err, journal.ErrVersion) {
				return
			}
			// What Open refuses can be repaired, and then be opened.
			if lookErr != nil || len(found) == 0 {
				t.Fatalf("Open fails with %v, and Inspect finds no flaw: %v", err, lookErr)
			}
			if _, err := looked.Repair(looked.End()); err != nil {
				t.Fatal(err)
			}
			add(t, open(t, o), "new")
			return
		}
		if len(found) > 0 {
			t.Fatalf("Open finds nothing wrong, but Inspect finds %v", found)
		}
		size := 48
		for _, r := range records {
			size += journal.RecordOverhead + len(r)
		}
		if len(records) > 0 && size > len(b) {
			t.Fatalf("%d bytes of records in a file of %d", size, len(b))
		}
		// It is a journal now, whatever it was.
		j, err := journal.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		if _, err := j.Append(context.Background(), []byte("new")); err != nil {
			t.Fatal(err)
		}
		if got := read(t, j, j.First()); len(got) != len(records)+1 || got[len(records)] != "new" {
			t.Fatalf("after one more record than %d there are %d", len(records), len(got))
		}
	})
}

// fixChecks makes every check right, up to the first impossible length.
func fixChecks(b []byte) {
	if len(b) < 48 {
		return
	}
	table := crc32.MakeTable(crc32.Castagnoli)
	clear(b[24:40]) // base and prev, as in the name
	seed := crc32.Checksum(b[:44], table)
	binary.BigEndian.PutUint32(b[44:], seed)
	for at := 48; at+16 <= len(b); {
		check := crc32.Update(seed^uint32(at-48), table, b[at:at+8])
		binary.BigEndian.PutUint32(b[at+8:], check)
		size := int(binary.BigEndian.Uint32(b[at:]))
		if size > len(b)-at-16 {
			return
		}
		binary.BigEndian.PutUint32(b[at+12:], crc32.Update(check, table, b[at+16:at+16+size]))
		at += 16 + size
	}
}
