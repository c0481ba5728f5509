//go:build cluster

package clickhouse_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// TestMinutesOfTwoClocks: minutes are dropped only if they are old by the clock of this machine and
// by that of ClickHouse, which a proxy changes.
func TestMinutesOfTwoClocks(t *testing.T) {
	t.Parallel()
	c := clustertest.Start(t, clustertest.Options{Password: "secret"})
	const hours = 6
	for _, clock := range []struct {
		behind time.Duration // the clock of ClickHouse
		kept   int           // hours before MinutesFrom
	}{{0, 0}, {-90 * time.Minute, 0}, {30 * time.Minute, 1}, {90 * time.Minute, 2}} {
		address := throughClock(t, c, c.Database(t), clock.behind)
		s := openAt(t, address, "one")
		now := time.Now().Unix()
		from := now - now%3600
		add(t, s, minutesOf(from-hours*3600, 0, hours))
		add(t, s, minutesOf(from, 1, 0))
		kept := query(t, c.Nodes[0], address, "SELECT uniq(partition) FROM system.parts WHERE active AND database = currentDatabase() AND table = 'minutes'")
		if want := fmt.Sprint(clock.kept); kept != want {
			t.Errorf("the clock of ClickHouse is %v behind, and %s hours are kept, want %s", clock.behind, kept, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// minutesOf returns the i-th batch, of a click in each of some hours.
func minutesOf(from int64, i uint64, hours int) *store.Batch {
	b := &store.Batch{Journal: store.JournalID{1}, From: i, To: i + 1, MinutesFrom: from}
	for hour := range hours {
		b.Minutes = append(b.Minutes, rollup.Cell{Key: rollup.Key{Scope: rollup.Scope{User: click.UserID(1)}, Facet: rollup.All, Slot: from + 3600*int64(hour)}, Clicks: 1})
	}
	return b
}

// throughClock returns an address of a proxy through which the clock of ClickHouse is behind.
func throughClock(t *testing.T, c *clustertest.Cluster, address string, behind time.Duration) string {
	t.Helper()
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(&url.URL{Scheme: "http", Host: c.Nodes[0].Addr})
		body, err := io.ReadAll(r.In.Body)
		if err != nil {
			t.Error(err)
		}
		body = bytes.ReplaceAll(body, []byte("now()"), fmt.Appendf(nil, "(now() - %d)", int(behind.Seconds())))
		r.Out.Body, r.Out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}}
	server := httptest.NewServer(http.Handler(proxy))
	t.Cleanup(server.Close)
	return strings.Replace(address, c.Nodes[0].Addr, strings.TrimPrefix(server.URL, "http://"), 1)
}
