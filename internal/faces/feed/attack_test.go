package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"runtime"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
)

// repeated repeats a text.
type repeated struct {
	text string
	at   int
}

func (r *repeated) Read(b []byte) (n int, err error) {
	for n < len(b) {
		copied := copy(b[n:], r.text[r.at:])
		n += copied
		r.at = (r.at + copied) % len(r.text)
	}
	return n, nil
}

// TestLargeInputs: the memory of an import does not grow with its input.
func TestLargeInputs(t *testing.T) {
	most := func(in io.Reader) (r feed.Result, heap uint64) {
		t.Helper()
		im := importer(forgetful{})
		makeLinks(t, im)
		before := live()
		r, err := im.Import(t.Context(), "ndjson", &watched{Reader: in, look: func() {
			after := live()
			heap = max(heap, after-min(before, after))
		}}, func(feed.Rejected) {})
		if err != nil {
			t.Fatal(err)
		}
		return r, heap
	}
	for name, text := range map[string]string{
		"an endless line": "x", "zero bytes": "\x00", "blank lines": "\n", "short lines": "x\n", "blanks and lines": "x\n\n",
		"long lines": strings.Repeat("x", 1<<20-1) + "\n", "deep JSON": strings.Repeat("[", 1<<19) + "\n",
		"many values": "[" + strings.Repeat("1,", 1<<18) + "1]\n",
	} {
		t.Run(name, func(t *testing.T) {
			size := int64(12 << 20)
			if strings.HasPrefix(text, "x\n") {
				size = 2 << 20 // a million lines
			}
			r, heap := most(io.LimitReader(&repeated{text: text}, size))
			if r.Clicks > 0 || r.Lines == 0 || r.Lines != r.Skipped+r.Rejected {
				t.Errorf("the result is %+v", r)
			}
			if heap > 10<<20 {
				t.Errorf("%d MiB were held", heap>>20)
			}
		})
	}
}

// live is the number of bytes in use, without garbage.
func live() uint64 {
	runtime.GC()
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// forgetful is a Recorder that drops everything.
type forgetful struct{}

func (forgetful) BeginImport(context.Context, [32]byte) ([]store.Mark, func(), error) {
	return nil, func() {}, nil
}
func (forgetful) Import(context.Context, []click.Click, store.Mark) error { return nil }
func (forgetful) Drain(context.Context) error                             { return nil }

// watched calls look now and then.
type watched struct {
	io.Reader
	look func()
	read int
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if w.read += n; w.read > 2<<20 {
		w.read = 0
		w.look()
	}
	return n, err
}

// TestGzipBomb: a small gzip file of an endless line is a rejected line.
func TestGzipBomb(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, _ = io.Copy(w, io.LimitReader(&repeated{text: "x"}, 64<<20))
	_ = w.Close()
	im := importer(newTape())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, rejected := imports(t, im, "bitly-feed", bomb.String())
	runtime.ReadMemStats(&after)
	if r != (feed.Result{Lines: 1, Rejected: 1}) || len(rejected) != 1 || !strings.Contains(rejected[0], "1: the line is longer than") {
		t.Errorf("the result is %+v, rejected %q", r, rejected)
	}
	if made := after.TotalAlloc - before.TotalAlloc; made > 16<<20 {
		t.Errorf("%d MiB were used", made>>20)
	}
}

func TestEmpty(t *testing.T) {
	for _, in := range []string{"", "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00"} {
		for _, format := range feed.Formats() {
			if r, rejected := imports(t, importer(newTape()), format, in); r != (feed.Result{}) || len(rejected) > 0 {
				t.Errorf("an empty input: %+v, rejected %q", r, rejected)
			}
		}
	}
}

// TestCutOffAndWhole: after a gzip file that was cut off, and then the whole one, each line
// has counted once.
func TestCutOffAndWhole(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	const n = 4000
	for i := range n {
		_, _ = io.WriteString(w, line(1_000_000_000+int64(i), `,"a":"`+strings.Repeat("y", 900)+`"`)+"\n")
	}
	_ = w.Close()
	tape := newTape()
	im := importer(tape)
	whole := packed.Bytes()
	r, err := im.Import(t.Context(), "bitly-feed", bytes.NewReader(whole[:len(whole)*3/4]), func(feed.Rejected) {})
	if err == nil || r.Clicks < 1000 || r.Clicks == n {
		t.Fatalf("cut off: %+v, %v", r, err)
	}
	if got, _ := imports(t, im, "bitly-feed", string(whole)); got != (feed.Result{Lines: n, Known: r.Clicks, Clicks: n - r.Clicks}) {
		t.Errorf("then the whole file: %+v; %d clicks were recorded before", got, r.Clicks)
	}
	slices.SortFunc(tape.clicks, func(a, b click.Click) int { return int(a.Time - b.Time) })
	if len(slices.CompactFunc(tape.clicks, func(a, b click.Click) bool { return a.Time == b.Time })) != n {
		t.Error("a line counts twice")
	}
}
