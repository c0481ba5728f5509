package feed_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestCutCopies: a copy that was cut off anywhere adds no clicks after the whole input, and
// the whole adds none after it. Lines after a common start of another input count.
func TestCutCopies(t *testing.T) {
	t.Parallel()
	rng := seedtest.Rand(t)
	const lines = 3000
	var whole strings.Builder
	ends := []int{0} // of its lines
	for i := range lines {
		switch rng.IntN(12) {
		case 0:
			whole.WriteString("garbage\n")
		case 1:
			whole.WriteString(visit("", i, "none", strings.Repeat("y", rng.IntN(3000))))
		case 2:
			whole.WriteString("\n")
		default:
			whole.WriteString(visit("", i, "abc", strings.Repeat("x", rng.IntN(3000))))
		}
		ends = append(ends, whole.Len())
	}
	text := whole.String()
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
	first, _ := imports(t, im, "combined", text)
	if first.Lines != lines || first.Clicks == 0 || len(tape.marks) != 1 {
		t.Fatalf("the whole input: %+v, %d marks", first, len(tape.marks))
	}
	clicks := len(tape.clicks)
	for round := range seedtest.Rounds(t, 20) {
		n := rng.IntN(lines)
		end := ends[n]
		if rng.IntN(2) == 0 {
			end += rng.IntN(ends[n+1] - end)
		}
		if n == 0 {
			continue
		}
		got, rejected := imports(t, im, "combined", text[:end])
		partial := uint64(0)
		if end > ends[n] {
			partial = 1
		}
		if got.Clicks != 0 || got.Lines != uint64(n)+partial || got.Known+got.Skipped+got.Rejected != got.Lines || len(rejected) > int(partial) {
			t.Errorf("cut off at byte %d of %d, in line %d: %+v, %q", end, len(text), n+1, got, rejected)
		}
		if again, _ := imports(t, im, "combined", text); again.Clicks != 0 || again.Known != first.Clicks || len(tape.clicks) != clicks {
			t.Errorf("then the whole input is imported with the result %+v: %d clicks, want %d as before", again, len(tape.clicks), clicks)
		}
		// Another input differs from there on.
		own := fmt.Sprintf("own%d", round)
		more := visit("", 1, "abc", own) + visit("", 2, "abc", own)
		before := len(tape.clicks)
		_, _ = imports(t, im, "combined", text[:ends[n]]+more)
		if now := len(tape.clicks) - before; now < 2 {
			t.Errorf("an input that differs from line %[2]d on: %[1]d clicks, want at least 2", now, n+1)
		}
		_, _ = imports(t, im, "combined", text[:ends[n]]+more)
		if now := len(tape.clicks); now < before+2 {
			t.Error("clicks of the other input are lost after it was imported again")
		}
		clicks = len(tape.clicks)
	}
}

// TestCutCopiesOfFewLines is TestCutCopies for copies that end in the first stretch, and for
// links that are made later.
func TestCutCopiesOfFewLines(t *testing.T) {
	t.Parallel()
	var log string
	for i := range 5 {
		log += visit("", i, []string{"abc", "late"}[i%2], "x")
	}
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
	imports(t, im, "combined", log)
	makeLink(t, im, "late")
	cut := strings.Join(strings.SplitAfter(log, "\n")[:4], "")
	if got, _ := imports(t, im, "combined", cut); got != (feed.Result{Lines: 4, Known: 2, Rejected: 2}) {
		t.Errorf("before the whole: %+v", got)
	}
	if got, _ := imports(t, im, "combined", log); got != (feed.Result{Lines: 5, Clicks: 2, Known: 3}) {
		t.Errorf("the whole: %+v", got)
	}
	if got, _ := imports(t, im, "combined", cut); got != (feed.Result{Lines: 4, Known: 4}) {
		t.Errorf("after the whole: %+v", got)
	}
}
