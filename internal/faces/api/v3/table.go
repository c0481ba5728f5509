package v3

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// tabled is data with a table, which is what format=csv shows of it.
type tabled struct {
	data  any // an object or a single
	table *table
}

// table is rows under columns. A row that has fewer cells ends with empty ones.
// The zero value of a pointer takes rows and keeps none of them.
type table struct {
	columns []string
	rows    [][]any
	zone    *calendar.Zone // in which dates are shown
}

// moment is a cell that is a Unix second, and shown as a date with its time and
// the zone's offset then.
type moment int64

// entry is an item of a list, which knows its row: cells under the names of their
// columns. Every entry of a type has the same columns.
type entry interface{ row() object }

// table is an empty table whose columns are the given ones and those of an entry;
// nil where nobody asked for one.
func (c *call) table(zone *calendar.Zone, of entry, first ...string) *table {
	if c.query.get("format") != "csv" {
		return nil
	}
	t := &table{columns: first, zone: zone}
	for _, f := range of.row() {
		t.columns = append(t.columns, f.key)
	}
	return t
}

// add adds the row of each entry, after cells that all of them have.
func add[E entry](t *table, list []E, first ...any) {
	if t == nil {
		return
	}
	for _, e := range list {
		cells := append([]any{}, first...)
		for _, f := range e.row() {
			cells = append(cells, f.value)
		}
		t.rows = append(t.rows, cells)
	}
}

// listed is data with the table of one list in it.
func listed[E entry](c *call, zone *calendar.Zone, list []E, data any) tabled {
	var none E
	t := c.table(zone, none)
	add(t, list)
	return tabled{data, t}
}

// counted is data about one thing, which is the only row.
func (c *call) counted(row object, data any) tabled {
	t := c.table(nil, row)
	add(t, []object{row})
	return tabled{data, t}
}

// row makes an object an entry.
func (o object) row() object { return o }

// linkRows is the rows of links that a call names, each after the link as it was
// named. A link that is unknown has one row, with the error in the last column.
func linkRows[E entry](c *call, zone *calendar.Zone, list []named, entries []object, rows func(object) []E) *table {
	var none E
	t := c.table(zone, append(none.row(), notFound), "link")
	if t == nil {
		return nil
	}
	for i, e := range entries {
		if failed := e.get(notFound.key); failed != nil {
			cells := make([]any, len(t.columns))
			cells[0], cells[len(cells)-1] = list[i].value, failed
			t.rows = append(t.rows, cells)
			continue
		}
		add(t, rows(e), list[i].value)
	}
	return t
}

// userGlobal is how often a link was clicked, and all links of its long URL.
type userGlobal struct{ user, global any }

func (e userGlobal) row() object {
	return object{{"user_clicks", e.user}, {"global_clicks", e.global}}
}

// csv is the table by RFC 4180.
func (t *table) csv() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	write := func(cells []string) error {
		err := w.Write(cells)
		if w.Flush(); err == nil {
			err = w.Error()
		}
		b.Truncate(max(b.Len()-1, 0)) // the writer's newline
		b.WriteString("\r\n")
		return err
	}
	if err := write(t.columns); err != nil {
		return nil, fmt.Errorf("encode csv: %w", err)
	}
	for _, row := range t.rows {
		cells := make([]string, len(t.columns))
		for i, v := range row {
			cells[i] = t.cell(v)
		}
		if err := write(cells); err != nil {
			return nil, fmt.Errorf("encode csv: %w", err)
		}
	}
	return b.Bytes(), nil
}

// cell is a value as a table shows it. Texts are what strangers send, and a
// spreadsheet takes one that begins with = + - or @ for a formula, also after a
// tab or the end of a line, and with full-width signs: an apostrophe makes it a
// text.
func (t *table) cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case moment:
		zone := time.FixedZone("", t.zone.Offset(int64(v)))
		return time.Unix(int64(v), 0).In(zone).Format("2006-01-02T15:04:05-07:00")
	case string:
		v = strings.ReplaceAll(strings.ToValidUTF8(v, "\uFFFD"), "\x00", "\uFFFD")
		if strings.IndexAny(v, "=+-@\t\r\n＝＋－＠") == 0 {
			v = "'" + v
		}
		return v
	}
	return fmt.Sprint(v)
}
