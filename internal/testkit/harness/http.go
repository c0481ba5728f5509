package harness

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// Browser is the user agent of a person.
const Browser = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"

// NewClient makes a client that follows no redirect and speaks HTTP/2 where it can.
// A nil trust is what the machine trusts.
func NewClient(trust *tls.Config) *http.Client {
	return &http.Client{
		Timeout:       Timeout,
		Transport:     &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var plain = NewClient(nil)

// Do sends a request and reads the whole answer. The body of what it returns is
// closed.
func Do(client *http.Client, r *http.Request) (*http.Response, string, error) {
	res, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(res.Body)
	return res, string(body), errors.Join(err, res.Body.Close())
}

// Get returns the body at a URL. Another status than 200 is an error.
func Get(url string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, body, err := Do(plain, r)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: status %d, %.300q", url, res.StatusCode, body)
	}
	return body, err
}

// Ask asks the API a question, METHOD?PARAMETERS, and returns the body.
func (p *Process) Ask(question string) (string, error) { return Get(p.URL + "/v3/" + question) }

// Shorten makes a short link and returns its URL. An error leaves open whether the
// link was made.
func (p *Process) Shorten(token, longURL string) (short string, err error) {
	body, err := p.Ask("shorten?format=txt&longUrl=" + url.QueryEscape(longURL) + "&access_token=" + token)
	if err != nil {
		return "", err
	}
	if short = strings.TrimSpace(body); !strings.HasPrefix(short, "http") {
		return "", fmt.Errorf("shorten answered %.200q", body)
	}
	return short, nil
}

// Clicks asks a question whose answer is one number, for all time: user/clicks? or
// link/clicks?link=LINK.
func (p *Process) Clicks(question, token string) (uint64, error) {
	body, err := p.Ask(question + "&unit=day&units=-1&format=txt&access_token=" + token)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(body), 10, 64)
}

// LeadsTo is where a link leads: empty if there is no such link. It asks without a
// click.
func (p *Process) LeadsTo(host, hash string) (string, error) {
	r, err := http.NewRequest(http.MethodHead, p.URL+"/"+hash, nil)
	if err != nil {
		return "", err
	}
	r.Host = host
	res, _, err := Do(plain, r)
	if err != nil {
		return "", err
	}
	return res.Header.Get("Location"), nil
}
