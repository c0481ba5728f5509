//go:build cluster

package datadir

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/testkit/await"
	"github.com/footfall/footfall/internal/testkit/clustertest"
	"github.com/footfall/footfall/internal/testkit/faultproxy"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// outage is a moment of a move: the reply to a statement is held, and replicas are killed.
type outage struct {
	what      string
	statement string // a part of it
	kill      []int
}

// breakMove makes the outages happen one after another. The replicas return once the move waits for them.
// The channel is closed after the last one.
func breakMove(t *testing.T, c *clustertest.Cluster, log *logtest.Log, outages []outage) <-chan struct{} {
	arm := func(o outage) (first, second <-chan struct{}) {
		match := func(s string) bool { return strings.Contains(s, o.statement) }
		return c.Nodes[0].Proxy.Next(faultproxy.HoldReply, match), c.Nodes[1].Proxy.Next(faultproxy.HoldReply, match)
	}
	all := make(chan struct{})
	first, second := arm(outages[0])
	go func() {
		defer close(all)
		for i, o := range outages {
			select {
			case <-first:
			case <-second:
			case <-t.Context().Done():
				return
			}
			before := log.Count("the move waits")
			for _, n := range o.kill {
				c.Nodes[n].Kill()
			}
			if i+1 < len(outages) {
				first, second = arm(outages[i+1]) // and the request whose reply is held fails
			} else {
				c.Nodes[0].Proxy.Set(nil)
				c.Nodes[1].Proxy.Set(nil)
			}
			deadline, _ := t.Deadline()
			err := await.Try(deadline, o.what+": the move waits", func() (string, bool) {
				return log.String(), log.Count("the move waits") > before || t.Context().Err() != nil
			})
			for _, n := range o.kill {
				err = errors.Join(err, c.Nodes[n].Start())
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	return all
}

// TestMoveWhileReplicasFail: replicas of ClickHouse are killed while a directory is moved into a cluster,
// and while it is moved back. The move waits until they return, goes on, and proves that all is the same.
func TestMoveWhileReplicasFail(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Shards: 1, Replicas: 2, Password: "secret", Proxies: true})
	dir, log := filepath.Join(t.TempDir(), "data"), new(logtest.Log)
	d, _ := openIn(t, dir)
	d.click(t, 40)
	d.mustClose(t)
	a, err := clickhouse.ParseAddress(c.Database(t))
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Path: dir, Create: true, Now: time.Now, Log: log.Logger(), Links: newSharedFile(t).engine()}
	o.Clicks = &SharedCounts{Engine: "clickhouse", Open: func(ctx context.Context, server string) (SharedCountsStore, error) {
		return clickhouse.Open(ctx, clickhouse.Options{Address: a, Server: server, Logger: log.Logger()})
	}}
	both, installation := []int{0, 1}, fmt.Sprintf("%X", "installation") // statements have texts in hexadecimal
	move := func(what string, f func(context.Context, Options, func(string)) (Moved, error), outages ...outage) {
		t.Helper()
		all := breakMove(t, c, log, outages)
		m, err := f(t.Context(), o, func(finding string) { t.Error(finding) })
		if err != nil || len(m.Rows) == 0 || !m.same() {
			t.Fatalf("%s: %+v, %v; the log is\n%s", what, m.Rows, err, log)
		}
		await.Until(t, what+": all outages have happened", func() (string, bool) {
			select {
			case <-all:
				return "", true
			default:
				return log.String(), false
			}
		})
		for _, r := range m.Rows {
			if r.What == "clicks" && r.Before != 40 {
				t.Errorf("%s: %d clicks were moved, want 40", what, r.Before)
			}
		}
	}
	move("into the cluster", MoveToCluster,
		outage{"the counts are identified", installation, []int{1}},
		outage{"rows are sent", "INSERT INTO cells ", []int{0}},
		outage{"the audit", "system.mutations", both})
	o.Path = filepath.Join(t.TempDir(), "back")
	move("back into a directory", MoveFromCluster,
		outage{"the counts are identified", installation, both},
		outage{"cells are read", " FROM cells ", both})
	d, _ = openIn(t, o.Path)
	d.click(t, 1)
	d.checks(t, 41, 3)
	d.mustClose(t)
}
