package feed

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/dustin/go-humanize/english"
)

const (
	// maxLine bounds a line, in bytes. A longer one is rejected unread.
	maxLine = 1 << 20
	// maxChunk is after how many bytes a mark is due. No mark lies more than
	// maxChunk + maxLine behind the one before.
	maxChunk = 1 << 20
)

// Decompress gives the input as it is, or unpacked where it is gzip. Where that
// is cut off or damaged, an error says how far it came. What is packed in another
// way is an error that says with what it is unpacked.
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

// packers are programs that pack files otherwise, and how their files begin; ? is
// any byte.
var packers = []struct{ magic, name, unpack string }{
	{"BZh?1AY&SY", "bzip2", "bzip2 -dc"},
	{"\xfd7zXZ\x00", "xz", "xz -dc"},
	{"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"},
	{"\x04\x22\x4d\x18", "lz4", "lz4 -dc"},
	{"\x1f\x9d", "compress", "uncompress -c"},
	{"PK\x03\x04", "zip", "unzip -p"},
	{"7z\xbc\xaf\x27\x1c", "7-Zip", "7z x -so"},
}

// wide are how texts of UTF-16 begin, which PowerShell writes with >.
var wide = []string{"\xff\xfe", "\xfe\xff"}

// PackedError says that an input is packed in a way that an import does not read.
type PackedError struct {
	What   string
	Unpack string // the program that makes a readable file of it
}

func (e *PackedError) Error() string { return e.What }

// otherwisePacked looks at the begin of an input, and reads nothing off.
func otherwisePacked(r *bufio.Reader) error {
	for _, p := range packers {
		if starts(r, p.magic) {
			return &PackedError{"it is a file of " + p.name + ", and only plain and gzip files are taken", p.unpack}
		}
	}
	for _, mark := range wide {
		if starts(r, mark) {
			return &PackedError{"the file is UTF-16, and UTF-8 is taken", "iconv -f UTF-16 -t UTF-8"}
		}
	}
	return nil
}

// starts tells whether an input starts so; ? is any byte. A pipe may be slow: the next byte
// is asked for only while all before it fit.
func starts(r *bufio.Reader, magic string) bool {
	for n := 1; n <= len(magic); n++ {
		head, err := r.Peek(n)
		if err != nil || magic[n-1] != '?' && head[n-1] != magic[n-1] {
			return false
		}
	}
	return true
}

// unpacked is what gzip has packed, in one part or more.
type unpacked struct {
	packed *bufio.Reader
	gzip   *gzip.Reader
	lines  int // that were read to their end
}

func (u *unpacked) Read(b []byte) (int, error) {
	n, err := u.gzip.Read(b)
	u.lines += bytes.Count(b[:n], []byte("\n"))
	if errors.Is(err, io.EOF) {
		err = u.more()
	}
	return n, u.explain(err)
}

// errBehind: a gzip file is followed by something else.
var errBehind = errors.New("after its end comes what is no gzip")

// more begins the next part, or says that there is none. Zeros may follow the
// last one, as tapes and copies of whole disk blocks have them.
func (u *unpacked) more() error {
	head, err := u.packed.Peek(1)
	if err != nil {
		return err
	}
	switch head[0] {
	case 0:
	case 0x1f:
		if err := u.gzip.Reset(u.packed); errors.Is(err, gzip.ErrHeader) {
			return errBehind
		} else if err != nil {
			return err
		}
		u.gzip.Multistream(false)
		return nil
	default:
		return errBehind
	}
	for {
		c, err := u.packed.ReadByte()
		if err != nil {
			return err // the end, mostly
		}
		if c != 0 {
			return errBehind
		}
	}
}

// explain leaves alone what is no fault of the file.
func (u *unpacked) explain(err error) error {
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("the gzip file is cut off after %d whole %s: get all of it and import that", u.lines, english.PluralWord(u.lines, "line", ""))
	case errors.Is(err, errBehind):
		return fmt.Errorf("the gzip file is damaged after line %d (%w): get a good copy", u.lines, err)
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader), errors.As(err, &corrupt):
		return fmt.Errorf("the gzip file is damaged in line %d or before (%w): get a good copy", u.lines+1, err)
	}
	return err
}

// lines reads an input piece by piece, and knows how many bytes have been
// accepted and their SHA-256.
type lines struct {
	r *bufio.Reader
	// held and from are what it reads, one after the other.
	held   *bytes.Buffer
	from   buffered
	offset uint64
	digest hash.Hash
	// inside is set where the bytes that follow belong to a line that is dealt
	// with already.
	inside bool

	piece       []byte // the last one, until accepted
	pieceInside bool
}

// kind is what a piece is.
type kind int

const (
	aLine   kind = iota // a line with its newline
	anEnd               // the input's last line, without a newline; it may grow
	tooLong             // the begin of a line that is too long
	rest                // more of a line that is dealt with; no line of its own
)

// next returns the next piece, valid until the next call, without newline.
// What is not accepted before the next call is as if it were not there. io.EOF
// ends the input. After errDue it goes on.
func (l *lines) next() (kind, []byte, error) {
	if err := l.await(); err != nil {
		return 0, nil, err
	}
	b, err := l.r.ReadSlice('\n')
	l.piece = b
	what := aLine
	switch {
	case err == nil:
		l.pieceInside = false
		b = b[:len(b)-1]
	case errors.Is(err, bufio.ErrBufferFull):
		l.pieceInside = true
		what = tooLong
	case errors.Is(err, io.EOF) && len(b) > 0:
		l.pieceInside = true
		what = anEnd
	default:
		return 0, nil, err
	}
	if l.inside {
		what = rest
	}
	return what, b, nil
}

// await returns once a line is there, or whatever else ends a piece, or with errDue.
func (l *lines) await() error {
	for looked := 0; ; {
		b, _ := l.r.Peek(l.r.Buffered())
		if bytes.IndexByte(b[looked:], '\n') >= 0 || len(b) == l.r.Size() {
			return nil
		}
		looked = len(b)
		if _, err := l.r.Peek(looked + 1); errors.Is(err, errDue) {
			return err
		} else if err != nil {
			return nil // it comes again
		}
	}
}

// ready tells whether there is more to read at once.
func (l *lines) ready() bool { return l.r.Buffered() > 0 || l.held.Len() > 0 || l.from.ready() }

// accept takes the last piece as read.
func (l *lines) accept() {
	l.offset += uint64(len(l.piece))
	l.digest.Write(l.piece)
	l.inside = l.pieceInside
}

// sum is the SHA-256 of all bytes accepted.
func (l *lines) sum() (d [sha256.Size]byte) {
	l.digest.Sum(d[:0])
	return d
}
