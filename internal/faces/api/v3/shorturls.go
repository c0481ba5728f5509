package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/faces/envelope"
	"github.com/footfall/footfall/internal/storage/store"
)

// namedLink is a link as a call names it.
type namedLink struct{ param, value string }

// namedLinks takes all values of shortUrl and hash.
func (c *call) namedLinks() []namedLink {
	var list []namedLink
	for _, param := range []string{"shortUrl", "hash"} {
		for _, value := range c.query.all(param) {
			list = append(list, namedLink{param, value})
		}
	}
	switch {
	case len(list) == 0:
		c.fail(missing("shortUrl"))
	case len(list) > maxNamedLinks:
		c.fail(invalid("shortUrl"))
	}
	return list
}

// echo is the first field of an entry: the value exactly as it was sent.
func (n namedLink) echo() field {
	if n.param == "shortUrl" {
		return field{"short_url", n.value}
	}
	return field{n.param, n.value}
}

// eachLink makes an entry of each named link. The entry of an unknown one has an error.
func (c *call) eachLink(asker store.User, list []namedLink, entry func(namedLink, store.Link) (object, error)) ([]object, error) {
	entries := make([]object, len(list))
	for i, n := range list {
		l, err := c.find(asker, n.value)
		if errors.Is(err, click.ErrNotFound) {
			entries[i] = object{n.echo(), notFound}
			continue
		}
		if err != nil {
			return nil, err
		}
		if entries[i], err = entry(n, l); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// hashes is the first fields of most entries, and more. The order of keys is that of
// recorded answers, also in expand and clicks, which do not use it: some clients take
// values by position.
func (n namedLink) hashes(l store.Link, more ...field) object {
	return append(object{n.echo(), {"global_hash", l.AggregateHash}, {"user_hash", l.Hash}}, more...)
}

// expand is expand: where links lead.
func (a *API) expand(c *call) (any, error) {
	user := c.authUser()
	list := c.namedLinks()
	if err := c.endParamsWithText(len(list) == 1); err != nil {
		return nil, err
	}
	longURL := ""
	entries, err := c.eachLink(user, list, func(n namedLink, l store.Link) (object, error) {
		longURL = l.LongURL
		return object{n.echo(), {"long_url", l.LongURL}, {"user_hash", l.Hash}, {"global_hash", l.AggregateHash}}, nil
	})
	if err == nil && longURL == "" && c.query.get("format") == "txt" {
		err = envelope.NotFound
	}
	return textData{object{{"expand", entries}}, longURL}, err
}

// info is info: who made the links, and when.
func (a *API) info(c *call) (any, error) {
	user := c.authUser()
	list := c.namedLinks()
	fullUser := c.bool("expand_user", false)
	if err := c.endParams(); err != nil {
		return nil, err
	}
	entries, err := c.eachLink(user, list, func(n namedLink, l store.Link) (object, error) {
		by, err := a.creator(c, l, fullUser)
		// A missing title is an empty string: a client asks again and again if it
		// is null.
		return n.hashes(l, field{"title", l.Title}, field{"created_at", l.Created}, field{"created_by", by}), err
	})
	return object{{"info", entries}}, err
}

// creator is the user who made the link: a login, or the public object of the user;
// null without a user.
func (a *API) creator(c *call, l store.Link, fullUser bool) (any, error) {
	if l.User == click.Nobody {
		return nil, nil
	}
	u, err := a.Store.UserByID(c.ctx, l.User)
	switch {
	case errors.Is(err, click.ErrNotFound): // deleted
		return nil, nil
	case fullUser:
		return publicUser(u), err
	}
	return u.Login, err
}

// olderClicks is clicks: the clicks on each link, and on all links of the same long URL.
func (a *API) olderClicks(c *call) (any, error) {
	user := c.authUser()
	list := c.namedLinks()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	entries, err := c.eachLink(user, list, func(n namedLink, l store.Link) (object, error) {
		all, err := c.clicksOnURL(user, l.LongURL)
		if err != nil {
			return nil, err
		}
		global, err := a.Clicks.Total(c.ctx, all, c.allTime())
		own := global
		if err == nil && l.User != click.Nobody {
			own, err = a.Clicks.Total(c.ctx, metrics.Subject{{User: l.User, Link: l.ID}}, c.allTime())
		}
		hash, aggregate := field{"user_hash", l.Hash}, field{"global_hash", l.AggregateHash}
		ownClicks, globalClicks := field{"user_clicks", own}, field{"global_clicks", global}
		if n.param == "hash" {
			return object{ownClicks, aggregate, n.echo(), hash, globalClicks}, err
		}
		return object{n.echo(), aggregate, ownClicks, hash, globalClicks}, err
	})
	return tableData{object{{"clicks", entries}}, linkTable(c, nil, list, entries, func(e object) []userGlobal {
		return []userGlobal{{e.get("user_clicks"), e.get("global_clicks")}}
	})}, err
}

// userGlobal is a row of clicks.
type userGlobal struct{ user, global any }

func (e userGlobal) row() object {
	return object{{"user_clicks", e.user}, {"global_clicks", e.global}}
}

// clicksByDay is clicks_by_day.
func (a *API) clicksByDay(c *call) (any, error) {
	user := c.authUser()
	list := c.namedLinks()
	w := metrics.Legacy{Days: c.days(), Zone: c.zoneOf(""), Reference: c.now.Unix()}
	if err := c.endParams(); err != nil {
		return nil, err
	}
	entries, err := c.eachLink(user, list, func(n namedLink, l store.Link) (object, error) {
		of, err := c.clicksOn(user, l)
		if err != nil {
			return nil, err
		}
		days, _, err := a.byDay(c, of, w)
		return n.hashes(l, field{"clicks", days}), err
	})
	return tableData{object{{"clicks_by_day", entries}}, linkTable(c, w.Zone, list, entries, func(e object) []clicksDayStart {
		return e.get("clicks").([]clicksDayStart)
	})}, err
}

// clicksByMinute is clicks_by_minute: the clicks of the last 60 minutes, newest first.
func (a *API) clicksByMinute(c *call) (any, error) {
	user := c.authUser()
	list := c.namedLinks()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	w := c.allTime()
	w.Unit, w.Units = calendar.Minute, metrics.MaxMinutes
	entries, err := c.eachLink(user, list, func(n namedLink, l store.Link) (object, error) {
		of, err := c.clicksOn(user, l)
		if err != nil {
			return nil, err
		}
		series, err := a.Clicks.Series(c.ctx, of, w, metrics.MaxMinutes)
		minutes := make([]uint64, len(series))
		for i, p := range series {
			minutes[i] = p.Count
		}
		return n.hashes(l, field{"clicks", minutes}), err
	})
	return tableData{object{{"clicks_by_minute", entries}}, linkTable(c, w.Zone, list, entries, func(e object) (minutes []dtClicks) {
		for i, n := range e.get("clicks").([]uint64) {
			minutes = append(minutes, dtClicks{w.Reference - w.Reference%60 - int64(i)*60, n})
		}
		return minutes
	})}, err
}

// olderCountries is countries: the clicks of one link by country.
func (a *API) olderCountries(c *call) (any, error) {
	return clicksOnOne(a, c, "countries", func(of metrics.Subject, w windowParams) ([]countryClicks, error) {
		top, err := c.ranked(of, rollup.Country, w, byCountry)
		return entriesOf(top, countryOf), err
	})
}

// olderReferrers is referrers: the clicks of one link by referrer.
func (a *API) olderReferrers(c *call) (any, error) {
	return clicksOnOne(a, c, "referrers", func(of metrics.Subject, w windowParams) ([]referrerClicks, error) {
		top, err := c.ranked(of, rollup.Referrer, w, byReferrer)
		return entriesOf(top, referrerOf), err
	})
}

// clicksOnOne answers with a list about one link, under a key.
func clicksOnOne[E entry](a *API, c *call, key string, ranked func(metrics.Subject, windowParams) ([]E, error)) (any, error) {
	user := c.authUser()
	n := namedLink{"shortUrl", c.query.get("shortUrl")}
	if n.value == "" {
		n = namedLink{"hash", c.query.get("hash")}
	}
	if n.value == "" {
		c.fail(missing("shortUrl"))
	}
	if err := c.endParams(); err != nil {
		return nil, err
	}
	l, err := c.find(user, n.value)
	if err != nil {
		return nil, err
	}
	of, err := c.clicksOn(user, l)
	if err != nil {
		return nil, err
	}
	list, err := ranked(of, windowParams{Window: c.allTime(), limit: maxEntries})
	return withList(c, nil, list, n.hashes(l, field{key, list})), err
}

// bitlyProDomain is bitly_pro_domain: whether a domain has short links here.
func (a *API) bitlyProDomain(c *call) (any, error) {
	c.authUser()
	domain := c.required("domain")
	if domain != "" && !links.IsDomain(domain) {
		c.fail(statusInvalidDomain)
	}
	if err := c.endParams(); err != nil {
		return nil, err
	}
	ours, err := a.Links.HasDomain(c.ctx, domain, c.host)
	return object{{"domain", domain}, {"bitly_pro_domain", ours}}, err
}
