package storetest

import "testing"

// lawInstallation: the first offer is kept, later ones are ignored.
func lawInstallation(t *testing.T, c *counts) {
	first := [16]byte{1, 15: 2}
	for _, offer := range [][16]byte{first, {9}, {}} {
		if got, err := c.Installation(c.ctx, offer); err != nil || got != first {
			t.Errorf("Installation(%x) is %x, %v; want %x", offer, got, err, first)
		}
	}
}

func lawNote(t *testing.T, c *counts) {
	want := func(want string) {
		t.Helper()
		if got, err := c.Note(c.ctx); err != nil || string(got) != want {
			t.Errorf("the note is %q (%v), want %q", got, err, want)
		}
	}
	set := func(note []byte) {
		t.Helper()
		if err := c.SetNote(c.ctx, note); err != nil {
			t.Fatal(err)
		}
		clear(note) // the engine must not have kept the slice
	}
	want("")
	set([]byte("first"))
	want("first")
	set([]byte("second\x00\xff"))
	want("second\x00\xff")
	set(nil)
	want("")
}
