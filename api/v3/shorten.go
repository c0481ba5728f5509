package v3

import (
	"errors"

	"github.com/footfall/footfall/links"
)

// shorten is shorten: the user's short link of a long URL, made unless he has
// it. An unknown token is a wrong argument here, as it was at Bitly.
func (a *API) shorten(c *call) (any, error) {
	user := c.user()
	if errors.Is(c.err, statusInvalidAccessToken) {
		c.err = invalid("access_token")
	}
	longURL := c.query.get("longUrl", "uri")
	if longURL == "" {
		c.fail(missing("longUrl"))
	}
	_, err := links.ParseLongURL(longURL)
	c.fail(err)
	domain, err := a.Links.Domain(c.query.get("domain"), c.host)
	c.fail(err)
	if err := c.end(true); err != nil {
		return nil, err
	}
	link, made, err := a.Links.Shorten(c.ctx, links.Request{User: user.ID, LongURL: longURL, Domain: domain, Host: c.host})
	if err != nil {
		return nil, err
	}
	answer := shorten{
		LongURL: link.LongURL, URL: a.Links.ShortURL(domain, link.Hash),
		Hash: string(link.Hash), GlobalHash: string(link.AggregateHash),
	}
	if made {
		answer.NewHash = 1
	}
	return answer, nil
}

type shorten struct {
	LongURL    string `json:"long_url"`
	URL        string `json:"url"`
	Hash       string `json:"hash"`
	GlobalHash string `json:"global_hash"`
	NewHash    int    `json:"new_hash"`
}

func (s shorten) text() any { return s.URL }
