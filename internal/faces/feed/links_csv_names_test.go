package feed_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
)

// TestLinkNames: which names a link gets, and which links are rejected.
func TestLinkNames(t *testing.T) {
	t.Parallel()
	const head = "Short URL,Long URL\n"
	im := linksImporter(t, newTape())
	importsLinks(t, im, feed.LinksOptions{Login: "bob"}, head+"bobs,http://bob/\n")
	r, rows := importsLinks(t, im, withCounts, head+
		"https://one.example/x,http://a/\n"+ // the first has the hash
		"https://two.example/x,http://b/\n"+ // another domain
		"https://two.example/x,http://c/\n"+
		"https://bit.ly/x,http://c/\n"+
		"https://one.example/x/,http://a/\n"+ // once more
		"two.example/bobs,http://d/\n"+
		"bobs,http://d/\n"+
		"https://one.example,http://d/\n"+
		"https://one.example/v3/x,http://d/\n"+
		"https://one.example/w%C3%B6rd,http://e/\n"+
		"https://one.example/loop,http://sho.rt/loop\n"+
		"https://one.example/"+strings.Repeat("n", 129)+",http://d/\n")
	want := []string{
		"4 https://two.example/x: rejected: the name x is taken by line 3, which leads to http://b/",
		"5 https://bit.ly/x: rejected: the name x is taken by line 2, which leads to http://a/",
		"8 bobs: rejected: the name bobs is taken by the link bobs of bob here, which leads to http://bob/",
		`9 https://one.example: rejected: "https://one.example" is not a short URL with a name`,
		`10 https://one.example/v3/x: rejected: "v3/x" cannot be the name of a link, because it is one of the server's own`,
		`12 https://one.example/loop: rejected: the link "loop" leads to "http://sho.rt/loop", which is a short link of this installation: a visitor would be redirected in a circle`,
		"13 https://one.example/" + strings.Repeat("n", 129) + ": rejected: the name of a link has 129 bytes; at most 128 are allowed",
	}
	if !slices.Equal(rows, want) {
		t.Errorf("rejected\n%s\nwant\n%s", strings.Join(rows, "\n"), strings.Join(want, "\n"))
	}
	if r.Made != 4 || r.Known != 1 {
		t.Errorf("%+v", r)
	}
	for _, at := range [][3]string{
		{"one.example", "x", "http://a/"}, {"two.example", "x", "http://b/"}, {"sho.rt", "x", "http://a/"}, {"three.example", "x", "http://a/"},
		{"two.example", "bobs", "http://d/"}, {"sho.rt", "bobs", "http://bob/"}, {"sho.rt", "wörd", "http://e/"}, {"sho.rt", "loop", ""},
	} {
		if got := leadsTo(t, im, at[0], at[1]); got != at[2] {
			t.Errorf("%s/%s leads to %q, want %q", at[0], at[1], got, at[2])
		}
	}
	// A dry run has the same verdicts as the import.
	_, again := importsLinks(t, im, feed.LinksOptions{Login: "ann", DryRun: true}, head+"two.example/x,http://b/\none.example/x,http://a/\ntwo.example/new,http://b/\nnew,http://b/\nnew,http://z/\n")
	if want := []string{
		"2 two.example/x: known", "3 one.example/x: known", "4 two.example/new: made", "5 new: known",
		"6 new: rejected: the name new is taken by line 4, which leads to http://b/",
	}; !slices.Equal(again, want) {
		t.Errorf("a dry run reports %q", again)
	}
}

// TestLinkNamesInAnyCase: names that people may have chosen are found in any case.
func TestLinkNamesInAnyCase(t *testing.T) {
	t.Parallel()
	im := linksImporter(t, newTape())
	importsLinks(t, im, withCounts, "Short URL,Custom Link,Long URL\n"+
		"bit.ly/promo,,http://promo/\n"+
		"bit.ly/3xYz12A,bit.ly/SummerSale,http://sale/\n"+
		"own.example/aBc,,http://own/\n"+
		"bit.ly/abC,,http://other/\n"+
		"bit.ly/123,,http://number/\n")
	for name, want := range map[string]string{
		"Promo": "http://promo/", "SUMMERSALE": "http://sale/", "ABC": "http://own/", "3XYZ12A": "", "123": "",
	} {
		l, err := im.Links.LinkByKeyword(t.Context(), "sho.rt", click.Hash(name))
		if err != nil && !errors.Is(err, click.ErrNotFound) || l.LongURL != want {
			t.Errorf("%s leads to %q (%v), want %q", name, l.LongURL, err, want)
		}
	}
	if got := leadsTo(t, im, "sho.rt", "abC"); got != "http://other/" {
		t.Errorf("the exact name leads to %q", got)
	}
}
