package v3_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	v3 "github.com/footfall/footfall/api/v3"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/limit"
	"github.com/footfall/footfall/store"
)

// crowded is a store whose users but bob have very many links, to list which
// takes until open is closed.
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

func newCrowded(t *testing.T, seats *limit.Seats, patience time.Duration) (*v3.API, *crowded, *bytes.Buffer) {
	api := newAPI(t)
	bob, err := api.Store.UserByLogin(t.Context(), "bob")
	if err != nil {
		t.Fatal(err)
	}
	s := &crowded{Store: api.Store, bob: bob.ID, open: make(chan struct{}), inside: map[click.UserID]int{}}
	log := &bytes.Buffer{}
	api.Store, api.Dear, api.Patience, api.Log = s, seats, patience, slog.New(slog.NewTextHandler(log, nil))
	return api, s, log
}

func answerTo(t *testing.T, api *v3.API, target string) (text, retry string) {
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v3/"+target, nil))
	_, rest, _ := strings.Cut(w.Body.String(), `"status_txt":"`)
	text, _, _ = strings.Cut(rest, `"`)
	return text, w.Header().Get("Retry-After")
}

// TestDearQuestionsTakeSeats: however many dear questions there are, few are
// answered at once, others wait no longer than they may, and who asks something
// ordinary does not wait at all.
func TestDearQuestionsTakeSeats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seats := limit.NewSeats(limit.Room{All: 3, Each: 2, Waiting: 20, WaitingEach: 8, Patience: time.Minute})
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
			t.Errorf("of 16 searches of ann's and 2 of cat's %v are under way and %d wait", s.inside, seats.Waiting())
		}
		began := time.Now()
		for _, ordinary := range []string{
			"user/link_history?query=zzzz&access_token=new", "user/clicks?access_token=good", "user/referrers?access_token=good&unit=day",
			"link/referring_domains?access_token=good&link=ze6poY", "expand?access_token=good&hash=ze6poY", "user/popular_links?access_token=good",
			"shorten?access_token=good&longUrl=http://new.example/",
		} {
			if text, _ := answerTo(t, api, ordinary); text != "OK" {
				t.Errorf("%s: %s", ordinary, text)
			}
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("ordinary questions waited %s", waited)
		}
		time.Sleep(time.Minute) // by the clock of the test: those who wait are sent away
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
		if lines := strings.Split(strings.TrimSpace(log.String()), "\n"); len(lines) != 1 || !strings.Contains(lines[0], "questions were given up") {
			t.Errorf("the log has %q", lines)
		}
		for range 4 { // every seat was given back
			if text, _ := answerTo(t, api, "user/link_history?query=zzzz&access_token=good"); text != "OK" {
				t.Errorf("afterwards: %s", text)
			}
		}
	})
}

// TestQuestionsEnd: a question that takes too long is an error of the contract.
func TestQuestionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		api, _, log := newCrowded(t, nil, time.Minute)
		began := time.Now()
		if text, retry := answerTo(t, api, "user/link_history?query=zzzz&access_token=good"); text != "TEMPORARILY_UNAVAILABLE" || retry != "5" {
			t.Errorf("a question without end: %s, Retry-After %q", text, retry)
		}
		if took := time.Since(began); took != time.Minute {
			t.Errorf("it took %s", took)
		}
		if strings.Contains(log.String(), "level=ERROR") {
			t.Errorf("the log has %s", log)
		}
	})
}
