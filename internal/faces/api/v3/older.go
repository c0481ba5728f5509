package v3

import (
	"errors"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// maxNamed is how many links one call of an older method may name.
const maxNamed = 15

// named is a link as a call names it.
type named struct{ param, value string }

// named takes shortUrl and hash, all of them.
func (c *call) named() []named {
	var list []named
	for _, param := range []string{"shortUrl", "hash"} {
		for _, value := range c.query.all(param) {
			list = append(list, named{param, value})
		}
	}
	switch {
	case len(list) == 0:
		c.fail(missing("shortUrl"))
	case len(list) > maxNamed:
		c.fail(invalid("shortUrl"))
	}
	return list
}

// echo is how an entry begins: with the value exactly as it was sent.
func (n named) echo() field {
	if n.param == "shortUrl" {
		return field{"short_url", n.value}
	}
	return field{n.param, n.value}
}

// each makes an entry of every named link.
func (c *call) each(asker store.User, list []named, entry func(named, store.Link) (object, error)) ([]object, error) {
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

// hashes is how most entries begin. The order of keys is that of recorded answers,
// as it is in expand and clicks, which have their own: clients take them by position.
func (n named) hashes(l store.Link, more ...field) object {
	return append(object{n.echo(), {"global_hash", l.AggregateHash}, {"user_hash", l.Hash}}, more...)
}

// expand is expand: where links lead.
func (a *API) expand(c *call) (any, error) {
	user := c.user()
	list := c.named()
	if err := c.end(len(list) == 1); err != nil {
		return nil, err
	}
	longURL := ""
	entries, err := c.each(user, list, func(n named, l store.Link) (object, error) {
		longURL = l.LongURL
		return object{n.echo(), {"long_url", l.LongURL}, {"user_hash", l.Hash}, {"global_hash", l.AggregateHash}}, nil
	})
	if err == nil && longURL == "" && c.query.get("format") == "txt" {
		err = statusNotFound
	}
	return single{object{{"expand", entries}}, longURL}, err
}

// info is info: who made links, and when.
func (a *API) info(c *call) (any, error) {
	user := c.user()
	list := c.named()
	whole := c.bool("expand_user", false)
	if err := c.end(false); err != nil {
		return nil, err
	}
	entries, err := c.each(user, list, func(n named, l store.Link) (object, error) {
		by, err := a.creator(c, l, whole)
		// The title is a string also where there is none: a client asks again and
		// again for one that is null.
		return n.hashes(l, field{"title", l.Title}, field{"created_at", l.Created}, field{"created_by", by}), err
	})
	return object{{"info", entries}}, err
}

// creator is who made the link: a login, or all that everybody may know; null
// where nobody did.
func (a *API) creator(c *call, l store.Link, whole bool) (any, error) {
	if l.User == click.Nobody {
		return nil, nil
	}
	u, err := a.Store.UserByID(c.ctx, l.User)
	switch {
	case errors.Is(err, click.ErrNotFound): // who is gone
		return nil, nil
	case whole:
		return about(u), err
	}
	return u.Login, err
}

// clicks is clicks: how often links were clicked, and how often all links with
// the same long URL.
func (a *API) clicks(c *call) (any, error) {
	user := c.user()
	list := c.named()
	if err := c.end(false); err != nil {
		return nil, err
	}
	entries, err := c.each(user, list, func(n named, l store.Link) (object, error) {
		all, err := c.ofURL(user, l.LongURL)
		if err != nil {
			return nil, err
		}
		global, err := a.Metrics.Total(c.ctx, all, c.allTime())
		own := global
		if err == nil && l.User != click.Nobody {
			own, err = a.Metrics.Total(c.ctx, metrics.Subject{{User: l.User, Link: l.ID}}, c.allTime())
		}
		hash, aggregate := field{"user_hash", l.Hash}, field{"global_hash", l.AggregateHash}
		ownClicks, globalClicks := field{"user_clicks", own}, field{"global_clicks", global}
		if n.param == "hash" {
			return object{ownClicks, aggregate, n.echo(), hash, globalClicks}, err
		}
		return object{n.echo(), aggregate, ownClicks, hash, globalClicks}, err
	})
	return tabled{object{{"clicks", entries}}, linkRows(c, nil, list, entries, func(e object) []userGlobal {
		return []userGlobal{{e.get("user_clicks"), e.get("global_clicks")}}
	})}, err
}

// clicksByDay is clicks_by_day.
func (a *API) clicksByDay(c *call) (any, error) {
	user := c.user()
	list := c.named()
	w := metrics.Legacy{Days: c.days(), Zone: c.zoneOf(""), Reference: c.now.Unix()}
	if err := c.end(false); err != nil {
		return nil, err
	}
	entries, err := c.each(user, list, func(n named, l store.Link) (object, error) {
		of, err := c.of(user, l)
		if err != nil {
			return nil, err
		}
		days, _, err := a.byDay(c, of, w)
		return n.hashes(l, field{"clicks", days}), err
	})
	return tabled{object{{"clicks_by_day", entries}}, linkRows(c, w.Zone, list, entries, func(e object) []clicksDayStart {
		return e.get("clicks").([]clicksDayStart)
	})}, err
}

// clicksByMinute is clicks_by_minute: the last 60 of them, newest first.
func (a *API) clicksByMinute(c *call) (any, error) {
	user := c.user()
	list := c.named()
	if err := c.end(false); err != nil {
		return nil, err
	}
	w := c.allTime()
	w.Unit, w.Units = calendar.Minute, maxMinutes
	entries, err := c.each(user, list, func(n named, l store.Link) (object, error) {
		of, err := c.of(user, l)
		if err != nil {
			return nil, err
		}
		series, err := a.Metrics.Series(c.ctx, of, w, maxMinutes)
		minutes := make([]uint64, len(series))
		for i, p := range series {
			minutes[i] = p.Clicks
		}
		return n.hashes(l, field{"clicks", minutes}), err
	})
	return tabled{object{{"clicks_by_minute", entries}}, linkRows(c, w.Zone, list, entries, func(e object) (minutes []dtClicks) {
		for i, n := range e.get("clicks").([]uint64) {
			minutes = append(minutes, dtClicks{w.Reference - w.Reference%60 - int64(i)*60, n})
		}
		return minutes
	})}, err
}

// olderCountries is countries: the clicks of one link by country.
func (a *API) olderCountries(c *call) (any, error) {
	return ofOne(a, c, "countries", func(of metrics.Subject, w window) ([]countryClicks, error) {
		top, err := a.ranked(c, of, rollup.Country, w, noCountry)
		return countries(top), err
	})
}

// olderReferrers is referrers: the clicks of one link by referrer.
func (a *API) olderReferrers(c *call) (any, error) {
	return ofOne(a, c, "referrers", func(of metrics.Subject, w window) ([]referrerClicks, error) {
		top, err := a.ranked(c, of, rollup.Referrer, w, direct)
		return referrers(top), err
	})
}

// ofOne lists the clicks of one link under a key.
func ofOne[E entry](a *API, c *call, key string, ranked func(metrics.Subject, window) ([]E, error)) (any, error) {
	user := c.user()
	n := named{"shortUrl", c.query.get("shortUrl")}
	if n.value == "" {
		n = named{"hash", c.query.get("hash")}
	}
	if n.value == "" {
		c.fail(missing("shortUrl"))
	}
	if err := c.end(false); err != nil {
		return nil, err
	}
	l, err := c.find(user, n.value)
	if err != nil {
		return nil, err
	}
	of, err := c.of(user, l)
	if err != nil {
		return nil, err
	}
	list, err := ranked(of, window{Window: c.allTime(), limit: maxLimit})
	return listed(c, nil, list, n.hashes(l, field{key, list})), err
}

// bitlyProDomain is bitly_pro_domain: whether the domain is one of ours.
func (a *API) bitlyProDomain(c *call) (any, error) {
	c.user()
	domain := c.required("domain")
	if domain != "" && !links.IsDomain(domain) {
		c.fail(statusInvalidDomain)
	}
	if err := c.end(false); err != nil {
		return nil, err
	}
	ours, err := a.Links.HasDomain(c.ctx, domain, c.host)
	return object{{"domain", domain}, {"bitly_pro_domain", ours}}, err
}
