package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// shortDomain is the domain of all short links: they outlive the server's
// port.
const shortDomain = "sho.rt"

// town is users with their links, and the visitors of these.
type town struct {
	users []townUser
	links []*townLink

	late   atomic.Int64  // nanoseconds that the slowest answer took
	odd    atomic.Uint64 // answers that led nowhere
	broken atomic.Uint64 // connections that failed
}

type townUser struct{ login, token string }

type townLink struct {
	user           int // index in users
	hash, longURL  string
	sent, answered atomic.Uint64
}

// found makes users and links through the program's own faces.
func (t *trial) found(data string, users, links int) (*town, error) {
	w := &town{}
	for i := range users {
		login := fmt.Sprint("user", i)
		token, err := t.command("user", "add", login, "--data", data)
		if err != nil {
			return nil, err
		}
		w.users = append(w.users, townUser{login, strings.TrimSpace(token)})
	}
	p, err := t.start(data)
	if err != nil {
		return nil, err
	}
	for i := range links {
		// Every second long URL is shared by two users.
		l := &townLink{user: i % users, longURL: fmt.Sprintf("http://example.org/some/page/%d", i/2)}
		if l.hash, err = shorten(p, w.users[l.user].token, l.longURL); err != nil {
			return nil, errors.Join(err, p.stop())
		}
		w.links = append(w.links, l)
	}
	return w, p.stop()
}

// shorten makes a short link; an error leaves open whether it was made.
func shorten(p *process, token, longURL string) (hash string, err error) {
	body, err := p.ask("shorten?format=txt&longUrl=" + url.QueryEscape(longURL) + "&access_token=" + token)
	if err != nil {
		return "", err
	}
	hash, ok := strings.CutPrefix(strings.TrimSpace(body), "http://"+shortDomain+"/")
	if !ok {
		return "", fmt.Errorf("shorten answered %.200q", body)
	}
	return hash, nil
}

var questions = http.Client{
	Timeout:       patience,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// ask asks the API, and returns the body of a good answer.
func (p *process) ask(question string) (string, error) {
	r, err := questions.Get(p.url + "/v3/" + question)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(r.Body)
	if err = errors.Join(err, r.Body.Close()); err != nil {
		return "", err
	}
	if r.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: status %d, %.300q", question, r.StatusCode, body)
	}
	return string(body), nil
}

// leadsTo is where a short link leads; asking is no click.
func (p *process) leadsTo(hash string) (string, error) {
	req, err := http.NewRequest(http.MethodHead, p.url+"/"+hash, nil)
	if err != nil {
		return "", err
	}
	req.Host = shortDomain
	r, err := questions.Do(req)
	if err != nil {
		return "", err
	}
	_ = r.Body.Close()
	return r.Header.Get("Location"), nil
}

// visit keeps so many visitors clicking, each once his last click is answered,
// until stop. A connection that fails is made anew.
func (w *town) visit(addr string, visitors int, rng *rand.Rand) (stop func()) {
	var wg sync.WaitGroup
	stopped := make(chan struct{})
	for range visitors {
		rng := rand.New(rand.NewPCG(rng.Uint64(), 0))
		wg.Go(func() {
			for {
				if w.stroll(addr, rng, stopped) != nil {
					w.broken.Add(1)
				}
				select {
				case <-stopped:
					return
				case <-time.After(5 * time.Millisecond):
				}
			}
		})
	}
	return sync.OnceFunc(func() { close(stopped); wg.Wait() })
}

// stroll clicks over one connection.
func (w *town) stroll(addr string, rng *rand.Rand, stopped chan struct{}) error {
	c, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 4096)
	for {
		select {
		case <-stopped:
			return nil
		default:
		}
		l := w.links[rng.IntN(1+rng.IntN(len(w.links)))]
		began := time.Now()
		l.sent.Add(1)
		if err := c.SetDeadline(began.Add(patience)); err != nil {
			return err
		}
		_, err := fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0\r\nReferer: https://example.org/page/%d\r\nX-Forwarded-For: %d.7.7.7\r\n\r\n",
			l.hash, shortDomain, rng.IntN(200), 1+rng.IntN(220))
		if err != nil {
			return err
		}
		status, err := readAnswer(r)
		if err != nil {
			return err
		}
		if status == http.StatusMovedPermanently {
			l.answered.Add(1)
		} else {
			w.odd.Add(1)
		}
		if took := int64(time.Since(began)); took > w.late.Load() {
			w.late.Store(took)
		}
	}
}

// balance compares what footfall counts with what was sent and answered, and
// its figures with each other. Nobody may be clicking.
func (w *town) balance(t *trial, p *process, reported uint64) {
	b := balance{reported: reported}
	sums := make([]uint64, len(w.users))
	var short uint64
	for _, l := range w.links {
		n, err := p.clicks("link/clicks?link=http://"+shortDomain+"/"+l.hash, w.users[l.user].token)
		if err != nil {
			t.wrong("%v", err)
			return
		}
		sent, answered := l.sent.Load(), l.answered.Load()
		if n > sent {
			t.wrong("%s counts %d clicks, and %d were sent", l.hash, n, sent)
		}
		if n < answered {
			short += answered - n
		}
		sums[l.user] += n
		b.sent, b.answered, b.counted = b.sent+sent, b.answered+answered, b.counted+n
	}
	if short > reported {
		t.wrong("%d clicks were answered and are not counted, %d were reported as not durable", short, reported)
	}
	for i, u := range w.users {
		n, err := p.clicks("user/clicks?", u.token)
		if err != nil {
			t.wrong("%v", err)
			return
		}
		countries, err := p.countries(u.token)
		if err != nil {
			t.wrong("%v", err)
			return
		}
		if n != sums[i] || countries != sums[i] {
			t.wrong("%s counts %d clicks, %d by country, and his links %d", u.login, n, countries, sums[i])
		}
	}
	t.total = b
}

// clicks asks for the clicks of all time.
func (p *process) clicks(question, token string) (uint64, error) {
	body, err := p.ask(question + "&unit=day&units=-1&format=txt&access_token=" + token)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(body), 10, 64)
}

func (p *process) countries(token string) (sum uint64, err error) {
	body, err := p.ask("user/countries?unit=day&units=-1&limit=1000&access_token=" + token)
	if err != nil {
		return 0, err
	}
	var answer struct {
		Data struct {
			Countries []struct{ Clicks uint64 } `json:"countries"`
		} `json:"data"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil {
		return 0, err
	}
	for _, c := range answer.Data.Countries {
		sum += c.Clicks
	}
	return sum, nil
}
