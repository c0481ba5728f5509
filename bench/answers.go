package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// largeLists are questions with long answers, or that read many counts.
var largeLists = []string{
	"user/clicks?unit=hour&units=1000&rollup=false&limit=1000",
	"user/clicks?unit=day&units=-1&rollup=false&limit=1000",
	"user/countries?unit=day&units=-1&limit=1000",
	"user/referrers?unit=day&units=-1&limit=1000",
	"user/referring_domains?unit=day&units=-1&limit=1000",
	"user/referrers?days=30&limit=1000",
	"user/popular_links?units=-1&limit=1000",
	"user/link_history?limit=100",
	"user/link_history?limit=100&query=nasa&archived=both",
	"user/shorten_counts?unit=month&rollup=false&limit=1000",
	"link/referrers?limit=1000&link=LINK",
	"link/referrers_by_domain?limit=1000&link=LINK",
	"link/encoders_by_count?limit=1000&link=LINK",
	"clicks?hash=LINK" + strings.Repeat("&hash=LINK", 14),
	"clicks_by_minute?hash=LINK" + strings.Repeat("&hash=LINK", 14),
	"user/referrers?unit=day&units=-1&limit=1000&format=xml",
}

// answers measures the larger lists of the API over HTTP, one question after another on
// one connection, and compares them with a bare handler that writes the same bytes.
func answers(args []string) error {
	flags := flag.NewFlagSet("answers", flag.ContinueOnError)
	n := flags.Int("n", 1000, "how often each question is asked")
	login := flags.String("login", "nasatwitter", "login of the user who asks")
	pattern := flags.String("feed", "internal/faces/feed/testdata/*.gz", "files of Bitly's click feed")
	if err := flags.Parse(args); err != nil {
		return err
	}
	files, err := filepath.Glob(*pattern)
	if err != nil || len(files) == 0 {
		return fmt.Errorf("-feed %s matches no file: start bench in the root of the repository", *pattern)
	}
	dir, err := os.MkdirTemp("", "bench-answers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	app, err := server.Open(ctx, server.Options{
		Data: datadir.Options{Path: dir, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}, Domains: []string{shortDomain},
	})
	if err != nil {
		return err
	}
	defer app.Close(ctx)
	clicks, err := importAll(ctx, app, files)
	if err != nil {
		return err
	}
	token, err := app.AddToken(ctx, *login)
	if err != nil {
		return err
	}
	site, err := app.Handler(server.PublicOptions{})
	if err != nil {
		return err
	}
	var same string // what the bare handler writes
	bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, same) })
	ours, stopOurs, err := listen(site)
	if err != nil {
		return err
	}
	defer stopOurs()
	theirs, stopTheirs, err := listen(bare)
	if err != nil {
		return err
	}
	defer stopTheirs()

	_, popular, err := ask(ours+"/v3/user/popular_links?format=json&limit=1&access_token="+token, 1)
	if err != nil {
		return err
	}
	_, link, _ := strings.Cut(popular, `"link": "http://sho.rt/`)
	link, _, _ = strings.Cut(link, `"`)

	fmt.Printf("%d clicks, %d times each, by %s\n\nms per 1,000  bare handler  ratio   bytes  question\n", clicks, *n, *login)
	for _, q := range largeLists {
		q = strings.ReplaceAll(q, "LINK", link)
		url := ours + "/v3/" + q + "&access_token=" + token
		if _, same, err = ask(url, 20); err != nil {
			return err
		}
		if !strings.Contains(same, "OK") {
			return fmt.Errorf("%s: %.200s", q, same)
		}
		took, _, err := ask(url, *n)
		if err != nil {
			return err
		}
		bareTook, _, err := ask(theirs, *n)
		if err != nil {
			return err
		}
		perThousand := func(d time.Duration) float64 { return d.Seconds() * 1e6 / float64(*n) }
		fmt.Printf("%12.0f %13.0f %6.1f %7d  %s\n", perThousand(took), perThousand(bareTook), took.Seconds()/bareTook.Seconds(), len(same), q)
	}
	return nil
}

func importAll(ctx context.Context, app *server.App, files []string) (clicks int64, err error) {
	slices.Sort(files)
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return 0, err
		}
		result, err := app.Import(ctx, "bitly-feed", f, func(feed.Rejected) {})
		if err = errors.Join(err, f.Close()); err != nil {
			return 0, err
		}
		clicks += int64(result.Clicks)
	}
	return clicks, nil
}

// listen serves the handler on a port of its own.
func listen(h http.Handler) (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	s := &http.Server{Handler: h}
	go func() { _ = s.Serve(l) }() // until Close
	return "http://" + l.Addr().String(), func() { _ = s.Close() }, nil
}

// ask gets a URL n times and returns how long that took, and the last answer.
func ask(url string, n int) (took time.Duration, body string, err error) {
	began := time.Now()
	for range n {
		if body, err = harness.Get(url); err != nil {
			return 0, "", err
		}
	}
	return time.Since(began), body, nil
}
