//go:build clients

package clients_test

import (
	"fmt"
	"slices"
	"strings"
)

// older asks a method that takes several links, each as shortUrl or as hash.
func older(a *asker, method, login string) question {
	var urls, hashes []string
	for range 1 + a.rng.IntN(5) {
		if text := a.text(); strings.Contains(text, "://") {
			urls = append(urls, text)
		} else {
			hashes = append(hashes, text)
		}
	}
	p, days := params{"shortUrl": urls, "hash": hashes}, 7
	if method == "clicks_by_day" && a.rng.IntN(2) == 0 {
		days = 1 + a.rng.IntN(30)
		p["days"] = fmt.Sprint(days)
	}
	whole := method == "info" && a.rng.IntN(4) == 0
	if whole {
		p["expand_user"] = "true"
	}
	entry := func(l *link, now int64) object {
		switch method {
		case "expand":
			return object{"long_url": l.longURL}
		case "info":
			var by any
			if l.owner != "" {
				by = l.owner
			}
			if whole && l.owner != "" {
				by = a.person(l.owner)
			}
			return object{"title": l.title, "created_at": l.created, "created_by": by}
		case "clicks":
			return object{"user_clicks": len(a.of(l)), "global_clicks": len(a.of(&link{longURL: l.longURL}))}
		case "clicks_by_day":
			out := list{}
			for _, d := range (window{days: days}).old(now) {
				out = append(out, object{"clicks": len(in(a.of(l), d)), "day_start": d.from})
			}
			return object{"clicks": out}
		}
		out := list{}
		for _, m := range (window{unit: "minute"}).list(now, 60) {
			out = append(out, len(in(a.of(l), m)))
		}
		return object{"clicks": out}
	}
	return question{method, login, p, func(now int64) object {
		out := list{}
		for i, text := range slices.Concat(urls, hashes) {
			key := "short_url"
			if i >= len(urls) {
				key = "hash"
			}
			l := a.resolve(text)
			if l == nil || !l.sees(login) {
				out = append(out, object{key: text, "error": "NOT_FOUND"})
				continue
			}
			e := entry(l, now)
			e[key], e["user_hash"], e["global_hash"] = text, l.hash, l.aggregate
			out = append(out, e)
		}
		return ok(object{method: out})
	}}
}

// olderOne asks a method that takes one link.
func olderOne(a *asker, method, login string) question {
	text := a.text()
	key, echo := "hash", "hash"
	if strings.Contains(text, "://") {
		key, echo = "shortUrl", "short_url"
	}
	return question{method, login, params{key: text}, func(int64) object {
		l := a.resolve(text)
		if l == nil || !l.sees(login) {
			return notFound
		}
		data := object{echo: text, "user_hash": l.hash, "global_hash": l.aggregate}
		if method == "countries" {
			data["countries"] = rank(a.of(l), country).list("country", 1000)
		} else {
			data["referrers"] = rank(a.of(l), referrer).list("referrer", 1000)
		}
		return ok(data)
	}}
}

// lookup asks for the links of long URLs.
func lookup(a *asker, method, login string) question {
	var urls []string
	for range 1 + a.rng.IntN(4) {
		urls = append(urls, a.url(login))
	}
	return question{method, login, params{"url": urls}, func(int64) object {
		owner := ""
		if method == "user/link_lookup" {
			owner = login
		}
		out := list{}
		for _, url := range urls {
			l := a.linkOf(owner, url)
			switch {
			case l == nil:
				out = append(out, object{"url": url, "error": "NOT_FOUND"})
			case method == "lookup":
				out = append(out, object{"url": url, "short_url": shortURL(l.hash), "global_hash": l.hash})
			case method == "link/lookup":
				out = append(out, object{"url": url, "aggregate_link": shortURL(l.hash)})
			default:
				out = append(out, object{"url": url, "link": shortURL(l.hash), "aggregate_link": shortURL(l.aggregate)})
			}
		}
		if method == "lookup" {
			return ok(object{"lookup": out})
		}
		return ok(object{"link_lookup": out})
	}}
}
