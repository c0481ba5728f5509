package clickhouse_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/clickhouse"
)

// server starts a server that answers as ClickHouse does, and returns its address.
func server(t *testing.T, answer http.HandlerFunc) *clickhouse.Address {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	a, err := clickhouse.ParseAddress("clickhouse://" + strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestFailures: which errors pass by themselves, and after which another replica is asked.
func TestFailures(t *testing.T) {
	t.Parallel()
	row := string(clickhouse.Encode([]string{"n UInt8"}, []any{uint8(1)}))
	tests := []struct {
		what   string
		status int
		body   string
		passes bool
		away   bool
		code   int
	}{
		{"18: read-only", 500, "Code: 242, e.displayText() = DB::Exception: Table is in readonly mode, e.what() = DB::Exception\n", true, false, 242},
		{"26: read-only", 500, "Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY) (version 26.5.1)\n", true, false, 242},
		{"26: too many parts", 500, "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)\n", true, false, 252},
		{"18: an unknown function", 404, "Code: 46, e.displayText() = DB::Exception: Unknown function f, e.what() = DB::Exception\n", false, false, 46},
		{"26: a wrong password", 403, "Code: 516. DB::Exception: default: Authentication failed. (AUTHENTICATION_FAILED)\n", false, false, 516},
		{"a table is missing", 404, "Code: 60. DB::Exception: Table d.cells does not exist. (UNKNOWN_TABLE)\n", true, true, 60},
		{"a proxy without ClickHouse", 502, "<html>Bad Gateway</html>", true, false, 0},
		{"an error after rows", 200, row + "Code: 241, e.displayText() = DB::Exception: Memory limit exceeded, e.what() = DB::Exception\n", true, false, 241},
		{"an answer cut short", 200, row[:len(row)-1], true, true, -1},
		{"rows", 200, row, false, false, -1},
	}
	for _, test := range tests {
		a := server(t, func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.body)
		})
		rows, err := clickhouse.Ask(t.Context(), a, time.Minute, time.Minute)
		var refused *clickhouse.Error
		code := -1
		if errors.As(err, &refused) {
			code = refused.Code
		}
		if errors.Is(err, click.ErrUnavailable) != test.passes || clickhouse.IsAway(err) != test.away || code != test.code {
			t.Errorf("%s: %v, code %d", test.what, err, code)
		}
		if (err == nil) != (test.what == "rows") || err == nil && rows != 1 {
			t.Errorf("%s: %d rows, %v", test.what, rows, err)
		}
	}
}

// TestGone: a server that is not there, and one that drops connections.
func TestGone(t *testing.T) {
	t.Parallel()
	gone, err := clickhouse.ParseAddress("clickhouse://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	dropping := server(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, a := range []*clickhouse.Address{gone, dropping} {
		if _, err := clickhouse.Ask(t.Context(), a, time.Minute, time.Minute); !errors.Is(err, click.ErrUnavailable) || !clickhouse.IsAway(err) {
			t.Errorf("%v", err)
		}
		if err := clickhouse.Insert(t.Context(), a); !errors.Is(err, click.ErrUnavailable) || !clickhouse.IsAway(err) {
			t.Errorf("insert: %v", err)
		}
	}
}

// TestFrozen: a server that answers neither a question nor pings is away. One that answers pings is
// only slow.
func TestFrozen(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	frozen := server(t, func(http.ResponseWriter, *http.Request) { <-done })
	t.Cleanup(func() { close(done) }) // before the server is closed
	if _, err := clickhouse.Ask(t.Context(), frozen, time.Millisecond, time.Millisecond); !clickhouse.IsAway(err) {
		t.Errorf("a frozen server: %v", err)
	}

	pings := make(chan struct{}, 100)
	slow := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/ping" {
			pings <- struct{}{}
			return
		}
		for range 5 {
			<-pings
		}
		_, _ = w.Write(clickhouse.Encode([]string{"n UInt8"}, []any{uint8(1)}))
	})
	if rows, err := clickhouse.Ask(t.Context(), slow, time.Millisecond, time.Minute); rows != 1 || err != nil {
		t.Errorf("a slow server: %d rows, %v", rows, err)
	}
}

// TestCallersGiveUp: the end of the caller's context is no failure of the server.
func TestCallersGiveUp(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	a := server(t, func(http.ResponseWriter, *http.Request) {
		cancel()
		<-done
	})
	t.Cleanup(func() { close(done) })
	if _, err := clickhouse.Ask(ctx, a, time.Minute, time.Minute); !errors.Is(err, context.Canceled) || clickhouse.IsAway(err) || errors.Is(err, click.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
