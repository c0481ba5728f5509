package page

import (
	"net/url"
)

// linkDetails is what a page of one link shows of it.
type linkDetails struct {
	Link      string   `json:"link"`
	LongURL   string   `json:"long_url"`
	Title     string   `json:"title"`
	Note      string   `json:"note"`
	Tags      []string `json:"tags"`
	Created   int64    `json:"created_at"`
	Modified  int64    `json:"modified_at"`
	Archived  bool     `json:"archived"`
	Private   bool     `json:"private"`
	Keyword   string   `json:"keyword_link"`
	Expires   int64    `json:"expires"`
	Expired   string   `json:"expired_url"`
	MaxClicks int64    `json:"max_clicks"`
	Changes   []change `json:"changes"` // of the destination, newest first
}

// linkDetails asks for a link of the user.
func (a asker) linkDetails(link string) (*linkDetails, error) {
	var data struct {
		Links []linkDetails `json:"link_history"`
	}
	if err := a.ask("user/link_history", url.Values{"link": {link}}, &data); err != nil {
		return nil, err
	}
	if len(data.Links) == 0 {
		return nil, refusal{404, "NOT_FOUND"}
	}
	return &data.Links[0], nil
}
