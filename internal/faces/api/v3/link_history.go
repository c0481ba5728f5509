package v3

import (
	"math"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// userLinkHistory is user/link_history: the links of the asker, or the public links of
// another user.
func (a *API) userLinkHistory(c *call) (any, error) {
	user := c.authUser()
	if written := c.query.get("link"); written != "" {
		return a.oneLink(c, user, written)
	}
	var f store.LinkFilter
	f.Limit = c.limit(defaultPage, maxPage)
	f.Offset = int(c.int("offset", 0, 0, math.MaxInt32))
	f.CreatedTo = c.since("created_before", argument.LastOfDay)
	f.CreatedFrom = c.since("created_after", argument.FirstOfDay)
	f.ModifiedFrom = c.since("modified_after", argument.FirstOfDay)
	f.Archived = onOff(c.choice("archived", "off", "on", "both"))
	f.Private = onOff(c.choice("private", "both", "on", "off"))
	f.User = c.userOf("user", user).ID
	f.Query = c.text("query")
	f.Keyword = click.Hash(c.text("keyword"))
	f.Tag = c.tag()
	f.ExactDomain, f.RootDomain = c.text("exact_domain"), c.text("root_domain")
	c.bool("expand_client_id", false)
	if err := c.endParams(); err != nil {
		return nil, err
	}
	if f.User != user.ID { // only the owner sees notes, tags and private links
		if f.Private != nil && *f.Private || f.Tag != "" {
			f.Limit, f.User = 0, click.Nobody
		}
		f.Private, f.WithoutNotes = new(bool), true
	}
	if err := c.seatForLinks(f.User, f.Any()); err != nil {
		return nil, err
	}
	list, all, err := a.Store.ListLinks(c.ctx, f)
	if err != nil {
		return nil, err
	}
	return c.history(user, list, all)
}

// oneLink is the history of one link of the asker, or of one public link of the user
// in the parameter user. It ignores the filters.
func (a *API) oneLink(c *call, user store.User, written string) (any, error) {
	if err := c.endParams(); err != nil {
		return nil, err
	}
	l, err := a.Links.Find(c.ctx, written, c.host)
	if err != nil {
		return nil, err
	}
	if l.User != user.ID {
		owner, err := a.Store.UserByLogin(c.ctx, c.query.get("user"))
		if err != nil {
			return nil, err
		}
		if l.User != owner.ID || !l.VisibleTo(user.ID) {
			return nil, click.ErrNotFound
		}
	}
	return c.history(user, []store.Link{l}, 1)
}

// onOff is the filter for on, off or both.
func onOff(word string) *bool {
	on := word == "on"
	if word == "both" {
		return nil
	}
	return &on
}

func (c *call) history(asker store.User, links []store.Link, all int) (any, error) {
	keywords, err := c.keywordLinks(links)
	if err != nil {
		return nil, err
	}
	list := make([]historyLink, len(links))
	for i, l := range links {
		list[i] = historyLink{
			Link: c.shortURL(l.Hash), AggregateLink: c.shortURL(l.AggregateHash), LongURL: l.LongURL,
			Title: orNull(l.Title), CreatedAt: l.Created, UserTS: l.UserTS, ModifiedAt: l.Modified,
			Archived: l.Archived, Private: l.Private,
			Tags: emptyList, CampaignIDs: emptyList, KeywordLink: keywords[l.ID],
		}
		if l.User == asker.ID {
			list[i].Note, list[i].Tags = orNull(l.Note), l.Tags.List()
			list[i].Expires, list[i].ExpiredURL, list[i].MaxClicks = l.Expires, l.ExpiredURL, l.MaxClicks
			if l.ForwardQuery != store.Default {
				list[i].ForwardQuery = l.ForwardQuery.String()
			}
		}
	}
	return object{{"link_history", list}, {"result_count", all}}, nil
}

// keywordLinks is the oldest keyword of each link, as a short URL.
func (c *call) keywordLinks(links []store.Link) (map[click.LinkID]string, error) {
	if len(links) == 0 {
		return nil, nil
	}
	ids := make([]click.LinkID, len(links))
	for i, l := range links {
		ids[i] = l.ID
	}
	keywords, err := c.api.Store.Keywords(c.ctx, ids)
	urls := make(map[click.LinkID]string, len(keywords))
	for _, k := range keywords {
		if urls[k.Link] == "" {
			urls[k.Link] = c.api.Links.KeywordURL(k, c.defaultDomain())
		}
	}
	return urls, err
}

type historyLink struct {
	Link          string `json:"link"`
	AggregateLink string `json:"aggregate_link"`
	LongURL       string `json:"long_url"`
	Title         any    `json:"title"` // or null
	CreatedAt     int64  `json:"created_at"`
	UserTS        int64  `json:"user_ts"`
	ModifiedAt    int64  `json:"modified_at"`
	Archived      bool   `json:"archived"`
	Private       bool   `json:"private"`
	Note          any    `json:"note"` // or null; for the owner only
	// ClientID is null: there are no applications.
	ClientID any `json:"client_id"`
	// Tags are for the owner only, and CampaignIDs is an empty list.
	Tags        any `json:"tags"`
	CampaignIDs any `json:"campaign_ids"`
	// KeywordLink is absent without a keyword.
	KeywordLink string `json:"keyword_link,omitempty"`
	// These are ours, for the owner only, and absent if they are not set.
	Expires      int64  `json:"expires,omitempty"`
	ExpiredURL   string `json:"expired_url,omitempty"`
	MaxClicks    int64  `json:"max_clicks,omitempty"`
	ForwardQuery string `json:"forward_query,omitempty"`
}
