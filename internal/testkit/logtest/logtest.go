// Package logtest has logs for tests. A test can read them while others write to them.
package logtest

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// To returns a logger that writes to the output of the test. It discards what is logged
// after the test, for example by a timer: testing panics if a test writes after its end.
func To(t testing.TB) *slog.Logger {
	w := &output{to: t.Output()}
	t.Cleanup(w.end)
	return slog.New(slog.NewTextHandler(w, nil))
}

// output writes to the output of a test until the test ends.
type output struct {
	mu   sync.Mutex
	to   io.Writer
	over bool
}

func (o *output) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.over {
		return len(line), nil
	}
	return o.to.Write(line)
}

func (o *output) end() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.over = true
}

// Log keeps what is written to it. It is safe for concurrent use. The zero Log is empty
// and ready to use.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger returns a logger that writes lines of text to the log, from level INFO on.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write adds to the log. It never fails.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns everything that was written since the last Reset.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Len returns the length of String in bytes.
func (l *Log) Len() int { return len(l.String()) }

// Count returns how often a text occurs in String.
func (l *Log) Count(words string) int { return strings.Count(l.String(), words) }

// Alarms returns the lines of String of level WARN or ERROR. A machine that is slow adds no
// line to them: that a step takes long is logged at level INFO.
func (l *Log) Alarms() string {
	var alarms strings.Builder
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, " level=WARN ") || strings.Contains(line, " level=ERROR ") {
			alarms.WriteString(line)
		}
	}
	return alarms.String()
}

// Reset empties the log.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}
