package clickhouse_test

import (
	"bytes"
	"io"
	"reflect"
	"testing"

	"github.com/footfall/footfall/internal/storage/clickhouse"
)

func block() []byte {
	return clickhouse.Encode([]string{"a UInt8", "b UInt32", "c UInt64", "d String", "e FixedString(2)"},
		[]any{uint8(1), uint32(2), uint64(1 << 40), "x", []byte("ab")}, []any{uint8(255), uint32(0), uint64(0), "", []byte{0, 255}})
}

// TestNativeBytes: a block as the documentation of ClickHouse's format Native describes it.
func TestNativeBytes(t *testing.T) {
	t.Parallel()
	want := "\x01\x02" + "\x04name" + "\x06String" + "\x02ab" + "\x00"
	if got := clickhouse.Encode([]string{"name String"}, []any{"ab"}, []any{""}); string(got) != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestNativeIsReadAsWritten(t *testing.T) {
	t.Parallel()
	want := []clickhouse.Column{{Numbers: []uint64{1, 255}}, {Numbers: []uint64{2, 0}}, {Numbers: []uint64{1 << 40, 0}}, {Texts: []string{"x", ""}}, {Texts: []string{"ab", "\x00\xff"}}}
	got, rest, err := clickhouse.Read(append(block(), block()...))
	if err != nil || !reflect.DeepEqual(got, want) || !bytes.Equal(rest, block()) {
		t.Errorf("%v, rest %x, %v", got, rest, err)
	}
}

// TestCutAnswers: an answer that was cut short is an error, wherever it was cut.
func TestCutAnswers(t *testing.T) {
	t.Parallel()
	whole := block()
	for n := range whole {
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF // no block follows
		}
		if got, _, err := clickhouse.Read(whole[:n]); err != want {
			t.Errorf("the first %d bytes are read as %v, %v", n, got, err)
		}
	}
}

func FuzzNative(f *testing.F) {
	f.Add(block())
	f.Add([]byte("00\x00\x019")) // the type 9
	f.Add([]byte("\x01\x02\x01n\x04Int8\x01\x02"))
	f.Add([]byte("\x01\xff\xff\xff\x07\x01n\x06UInt64"))
	f.Fuzz(func(t *testing.T, b []byte) {
		columns, rest, err := clickhouse.Read(b)
		if err != nil {
			return
		}
		rows := -1
		for _, c := range columns {
			n := max(len(c.Numbers), len(c.Texts))
			if rows >= 0 && n != rows {
				t.Errorf("columns of %d and %d rows", rows, n)
			}
			rows = n
		}
		if len(rest) >= len(b) {
			t.Errorf("a block without bytes: %x", b)
		}
	})
}
