package server

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
)

// httpErrorLog is the error log of an http.Server. Faults of the server are logged as
// errors, at most once a second; mistakes of clients only at level debug.
type httpErrorLog struct {
	log    *slog.Logger
	faults *lograte.Line[string]
}

func newHTTPErrorLog(log *slog.Logger) httpErrorLog {
	return httpErrorLog{log, lograte.New(time.Second, func(times uint64, last string) {
		log.Error("the web server reports errors: let the process open more files if they are about that, and report anything else", "times", times, "error", last)
	})}
}

// clientFaults are parts of the messages of net/http about clients that break the
// protocol or are slow.
var clientFaults = []string{
	"TLS handshake error", "http2: ", "timeout waiting for SETTINGS", "timeout waiting for PING", "URL query contains semicolon",
}

func (l httpErrorLog) Write(b []byte) (int, error) {
	message := strings.TrimSpace(string(b))
	panicked := strings.Contains(message, "panic serving")
	if !panicked && slices.ContainsFunc(clientFaults, func(s string) bool { return strings.Contains(message, s) }) {
		l.log.Debug(message)
	} else {
		l.faults.Note(message)
	}
	return len(b), nil
}
