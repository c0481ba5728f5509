package clickhouse

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// This file has ClickHouse's format Native, in which inserts and answers are sent: blocks of
// columns. Each block begins with its number of rows. So a body that was cut is an error,
// wherever it was cut. Formats of rows lack that: ClickHouse 18 takes a body that was cut
// between two rows for a whole one.
//
//	block   number of columns, number of rows, columns
//	column  name, type, values
//	number  unsigned varint
//	text    its length (number), its bytes
//
// The values are little-endian numbers, texts, or bytes of a fixed length.

// column is one column of a block, with its values as they are sent.
type column struct {
	name, kind string // kind is the type in ClickHouse
	values     []byte
}

// block is rows to insert.
type block struct {
	rows    int
	columns []column
}

// newBlock returns an empty block. Columns are written as "name Type".
func newBlock(columns ...string) *block {
	b := &block{columns: make([]column, len(columns))}
	for i, c := range columns {
		b.columns[i].name, b.columns[i].kind, _ = strings.Cut(c, " ")
	}
	return b
}

// add appends a row. The type of each value must be that of its column: uint8, uint32,
// uint64, string, or []byte of a fixed length.
func (b *block) add(values ...any) {
	for i, v := range values {
		to := &b.columns[i].values
		switch v := v.(type) {
		case uint8:
			*to = append(*to, v)
		case uint32:
			*to = binary.LittleEndian.AppendUint32(*to, v)
		case uint64:
			*to = binary.LittleEndian.AppendUint64(*to, v)
		case string:
			*to = appendText(*to, v)
		case []byte:
			*to = append(*to, v...)
		default:
			panic(fmt.Sprintf("clickhouse: no column has values of type %T", v))
		}
	}
	b.rows++
}

// append appends the rows of a block with the same columns.
func (b *block) append(o *block) {
	for i := range o.columns {
		b.columns[i].values = append(b.columns[i].values, o.columns[i].values...)
	}
	b.rows += o.rows
}

// names lists the columns for a statement.
func (b *block) names() string {
	names := make([]string, len(b.columns))
	for i := range b.columns {
		names[i] = b.columns[i].name
	}
	return strings.Join(names, ", ")
}

// encode returns the block as it is sent.
func (b *block) encode() []byte {
	size := 0
	for i := range b.columns {
		size += len(b.columns[i].values) + 64
	}
	to := make([]byte, 0, size)
	to = binary.AppendUvarint(to, uint64(len(b.columns)))
	to = binary.AppendUvarint(to, uint64(b.rows))
	for i := range b.columns {
		c := &b.columns[i]
		to = append(appendText(appendText(to, c.name), c.kind), c.values...)
	}
	return to
}

func appendText(to []byte, s string) []byte {
	return append(binary.AppendUvarint(to, uint64(len(s))), s...)
}

// answer is a block of an answer. A column has either numbers or texts.
type answer struct {
	rows    int
	numbers [][]uint64
	texts   [][]string
}

// maxAnswerRows is the maximum number of rows of a block, and maxAnswerText the maximum length of
// a text in bytes; what exceeds them is an error. ClickHouse sends blocks of 65,536 rows.
const maxAnswerRows, maxAnswerText = 1 << 24, 1 << 26

// readAnswer reads the next block. It returns io.EOF after the last one.
func readAnswer(r *bufio.Reader) (a *answer, err error) {
	columns, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err // io.EOF between blocks
	}
	defer func() {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
	}()
	rows, err := binary.ReadUvarint(r)
	if err != nil {
		return nil, err
	}
	if columns > 100 || rows > maxAnswerRows {
		return nil, fmt.Errorf("an answer of ClickHouse has %d columns and %d rows", columns, rows)
	}
	a = &answer{rows: int(rows), numbers: make([][]uint64, columns), texts: make([][]string, columns)}
	for i := range a.numbers {
		if _, err = readText(r); err != nil { // the name
			return nil, err
		}
		kind, err := readText(r)
		if err != nil {
			return nil, err
		}
		if err := a.read(r, i, kind); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// read reads the values of column i.
func (a *answer) read(r *bufio.Reader, i int, kind string) error {
	size, err := sizeOf(kind)
	if err != nil {
		return err
	}
	if kind != "String" && !strings.HasPrefix(kind, "FixedString(") {
		return a.readNumbers(r, i, size)
	}
	a.texts[i] = make([]string, a.rows)
	for row := range a.texts[i] {
		if kind == "String" {
			if a.texts[i][row], err = readText(r); err != nil {
				return err
			}
			continue
		}
		fixed := make([]byte, size)
		if _, err := io.ReadFull(r, fixed); err != nil {
			return err
		}
		a.texts[i][row] = string(fixed)
	}
	return nil
}

func (a *answer) readNumbers(r *bufio.Reader, i, size int) error {
	a.numbers[i] = make([]uint64, a.rows)
	var word [8]byte
	for row := range a.numbers[i] {
		if _, err := io.ReadFull(r, word[:size]); err != nil {
			return err
		}
		a.numbers[i][row] = binary.LittleEndian.Uint64(word[:])
	}
	return nil
}

// sizeOf returns the length of a value of a type in bytes; 0 for texts.
func sizeOf(kind string) (int, error) {
	switch kind {
	case "String":
		return 0, nil
	case "UInt8":
		return 1, nil
	case "UInt16":
		return 2, nil
	case "UInt32":
		return 4, nil
	case "UInt64", "Int64":
		return 8, nil
	}
	if text, ok := strings.CutPrefix(kind, "FixedString("); ok {
		if size, err := strconv.Atoi(strings.TrimSuffix(text, ")")); err == nil && size > 0 && size < 1000 {
			return size, nil
		}
	}
	return 0, fmt.Errorf("an answer of ClickHouse has a column of type %q", kind)
}

func readText(r *bufio.Reader) (string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil {
		return "", err
	}
	if n > maxAnswerText {
		return "", fmt.Errorf("an answer of ClickHouse has a text of %d bytes", n)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(r, b)
	return string(b), err
}
