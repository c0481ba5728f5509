package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

// pageLogin is the user of the benchmark of the page.
const pageLogin = "heavy"

// pageViews are what the page asks for. NAME is the name of a link with many clicks.
var pageViews = []struct{ what, path string }{
	{"overview, 30 days", "/-/view?unit=day&units=30&timezone=America/New_York"},
	{"overview, a year", "/-/view?range=year&timezone=America/New_York"},
	{"overview, all time", "/-/view?unit=month&units=-1&timezone=America/New_York"},
	{"overview, today", "/-/view?range=today&timezone=America/New_York"},
	{"overview of a tag, 30 days", "/-/view?unit=day&units=30&timezone=America/New_York&tag=spring"},
	{"overview, the whole page", "/-/?unit=day&units=30&timezone=America/New_York"},
	{"all rows of links", "/-/rows?panel=links&unit=day&units=30&timezone=America/New_York"},
	{"all rows of sites", "/-/rows?panel=domains&unit=day&units=30&timezone=America/New_York"},
	{"a link", "/-/link/NAME?unit=day&units=30&timezone=America/New_York"},
	{"a link, all time", "/-/link/NAME?unit=month&units=-1&timezone=America/New_York"},
	{"links, first page", "/-/links/view"},
	{"links, by clicks", "/-/links/view?sort=clicks"},
	{"links, page 1,000", "/-/links/view?offset=50000"},
	{"links, by clicks of all time", "/-/links/view?sort=clicks&unit=month&units=-1"},
	{"links that a letter finds", "/-/links/view?query=p"},
	{"links that a word finds", "/-/links/view?query=page/777"},
	{"links that nothing finds", "/-/links/view?query=zzzz"},
	{"links of a tag", "/-/links/view?tag=spring"},
	{"filter, a letter", "/-/api/user/link_history?limit=8&archived=both&query=p"},
	{"filter, a word", "/-/api/user/link_history?limit=8&archived=both&query=page/777"},
}

// pageTimes measures what a user with many links and ten years of clicks waits for on the page.
func pageTimes(args []string) error {
	flags := flag.NewFlagSet("page", flag.ContinueOnError)
	links := flags.Int("links", 100_000, "links of the user")
	clicks := flags.Int("clicks", 10_000_000, "clicks on them, at least one line of counts for each link")
	n := flags.Int("n", 50, "how often each part of the page is asked for")
	only := flags.String("only", "", "ask for those alone whose name has this text")
	dir := flags.String("dir", "", "the data directory; one that has data is used as it is. A temporary one if empty")
	profile := flags.String("cpuprofile", "", "file to write a CPU profile of the questions to")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		d, err := os.MkdirTemp("", "bench-page-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(d)
		*dir = filepath.Join(d, "data")
	}
	ctx, fresh := context.Background(), !datadir.HasData(*dir)
	app, err := server.Open(ctx, server.Options{
		Data: datadir.Options{Path: *dir, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}, Domains: []string{shortDomain},
	})
	if err != nil {
		return err
	}
	defer app.Close(ctx)
	if fresh {
		began := time.Now()
		r, w := io.Pipe()
		go func() { w.CloseWithError(writePageUser(w, *links, *clicks)) }()
		got, err := app.Import(ctx, "ndjson", r, func(l feed.Rejected) { fmt.Println(l.Reason) })
		if err != nil {
			return err
		}
		fmt.Printf("%d clicks on %d links imported in %.0f s\n", got.Clicks, *links, time.Since(began).Seconds())
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		return err
	}
	address, stop, err := listen(site)
	if err != nil {
		return err
	}
	defer stop()
	b, err := signedIn(ctx, app, address)
	if err != nil {
		return err
	}
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	fmt.Printf("\n%10s %10s %13s %10s  %s, %d times\n", "median ms", "p99 ms", "processor ms", "bytes", "part of the page", *n)
	for _, v := range pageViews {
		if !strings.Contains(v.what, *only) {
			continue
		}
		if err := b.time(v.what, strings.ReplaceAll(v.path, "NAME", largeHash(0)), *n); err != nil {
			return err
		}
	}
	return nil
}

// writePageUser writes a user, links, and counts of ten years until now, most of them on a few
// links.
func writePageUser(to io.Writer, links, clicks int) error {
	w := bufio.NewWriterSize(to, 1<<20)
	const years = 10
	quarters := years * 365 * 96
	end := time.Now().Unix() / 900 * 900
	fmt.Fprintf(w, `{"type":"user","login":%q,"created":%d}`+"\n", pageLogin, end-int64(quarters)*900)
	for l := range links {
		tags := ""
		if l%500 == 0 {
			tags = `,"tags":["spring"]`
		}
		fmt.Fprintf(w, `{"type":"link","user":%q,"hash":%q,"long_url":"http://example.org/page/%d","title":"Page %d","created":%d%s}`+"\n",
			pageLogin, largeHash(l), l, l, end-int64(quarters-l*quarters/links)*900, tags)
	}
	rng := rand.New(rand.NewPCG(5, 6))
	zipf := rand.NewZipf(rng, 1.1, 10, uint64(links-1))
	lines := 3 * links
	each := max(2, clicks/lines)
	for i := range lines {
		link := i / 3 // every third line is on the next link, so that each has clicks
		if i%3 > 0 {
			link = int(zipf.Uint64())
		}
		us := 1 + rng.IntN(each-1)
		other := country(rng.IntN(countries)).String()
		if other == "US" {
			other = "CA"
		}
		fmt.Fprintf(w, `{"type":"counts","hash":%q,"ts":%d,"clicks":%d,"bots":%d,"countries":{"US":%d,%q:%d},"referrers":{"direct":%d,"http://example%d.com/%d":%d},`+
			`"agents":{"%s/%s/%s/link":%d},"places":{"US/TX/Austin":%d,"%s//City %d":%d},"bot_families":{"Googlebot":%d}}`+"\n",
			largeHash(link), end-900*int64(quarters-i*quarters/lines), each, i%2, us, other, each-us, us, rng.IntN(30), rng.IntN(1000), each-us,
			[]string{"desktop", "mobile", "tablet"}[rng.IntN(3)], []string{"Chrome", "Safari", "Firefox"}[rng.IntN(3)], []string{"Windows", "iOS", "Android"}[rng.IntN(3)], each,
			us, other, rng.IntN(20), each-us, i%2)
	}
	return w.Flush()
}

// pageBrowser is a browser that is signed in.
type pageBrowser struct{ address, cookie string }

func signedIn(ctx context.Context, app *server.App, address string) (b pageBrowser, err error) {
	const password = "a good password"
	if err := app.SetPassword(ctx, pageLogin, password); err != nil {
		return b, err
	}
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.PostForm(address+"/-/login", url.Values{"login": {pageLogin}, "password": {password}})
	if err != nil {
		return b, err
	}
	defer res.Body.Close()
	if len(res.Cookies()) == 0 {
		return b, fmt.Errorf("signing in is answered %s", res.Status)
	}
	return pageBrowser{address, res.Cookies()[0].Name + "=" + res.Cookies()[0].Value}, nil
}

// time asks for a part of the page n times, and prints how long that took, and the mean time of
// the processor, which depends less on what else the machine does.
func (b pageBrowser) time(what, path string, n int) error {
	var all []time.Duration
	size, used := 0, processor()
	for i := range n + 2 {
		if i == 2 {
			used = processor()
		}
		began := time.Now()
		body, err := b.get(path)
		if err != nil {
			return err
		}
		if size = len(body); i >= 2 { // the first ones warm up
			all = append(all, time.Since(began))
		}
	}
	used = processor() - used
	slices.Sort(all)
	ms := func(d time.Duration) float64 { return d.Seconds() * 1000 }
	fmt.Printf("%10.1f %10.1f %13.1f %10d  %s\n", ms(all[len(all)/2]), ms(all[len(all)*99/100]), ms(used)/float64(n), size, what)
	return nil
}

// processor is the time of the processor that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func (b pageBrowser) get(path string) ([]byte, error) {
	r, err := http.NewRequest(http.MethodGet, b.address+path, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Cookie", b.cookie)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(res.Body)
	if err = errors.Join(err, res.Body.Close()); err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered %s: %.200s", path, res.Status, body)
	}
	return body, err
}
