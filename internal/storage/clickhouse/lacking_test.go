package clickhouse_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
)

// TestLacking: a replica that has fetched everything lacks nothing, unless a request to it failed
// meanwhile, or the fetching did.
func TestLacking(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		what                string
		empty, left, failed bool
		rows, all           bool
	}{
		{what: "it was away"},
		{what: "its tables are new", empty: true},
		{what: "it was left meanwhile", left: true, rows: true},
		{what: "its tables are new, and it was left meanwhile", empty: true, left: true, rows: true, all: true},
		{what: "it does not fetch", empty: true, failed: true, rows: true, all: true},
	} {
		var leave func()
		a := server(t, func(w http.ResponseWriter, r *http.Request) {
			if test.left {
				leave()
			}
			if test.failed {
				w.WriteHeader(http.StatusInternalServerError)
			}
			_, _ = io.WriteString(w, "")
		})
		rows, all, err := clickhouse.Fetch(t.Context(), a, test.empty, func(l func()) { leave = l })
		if rows != test.rows || all != test.all || (err != nil) != test.failed {
			t.Errorf("%s: it lacks rows: %t, all: %t, error %v", test.what, rows, all, err)
		}
	}
}

// TestEmptyReplica: a replica whose tables are new answers no question until it has fetched everything. Then
// it is the one that is used again.
func TestEmptyReplica(t *testing.T) {
	t.Parallel()
	row := clickhouse.Encode([]string{"n UInt8"}, []any{uint8(1)})
	var asked [2]atomic.Int32
	var addresses [2]*clickhouse.Address
	for i := range asked {
		addresses[i] = server(t, func(w http.ResponseWriter, r *http.Request) {
			if statement, _ := io.ReadAll(r.Body); !strings.HasPrefix(string(statement), "SYSTEM ") {
				asked[i].Add(1)
				_, _ = w.Write(row)
			}
		})
	}
	replicas := clickhouse.NewReplicas(addresses[0], addresses[1])
	for i, want := range [][2]int32{{0, 1}, {1, 1}} {
		if rows, err := replicas.Ask(t.Context()); err != nil || rows != 1 {
			t.Errorf("%d rows, %v", rows, err)
		}
		if got := [2]int32{asked[0].Load(), asked[1].Load()}; got != want {
			t.Errorf("after question %d: the replicas were asked %v times, want %v", i+1, got, want)
		}
		if err := replicas.Fetch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
