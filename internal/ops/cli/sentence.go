package cli

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/plain"
)

// inner is the names with which our packages begin their errors.
var inner = regexp.MustCompile(`(^|: )(?:auth|backup|bot|control|feed|geo|journal|links|metrics|pebble|recorder|rollup|store/pebble|store/sql): `)

// sentence is an error as an operator reads it: without the names of the parts
// that passed it on, and each line of it once. What it repeats of the arguments
// is on one line, whatever they hold.
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
	told := map[string]bool{}
	for line := range strings.Lines(message) {
		line = strings.TrimRight(line, "\n")
		for short := ""; short != line; {
			short = line
			line = inner.ReplaceAllString(line, "$1")
		}
		line = strings.ReplaceAll(line, context.Canceled.Error(), "interrupted")
		if !told[line] {
			told[line] = true
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}
