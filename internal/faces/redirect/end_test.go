package redirect_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/faces/redirect"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// ending is a link of the tests that has an end, or a choice about the query.
func ending(name string) store.Link {
	l := store.Link{ID: 4, User: 2, LongURL: "http://example.org/"}
	switch name {
	case "end-past":
		l.Expires = now.Unix()
	case "end-past-url":
		l.Expires, l.ExpiredURL = now.Unix()-100, "http://over.example/ü"
	case "end-soon":
		l.Expires = now.Unix() + 1
	case "end-later":
		l.Expires = now.Unix() + 90
	case "end-max-reached":
		l.MaxClicks, l.ExpiredURL = 7, "http://over.example/"
	case "end-max-exceeded":
		l.MaxClicks = 6
	case "end-max":
		l.MaxClicks = 8
	case "end-max-unknown":
		l.ID, l.MaxClicks = 5, 1
	case "end-forward":
		l.ForwardQuery = store.On
	case "end-keep":
		l.ForwardQuery = store.Off
	}
	return l
}

// counted has 7 clicks on link 4, and fails for others.
type counted struct{}

func (counted) Clicks(_ context.Context, user click.UserID, link click.LinkID) (uint64, error) {
	if user != 2 || link != 4 {
		return 0, errors.New("the counts are away")
	}
	return 7, nil
}

func TestEnds(t *testing.T) {
	forward := func(o *redirect.Options) { o.ForwardQuery = true }
	const to, over = "http://example.org/", "http://over.example/"
	for _, c := range []struct {
		path    string
		options func(*redirect.Options)

		status          int
		location, cache string
		clicks          int
	}{
		{"end-past", nil, 410, "", "no-store", 0},
		{"end-past-url", nil, 302, over + "%C3%BC", "no-store", 0},
		{"end-past+", nil, 410, "", "no-store", 0},
		{"end-past-url+", nil, 302, over + "%C3%BC", "no-store", 0},
		{"end-max-exceeded+", nil, 410, "", "no-store", 0},
		{"end-soon+", nil, 200, "", "no-store", 0},
		{"end-soon", nil, 301, to, "private, max-age=1", 1},
		{"end-later", nil, 301, to, "private, max-age=90", 1},
		{"end-max-reached", nil, 302, over, "no-store", 0},
		{"end-max-exceeded", nil, 410, "", "no-store", 0},
		{"end-max", nil, 301, to, "private, max-age=90", 1},
		{"end-max-unknown", nil, 301, to, "private, max-age=90", 1},
		{"end-forward?x=y", nil, 301, to + "?x=y", "private, max-age=90", 1},
		{"end-keep?x=y", forward, 301, to, "private, max-age=90", 1},
		{"end-none?x=y", forward, 301, to + "?x=y", "private, max-age=90", 1},
	} {
		t.Run(c.path, func(t *testing.T) {
			log := new(logtest.Log)
			d := newFace(t, func(o *redirect.Options) {
				if o.Log = log.Logger(); c.options != nil {
					c.options(o)
				}
			})
			got := d.ask("GET", "http://sho.rt/"+c.path)
			if got.StatusCode != c.status || got.Header.Get("Location") != c.location || got.Header.Get("Cache-Control") != c.cache || len(d.clicks) != c.clicks {
				t.Errorf("%d to %q, %q, %d clicks; want %d to %q, %q, %d", got.StatusCode, got.Header.Get("Location"), got.Header.Get("Cache-Control"), len(d.clicks),
					c.status, c.location, c.cache, c.clicks)
			}
			if body, err := io.ReadAll(got.Body); err != nil || (c.status == 410) != strings.Contains(string(body), "has expired") {
				t.Errorf("the page says %q (%v)", body, err)
			}
			d.Close()
			if logged := strings.Contains(log.String(), "could not be counted"); logged != (c.path == "end-max-unknown") {
				t.Errorf("the log is %q", log)
			}
		})
	}
}
