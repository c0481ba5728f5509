package feed

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/dustin/go-humanize/english"
)

// Decompress returns the input as it is, or unpacked if it is gzip. If the gzip is cut
// off or damaged, a Read fails with an error that says after which line. Decompress
// fails with a PackedError for other packed formats.
func Decompress(r io.Reader) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 1<<16)
	head, _ := br.Peek(2)
	if !bytes.Equal(head, []byte{0x1f, 0x8b}) {
		return br, otherwisePacked(br)
	}
	u := &unpacked{packed: br}
	var err error
	if u.gzip, err = gzip.NewReader(br); err != nil {
		return nil, u.explain(err)
	}
	u.gzip.Multistream(false)
	return u, nil
}

// packers are other programs that pack files, and how their files begin; ? is any byte.
var packers = []struct{ magic, name, unpack string }{
	{"BZh?1AY&SY", "bzip2", "bzip2 -dc"},
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
	{"\x1f\x9d", "compress", "uncompress -c"},
	{"PK\x03\x04", "zip", "unzip -p"},
	{"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so"},
}

// wide are the first bytes of UTF-16 texts, which PowerShell writes with >.
var wide = []string{"\xff\xfe", "\xfe\xff"}

// PackedError says that an input is packed in a way that an import does not read.
type PackedError struct {
	What   string
	Unpack string // the program that makes a readable file of it
}

func (e *PackedError) Error() string { return e.What }

// otherwisePacked fails for files of packers and for UTF-16. It consumes nothing.
func otherwisePacked(r *bufio.Reader) error {
	for _, p := range packers {
		if starts(r, p.magic) {
			return &PackedError{"it is a file of " + p.name + ", and only plain and gzip files can be imported", p.unpack}
		}
	}
	for _, mark := range wide {
		if starts(r, mark) {
			return &PackedError{"the file is UTF-16, and only UTF-8 can be imported", "iconv -f UTF-16 -t UTF-8"}
		}
	}
	return nil
}

// starts reports whether an input starts with magic, in which ? is any byte. It does not
// wait for more bytes of a slow pipe than it needs.
func starts(r *bufio.Reader, magic string) bool {
	for n := 1; n <= len(magic); n++ {
		head, err := r.Peek(n)
		if err != nil || magic[n-1] != '?' && head[n-1] != magic[n-1] {
			return false
		}
	}
	return true
}

// unpacked unpacks gzip, of one member or several.
type unpacked struct {
	packed *bufio.Reader
	gzip   *gzip.Reader
	lines  int // that were read completely
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.gzip.Read(b)
	u.lines += bytes.Count(b[:n], []byte("\n"))
	if errors.Is(err, io.EOF) {
		err = u.more()
	}
	return n, u.explain(err)
}

var (
	// ErrGzipCut says that the end of a gzip file is missing.
	ErrGzipCut = errors.New("the gzip file is cut off")
	// ErrGzipDamaged says that a gzip file is damaged, or followed by other bytes.
	ErrGzipDamaged = errors.New("the gzip file is damaged")

	errTrailer = errors.New("other data follow after its end")
)

// more starts the next member, or returns io.EOF after the last one. Zeros may follow it,
// as on tapes and in copies of whole disk blocks.
func (u *unpacked) more() error {
	head, err := u.packed.Peek(1)
	if err != nil {
		return err
	}
	switch head[0] {
	case 0:
	case 0x1f:
		if err := u.gzip.Reset(u.packed); errors.Is(err, gzip.ErrHeader) {
			return errTrailer
		} else if err != nil {
			return err
		}
		u.gzip.Multistream(false)
		return nil
	default:
		return errTrailer
	}
	for {
		c, err := u.packed.ReadByte()
		if err != nil {
			return err // usually io.EOF
		}
		if c != 0 {
			return errTrailer
		}
	}
}

// explain says what is wrong with the file. It returns other errors as they are.
func (u *unpacked) explain(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w after %d whole %s", ErrGzipCut, u.lines, english.PluralWord(u.lines, "line", ""))
	case errors.Is(err, errTrailer):
		return fmt.Errorf("%w after line %d (%w)", ErrGzipDamaged, u.lines, err)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return fmt.Errorf("%w in line %d or before (%w)", ErrGzipDamaged, u.lines+1, err)
	}
	return err
}
