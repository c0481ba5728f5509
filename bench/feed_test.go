package main

import (
	"strings"
	"testing"
)

// TestWriteFeed: lines repeat, and each time they are a minute later.
func TestWriteFeed(t *testing.T) {
	lines := [][]byte{[]byte(`{"h": "a", "t": 1356999059, "hc": 1}` + "\n"), []byte(`{"t": 5}` + "\n")}
	var b strings.Builder
	if err := writeFeed(&b, lines, 3); err != nil {
		t.Fatal(err)
	}
	want := `{"h": "a", "t": 1356999119, "hc": 1}` + "\n" + `{"t": 65}` + "\n" + `{"h": "a", "t": 1356999179, "hc": 1}` + "\n"
	if b.String() != want {
		t.Errorf("the lines are\n%swant\n%s", b.String(), want)
	}
}
