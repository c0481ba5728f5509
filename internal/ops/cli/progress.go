package cli

import (
	"io"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/footfall/footfall/internal/base/meter"
)

// shownEvery is how often a bar is drawn.
const shownEvery = 200 * time.Millisecond

// isTerminal tells a terminal from files and pipes. There a bar is no use, and cron
// would send it as a mail.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// watched calls f with an env whose work is shown as a bar, where standard error is a
// terminal. What f prints takes the bar away until it is drawn again.
func (e *env) watched(f func(*env) error) error {
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

// bar draws how far work is.
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
		total := at.Total
		if total == 0 {
			total = -1
		}
		b.stage, b.drawn = at.Stage, newBar(b.to, total, at.Stage, at.Unit)
	}
	if at.Total == 0 {
		_ = b.drawn.Add(1) // to turn
		return
	}
	_ = b.drawn.Set64(at.Done)
}

func newBar(to io.Writer, total int64, what, unit string) *progressbar.ProgressBar {
	options := []progressbar.Option{
		progressbar.OptionSetSpinnerChangeInterval(0), // it would go on by itself, over what is printed
		progressbar.OptionSetWriter(to), progressbar.OptionSetDescription(what), progressbar.OptionClearOnFinish(),
	}
	switch {
	case total < 0: // it turns, and nothing else is known
	case unit == meter.Bytes:
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowBytes(true))
	default:
		options = append(options, progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString(unit))
	}
	return progressbar.NewOptions64(total, options...)
}

// erase is called with mu held.
func (b *bar) erase() {
	if b.drawn != nil {
		_ = b.drawn.Clear()
	}
}

// clear takes the bar away until it is drawn again.
func (b *bar) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.erase()
}

// before is a writer that takes the bar away before it writes.
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
