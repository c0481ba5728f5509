package clickhouse_test

import (
	"io"
	"net/http"
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
