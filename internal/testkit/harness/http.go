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

// NewClient makes a client that follows no redirect and uses HTTP/2 where it can. If
// trust is nil, it trusts the authorities of the machine.
func NewClient(trust *tls.Config) *http.Client {
	return &http.Client{
		Timeout:       Timeout,
		Transport:     &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true, MaxIdleConnsPerHost: 64},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

var plain = NewClient(nil)

// Do sends a request and reads the whole answer. The body of the returned response is
// closed.
func Do(client *http.Client, r *http.Request) (*http.Response, string, error) {
	res, err := client.Do(r)
	if err != nil {
		return nil, "", err
	}
	body, err := io.ReadAll(res.Body)
	return res, string(body), errors.Join(err, res.Body.Close())
}

// Get returns the body at a URL. Any status except 200 is an error.
func Get(url string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return "", err
	}
	res, body, err := Do(plain, r)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answered with status %d and %.300q, want status 200", url, res.StatusCode, body)
	}
	return body, err
}

// Ask asks the API a question, METHOD?PARAMETERS, and returns the body.
func (p *Process) Ask(question string) (string, error) { return Get(p.URL + "/v3/" + question) }

// Shorten makes a short link and returns its URL. If it returns an error, the link may
// have been made or not.
func (p *Process) Shorten(token, longURL string) (short string, err error) {
	body, err := p.Ask("shorten?format=txt&longUrl=" + url.QueryEscape(longURL) + "&access_token=" + token)
	if err != nil {
		return "", err
	}
	if short = strings.TrimSpace(body); !strings.HasPrefix(short, "http") {
		return "", fmt.Errorf("shorten answered %.200q, which is not a URL", body)
	}
	return short, nil
}

// Clicks returns a number of clicks of all time. The question is user/clicks? or
// link/clicks?link=LINK.
func (p *Process) Clicks(question, token string) (uint64, error) {
	body, err := p.Ask(question + "&unit=day&units=-1&format=txt&access_token=" + token)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(body), 10, 64)
}

// LeadsTo returns the URL that a link leads to, or an empty text if there is no such
// link. Its request does not count as a click.
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
