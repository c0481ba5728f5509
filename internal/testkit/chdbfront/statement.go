package main

import (
	"fmt"
	"regexp"
	"strings"
)

// insertion matches the beginning of an INSERT whose data follows in a format. Its
// groups are the table with its columns, the settings, and the format.
var insertion = regexp.MustCompile("(?is)^(\\s*INSERT\\s+INTO\\s+(?:TABLE\\s+)?[\\w.`\"]+\\s*(?:\\([^()]*\\))?)" +
	`(\s*SETTINGS\s[^()]*?)?\s*FORMAT\s+(\w+)[ \t]*\r?(?:\n|$)`)

// split takes a request apart as ClickHouse does: the statement is the parameter query
// followed by the body. If it is an INSERT with data, before and after are the statement
// without the data; the name of a file with the data goes between them.
func split(query string, body []byte) (before, after string, data []byte, insert bool) {
	whole := body
	if query != "" {
		whole = append([]byte(query+"\n"), body...)
	}
	m := insertion.FindSubmatchIndex(whole)
	if m == nil {
		return string(whole), "", nil, false
	}
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return string(whole[m[2*i]:m[2*i+1]])
	}
	return strings.TrimSpace(group(1)), group(2) + " FORMAT " + group(3), whole[m[1]:], true
}

// quote writes a string or a name as the engine reads it.
func quote(s string, mark string) string {
	return mark + strings.NewReplacer(`\`, `\\`, mark, `\`+mark).Replace(s) + mark
}

// exception is an error of this front, in the form of the engine's.
type exception struct {
	code       int
	text, name string
}

func (e exception) Error() string {
	return fmt.Sprintf("Code: %d. DB::Exception: %s. (%s)", e.code, e.text, e.name)
}

var errorCode = regexp.MustCompile(`^Code: (\d+)\.`)

// codeOf returns the code of an error of the engine. 1001 is ClickHouse's code for errors
// of others.
func codeOf(err error) string {
	if m := errorCode.FindStringSubmatch(err.Error()); m != nil {
		return m[1]
	}
	return "1001"
}

// statuses has the statuses of ClickHouse's HTTP interface by error code. Other codes have
// the status 500. Source: src/Server/HTTP/exceptionCodeToHTTPStatus.cpp of ClickHouse.
var statuses = map[string]int{
	"194": 401,
	"192": 403, "193": 403, "497": 403, "512": 403, "516": 403,
	"6": 400, "26": 400, "27": 400, "36": 400, "38": 400, "41": 400, "44": 400, "53": 400, "62": 400, "72": 400, "117": 400, "427": 400,
	"46": 404, "47": 404, "50": 404, "56": 404, "60": 404, "63": 404, "73": 404, "78": 404, "81": 404, "115": 404, "336": 404, "511": 404,
	"48": 501, "76": 503, "159": 408, "209": 503, "439": 503,
}

func statusOf(code string) int {
	if status, ok := statuses[code]; ok {
		return status
	}
	return 500
}
