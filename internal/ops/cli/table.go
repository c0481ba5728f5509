package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/plain"
)

// table prints rows in columns. Some hundreds at a time are aligned.
type table struct {
	w     io.Writer
	right []bool // columns of numbers
	rows  [][]string
	err   error
}

// rowsAligned is the number of rows whose columns are aligned together. They are held
// in memory.
const rowsAligned = 500

// newTable makes a table with column names. A > before a name says that the column
// has numbers.
func newTable(w io.Writer, head ...string) *table {
	t := &table{w: w, right: make([]bool, len(head))}
	for i := range head {
		head[i], t.right[i] = strings.CutPrefix(head[i], ">")
	}
	t.row(head...)
	return t
}

// row adds a row. Its cells may be foreign text.
func (t *table) row(cells ...string) {
	t.add(plainCells(cells))
}

// message adds a row that ends with a message of ours, in which foreign text is quoted.
func (t *table) message(last string, cells ...string) {
	t.add(append(plainCells(cells), last))
}

func plainCells(cells []string) []string {
	for i := range cells {
		cells[i] = plain.Text(cells[i])
	}
	return cells
}

func (t *table) add(cells []string) {
	if t.rows = append(t.rows, cells); len(t.rows) == rowsAligned {
		_ = t.flush()
	}
}

func (t *table) flush() error {
	width := make([]int, len(t.right))
	for _, row := range t.rows {
		for i, cell := range row {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(cell)
		}
		if t.err == nil {
			_, t.err = io.WriteString(t.w, strings.TrimRight(line.String(), " ")+"\n")
		}
	}
	t.rows = nil
	return t.err
}

// array prints a JSON array, each element on a line as it comes.
type array struct {
	w   io.Writer
	n   int
	err error
}

func (a *array) element(v any) {
	line, err := oneLine(v)
	if a.err = cmp.Or(a.err, err); a.err != nil {
		return
	}
	sep := ",\n"
	if a.n++; a.n == 1 {
		sep = "[\n"
	}
	_, a.err = io.WriteString(a.w, sep+string(line))
}

func (a *array) end() error {
	end := "\n]\n"
	if a.n == 0 {
		end = "[]\n"
	}
	if a.err == nil {
		_, a.err = io.WriteString(a.w, end)
	}
	return a.err
}

// oneLine returns a value as JSON on one line, without escapes for HTML.
func oneLine(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}
