package cli

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/footfall/footfall/internal/base/meter"
)

// shownEvery is the interval at which a bar is drawn.
const shownEvery = 200 * time.Millisecond

// isTerminal distinguishes a terminal from files and pipes, which get no bar: cron
// would mail it.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// withProgress calls f with an env that shows its progress as a bar, if standard
// error is a terminal. The bar is cleared before f prints something.
func (e *env) withProgress(f func(*env) error) error {
	if !isTerminal(e.terminal) {
		return f(e)
	}
	m, b := new(meter.Meter), &bar{to: e.terminal}
	defer b.clear()
	defer m.Watch(shownEvery, b.show)()
	w := *e
	w.ctx = meter.With(e.ctx, m)
	w.stdout, w.stderr = b.before(e.stdout), b.before(e.stderr)
	return f(&w)
}

// bar draws the progress of work.
type bar struct {
	to io.Writer

	mu    sync.Mutex
	drawn *progressbar.ProgressBar
	stage string
}

func (b *bar) show(at meter.State) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.drawn == nil || b.stage != at.Stage {
		b.erase()
		total, unit := at.Total, at.Unit
		if total == 0 {
			total, unit = -1, ""
		}
		b.stage, b.drawn = at.Stage, newBar(b.to, true, total, at.Stage, unit)
	}
	if at.Total == 0 {
		_ = b.drawn.Add(1) // to turn
		return
	}
	_ = b.drawn.Set64(at.Done)
}

// newBar returns a bar, which may be invisible. total is -1 if it is unknown. If
// the unit is empty, the bar only turns.
func newBar(to io.Writer, visible bool, total int64, what, unit string) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetSpinnerChangeInterval(0), // otherwise it turns by itself, and overwrites other output
		progressbar.OptionSetWriter(to), progressbar.OptionSetVisibility(visible), progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
	}
	switch {
	case unit == "":
	case unit == meter.Bytes:
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowBytes(true))
	default:
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit))
	}
	return progressbar.NewOptions64(total, options...)
}

// erase clears the bar; the caller holds mu.
func (b *bar) erase() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
}

// clear removes the bar until the next show.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
}

// before returns a writer that removes the bar before it writes.
func (b *bar) before(w io.Writer) io.Writer { return clearing{b, w} }

type clearing struct {
	b *bar
	w io.Writer
}

func (c clearing) Write(p []byte) (int, error) {
	c.b.mu.Lock()
	defer c.b.mu.Unlock()
	c.b.erase()
	return c.w.Write(p)
}
