package server

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
)

// serverLog takes what a web server has to say: its troubles are for the log,
// and what strangers do wrong is not.
type serverLog struct {
	log     *slog.Logger
	trouble *lograte.Line[string]
}

func newServerLog(log *slog.Logger) serverLog {
	return serverLog{log, lograte.New(time.Second, func(times uint64, last string) {
		log.Error("the web server is in trouble", "times", times, "error", last)
	})}
}

// strangers are in what is said of clients that break the rules, or are slow.
var strangers = []string{
	"TLS handshake error", "http2: ", "timeout waiting for SETTINGS", "timeout waiting for PING", "URL query contains semicolon",
}

func (l serverLog) Write(b []byte) (int, error) {
	message := strings.TrimSpace(string(b))
	ours := strings.Contains(message, "panic serving")
	if !ours && slices.ContainsFunc(strangers, func(s string) bool { return strings.Contains(message, s) }) {
		l.log.Debug(message)
	} else {
		l.trouble.Note(message)
	}
	return len(b), nil
}
