package sql

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/storage/store"
)

// preparer prepares statements, and keeps the first error.
type preparer struct {
	ctx    context.Context // of Open
	db     *sql.DB
	engine *engine
	err    error
}

func (p *preparer) stmt(query string) (s *sql.Stmt) {
	if p.err == nil { // else it would fail in the same way
		s, p.err = p.db.PrepareContext(p.ctx, p.engine.parameters(query))
	}
	return s
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

// unnumbered replaces $1, $2, … by question marks if each is there once, in this order. To SQLite, $1 is a name,
// and its driver searches the names of a statement for each value.
func unnumbered(query string) string {
	for i, name := range parameter.FindAllString(query, -1) {
		if name != "$"+strconv.Itoa(i+1) {
			return query
		}
	}
	return parameter.ReplaceAllLiteralString(query, "?")
}

// params is "$from, … $to".
func params(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		if i > from {
			b.WriteString(", ")
		}
		b.WriteString("$" + strconv.Itoa(i))
	}
	return b.String()
}

// key returns a text by which rows are found. For a text that cannot be stored, which
// PostgreSQL would refuse, it returns an empty one: no row has that.
func key(text string) string {
	if store.CheckText("", text) != nil {
		return ""
	}
	return text
}

// indexed is the condition that a column has the value of a parameter. In PostgreSQL an
// index has the start of the column, because an entry has 2,700 bytes at most.
func indexed(column string, parameter int) string {
	return fmt.Sprintf(`substr(%[1]s, 1, 200) = substr($%[2]d, 1, 200) AND %[1]s = $%[2]d`, column, parameter)
}

// finder finds the rows of many keys with few statements.
type finder struct{ one, many *sql.Stmt }

// keysPerQuery is from where on more keys in one query are no faster.
const keysPerQuery = 32

// newFinder takes a query without its last part, "IN (…)".
func newFinder(p *preparer, query string) finder {
	return finder{
		one:  p.stmt(query + ` IN ($1)`),
		many: p.stmt(query + ` IN (` + params(1, keysPerQuery) + `)`),
	}
}

// find calls scan for each row of the keys, in the transaction if tx is not nil.
func (f finder) find(ctx context.Context, tx *sql.Tx, keys []string, scan func(*sql.Rows) error) error {
	stmt, width := f.many, keysPerQuery
	if len(keys) == 1 {
		stmt, width = f.one, 1
	}
	if tx != nil {
		stmt = tx.StmtContext(ctx, stmt)
	}
	slices.Sort(keys) // adjacent keys are found in the same pages
	args := make([]any, width)
	for from := 0; from < len(keys); from += width {
		for i := range args {
			// The last query repeats the last key, which adds no rows.
			args[i] = keys[min(from+i, len(keys)-1)]
		}
		if err := each(ctx, stmt, args, scan); err != nil {
			return err
		}
	}
	return nil
}

// textsOf returns the texts that a finder finds for ids, in their order; empty for an unknown id.
func textsOf[ID ~uint64, Text ~string](ctx context.Context, f finder, ids []ID) ([]Text, error) {
	known := make(map[ID]Text, len(ids))
	keys := make([]string, len(ids))
	for i, id := range ids {
		keys[i] = strconv.FormatInt(int64(id), 10)
	}
	err := f.find(ctx, nil, keys, func(rows *sql.Rows) error {
		var id int64
		var text Text
		err := rows.Scan(&id, &text)
		known[ID(id)] = text
		return err
	})
	if err != nil {
		return nil, err
	}
	texts := make([]Text, len(ids))
	for i, id := range ids {
		texts[i] = known[id]
	}
	return texts, nil
}

// each calls scan for each row of a statement's answer.
func each(ctx context.Context, stmt *sql.Stmt, args []any, scan func(*sql.Rows) error) error {
	rows, err := stmt.QueryContext(ctx, args...)
	return scanAll(rows, err, scan)
}

// eachRow is each for a query that is not prepared.
func eachRow(ctx context.Context, db *sql.DB, scan func(*sql.Rows) error, query string, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	return scanAll(rows, err, scan)
}

func scanAll(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// inserter adds many rows to a table with few statements.
type inserter struct {
	columns   int
	one, many *sql.Stmt
}

// rowsPerInsert is from where on more rows in one statement are no faster.
const rowsPerInsert = 64

func newInserter(p *preparer, table string, columns ...string) inserter {
	n := len(columns)
	query := `INSERT INTO ` + table + ` (` + strings.Join(columns, ", ") + `) VALUES `
	rows := make([]string, rowsPerInsert)
	for i := range rows {
		rows[i] = `(` + params(i*n+1, i*n+n) + `)`
	}
	return inserter{columns: n, one: p.stmt(query + rows[0]), many: p.stmt(query + strings.Join(rows, ", "))}
}

// insert adds rows, given as one list of their values.
func (in inserter) insert(ctx context.Context, tx *sql.Tx, values []any) error {
	return in.insertEach(ctx, tx, len(values)/in.columns, func(to []any, i int) []any {
		return append(to, values[i*in.columns:(i+1)*in.columns]...)
	})
}

// insertEach adds n rows. row appends the values of one, so that those of all rows need not be in
// memory at once.
func (in inserter) insertEach(ctx context.Context, tx *sql.Tx, n int, row func(to []any, i int) []any) error {
	one, many := tx.StmtContext(ctx, in.one), tx.StmtContext(ctx, in.many)
	values := make([]any, 0, in.columns*min(n, rowsPerInsert))
	for i := 0; i < n; {
		stmt, end := many, i+rowsPerInsert
		if end > n {
			stmt, end = one, i+1
		}
		for values = values[:0]; i < end; i++ {
			values = row(values, i)
		}
		if _, err := stmt.ExecContext(ctx, values...); err != nil {
			return err
		}
	}
	return nil
}
