package feed

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
)

// csvReader reads the records of a CSV file (RFC 4180), and counts and hashes (SHA-256) their
// bytes. It also takes what spreadsheets and simple programs write: another separator, a
// first line such as sep=;, a byte order mark, blank lines, lines that end with a carriage
// return, and quotes inside a field.
type csvReader struct {
	r      *bufio.Reader
	sep    byte
	lines  uint64 // that ended
	offset uint64
	digest hash.Hash

	raw  []byte // bytes that are not hashed yet
	text []byte // of the fields of the record
	ends []int  // of the fields, in text
}

const (
	// maxFields bounds the fields of a record.
	maxFields = 1000

	separators = ",;\t"
)

// csvRecord is a record that is not blank.
type csvRecord struct {
	line   uint64 // in which it begins, counted from 1
	fields []string
	err    error // why the record cannot be read
}

var (
	errQuote  = errors.New("a quoted field begins here and does not end")
	errFields = fmt.Errorf("the line has more than %d fields", maxFields)
)

// newCSVReader takes the separator from the first line, which it leaves.
func newCSVReader(r *bufio.Reader) *csvReader {
	c := &csvReader{r: r, digest: sha256.New()}
	head := firstLine(r)
	bom := []byte("\ufeff")
	if bytes.HasPrefix(head, bom) {
		c.consume(len(bom))
		head = head[len(bom):]
	}
	if sep, ok := bytes.CutPrefix(bytes.TrimRight(head, "\r"), []byte("sep=")); ok && len(sep) == 1 {
		c.consume(len("sep=") + 1)
		c.sep = sep[0]
		return c
	}
	c.sep = separatorOf(head)
	return c
}

// firstLine is the first line of an input, without its newline. It consumes nothing, and
// waits for no more bytes than that.
func firstLine(r *bufio.Reader) []byte {
	for n := 1; ; n = r.Buffered() + 1 {
		_, err := r.Peek(n)
		head, _ := r.Peek(r.Buffered())
		if line, _, whole := bytes.Cut(head, []byte("\n")); whole || err != nil {
			return line
		}
	}
}

// separatorOf is the separator that a line has most often outside of quotes; a comma if it
// has none.
func separatorOf(line []byte) byte {
	var number [len(separators)]int
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		} else if i := bytes.IndexByte([]byte(separators), b); i >= 0 && !quoted {
			number[i]++
		}
	}
	return separators[slices.Index(number[:], slices.Max(number[:]))]
}

func (c *csvReader) consume(n int) {
	for range n {
		_, _ = c.read() // they were peeked
	}
}

// read returns the next byte. It fails with the error of the input.
func (c *csvReader) read() (byte, error) {
	b, err := c.r.ReadByte()
	if err != nil {
		return 0, err
	}
	c.offset++
	if c.raw = append(c.raw, b); len(c.raw) == blockSize {
		c.hash()
	}
	return b, nil
}

func (c *csvReader) hash() {
	c.digest.Write(c.raw)
	c.raw = c.raw[:0]
}

// sum is the SHA-256 of all bytes read.
func (c *csvReader) sum() (d [sha256.Size]byte) {
	c.hash()
	c.digest.Sum(d[:0])
	return d
}

// next returns the next record that is not blank. It fails with io.EOF after the last one,
// and with any other error of the input.
func (c *csvReader) next() (csvRecord, error) {
	for {
		rec := csvRecord{line: c.lines + 1}
		err := c.record(&rec)
		if err != nil && !errors.Is(err, io.EOF) {
			return csvRecord{}, err
		}
		if rec.err != nil {
			return rec, nil
		}
		if len(c.text) == 0 {
			if err != nil {
				return csvRecord{}, err
			}
			continue
		}
		from := 0
		for _, end := range c.ends {
			rec.fields = append(rec.fields, string(c.text[from:end]))
			from = end
		}
		return rec, nil
	}
}

// The states of a csvReader inside a record.
type csvState int

const (
	fieldStart csvState = iota
	unquoted
	inQuotes
	quoteInQuotes // it ends the field, unless another one follows
)

// record reads a record, up to the end of its line. At the end of the input it fails with
// io.EOF; the record may have fields all the same.
func (c *csvReader) record(rec *csvRecord) error {
	c.text, c.ends = c.text[:0], c.ends[:0]
	state := fieldStart
	for {
		b, err := c.read()
		if err != nil {
			if state == inQuotes {
				rec.err = errQuote
			}
			c.endField(rec)
			return err
		}
		if b == '\r' && state != inQuotes {
			if next, _ := c.r.Peek(1); len(next) == 1 && next[0] == '\n' {
				continue
			}
			b = '\n'
		}
		if b == '\n' {
			c.lines++
		}
		switch {
		case b == '\n' && state != inQuotes:
			c.endField(rec)
			return nil
		case b == c.sep && state != inQuotes:
			c.endField(rec)
			state = fieldStart
		case b == '"' && state == fieldStart:
			state = inQuotes
		case b == '"' && state == inQuotes:
			state = quoteInQuotes
		case b == '"' && state == quoteInQuotes:
			state = inQuotes
			c.add(rec, b)
		default:
			if state != inQuotes {
				state = unquoted
			}
			c.add(rec, b)
		}
	}
}

func (c *csvReader) add(rec *csvRecord, b byte) {
	if len(c.text) == maxLine {
		rec.err = errTooLong
		return
	}
	c.text = append(c.text, b)
}

func (c *csvReader) endField(rec *csvRecord) {
	if len(c.ends) == maxFields {
		rec.err = errFields
		return
	}
	c.ends = append(c.ends, len(c.text))
}
