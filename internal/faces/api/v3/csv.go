package v3

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// tableData is data whose table is the answer in format=csv.
type tableData struct {
	data  any // an object or a textData
	table *table
}

// table is rows under columns. A row may have fewer cells than there are columns. A
// nil table ignores rows: the answer is not csv.
type table struct {
	columns []string
	rows    [][]any
	zone    *calendar.Zone // for dates
}

// moment is a cell that is a Unix second. It is shown as date, time and the zone's
// offset at that time.
type moment int64

// entry is an item of a list. Its row is its cells by column. All entries of a type
// have the same columns.
type entry interface{ row() object }

// row makes an object an entry.
func (o object) row() object { return o }

// newTable is an empty table with the columns given, and then those of an entry; nil
// unless the answer is csv.
func (c *call) newTable(zone *calendar.Zone, of entry, columns ...string) *table {
	if c.query.get("format") != "csv" {
		return nil
	}
	t := &table{columns: columns, zone: zone}
	for _, f := range of.row() {
		t.columns = append(t.columns, f.key)
	}
	return t
}

// addRows adds a row for each entry, which begins with the cells given.
func addRows[E entry](t *table, list []E, cells ...any) {
	if t == nil {
		return
	}
	for _, e := range list {
		row := slices.Clone(cells)
		for _, f := range e.row() {
			row = append(row, f.value)
		}
		t.rows = append(t.rows, row)
	}
}

// withList is data with a table of one list.
func withList[E entry](c *call, zone *calendar.Zone, list []E, data any) tableData {
	var zero E
	t := c.newTable(zone, zero)
	addRows(t, list)
	return tableData{data, t}
}

// withRow is data with a table of one row.
func (c *call) withRow(row object, data any) tableData {
	t := c.newTable(nil, row)
	addRows(t, []object{row})
	return tableData{data, t}
}

// linkTable is a table of entries about links that a call names. Its first column is
// the link as the call names it. An entry with an error is one row, with the error in
// the last column.
func linkTable[E entry](c *call, zone *calendar.Zone, list []namedLink, entries []object, rows func(object) []E) *table {
	var zero E
	t := c.newTable(zone, append(zero.row(), notFound), "link")
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
		addRows(t, rows(e), list[i].value)
	}
	return t
}

// csv is the table in the format of RFC 4180.
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

// cell is the text of a value. Strangers choose some of the texts. A spreadsheet
// reads a text that begins with = + - or @, full-width or after a tab or line end,
// as a formula. An apostrophe prevents that.
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
