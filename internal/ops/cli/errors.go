package cli

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/plain"
)

// packages are the names with which our packages begin their errors. They are for
// the readers of logs and code, not for operators.
var packages = regexp.MustCompile(`(^|: )(?:auth|backup|bot|control|feed|geo|journal|links|metrics|pebble|recorder|rollup|store/pebble|store/sql): `)

// sentence returns an error as an operator reads it: with hints, without the names of
// packages, and each line once. Arguments that it repeats are made safe for a
// terminal.
func sentence(err error, args []string) string {
	message := strings.Join(explained(err), "\n")
	for _, arg := range args {
		_, value, _ := strings.Cut(arg, "=")
		for _, s := range []string{arg, value} {
			if strings.ContainsFunc(s, unicode.IsControl) {
				message = strings.ReplaceAll(message, s, plain.Text(s))
			}
		}
	}
	var lines []string
	seen := map[string]bool{}
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, "\n")
		for short := ""; short != line; {
			short = line
			line = packages.ReplaceAllString(line, "$1")
		}
		line = strings.ReplaceAll(line, context.Canceled.Error(), "interrupted")
		if !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
