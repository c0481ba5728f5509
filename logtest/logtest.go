// Package logtest is the log of a test: it is read while others still write to it.
package logtest

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
)

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
