package harness

import (
	"regexp"
	"strconv"
	"strings"
)

var (
	alarmLine  = regexp.MustCompile(`(?m)visitors were sent on although their clicks are not durable.* clicks=(\d+) `)
	stackTrace = regexp.MustCompile(`(?m)^(panic:|fatal error:|goroutine \d+ \[|runtime: |SIG[A-Z]+:)|panic serving`)
)

// NotDurable returns how many clicks a log reports as not durable.
func NotDurable(log string) (clicks uint64) {
	for _, m := range alarmLine.FindAllStringSubmatch(log, -1) {
		n, _ := strconv.ParseUint(m[1], 10, 64) // the pattern matches only digits
		clicks += n
	}
	return clicks
}

// Crashed reports whether a log has a stack trace.
func Crashed(log string) bool { return stackTrace.MatchString(log) }

// Sentence returns the line in which the program says why it ended, or an empty text if
// there is no such line.
func Sentence(log string) string {
	for line := range strings.Lines(log) {
		if strings.HasPrefix(line, "footfall: ") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}

// Tail returns the last 60 lines of a log. If the log has a stack trace, it returns 60
// lines from the start of the trace.
func Tail(log string) string {
	if at := stackTrace.FindStringIndex(log); at != nil {
		lines := strings.SplitAfterN(log[at[0]:], "\n", 61)
		return strings.Join(lines[:min(len(lines), 60)], "")
	}
	lines := strings.SplitAfter(log, "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "")
}
