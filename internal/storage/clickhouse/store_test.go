//go:build cluster

package clickhouse_test

import (
	"errors"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/storage/pebble"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// engines are the ways to run ClickHouse: an old server, a cluster of old servers, and the current
// engine.
var engines = []struct {
	name    string
	options clustertest.Options
}{
	{"18", clustertest.Options{Password: "fo?t/f&ll"}},
	{"18 in a cluster", clustertest.Options{Shards: 2, Replicas: 2, Password: "secret"}},
	{"current", clustertest.Options{Current: true, Password: "secret"}},
}

// open opens an empty store.
func open(t *testing.T, c *clustertest.Cluster) *clickhouse.Store {
	t.Helper()
	return openAt(t, c.Database(t), "one")
}

// openAt opens the store at an address for a server.
func openAt(t *testing.T, address, server string) *clickhouse.Store {
	t.Helper()
	a, err := clickhouse.ParseAddress(address)
	if err != nil {
		t.Fatal(err)
	}
	s, err := clickhouse.Open(t.Context(), clickhouse.Options{Address: a, Server: server, Logger: logtest.To(t)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// once is a store whose database is dropped when it is closed: each history has one of its own, and the servers
// are slow with many tables.
type once struct {
	*clickhouse.Store
	drop func() error
}

func (o once) Close() error { return errors.Join(o.Store.Close(), o.drop()) }

// openOnce opens an empty store. Its batches do not wait long for snapshots.
func openOnce(t *testing.T, c *clustertest.Cluster) once {
	t.Helper()
	name := c.NewName()
	if err := c.Create(name); err != nil {
		t.Fatal(err)
	}
	s := openAt(t, c.Address(name), "one")
	s.WaitForSnapshots(20 * time.Millisecond)
	return once{s, func() error { return c.Drop(name) }}
}

// openPebble opens an empty store of a server alone.
func openPebble(t *testing.T) store.ClickCounts {
	t.Helper()
	s, err := pebble.Open(pebble.Options{Dir: "clicks", FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCounts: every engine obeys the laws, and answers random histories as the model and Pebble do.
func TestCounts(t *testing.T) {
	t.Parallel()
	for _, e := range engines {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			c := clustertest.Start(t, e.options)
			storetest.Counts(t, func(t *testing.T) store.ClickCounts { return openOnce(t, c) }, openPebble)
			storetest.Shared(t, func(t *testing.T) storetest.SharedEngine { return openOnce(t, c) })
		})
	}
}
