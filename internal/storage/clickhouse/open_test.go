//go:build cluster

package clickhouse_test

import (
	"errors"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// TestRefusedTables: tables of a newer version, and those of more shards.
func TestRefusedTables(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	for name, want := range map[string]error{"schema": store.ErrVersion, "layout of shards: 7": clickhouse.ErrShards} {
		address := c.Database(t)
		if err := openAt(t, address, "one").Close(); err != nil {
			t.Fatal(err)
		}
		if err := openAt(t, address, "one").Close(); err != nil {
			t.Errorf("the second time: %v", err)
		}
		a, err := clickhouse.ParseAddress(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Nodes[0].Exec(a.Database, "INSERT INTO meta VALUES ('"+name+"', 99, '7')"); err != nil {
			t.Fatal(err)
		}
		if s, err := clickhouse.Open(t.Context(), clickhouse.Options{Address: a, Logger: logtest.To(t)}); !errors.Is(err, want) {
			t.Errorf("%s 7: %v, %v", name, s, err)
		}
	}
}

// TestClockSetBack: a note and a mark of an hour ahead, from before the clock was set back, are
// replaced.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	address := c.Database(t)
	s := openAt(t, address, "one")
	mark := store.Mark{Notes: "old"}
	err := s.AddBatch(ctx, &store.Batch{To: 1, Marks: []store.Mark{mark}})
	if err := errors.Join(err, s.SetNote(ctx, []byte("old")), s.Close()); err != nil {
		t.Fatal(err)
	}
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	for table, columns := range map[string]string{"meta": "name, version + 3600000000, value", "marks": "input, offset, digest, version + 3600000000, mark"} {
		if err := c.Nodes[0].Exec(a.Database, "INSERT INTO "+table+" SELECT "+columns+" FROM "+table); err != nil {
			t.Fatal(err)
		}
	}
	s = openAt(t, address, "one")
	mark.Notes = "new"
	err = s.AddBatch(ctx, &store.Batch{From: 1, To: 2, Marks: []store.Mark{mark}})
	if err := errors.Join(err, s.SetNote(ctx, []byte("new"))); err != nil {
		t.Fatal(err)
	}
	if note, err := s.Note(ctx); string(note) != "new" || err != nil {
		t.Errorf("the note is %q, %v", note, err)
	}
	if marks, err := s.Marks(ctx, [32]byte{}); len(marks) != 1 || marks[0].Notes != "new" || err != nil {
		t.Errorf("the marks are %+v, %v", marks, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
