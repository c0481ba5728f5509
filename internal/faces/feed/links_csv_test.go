package feed_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/storage/store"
)

// linksImporter is an importer with a user.
func linksImporter(t testing.TB, r feed.Recorder) *feed.Importer {
	t.Helper()
	im := importer(r)
	im.Now = func() time.Time { return time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC) }
	for _, login := range []string{"ann", "bob"} {
		if _, err := im.Users.AddUser(t.Context(), login, 5); err != nil {
			t.Fatal(err)
		}
	}
	return im
}

var withCounts = feed.LinksOptions{Login: "ann", Counts: true}

// importsLinks imports a CSV file, and returns the result and the rows reported.
func importsLinks(t testing.TB, im *feed.Importer, o feed.LinksOptions, in string) (feed.LinksResult, []string) {
	t.Helper()
	var rows []string
	r, err := im.ImportLinks(t.Context(), o, strings.NewReader(in), func(l feed.LinkRow) {
		row := fmt.Sprintf("%d %s: %s", l.Line, l.Link, l.Verdict)
		if l.Reason != "" {
			row += ": " + l.Reason
		}
		rows = append(rows, row)
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, rows
}

// leadsTo is where a name leads on a domain; empty if nowhere.
func leadsTo(t testing.TB, im *feed.Importer, domain, name string) string {
	t.Helper()
	l, err := im.Names.Resolve(t.Context(), domain, name)
	if errors.Is(err, click.ErrNotFound) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return l.LongURL
}

// TestExports: the exports of other programs are understood.
func TestExports(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		file    string
		ignored string
		links   []string // name, domain if it has a keyword there, long URL, title, created, clicks, and more
	}{
		{"bitly.csv", "", []string{
			"promo  http://example.com/dest My page 2020-01-02T00:00:00Z 4",
			"3xYz12A  https://example.com/list?a=1,2 Prices, and more 2020-10-26T17:20:40Z 1204",
			"sale go.example.com https://example.com/sale  2021-03-04T00:00:00Z 0",
		}},
		{"bitly-links.csv", "Campaign", []string{
			"4aBcD9x  https://example.com/news Spring news 2024-03-20T09:30:00Z 17 news,spring",
			"spring-news  https://example.com/news Spring news 2024-03-20T09:30:00Z 17 news,spring",
			"4aBcD9y  https://example.com/plain  2024-03-21T09:30:00Z 2",
		}},
		{"yourls.csv", "ip", []string{
			`1  https://example.com/one The "first" one 2012-05-06T07:08:09Z 12`,
			"ozh  https://example.com/  2013-01-02T03:04:05Z 3",
		}},
		{"yourls-import-export.csv", "", []string{
			"1  https://example.com/one  2025-01-01T00:00:00Z 12",
			"ozh  https://example.com/?a=b,c  2025-01-01T00:00:00Z 3",
		}},
		{"shlink.csv", "", []string{
			"aBc12 s.example.com https://example.com/a A title 2023-02-03T09:20:30Z 7 bar,foo",
			"team/page s.example.com https://example.com/b  2023-02-04T09:20:30Z 0",
		}},
		{"kutt.csv", "id banned updated_at", []string{
			"Xy7Abc  https://example.com/docs The docs 2021-05-06T07:08:09Z 5",
			"jobs l.example.com https://example.com/jobs  2021-05-07T07:08:09Z 0 until 2031-01-01T00:00:00Z",
		}},
		{"dub.csv", "Updated at", []string{
			"try  https://example.com/try?utm_source=dub  2024-05-06T07:08:09Z 9 launch,web",
			"old l.example.com https://example.com/old  2024-05-07T07:08:09Z 1 archived",
		}},
		{"rebrandly.csv", "id", []string{"burn10M  https://example.com/cars LaFerrari 2016-07-13T10:54:12Z 42"}},
		{"shortio.csv", "id", []string{"hello io.example.com https://example.com/io Hello; world 2020-09-13T12:26:40Z 6"}},
	} {
		t.Run(test.file, func(t *testing.T) {
			t.Parallel()
			in, err := os.ReadFile(filepath.Join("testdata", "exports", test.file))
			if err != nil {
				t.Fatal(err)
			}
			tape := newTape()
			im := linksImporter(t, tape)
			r, rows := importsLinks(t, im, withCounts, string(in))
			if len(rows) > 0 || r.Made == 0 || r.Made != r.Links {
				t.Fatalf("%+v, rejected %q", r, rows)
			}
			if got := strings.Join(r.Ignored, " "); got != test.ignored {
				t.Errorf("ignored %q, want %q", got, test.ignored)
			}
			for _, want := range test.links {
				name, rest, _ := strings.Cut(want, " ")
				domain, _, _ := strings.Cut(rest, " ")
				l, err := im.Links.LinkByName(t.Context(), domain, click.Hash(name))
				if err != nil {
					t.Fatalf("%s: %v", want, err)
				}
				keywords, err := im.Links.Keywords(t.Context(), []click.LinkID{l.ID})
				if err != nil {
					t.Fatal(err)
				}
				if domain != "" && !slices.ContainsFunc(keywords, func(k store.Keyword) bool { return k.Domain == domain && string(k.Keyword) == name }) {
					t.Errorf("%s: the keywords are %+v", want, keywords)
				}
				clicks := 0
				for _, c := range tape.clicks {
					if c.Link == l.ID && c.User == l.User && c.Time == l.Created*1000 && c.Imported {
						clicks++
					}
				}
				got := fmt.Sprintf("%s %s %s %s %s %d", name, domain, l.LongURL, l.Title, time.Unix(l.Created, 0).UTC().Format(time.RFC3339), clicks)
				if l.Tags != "" {
					got += " " + string(l.Tags)
				}
				if l.Expires != 0 {
					got += " until " + time.Unix(l.Expires, 0).UTC().Format(time.RFC3339)
				}
				if l.Archived {
					got += " archived"
				}
				if got != want {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				if on := leadsTo(t, im, "any.example", name); on != l.LongURL {
					t.Errorf("/%s leads to %q on another domain, want %q", name, on, l.LongURL)
				}
			}
		})
	}
}

// TestLinksAgain: a file that is imported again makes nothing, and counts nothing twice. A
// link that was deleted is made again.
func TestLinksAgain(t *testing.T) {
	t.Parallel()
	const file = "Bitlink,Long URL,Created,Total Clicks\nbit.ly/a,http://a/,2020-01-02,3\nbit.ly/b,http://b/,2020-01-02,2\n"
	tape := newTape()
	im := linksImporter(t, tape)
	check := func(what string, o feed.LinksOptions, in string, want feed.LinksResult) {
		t.Helper()
		if r, rows := importsLinks(t, im, o, in); fmt.Sprint(r) != fmt.Sprint(want) || !o.DryRun && len(rows) > 0 {
			t.Errorf("%s: %+v, rejected %q, want %+v", what, r, rows, want)
		}
	}
	plain := feed.LinksOptions{Login: "ann"}
	check("a dry run", feed.LinksOptions{Login: "ann", DryRun: true, Counts: true}, file, feed.LinksResult{Links: 2, Made: 2, Clicks: 5})
	check("without counts", plain, file, feed.LinksResult{Links: 2, Made: 2, ClicksLeft: 5})
	check("again", plain, file, feed.LinksResult{Links: 2, Known: 2, ClicksLeft: 5})
	if len(tape.clicks) != 0 {
		t.Fatalf("%d clicks without counts", len(tape.clicks))
	}
	check("with counts", withCounts, file, feed.LinksResult{Links: 2, Known: 2, Clicks: 5})
	check("with counts again", withCounts, file, feed.LinksResult{Links: 2, Known: 2})
	check("without counts again", plain, file, feed.LinksResult{Links: 2, Known: 2})
	newer := strings.Replace(file, ",3\n", ",30\n", 1) + "bit.ly/c,http://c/,2020-01-02,1\n"
	check("a newer file", withCounts, newer, feed.LinksResult{Links: 3, Made: 1, Known: 2, Clicks: 1, ClicksLeft: 32})
	check("the newer file again", withCounts, newer, feed.LinksResult{Links: 3, Known: 3})
	l, err := im.Links.LinkByName(t.Context(), "", "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Links.DeleteLink(t.Context(), l.ID); err != nil {
		t.Fatal(err)
	}
	check("after a deletion", withCounts, file, feed.LinksResult{Links: 2, Made: 1, Known: 1, Clicks: 3})
	if len(tape.clicks) != 5+1+3 {
		t.Errorf("%d clicks are recorded in all", len(tape.clicks))
	}
}

// TestLinksCutOff: however often an import with counts is cut off, each click is recorded
// once.
func TestLinksCutOff(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("keyword,url,clicks\n")
	want := 0
	for i := range 2500 {
		clicks := i % 3
		if i%900 == 0 {
			clicks = 25_000 // more than one record has
		}
		want += clicks
		fmt.Fprintf(&file, "k%d,http://a/%d,%d\n", i, i, clicks)
	}
	for breaks := range 12 {
		tape := newTape()
		im := linksImporter(t, tape)
		tape.breaks = breaks
		for {
			_, err := im.ImportLinks(t.Context(), withCounts, strings.NewReader(file.String()), func(feed.LinkRow) {})
			if err == nil {
				break
			}
			if !errors.Is(err, errBroken) {
				t.Fatal(err)
			}
			tape.breaks = breaks + 1
		}
		if len(tape.clicks) != want {
			t.Fatalf("cut off after %d records: %d clicks, want %d", breaks, len(tape.clicks), want)
		}
	}
}

// TestLinksCutOffAndDeleted: the clicks of a link that is deleted after an import was cut off
// are recorded again with the link.
func TestLinksCutOffAndDeleted(t *testing.T) {
	t.Parallel()
	const file = "keyword,url,clicks\na,http://a/,30000\n"
	tape := newTape()
	im := linksImporter(t, tape)
	tape.breaks = 2 // the mark, and the first 20,000 clicks
	if _, err := im.ImportLinks(t.Context(), withCounts, strings.NewReader(file), nil); !errors.Is(err, errBroken) {
		t.Fatal(err)
	}
	tape.breaks = -1
	l, err := im.Links.LinkByName(t.Context(), "", "a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := im.Links.DeleteLink(t.Context(), l.ID); err != nil {
		t.Fatal(err)
	}
	if r, _ := importsLinks(t, im, withCounts, file); r.Clicks != 30000 || len(tape.clicks) != 50000 {
		t.Errorf("%+v, and %d clicks in all", r, len(tape.clicks))
	}
}

// TestLinksMarks: clicks that an import left are found where earlier versions of footfall
// marked them: at the end of the thousand lines that have them.
func TestLinksMarks(t *testing.T) {
	t.Parallel()
	lines := []string{"keyword,url,clicks\n"}
	for i := range 4500 {
		lines = append(lines, fmt.Sprintf("k%d,http://a/%d,%d\n", i, i, map[int]int{1500: 3, 1700: 4, 4400: 5}[i]))
	}
	file := strings.Join(lines, "")
	tape := newTape()
	im := linksImporter(t, tape)
	if r, _ := importsLinks(t, im, feed.LinksOptions{Login: "ann"}, file); r.Made != 4500 || r.ClicksLeft != 12 {
		t.Fatalf("%+v", r)
	}
	var at []uint64
	for _, marks := range tape.marks {
		for _, m := range marks {
			at = append(at, m.Lines)
			if want := uint64(len(strings.Join(lines[:m.Lines], ""))); m.Offset != want {
				t.Errorf("the mark after line %d is at byte %d, want %d", m.Lines, m.Offset, want)
			}
		}
	}
	if want := []uint64{2001, 4501}; !slices.Equal(at, want) {
		t.Errorf("there are marks after lines %d, want %d", at, want)
	}
	if r, _ := importsLinks(t, im, withCounts, file); r.Known != 4500 || r.Clicks != 12 || len(tape.clicks) != 12 {
		t.Errorf("%+v, and %d clicks in all", r, len(tape.clicks))
	}
}

// lookups counts the names that are looked up one by one.
type lookups struct {
	store.Links
	n int
}

func (l *lookups) LinkByName(ctx context.Context, domain string, name click.Hash) (store.Link, error) {
	l.n++
	return l.Links.LinkByName(ctx, domain, name)
}

func (l *lookups) LinkByKeyword(ctx context.Context, domain string, name click.Hash) (store.Link, error) {
	l.n++
	return l.Links.LinkByKeyword(ctx, domain, name)
}

// parts keeps how many links were made together at most.
type parts struct {
	store.Links
	most int
}

func (p *parts) ImportLinks(ctx context.Context, links []store.ForeignLink) ([]store.Link, error) {
	p.most = max(p.most, len(links))
	return p.Links.ImportLinks(ctx, links)
}

// TestLinksMadeInParts: other programs can make links while an import makes many.
func TestLinksMadeInParts(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString("Short URL,Long URL\n")
	for i := range 5000 {
		fmt.Fprintf(&file, "own.example/K%d,http://a/%d\n", i, i)
	}
	im := linksImporter(t, newTape())
	counted := &parts{Links: im.Links}
	im.Links = counted
	if r, _ := importsLinks(t, im, withCounts, file.String()); r.Made != 5000 || counted.most != 4000 {
		t.Errorf("%+v, at most %d together", r, counted.most)
	}
	for _, name := range []string{"K0", "K1999", "K2000", "K4999"} {
		if got, want := leadsTo(t, im, "own.example", name), "http://a/"+name[1:]; got != want {
			t.Errorf("%s leads to %q, want %q", name, got, want)
		}
	}
}

// TestLinksLookedUp: names that no link has are looked up together.
func TestLinksLookedUp(t *testing.T) {
	t.Parallel()
	im := linksImporter(t, newTape())
	counted := &lookups{Links: im.Links}
	im.Links = counted
	const file = "Short URL,Custom Link,Long URL\nbit.ly/a,bit.ly/Sale,http://a/\nown.example/b,,http://b/\nc,,http://c/\n"
	if r, _ := importsLinks(t, im, withCounts, file); r.Made != 3 || counted.n > 0 {
		t.Errorf("%+v, with %d names looked up one by one", r, counted.n)
	}
	if r, _ := importsLinks(t, im, withCounts, file); r.Known != 3 || counted.n == 0 {
		t.Errorf("%+v, with %d names looked up one by one", r, counted.n)
	}
}

// TestLinksDeletedUser: an import does not make its user again.
func TestLinksDeletedUser(t *testing.T) {
	t.Parallel()
	im := linksImporter(t, newTape())
	var file strings.Builder
	file.WriteString("keyword,url\nv3,http://a/\n")
	for i := range 3000 { // more than one batch has
		fmt.Fprintf(&file, "k%d,http://a/%0600d\n", i, 0)
	}
	u, err := im.Users.UserByLogin(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	_, err = im.ImportLinks(t.Context(), withCounts, strings.NewReader(file.String()), func(feed.LinkRow) {
		release := im.Hold()
		if _, err := im.Users.DeleteUser(context.Background(), u.ID); err != nil {
			t.Error(err)
		}
		release(feed.Gone{Login: "ann"})
	})
	if err == nil || !strings.Contains(err.Error(), `"ann" was deleted`) {
		t.Errorf("the import ends with %v", err)
	}
	if _, err := im.Users.UserByLogin(t.Context(), "ann"); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("the user is back: %v", err)
	}
	if _, err := im.ImportLinks(t.Context(), withCounts, strings.NewReader("keyword,url\n"), nil); !errors.Is(err, click.ErrNotFound) {
		t.Errorf("an import for nobody: %v", err)
	}
}

// FuzzLinksCSV: whatever a file holds, its rows add up, a dry run does not differ, and a
// second import makes nothing.
func FuzzLinksCSV(f *testing.F) {
	files, err := filepath.Glob("testdata/exports/*.csv")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		in, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(in))
	}
	f.Add("\ufeffsep=;\r\nkeyword;url;clicks;archived\rq\"q;http://a/;1;yes\r\"a\nb\";http://b/;;")
	f.Fuzz(func(t *testing.T, in string) {
		tape := newTape()
		im := linksImporter(t, tape)
		once := func(o feed.LinksOptions) (r feed.LinksResult, err error) {
			last := uint64(0)
			r, err = im.ImportLinks(t.Context(), o, strings.NewReader(in), func(l feed.LinkRow) {
				if l.Line <= last {
					t.Errorf("line %d after %d", l.Line, last)
				}
				last = l.Line
			})
			if r.Links != r.Made+r.Known+r.Rejected {
				t.Fatalf("%+v does not add up", r)
			}
			return r, err
		}
		dry, err := once(feed.LinksOptions{Login: "ann", Counts: true, DryRun: true})
		if err != nil || dry.Clicks > 100_000 {
			return
		}
		first, err := once(withCounts)
		if err != nil || fmt.Sprint(first) != fmt.Sprint(dry) || first.Clicks != uint64(len(tape.clicks)) {
			t.Fatalf("%+v (%v), a dry run %+v; %d clicks", first, err, dry, len(tape.clicks))
		}
		second, err := once(withCounts)
		if err != nil || second.Made > 0 || second.Clicks > 0 || second.Rejected != first.Rejected {
			t.Fatalf("first %+v, second %+v (%v)", first, second, err)
		}
	})
}
