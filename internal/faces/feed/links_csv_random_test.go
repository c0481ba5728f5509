package feed_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// TestRandomLinks: files with few names, so that many links have the same ones. A dry run
// reports what the import then does. Each link that is made or known leads where its line
// says, on its old domain and on those that no other link has. However often imports are cut
// off, the clicks of links that were made count once.
func TestRandomLinks(t *testing.T) {
	t.Parallel()
	seedtest.Check(t, func(r *rapid.T) {
		tape := newTape()
		im := linksImporter(t, tape)
		for range 3 {
			var file strings.Builder
			file.WriteString("short url,custom link,long url,clicks\n")
			type row struct{ short, longURL string }
			rows := map[uint64]row{}
			domains := rapid.SampledFrom([]string{"", "bit.ly/", "one.example/", "two.example/"})
			names := rapid.SampledFrom([]string{"a", "b", "B", "c"})
			for line := range rapid.IntRange(0, 12).Draw(r, "lines") {
				l := row{domains.Draw(r, "domain") + names.Draw(r, "name"), "http://" + rapid.SampledFrom([]string{"x", "y"}).Draw(r, "to") + "/"}
				custom := rapid.SampledFrom([]string{"", "", "bit.ly/a", "one.example/b", "d"}).Draw(r, "custom")
				fmt.Fprintf(&file, "%s,%s,%s,%d\n", l.short, custom, l.longURL, rapid.IntRange(0, 3).Draw(r, "clicks"))
				rows[uint64(line+2)] = l
			}
			o := feed.LinksOptions{Login: rapid.SampledFrom([]string{"ann", "bob"}).Draw(r, "login"), Counts: rapid.Bool().Draw(r, "counts"), DryRun: true}
			verdicts := map[uint64]feed.Verdict{}
			dry, err := im.ImportLinks(t.Context(), o, strings.NewReader(file.String()), func(l feed.LinkRow) { verdicts[l.Line] = l.Verdict })
			if err != nil {
				r.Fatal(err)
			}
			o.DryRun = false
			before := len(tape.clicks)
			tape.breaks = rapid.IntRange(-1, 3).Draw(r, "breaks")
			cutOff := false
			var made feed.LinksResult
			for {
				made, err = im.ImportLinks(t.Context(), o, strings.NewReader(file.String()), func(feed.LinkRow) {})
				if err == nil {
					break
				}
				if !errors.Is(err, errBroken) {
					r.Fatal(err)
				}
				cutOff, tape.breaks = true, -1
			}
			if !cutOff && fmt.Sprint(made) != fmt.Sprint(dry) {
				r.Fatalf("%s\nmade %+v, and a dry run reports %+v", file.String(), made, dry)
			}
			if made.Rejected != dry.Rejected || uint64(len(tape.clicks)-before) != dry.Clicks {
				r.Fatalf("%s\nmade %+v and %d clicks, and a dry run reports %+v", file.String(), made, len(tape.clicks)-before, dry)
			}
			for line, l := range rows {
				if verdicts[line] == feed.NotMade {
					continue
				}
				domain, name, ok := strings.Cut(l.short, "/")
				if !ok {
					domain, name = "any.example", l.short
				}
				got, err := im.Links.LinkByName(t.Context(), domain, click.Hash(name))
				if err != nil || got.LongURL != l.longURL {
					r.Fatalf("%s\nline %d is %s: %s leads to %q (%v)", file.String(), line, verdicts[line], l.short, got.LongURL, err)
				}
			}
		}
	})
}
