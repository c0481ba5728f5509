package sql_test

import (
	"path/filepath"
	"testing"
)

// TestLives: a version belongs to the last life that began before it. Adopted versions
// of a copy belong to this database too, in any order and with any number for one
// life.
func TestLives(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "footfall.db"))
	for _, l := range []struct {
		version uint64
		life    string
	}{{0, "a"}, {5, "b"}, {9, "c"}, {30, "d"}, {20, "d"}, {25, "d"}, {12, "c"}, {30, "e"}} {
		if err := db.Adopt(t.Context(), l.version, l.life); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		version uint64
		life    string
		was     bool
	}{
		{0, "a", true}, {5, "a", true}, {6, "a", false},
		{4, "b", false}, {5, "b", true}, {9, "b", true}, {10, "b", false},
		{9, "c", true}, {12, "c", true},
		{20, "d", true}, {25, "d", true}, {30, "d", true}, {19, "d", false}, {31, "d", false},
		{30, "e", true}, {40, "e", true}, {29, "e", false},
		{3, "of a copy", false}, {40, "of a copy", false},
	} {
		was, err := db.Was(t.Context(), c.version, c.life)
		if err != nil {
			t.Fatal(err)
		}
		if was != c.was {
			t.Errorf("version %d of process %s is of this database: %t", c.version, c.life, was)
		}
	}
}
