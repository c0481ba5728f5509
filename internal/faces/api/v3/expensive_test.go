package v3_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// crowded is a store in which all users except bob have very many links. Listing them
// blocks until open is closed.
type crowded struct {
	v3.Store
	bob  click.UserID
	open chan struct{}

	mu     sync.Mutex
	inside map[click.UserID]int
}

func (s *crowded) MoreLinks(_ context.Context, user click.UserID, _ int) (bool, error) {
	return user != s.bob, nil
}

func (s *crowded) ListLinks(ctx context.Context, f store.LinkFilter) ([]store.Link, int, error) {
	if f.User == s.bob {
		return s.Store.ListLinks(ctx, f)
	}
	s.mu.Lock()
	s.inside[f.User]++
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inside[f.User]--
	}()
	select {
	case <-s.open:
		return s.Store.ListLinks(ctx, f)
	case <-ctx.Done():
		return nil, 0, ctx.Err()
	}
}

func newCrowded(t *testing.T, seats *throttle.Seats, timeout time.Duration) (*v3.API, *crowded, *logtest.Log) {
	api := newAPI(t)
	bob, err := api.Store.UserByLogin(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	s := &crowded{Store: api.Store, bob: bob.ID, open: make(chan struct{}), inside: map[click.UserID]int{}}
	log := new(logtest.Log)
	api.Store, api.Seats, api.Timeout, api.Log = s, seats, timeout, log.Logger()
	return api, s, log
}

func answerTo(t *testing.T, api *v3.API, target string) (text, retry string) {
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v3/"+target, nil))
	_, rest, _ := strings.Cut(w.Body.String(), `"status_txt": "`)
	text, _, _ = strings.Cut(rest, `"`)
	return text, w.Header().Get("Retry-After")
}

// TestExpensiveQuestionsTakeSeats: few expensive questions are answered at once, others
// wait no longer than they may, and cheap ones do not wait.
func TestExpensiveQuestionsTakeSeats(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		seats := throttle.NewSeats(throttle.SeatLimits{All: 3, Each: 2, Waiting: 20, WaitingEach: 8, Timeout: time.Minute})
		api, s, log := newCrowded(t, seats, time.Hour)
		var answers sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		search := func(token string) {
			answers.Go(func() {
				text, retry := answerTo(t, api, "user/link_history?query=zzzz&access_token="+token)
				mu.Lock()
				defer mu.Unlock()
				got[token+" "+text+" "+retry]++
			})
		}
		for range 16 {
			search("good")
		}
		synctest.Wait()
		for range 2 {
			search("cat")
		}
		synctest.Wait()
		if len(s.inside) != 2 || s.inside[1] != 2 || seats.Waiting() != 9 {
			t.Errorf("16 searches of ann and 2 of cat: %v run and %d wait", s.inside, seats.Waiting())
		}
		began := time.Now()
		for _, cheap := range []string{
			"user/link_history?query=zzzz&access_token=new", "user/clicks?access_token=good", "user/referrers?access_token=good&unit=day",
			"link/referring_domains?access_token=good&link=ze6poY", "expand?access_token=good&hash=ze6poY", "user/popular_links?access_token=good",
			"shorten?access_token=good&longUrl=http://new.example/",
		} {
			if text, _ := answerTo(t, api, cheap); text != "OK" {
				t.Errorf("%s: %s", cheap, text)
			}
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("cheap questions waited %s", waited)
		}
		time.Sleep(time.Minute) // of the bubble: the waiting searches are refused
		synctest.Wait()
		close(s.open)
		answers.Wait()
		for what, want := range map[string]int{
			"good OK ": 2, "good TEMPORARILY_UNAVAILABLE 5": 14, "cat OK ": 1, "cat TEMPORARILY_UNAVAILABLE 5": 1,
		} {
			if got[what] != want {
				t.Errorf("%d answers %q, want %d: %v", got[what], what, want, got)
			}
		}
		api.Close()
		logged := 0
		for _, m := range regexp.MustCompile(`questions were given up.* questions=(\d+)`).FindAllStringSubmatch(log.String(), -1) {
			n, _ := strconv.Atoi(m[1])
			logged += n
		}
		if lines := strings.Count(log.String(), "\n"); logged != 15 || lines > 3 {
			t.Errorf("%d lines log %d questions that timed out, want at most 3 and 15: %s", lines, logged, log)
		}
		for range 4 { // every seat was released
			if text, _ := answerTo(t, api, "user/link_history?query=zzzz&access_token=good"); text != "OK" {
				t.Errorf("after all seats were released: %s", text)
			}
		}
	})
}

// TestQuestionsEnd: a question that takes too long is refused, and is not a fault.
func TestQuestionsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api, _, log := newCrowded(t, nil, time.Minute)
		began := time.Now()
		if text, retry := answerTo(t, api, "user/link_history?query=zzzz&access_token=good"); text != "TEMPORARILY_UNAVAILABLE" || retry != "5" {
			t.Errorf("a question that times out: %s, Retry-After %q", text, retry)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("the question took %s", took)
		}
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("the log has %s", log)
		}
	})
}

// many is a store with that number of links of http://google.com/ and of each user.
type many struct {
	v3.Store
	links int
}

func (s many) MoreLinks(_ context.Context, _ click.UserID, n int) (bool, error) {
	return s.links > n, nil
}

func (s many) LinksOfURL(ctx context.Context, longURL string) ([]store.Link, error) {
	links, err := s.Store.LinksOfURL(ctx, longURL)
	for len(links) > 0 && len(links) < s.links {
		links = append(links, links[len(links)-1])
		links[len(links)-1].ID += 1000
	}
	return links, err
}

// TestWhichQuestionsAreExpensive: without any seat, questions are answered until there is too
// much to read.
func TestWhichQuestionsAreExpensive(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		target       string
		cheap, links int // numbers of links: the question is cheap, and expensive
	}{
		{"user/link_history?query=zzzz", 1000, 1001},
		{"user/link_history?root_domain=x&user=cat", 1000, 1001},
		{"user/link_history?a=b", 10_000, 10_001},
		{"user/shorten_counts?a=b", 10_000, 10_001},
		{"link/clicks?link=900913", 1000, 1001},
		{"link/referrers?link=900913", 1000, 1001},
		{"clicks?hash=ze6poY", 1000, 1001},
		{"link/encoders?link=ze6poY", 1000, 1001},
		{"link/encoders_by_count?link=ze6poY", 1000, 1001},
		{"link/lookup?url=" + strings.Repeat("http://a/&url=", 199) + "http://b/", 1, 0},
		{"user/link_lookup?url=" + strings.Repeat("http://a/&url=", 200) + "http://b/", 0, 1},
		{"user/referrers?unit=day", 10_000, 10_001},
		{"user/referrers?days=30", 10_000, 10_001},
		{"user/referring_domains?unit=day", 10_000, 10_001},
		{"link/referrers_by_domain?link=ze6poY", 10_000, 10_001},
		{"user/popular_links?unit=day", 10_000, 10_001},
	} {
		for _, n := range []struct {
			links int
			want  string
		}{{c.cheap, "OK"}, {c.links, "TEMPORARILY_UNAVAILABLE"}} {
			if n.links == 0 {
				continue
			}
			api := newAPI(t)
			api.Seats = throttle.NewSeats(throttle.SeatLimits{})
			if strings.Contains(c.target, "refer") && c.cheap == 10_000 || strings.Contains(c.target, "popular") {
				api.Clicks = metrics.New(flooded(t, api.Links, n.links))
			} else {
				api.Store = many{api.Store, n.links}
			}
			if text, _ := answerTo(t, api, c.target+"&access_token=good"); text != n.want {
				t.Errorf("%.60s with %d links or values: %s, want %s", c.target, n.links, text, n.want)
			}
		}
	}
}

// flooded is a store of clicks with n referrers of a link and its user, and n links of
// the user.
func flooded(t *testing.T, links *links.Links, values int) *storetest.MemoryCounts {
	l, err := links.Find(t.Context(), "ze6poY", "sho.rt")
	if err != nil {
		t.Fatal(err)
	}
	b := &store.Batch{To: 1}
	for i := range values {
		k := rollup.Key{Scope: rollup.Scope{User: l.User}, Facet: rollup.Referrer, Slot: now.Unix() / 900 * 900, Value: fmt.Sprintf("http://%d/", i)}
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1})
		k.Scope.Link = l.ID
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1})
		k.Scope.Link, k.Facet, k.Value = 0, rollup.Link, rollup.LinkValue(click.LinkID(i+1))
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: 1})
	}
	counts := new(storetest.MemoryCounts)
	if err := counts.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	return counts
}
