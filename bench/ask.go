package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// zones are the time zones of questions.
var zones = []string{"America/New_York", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "UTC", "Australia/Adelaide", "America/St_Johns", "Asia/Tokyo"}

// asked is a question about the days until a reference in a zone.
type asked struct {
	user      int
	countries bool // else the clicks of each day
	days      int
	zone      *time.Location
	reference int64
}

// window returns the start of the first day of the question, and the end of the last one.
func (a asked) window() (from, to time.Time) {
	y, m, d := time.Unix(a.reference, 0).In(a.zone).Date()
	return time.Date(y, m, d+1-a.days, 0, 0, 0, 0, a.zone), time.Date(y, m, d+1, 0, 0, 0, 0, a.zone)
}

// asker draws questions: of random users, zones and references, always the same.
type asker struct {
	rng       *rand.Rand
	users     []int
	countries bool
	days      int
	made      clicks.Made
	locations []*time.Location
}

func newAsker(m clicks.Made, users []int, countries bool, days int) (*asker, error) {
	a := &asker{rand.New(rand.NewPCG(m.Seed, 9)), users, countries, days, m, nil}
	for _, z := range zones {
		l, err := time.LoadLocation(z)
		if err != nil {
			return nil, err
		}
		a.locations = append(a.locations, l)
	}
	return a, nil
}

func (a *asker) next() asked {
	// The last days have clicks.
	free := int64(max(a.made.Days-a.days, 1)) * 86400
	return asked{a.users[a.rng.IntN(len(a.users))], a.countries, a.days, a.locations[a.rng.IntN(len(a.locations))], clicks.End.Unix() - 1 - a.rng.Int64N(free)}
}

// keptAlive is one connection to each server. It ends earlier than the servers end it.
var keptAlive = &http.Client{Transport: &http.Transport{DisableCompression: true, IdleConnTimeout: 5 * time.Second}, Timeout: time.Hour}

// get gets a URL, or sends a statement, and returns the answer.
func get(method, url string) (string, error) {
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		return "", err
	}
	res, body, err := harness.Do(keptAlive, r)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d: %.300s", res.StatusCode, body)
	}
	return body, err
}

// timed calls f n times and returns how long each call took, in milliseconds.
func timed(n int, f func() error) (times []float64, err error) {
	for range n {
		began := time.Now()
		if err := f(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(began).Seconds()*1000)
	}
	return times, nil
}

// footfallSide answers questions by the API of a server.
type footfallSide struct {
	p      *harness.Process
	tokens map[int]string // by user
}

// open starts a server for the questions of users.
func (s *session) open(data string, users []int) (*footfallSide, error) {
	p, err := s.serve(data, "--metrics-listen", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &footfallSide{p, map[int]string{}}
	for _, u := range users {
		if f.tokens[u], err = s.token(data, clicks.Login(u)); err != nil {
			return nil, errors.Join(err, p.Stop())
		}
	}
	return f, nil
}

func (f *footfallSide) url(a asked) string {
	method := "user/clicks?rollup=false&limit=1000"
	if a.countries {
		method = "user/countries?limit=1000"
	}
	return fmt.Sprintf("%s/v3/%s&unit=day&units=%d&timezone=%s&unit_reference_ts=%d&access_token=%s", f.p.URL, method, a.days, a.zone, a.reference, f.tokens[a.user])
}

func (f *footfallSide) ask(a asked) error {
	_, err := get(http.MethodGet, f.url(a))
	return err
}

// sum returns the sum of the clicks in the answer.
func (f *footfallSide) sum(a asked) (sum uint64, err error) {
	body, err := get(http.MethodGet, f.url(a))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Clicks    []struct{ Clicks uint64 } `json:"user_clicks"`
			Countries []struct{ Clicks uint64 }
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return 0, fmt.Errorf("%w: %.300s", err, body)
	}
	for _, c := range append(answer.Data.Clicks, answer.Data.Countries...) {
		sum += c.Clicks
	}
	return sum, nil
}

// inServer is how many questions a server answered, and how many of them in at most fast.
type inServer struct{ fast, all float64 }

// fast is an upper bound of a bucket of footfall_question_seconds.
const fast = 0.8 // ms

// answered reads the server's own metrics: they leave out the connection and the client.
func (f *footfallSide) answered() (n inServer, err error) {
	body, err := get(http.MethodGet, f.p.Attributes["metrics"])
	for line := range strings.Lines(body) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "} ")
		if !strings.HasPrefix(name, "footfall_question_seconds_") {
			continue
		}
		v, e := strconv.ParseFloat(value, 64)
		if err = errors.Join(err, e); e != nil {
			return n, err
		}
		switch {
		case strings.HasSuffix(name, fmt.Sprintf(`le="%v"`, fast/1000)):
			n.fast += v
		case strings.HasPrefix(name, "footfall_question_seconds_count"):
			n.all += v
		}
	}
	if err == nil && n.all == 0 {
		err = errors.New("the metrics have no questions")
	}
	return n, err
}
