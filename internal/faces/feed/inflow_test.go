package feed_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// counted is a tape that reports the number of its clicks after each record.
type counted struct {
	*tape
	clicks chan int
}

func (h counted) Import(ctx context.Context, clicks []click.Click, mark store.Mark) error {
	if err := h.tape.Import(ctx, clicks, mark); err != nil {
		return err
	}
	h.clicks <- len(h.tape.clicks)
	return nil
}

// piped is an import of a pipe that stays open.
type piped struct {
	t      *testing.T
	in     *io.PipeWriter
	due    chan time.Time
	clicks chan int
	cancel func()
	done   chan struct{}
	result feed.Result
	err    error
}

func pipe(t *testing.T, im *feed.Importer, r *tape, format string) *piped {
	p := &piped{t: t, due: make(chan time.Time), clicks: make(chan int), done: make(chan struct{})}
	im.Recorder = counted{r, p.clicks}
	im.After = func(time.Duration) <-chan time.Time { return p.due }
	var out *io.PipeReader
	out, p.in = io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	p.cancel = cancel
	t.Cleanup(func() { p.in.Close(); cancel() })
	go func() {
		defer close(p.done)
		p.result, p.err = im.Import(ctx, format, out, func(feed.Rejected) {})
	}()
	return p
}

// send writes to the pipe, and waits until that number of clicks is recorded.
func (p *piped) send(text string, clicks int) {
	p.t.Helper()
	if _, err := io.WriteString(p.in, text); err != nil {
		p.t.Fatal(err)
	}
	p.wait(clicks)
}

// wait waits until that number of clicks is recorded.
func (p *piped) wait(clicks int) {
	p.t.Helper()
	for {
		select {
		case p.due <- time.Time{}:
		case n := <-p.clicks:
			if n > clicks {
				p.t.Fatalf("%d clicks are recorded, want %d", n, clicks)
			}
			if n == clicks {
				return
			}
		case <-p.done:
			p.t.Fatalf("the import ended: %+v, %v", p.result, p.err)
		}
	}
}

// end waits for the end of the import.
func (p *piped) end() feed.Result {
	for {
		select {
		case <-p.clicks:
		case <-p.done:
			return p.result
		}
	}
}

// TestPipe: lines of an open pipe are recorded when they are due, and a partial line when
// its rest is there. After that a file with the same lines is known.
func TestPipe(t *testing.T) {
	for _, pack := range []bool{false, true} {
		tape := newTape()
		im := importer(tape)
		makeLinks(t, im)
		p := pipe(t, im, tape, "combined")
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		send := func(text string, clicks int) {
			t.Helper()
			if pack {
				_, _ = io.WriteString(z, text)
				_ = z.Flush()
				text = packed.String()
				packed.Reset()
			}
			p.send(text, clicks)
		}
		half := visit("", 3, "abc", "x")
		send(visit("", 1, "abc", "x")+"garbage\n"+visit("", 2, "abc", "x")+half[:30], 2)
		send(half[30:], 3)
		send(visit("", 4, "abc", "x"), 4)
		_ = z.Close()
		if pack {
			_, _ = p.in.Write(packed.Bytes())
		}
		p.in.Close()
		if got := p.end(); got != (feed.Result{Lines: 5, Clicks: 4, Rejected: 1, Alien: 1}) || p.err != nil {
			t.Errorf("packed %v: the pipe is imported with the result %+v, %v", pack, got, p.err)
		}
		im.Recorder = tape
		file := visit("", 1, "abc", "x") + "garbage\n" + visit("", 2, "abc", "x") + half + visit("", 4, "abc", "x") + visit("", 5, "abc", "x")
		if got, _ := imports(t, im, "combined", file); got != (feed.Result{Lines: 6, Clicks: 1, Known: 4, Rejected: 1, Alien: 1}) {
			t.Errorf("packed %v: the file after it is imported with the result %+v", pack, got)
		}
	}
}

// TestPipeEndsEarly: an import of a quiet pipe ends when its context ends.
func TestPipeEndsEarly(t *testing.T) {
	for _, sent := range []string{"", "half a line", "a line\n", "\x1f", visit("", 1, "abc", "x")} {
		tape := newTape()
		im := importer(tape)
		makeLinks(t, im)
		imports(t, im, "combined", visit("", 1, "abc", "x")+visit("", 2, "abc", "x")) // more is known than comes
		p := pipe(t, im, tape, "combined")
		if _, err := io.WriteString(p.in, sent); err != nil {
			t.Fatal(err)
		}
		p.cancel()
		if p.end(); !errors.Is(p.err, context.Canceled) {
			t.Errorf("after %q: %v", sent, p.err)
		}
	}
}

// TestPipeOfAnotherInput: the lines of a pipe that starts like another input and continues
// differently are counted while it is quiet, except those that are known.
func TestPipeOfAnotherInput(t *testing.T) {
	other := ""
	for i := range 50 {
		other += visit("", i, "abc", "x")
	}
	first := visit("", 0, "abc", "x")
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
	imports(t, im, "combined", other)
	p := pipe(t, im, tape, "combined")
	p.send(first+visit("", 1000, "abc", "x"), 52)
	p.send(visit("", 1001, "abc", "x"), 53)
	p.in.Close()
	if got := p.end(); got != (feed.Result{Lines: 3, Clicks: 3}) {
		t.Errorf("the pipe is imported with the result %+v, %v", got, p.err)
	}

	// After a mark, the second new line differs from before.
	tape = newTape()
	im = importer(tape)
	makeLinks(t, im)
	imports(t, im, "combined", first)
	imports(t, im, "combined", other)
	p = pipe(t, im, tape, "combined")
	p.send(first+visit("", 1000, "abc", "x"), 51)
	p.in.Close()
	if got := p.end(); got != (feed.Result{Lines: 2, Clicks: 1, Known: 1}) {
		t.Errorf("after a mark the pipe is imported with the result %+v, %v", got, p.err)
	}

	// The same lines are known, and those after them count.
	p = pipe(t, im, tape, "combined")
	if _, err := io.WriteString(p.in, other[:len(other)/2]); err != nil {
		t.Fatal(err)
	}
	p.send(other[len(other)/2:]+visit("", 50, "abc", "x"), 52)
	p.in.Close()
	if got := p.end(); got != (feed.Result{Lines: 51, Clicks: 1, Known: 50}) {
		t.Errorf("after known lines the pipe is imported with the result %+v, %v", got, p.err)
	}
}

// TestPipesAndFiles: each line of an input counts once, if it comes in pieces or at once,
// repeatedly, and killed in between.
func TestPipesAndFiles(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	for range seedtest.Rounds(t, 30) {
		text, clicks := "", 0
		for i := range 200 {
			switch rng.IntN(10) {
			case 0:
				text += "garbage\n"
			case 1:
				text += "\n"
			default:
				text += visit("", i, "abc", strings.Repeat("x", rng.IntN(50)))
				clicks++
			}
		}
		tape := newTape()
		im := importer(tape)
		makeLinks(t, im)
		for range 4 {
			end := len(text)
			if rng.IntN(2) == 0 {
				end = rng.IntN(len(text) + 1)
			}
			p := pipe(t, im, tape, "combined")
			ticks := make(chan struct{})
			go func() { // time passes all the while
				defer close(ticks)
				for {
					select {
					case p.due <- time.Time{}:
					case <-p.clicks:
					case <-p.done:
						return
					}
				}
			}()
			for at := 0; at < end; {
				next := min(end, at+1+rng.IntN(1000))
				_, _ = io.WriteString(p.in, text[at:next]) // fails after the import has ended
				at = next
				if rng.IntN(60) == 0 {
					p.cancel()
					break
				}
			}
			p.in.Close()
			<-ticks
			if p.err == nil && p.result.Clicks+p.result.Known+p.result.Skipped+p.result.Rejected != p.result.Lines {
				t.Errorf("the parts of the result do not add up to its lines: %+v", p.result)
			}
			im.Recorder = tape
		}
		whole, _ := imports(t, im, "combined", text)
		if whole.Lines != 200 || whole.Known+whole.Clicks != uint64(clicks) || len(tape.clicks) != clicks {
			t.Fatalf("in the end %d clicks of %d are recorded: %+v", len(tape.clicks), clicks, whole)
		}
		slices.SortFunc(tape.clicks, func(a, b click.Click) int { return int(a.Time - b.Time) })
		if len(slices.CompactFunc(tape.clicks, func(a, b click.Click) bool { return a.Time == b.Time })) != clicks {
			t.Fatal("a line counts twice")
		}
	}
}
