package calendar_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// TestTables runs testdata/*.txt except zdump.txt. A line without an indent is a
// question, and the indented lines below it are the edges:
//
//	edges ZONE UNIT N REF
//	legacy ZONE DAYS REF
//
// ZONE is an IANA name, or fixed with a number of hours. Instants are in the format of
// RFC 3339 or in Unix seconds.
func TestTables(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("found tables %q, error %v", files, err)
	}
	for _, file := range files {
		if filepath.Base(file) == "zdump.txt" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			for _, q := range readTable(t, file) {
				if got := ask(t, q.words); !slices.Equal(got, q.want) {
					t.Errorf("%s:%d: %s\n got %s\nwant %s", file, q.line, strings.Join(q.words, " "), show(got), show(q.want))
				}
			}
		})
	}
}

type question struct {
	line  int
	words []string
	want  []int64
}

func readTable(t *testing.T, file string) []question {
	t.Helper()
	var questions []question
	for i, line := range readLines(t, file) {
		switch {
		case line == "":
		case line[0] == '\t':
			q := &questions[len(questions)-1]
			q.want = append(q.want, instant(t, line[1:]))
		default:
			questions = append(questions, question{line: i + 1, words: strings.Fields(line)})
		}
	}
	return questions
}

// readLines reads a file. Lines with comments are empty.
func readLines(t *testing.T, file string) []string {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(data), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#") {
			lines[i] = ""
		}
	}
	return lines
}

func ask(t *testing.T, words []string) []int64 {
	t.Helper()
	zone := load(t, words[1])
	n, err := strconv.Atoi(words[len(words)-2])
	if err != nil {
		t.Fatal(err)
	}
	ref := instant(t, words[len(words)-1])
	switch words[0] {
	case "legacy":
		return zone.Legacy(ref, n)
	case "edges":
		u, err := calendar.ParseUnit(words[2])
		if err != nil {
			t.Fatal(err)
		}
		edges := zone.Edges(u, ref, n)
		if start, end := zone.Span(u, ref, n); start != edges[0] || end != edges[len(edges)-1] {
			t.Errorf("%q: Start is %s, Edges has %s", words, show([]int64{start, end}), show(edges))
		}
		return edges
	}
	t.Fatalf("no such question: %q", words)
	return nil
}

func load(t testing.TB, name string) *calendar.Zone {
	t.Helper()
	var zone *calendar.Zone
	var err error
	if hours, ok := strings.CutPrefix(name, "fixed"); ok {
		h, bad := strconv.Atoi(hours)
		if bad != nil {
			t.Fatal(bad)
		}
		zone, err = calendar.Fixed(h)
	} else {
		zone, err = calendar.Load(name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

func instant(t *testing.T, s string) int64 {
	t.Helper()
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.Unix()
}

func show(edges []int64) string {
	var b strings.Builder
	for _, e := range edges {
		b.WriteString(time.Unix(e, 0).UTC().Format(" 2006-01-02T15:04:05Z"))
	}
	return b.String()
}
