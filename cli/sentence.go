package cli

import (
	"context"
	"regexp"
	"strings"
)

// inner is the names with which our packages begin their errors.
var inner = regexp.MustCompile(`(^|: )(?:auth|backup|bot|control|feed|geo|journal|links|metrics|pebble|recorder|rollup|store/pebble|store/sql): `)

// sentence is an error as an operator reads it: without the names of the parts
// that passed it on, and each line of it once.
func sentence(err error) string {
	var lines []string
	told := map[string]bool{}
	for line := range strings.Lines(err.Error()) {
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
