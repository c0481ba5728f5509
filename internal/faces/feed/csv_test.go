package feed_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
)

// TestCSV: which records a file has, and in which lines they begin.
func TestCSV(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, in string
		want     []string // line, name, long URL, title
	}{
		{"plain", "keyword,url,title\na,http://a/,A\nb,http://b/,B\n", []string{"2 a http://a/ A", "3 b http://b/ B"}},
		{"no newline at the end", "keyword,url,title\na,http://a/,A", []string{"2 a http://a/ A"}},
		{"CRLF", "keyword,url,title\r\na,http://a/,A\r\nb,http://b/,B\r\n", []string{"2 a http://a/ A", "3 b http://b/ B"}},
		{"CR alone", "keyword,url,title\ra,http://a/,A\rb,http://b/,B\r", []string{"2 a http://a/ A", "3 b http://b/ B"}},
		{"a byte order mark", "\ufeff\"keyword\",url,title\na,http://a/,A\n", []string{"2 a http://a/ A"}},
		{"semicolons", "keyword;url;title\na;http://a/?x,y;A\n", []string{"2 a http://a/?x,y A"}},
		{"tabs", "keyword\turl\ttitle\na\thttp://a/\tA, B\n", []string{"2 a http://a/ A, B"}},
		{"a separator in the header's quotes", "keyword;url;\"title,,,\"\na;http://a/;A\n", []string{"2 a http://a/ A"}},
		{"sep", "sep=;\r\nkeyword;url;title\r\na;http://a/;A\r\n", []string{"3 a http://a/ A"}},
		{"blank lines", "\n\nkeyword,url,title\n\na,http://a/,A\n,,\n\nb,http://b/,B\n\n", []string{"5 a http://a/ A", "8 b http://b/ B"}},
		{"quotes", "keyword,url,title\n\"a\",\"http://a/?x,y\",\"A \"\"B\"\"\"\n", []string{`2 a http://a/?x,y A "B"`}},
		{"lone quotes", "keyword,url,title\na,http://a/,5\" disk\nb,http://b/,\"5\" disk\nc,http://c/,\"\"\n", []string{`2 a http://a/ 5" disk`, `3 b http://b/ 5 disk`, "4 c http://c/ "}},
		{"line feeds in quotes", "keyword,url,title\na,http://a/,\"A\n\r\nB\"\nb,http://b/,B\n", []string{"2 a http://a/ A B", "5 b http://b/ B"}},
		{"blanks around", " keyword , url,title \n a , http://a/ , A \n", []string{"2 a http://a/ A"}},
		{"missing fields", "keyword,url,title\na,http://a/\n", []string{"2 a http://a/ "}},
		{"empty fields at the end", "keyword,url,title,,\na,http://a/,A,,,\n", []string{"2 a http://a/ A"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			im := linksImporter(t, newTape())
			var got []string
			r, err := im.ImportLinks(t.Context(), feed.LinksOptions{Login: "ann", DryRun: true}, strings.NewReader(test.in), func(l feed.LinkRow) {
				got = append(got, fmt.Sprintf("%d %s %s", l.Line, l.Link, l.LongURL))
			})
			if err != nil || r.Made != r.Links {
				t.Fatal(r, err)
			}
			importsLinks(t, im, feed.LinksOptions{Login: "ann"}, test.in)
			for i := range got {
				l, err := im.Links.LinkByName(t.Context(), "", click.Hash(strings.Fields(got[i])[1]))
				if err != nil {
					t.Fatal(err)
				}
				got[i] += " " + l.Title
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestCSVRejected: lines that cannot be read are named, and the others are taken.
func TestCSVRejected(t *testing.T) {
	t.Parallel()
	const head = "keyword,url,title,archived,created,clicks\n"
	for _, test := range []struct{ in, want string }{
		{"a,http://a/,A,,,,more\n", "2 a: rejected: the line has 7 fields and the header has 6: are quotes missing around a field?"},
		{",http://a/\n", "2 : rejected: the link has no name"},
		{"a,\n", "2 a: rejected: the long URL is empty"},
		{"a,a.example/\n", `2 a: rejected: links may not lead to "a.example/": it is not an http, https or ftp URL`},
		{"a,http://a/" + strings.Repeat("a", 8192) + "\n", "2 a: rejected: a URL is longer than 8192 bytes"},
		{"a,http://a/,\xff\n", "2 a: rejected: title: text is empty, is not UTF-8, or holds a zero byte"},
		{"a,http://a/," + strings.Repeat("t", 1<<16+1) + "\n", "2 a: rejected: a text is longer than 65536 bytes"},
		{"a,http://a/," + strings.Repeat("t", 1<<20+1) + "\n", "2 : rejected: the line is longer than 1048576 bytes"},
		{"a,http://a/" + strings.Repeat(",", 1000) + "\n", "2 : rejected: the line has more than 1000 fields"},
		{"a,http://a/,A,maybe\n", `2 a: rejected: "maybe" is neither true nor false`},
		{"a,http://a/,A,,2031-01-01\n", "2 a: rejected: the link was made at 2031-01-01T00:00:00Z, which is in the future"},
		{"a,http://a/,A,,yesterday\n", `2 a: rejected: "yesterday" is not a date that is understood: write it as 2020-01-30 or 2020-01-30 15:04:05`},
		{"a,http://a/,A,,,many\n", `2 a: rejected: the number of clicks is "many", which is not a whole number`},
		{"a,http://a/,A,,,10000001\n", "2 a: rejected: the link has 10000001 clicks; at most 10000000 can be imported"},
		{"a,http://a/,A,,1975-01-01,1\n", "2 a: rejected: the time of the click is 1975-01-01T00:00:00Z, which is before 1980-01-01"},
		{"a,http://a/,\"A\nB", "2 : rejected: a quoted field begins here and does not end"},
	} {
		in := head + test.in
		if !strings.Contains(test.want, "does not end") {
			in += "last,http://last/\n"
		}
		im := linksImporter(t, newTape())
		r, rows := importsLinks(t, im, withCounts, in)
		if len(rows) != 1 || rows[0] != test.want {
			t.Errorf("%.60q: got %.200q, want %q", test.in, rows, test.want)
		}
		if strings.Contains(in, "last") && (r.Made != 1 || leadsTo(t, im, "sho.rt", "last") != "http://last/") {
			t.Errorf("%.60q: the line after it is not taken: %+v", test.in, r)
		}
	}
}

// TestCSVDates: which dates are understood.
func TestCSVDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"2020-01-30":                "2020-01-30T00:00:00Z",
		"2020-01-30 15:04:05":       "2020-01-30T15:04:05Z",
		"2020-01-30 15:04":          "2020-01-30T15:04:00Z",
		"2020-01-30T15:04:05Z":      "2020-01-30T15:04:05Z",
		"2020-01-30T15:04:05.123Z":  "2020-01-30T15:04:05Z",
		"2020-01-30T15:04:05+0100":  "2020-01-30T14:04:05Z",
		"2020-01-30T15:04:05+01:00": "2020-01-30T14:04:05Z",
		"2020-01-30 15:04:05 UTC":   "2020-01-30T15:04:05Z",
		"2020-01-30 15:04:05+00":    "2020-01-30T15:04:05Z",
		"1580396645":                "2020-01-30T15:04:05Z",
		"1580396645123":             "2020-01-30T15:04:05Z",
		"1/30/2020":                 "2020-01-30T00:00:00Z",
		"30/1/2020 15:04":           "2020-01-30T15:04:00Z",
		"1/30/2020, 3:04:05 PM":     "2020-01-30T15:04:05Z",
		"2/2/2020":                  "2020-02-02T00:00:00Z",
		"03.04.2020":                "2020-04-03T00:00:00Z",
		"Jan 30, 2020":              "2020-01-30T00:00:00Z",
		"30 January 2020":           "2020-01-30T00:00:00Z",
		"Thu Jan 30 2020 16:04:05 GMT+0100 (Central European Standard Time)": "2020-01-30T15:04:05Z",
		"0000-00-00 00:00:00":     "2025-01-01T00:00:00Z", // not known
		"":                        "2025-01-01T00:00:00Z",
		"2025-01-01 09:00":        "2025-01-01T00:00:00Z", // in a zone where it was later
		"3/4/2020":                "",
		"31/2/2020":               "",
		"13/13/2020":              "",
		"2020-02-30":              "",
		"2020-01-30 15:04:05 ABC": "",
		"20200130":                "",
		"2025-01-02":              "", // in the future
		"-5":                      "",
	} {
		im := linksImporter(t, newTape())
		_, rows := importsLinks(t, im, feed.LinksOptions{Login: "ann"}, "keyword,url,created\na,http://a/,\""+in+"\"\n")
		got := ""
		if l, err := im.Links.LinkByName(t.Context(), "", "a"); err == nil {
			got = time.Unix(l.Created, 0).UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q is %q, want %q; %q", in, got, want, rows)
		}
	}
}

// TestCSVColumns: a file without a necessary column is refused, and nothing is made.
func TestCSVColumns(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":                         "the file is empty",
		"name,url\na,http://a/\n":  "no column has the short URLs or names: the header line has name, url, and the column may be called Bitlink,",
		"\"a\nb\",c\nkeyword,url":  `no column has the long URLs: the header line has "a\nb", c, and the column may be called Long URL,`,
		"\"keyword,url\n":          "line 1: a quoted field begins here and does not end",
		strings.Repeat("x", 2<<20): "line 1: the line is longer than",
	} {
		im := linksImporter(t, newTape())
		_, err := im.ImportLinks(t.Context(), withCounts, strings.NewReader(in), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", in, err, want)
		}
		if columns := new(feed.ColumnsError); !errors.As(err, &columns) && !strings.HasPrefix(want, "line 1") {
			t.Errorf("%.40q: %T", in, err)
		}
	}
}

// TestCSVGzip: a gzip file is unpacked, and one that is cut off is noticed.
func TestCSVGzip(t *testing.T) {
	t.Parallel()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, "keyword,url\na,http://a/\n")
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	im := linksImporter(t, newTape())
	if r, _ := importsLinks(t, im, withCounts, packed.String()); r.Made != 1 {
		t.Errorf("%+v", r)
	}
	if _, err := im.ImportLinks(t.Context(), withCounts, bytes.NewReader(packed.Bytes()[:packed.Len()-6]), nil); !errors.Is(err, feed.ErrGzipCut) {
		t.Errorf("cut off: %v", err)
	}
}

// TestCSVColumnsDocumented: docs/import.md lists the columns that are understood.
func TestCSVColumnsDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../../docs/import.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range feed.CSVColumns() {
		if row := fmt.Sprintf("| %s | %s |", c.What, strings.Join(c.Names, ", ")); !strings.Contains(string(doc), row) {
			t.Errorf("docs/import.md lacks the row\n%s", row)
		}
	}
}
