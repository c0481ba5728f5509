package clickhouse_test

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/clickhouse"
)

// TestSyncThatFails: a server that does not answer while it fetches rows may have died, and rows with it.
// The other replica is used, and rows are sent again. So they are if there is no other one.
func TestSyncThatFails(t *testing.T) {
	t.Parallel()
	dies := server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	lives := server(t, func(http.ResponseWriter, *http.Request) {})
	refuses := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, "Code: 242. DB::Exception: Table is in readonly mode\n")
	})
	for _, test := range []struct {
		what     string
		servers  []*clickhouse.Address
		uses     int
		switches uint64
		fails    bool
	}{
		{"all answer", []*clickhouse.Address{lives, lives}, 1, 0, false},
		{"the one that is used dies", []*clickhouse.Address{dies, lives}, 2, 1, true},
		{"another one dies", []*clickhouse.Address{lives, dies}, 1, 0, true},
		{"the only one dies", []*clickhouse.Address{dies}, 1, 1, true},
		{"it refuses", []*clickhouse.Address{refuses, lives}, 1, 0, true},
	} {
		s := clickhouse.ShardOf(test.servers...)
		err := s.SyncTables(t.Context())
		if uses, switches := s.Uses(); uses != test.uses || switches != test.switches || errors.Is(err, click.ErrUnavailable) != test.fails {
			t.Errorf("%s: the replica %d is used, and rows are sent again %d times, %v; want replica %d and %d times", test.what, uses, switches, err, test.uses, test.switches)
		}
	}
}

// TestFetch: a replica that fetches rows does not wait for another one, which may be frozen.
func TestFetch(t *testing.T) {
	t.Parallel()
	both := make(chan struct{})
	var asked atomic.Int32
	replica := func() *clickhouse.Address {
		var first sync.Once
		return server(t, func(_ http.ResponseWriter, r *http.Request) {
			first.Do(func() {
				if asked.Add(1) == 2 {
					close(both)
				}
			})
			select {
			case <-both:
			case <-r.Context().Done():
			}
		})
	}
	if lack := clickhouse.ShardOf(replica(), replica()).FetchAll(t.Context()); lack != 0 {
		t.Errorf("%d replicas still lack rows", lack)
	}
}

// TestLags: a server lags if it is away, if it lacks rows, or if epochs wait for one that is not known.
func TestLags(t *testing.T) {
	t.Parallel()
	a := server(t, func(http.ResponseWriter, *http.Request) {})
	for _, test := range []struct {
		away, lacks, unsettled bool
		servers                int
	}{{false, false, false, 0}, {true, false, false, 1}, {false, true, false, 1}, {true, true, false, 2}, {false, false, true, 1}, {true, true, true, 2}} {
		servers, deletions := clickhouse.ShardOf(a, a, a).Lags(test.away, test.lacks, test.unsettled)
		if servers != test.servers || deletions != 1+2+3 {
			t.Errorf("%+v: %d servers lag and %d deletions wait, want %d and 6", test, servers, deletions, test.servers)
		}
	}
}

// TestDatabaseIsGone: a server that lost its disk may have lost the whole database. Its tables are made
// again, and another replica is asked.
func TestDatabaseIsGone(t *testing.T) {
	t.Parallel()
	row := clickhouse.Encode([]string{"n UInt8"}, []any{uint8(1)})
	empty := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, "Code: 81, e.displayText() = DB::Exception: Database d doesn't exist, e.what() = DB::Exception\n")
	})
	whole := server(t, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(row) })
	s := clickhouse.ShardOf(empty, whole)
	if rows, err := s.Ask(t.Context()); rows != 1 || err != nil {
		t.Errorf("%d rows, %v", rows, err)
	}
	if uses, _ := s.Uses(); uses != 2 || s.KnowsTables() {
		t.Errorf("the replica %d is used; the tables of the first one stay: %t", uses, s.KnowsTables())
	}
}

// TestLayoutsGrow: a replica that lacks rows may not have all layouts. Those that are known stay.
func TestLayoutsGrow(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		found [][]int
		want  []int
	}{
		{[][]int{{1}, {1, 2}}, []int{1, 2}},
		{[][]int{{1, 2}, {1}}, []int{1, 2}},
		{[][]int{{1, 2}, {}}, []int{1, 2}},
		{[][]int{{1}, {2}, {3}}, []int{1, 2, 3}},
	} {
		if got, err := clickhouse.AddLayouts(test.found...); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("after %v: %v, %v; want %v", test.found, got, err, test.want)
		}
	}
	if l, err := clickhouse.AddLayouts([]int{4}); !errors.Is(err, clickhouse.ErrShards) {
		t.Errorf("four shards of three: %v, %v", l, err)
	}
}

// TestLifeIsMissing: answers of a replica that does not know the life that this process has begun would
// show what the life before it counted.
func TestLifeIsMissing(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		claimed, seen uint64
		missing       bool
	}{{5, 5, false}, {5, 4, true}, {5, 0, true}} {
		if err := clickhouse.CheckLife(test.claimed, test.seen); errors.Is(err, click.ErrUnavailable) != test.missing {
			t.Errorf("this process has begun life %d, and a replica has %d: %v", test.claimed, test.seen, err)
		}
	}
}

// TestSuspended: a process that was suspended for long sends no rows before it has checked that it still
// counts the journal: its rows may be swept, and another process may count.
func TestSuspended(t *testing.T) {
	t.Parallel()
	var sent atomic.Int32
	a := server(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Query().Get("query"), "INSERT ") {
			sent.Add(1)
		}
	})
	if err := clickhouse.SendAfter(t.Context(), a, time.Minute); err != nil || sent.Load() != 1 {
		t.Errorf("after a minute: %d inserts, %v", sent.Load(), err)
	}
	if err := clickhouse.SendAfter(t.Context(), a, 2*time.Hour); !errors.Is(err, click.ErrUnavailable) || sent.Load() != 1 {
		t.Errorf("after two hours: %d inserts, %v", sent.Load(), err)
	}
}
