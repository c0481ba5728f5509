package clickhouse_test

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// fake is a server with the answers of a test. It has no rows except marks, which it forgets when it is started
// again.
type fake struct {
	address *clickhouse.Address
	// answer returns the rows of an answer, or false if there is no reply. inserted is the rows of an insert.
	answer func(statement string, inserted []clickhouse.Column) (rows []byte, replies bool)

	mu    sync.Mutex
	marks []string
	got   []string // statements
	lost  string   // the next statement that begins so gets no reply, and is not carried out; empty for none
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{answer: func(string, []clickhouse.Column) ([]byte, bool) { return nil, true }}
	f.address = server(t, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		statement := r.URL.Query().Get("query")
		var inserted []clickhouse.Column
		if statement == "" {
			statement = string(body)
		} else if inserted, _, err = clickhouse.Read(body); err != nil {
			t.Errorf("%s: %v", statement, err)
		}
		rows, replies := f.reply(statement, inserted)
		if !replies {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(rows)
	})
	return f
}

func (f *fake) reply(statement string, inserted []clickhouse.Column) (rows []byte, replies bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, statement)
	switch {
	case f.lost != "" && strings.HasPrefix(statement, f.lost):
		f.lost = ""
		return nil, false
	case strings.HasPrefix(statement, "INSERT INTO starts "):
		f.marks = append(f.marks, inserted[0].Texts...)
		return nil, true
	case strings.Contains(statement, " FROM starts "):
		has := slices.ContainsFunc(f.marks, func(mark string) bool { return strings.Contains(statement, fmt.Sprintf("unhex('%X')", mark)) })
		return number(map[bool]uint64{true: 1}[has]), true
	case strings.HasPrefix(statement, clickhouse.LayoutsStatement):
		return clickhouse.Encode([]string{"value String", "version UInt64"}, []any{"1", uint64(1)}), true
	}
	return f.answer(statement, inserted)
}

// restart starts the server again.
func (f *fake) restart() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.marks = nil
}

// lose loses the next statement that begins so.
func (f *fake) lose(prefix string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.lost = prefix
}

// count returns how many statements begin so.
func (f *fake) count(prefix string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, statement := range f.got {
		if strings.HasPrefix(statement, prefix) {
			n++
		}
	}
	return n
}

// number is an answer.
func number(n ...uint64) []byte {
	var columns []string
	var row []any
	for _, n := range n {
		columns, row = append(columns, "n UInt64"), append(row, n)
	}
	return clickhouse.Encode(columns, row)
}

// storeOf opens a store over the servers.
func storeOf(t *testing.T, replicas ...*fake) *clickhouse.Store {
	t.Helper()
	var addresses []*clickhouse.Address
	for _, f := range replicas {
		addresses = append(addresses, f.address)
	}
	s, err := clickhouse.StoreOf(t.Context(), logtest.To(t), addresses...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
