package main

import (
	"errors"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		query, body         string
		before, after, data string
		insert              bool
	}{
		{query: "SELECT 1", before: "SELECT 1\n"},
		{body: "SELECT 1", before: "SELECT 1"},
		{query: "INSERT INTO t FORMAT Native", body: "\n\x00;", before: "INSERT INTO t", after: " FORMAT Native", data: "\n\x00;", insert: true},
		{body: "INSERT INTO t FORMAT Native\n\n\x00;", before: "INSERT INTO t", after: " FORMAT Native", data: "\n\x00;", insert: true},
		{query: "insert into `d`.\"t\" (a, b) settings x=1, y='z' format RowBinary", body: "ab",
			before: "insert into `d`.\"t\" (a, b)", after: " settings x=1, y='z' FORMAT RowBinary", data: "ab", insert: true},
		{query: "INSERT INTO t FORMAT Native", before: "INSERT INTO t", after: " FORMAT Native", insert: true},
		{body: "INSERT INTO t VALUES (1, 'FORMAT x\n')", before: "INSERT INTO t VALUES (1, 'FORMAT x\n')"},
		{body: "INSERT INTO t SELECT 1 FORMAT Null\n", before: "INSERT INTO t SELECT 1 FORMAT Null\n"},
	} {
		before, after, data, insert := split(c.query, []byte(c.body))
		if before != c.before || after != c.after || string(data) != c.data || insert != c.insert {
			t.Errorf("split(%q, %q) = %q, %q, %q, %v, want %q, %q, %q, %v", c.query, c.body,
				before, after, data, insert, c.before, c.after, c.data, c.insert)
		}
	}
}

func TestErrors(t *testing.T) {
	for text, want := range map[string]struct {
		code   string
		status int
	}{
		"Code: 60. DB::Exception: Unknown table": {"60", 404},
		"Code: 62. DB::Exception: Syntax error":  {"62", 400},
		"Code: 252. DB::Exception: Too many":     {"252", 500},
		"no space left on device":                {"1001", 500},
	} {
		code := codeOf(errors.New(text))
		if status := statusOf(code); code != want.code || status != want.status {
			t.Errorf("%q has the code %s and the status %d, want %s and %d", text, code, status, want.code, want.status)
		}
	}
}

func TestQuote(t *testing.T) {
	if got := quote(`a'b\c`, "'"); got != `'a\'b\\c'` {
		t.Errorf("quote returned %s", got)
	}
}
