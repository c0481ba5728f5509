// Package logtest is the log of a test: it is read while others still write to it.
package logtest

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// To is a logger whose lines are part of the output of the test. What is logged
// after the test is lost: a timer may still write then, and the output of a test
// that is over must not be written to.
func To(t testing.TB) *slog.Logger {
	w := &output{to: t.Output()}
	t.Cleanup(w.end)
	return slog.New(slog.NewTextHandler(w, nil))
}

// output is that of a test, until the test is over.
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

// Log keeps what is logged, one line of text for each record. It is safe for
// concurrent use; the zero Log is empty and ready.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Logger writes to the log, from level INFO on.
func (l *Log) Logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// Write is what a handler calls for each line. It never fails.
func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String is all that was logged since the last Reset.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Len is the number of bytes that String has.
func (l *Log) Len() int { return len(l.String()) }

// Count is how often words occur in String.
func (l *Log) Count(words string) int { return strings.Count(l.String(), words) }

// Reset forgets what was logged.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
}
