package storetest

import (
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
)

func lawNote(t *testing.T, c *clicks) {
	want := func(r store.Reader, want string) {
		t.Helper()
		if got, err := r.Note(c.ctx); err != nil || string(got) != want {
			t.Errorf("the note is %q (%v), want %q", got, err, want)
		}
	}
	set := func(note []byte) {
		t.Helper()
		if err := c.SetNote(c.ctx, note); err != nil {
			t.Fatal(err)
		}
		clear(note) // which is the caller's again
	}
	want(c, "")
	set([]byte("first"))
	want(c, "first")
	s, err := c.Snapshot(c.ctx)
	if err != nil {
		t.Fatal(err)
	}
	set([]byte("second\x00\xff"))
	if err := c.Sync(c.ctx); err != nil {
		t.Fatal(err)
	}
	want(c, "second\x00\xff")
	want(s, "first")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	set(nil)
	want(c, "")
	c.agree(t)
}
