//go:build clients

package clients_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// question is a question with its answer, which may depend on the time.
type question struct {
	method string // as in the path
	login  string // of the user who asks
	params params
	want   func(now int64) object
}

// asker draws questions.
type asker struct {
	*model
	rng    *rand.Rand
	logins []string // users who ask
	texts  []string // links to ask about; all if empty
}

func pick[T any](a *asker, from []T) T { return from[a.rng.IntN(len(from))] }

// text draws a link, mostly one with clicks, and one of the ways to write it.
func (a *asker) text() string {
	if len(a.texts) > 0 {
		return pick(a, a.texts)
	}
	l := pick(a, a.clicks).link
	if a.rng.IntN(3) == 0 {
		l = a.links[pick(a, slices.Sorted(maps.Keys(a.links)))]
	}
	name := l.hash
	switch a.rng.IntN(12) {
	case 0, 1, 2:
		name = l.aggregate
	case 3:
		k := pick(a, a.keywords)
		return pick(a, []string{"http://" + k.domain + "/" + k.name, "http://bit.ly/" + k.name, k.name})
	case 4:
		return pick(a, []string{"http://bit.ly/nope42", "nope42", "http://example.com/" + name, "http://" + shortDomain + "/"})
	}
	return pick(a, []string{"http://bit.ly/", "https://" + shortDomain + "/", "j.mp/", "bitly.com/", "", "http://1.usa.gov/"}) + name
}

// url draws a long URL, mostly one that a link has.
func (a *asker) url(login string) string {
	if links := a.linksOf(login); a.rng.IntN(2) == 0 && len(links) > 0 {
		return links[a.rng.IntN(len(links))].longURL
	}
	if a.rng.IntN(6) == 0 {
		return fmt.Sprintf("http://example.gov/%d", a.rng.Int())
	}
	return pick(a, a.clicks).link.longURL
}

// maker draws a question about a method.
type maker func(a *asker, method, login string) question

// makers has every method that changes nothing.
func makers() map[string]maker {
	return map[string]maker{
		"link/clicks": ofLink(func(a *asker, clicks []oneClick, w window, now int64) object {
			return object{"link_clicks": w.times(instants(clicks), now, "clicks")}
		}),
		"link/countries": ofLink(func(a *asker, clicks []oneClick, w window, now int64) object {
			return object{"countries": rank(in(clicks, w.all(now)), country).list("country", w.limited())}
		}),
		"link/referrers": ofLink(func(a *asker, clicks []oneClick, w window, now int64) object {
			return object{"referrers": rank(in(clicks, w.all(now)), referrer).list("referrer", w.limited())}
		}),
		"link/referring_domains": ofLink(func(a *asker, clicks []oneClick, w window, now int64) object {
			return object{"referring_domains": domains(in(clicks, w.all(now)), w.limited(), false)}
		}),
		"link/referrers_by_domain": ofLink(func(a *asker, clicks []oneClick, w window, now int64) object {
			under := map[string]list{}
			for _, r := range rank(in(clicks, w.all(now)), referrer).list("referrer", w.limited()) {
				d := domain(r.(object)["referrer"].(string))
				under[d] = append(under[d], r)
			}
			return object{"referrers": under}
		}),
		"link/shares": ofLink(func(*asker, []oneClick, window, int64) object {
			return object{"shares": list{}, "total_shares": 0}
		}),
		"link/encoders":          encoders,
		"link/encoders_by_count": encoders,
		"link/encoders_count":    encoders,

		"user/clicks": ofUser(func(w window, clicks []oneClick, now int64) object {
			return object{"user_clicks": w.times(instants(clicks), now, "clicks")}
		}, func(w window, clicks []oneClick, days []span) object {
			total, out := 0, list{}
			for _, d := range days {
				n := len(in(clicks, d))
				out, total = append(out, object{"clicks": n, "day_start": d.from}), total+n
			}
			return object{"total_clicks": total, "clicks": out}
		}),
		"user/countries": ofUser(func(w window, clicks []oneClick, now int64) object {
			return twice("countries", rank(in(clicks, w.all(now)), country).list("country", w.limited()))
		}, func(w window, clicks []oneClick, days []span) object {
			out := list{}
			for _, d := range days {
				out = append(out, rank(in(clicks, d), country).list("country", w.limited()))
			}
			return object{"countries": out}
		}),
		"user/referrers": ofUser(func(w window, clicks []oneClick, now int64) object {
			return twice("referrers", rank(in(clicks, w.all(now)), referrer).list("referrer", w.limited()))
		}, func(w window, clicks []oneClick, days []span) object {
			out := list{}
			for _, d := range days {
				out = append(out, rank(in(clicks, d), referrer).list("referrer", w.limited()))
			}
			return object{"referrers": out}
		}),
		"user/referring_domains": referringDomains,
		"user/popular_links": ofUser(func(w window, clicks []oneClick, now int64) object {
			return object{"popular_links": rank(in(clicks, w.all(now)), hitURL).list("link", w.limited())}
		}, nil),
		"user/shorten_counts": func(a *asker, method, login string) question {
			w := a.window(a.by(login), true)
			return question{method, login, w.params(params{}), func(now int64) object {
				var made []int64
				for _, l := range a.linksOf(login) {
					made = append(made, l.created)
				}
				return w.about(now, object{"user_shorten_counts": w.times(made, now, "shortens")})
			}}
		},
		"user/share_counts": ofUser(func(window, []oneClick, int64) object {
			return object{"share_counts": 0, "share_metrics": 0}
		}, nil),
		"user/share_counts_by_share_type": ofUser(func(window, []oneClick, int64) object {
			return object{"share_counts_by_share_type": list{}}
		}, nil),
		"user/tracking_domain_list":           noTrackingDomains,
		"user/tracking_domain_clicks":         noTrackingDomains,
		"user/tracking_domain_shorten_counts": noTrackingDomains,
		"oauth/app": func(_ *asker, method, login string) question {
			return question{method, login, params{"client_id": "x"}, func(int64) object { return notFound }}
		},
		"user/link_lookup":  lookup,
		"user/link_history": history,
		"user/info":         userInfo,

		"link/lookup":      lookup,
		"lookup":           lookup,
		"expand":           older,
		"info":             older,
		"clicks":           older,
		"clicks_by_day":    older,
		"clicks_by_minute": older,
		"countries":        olderOne,
		"referrers":        olderOne,
		"bitly_pro_domain": proDomain,
	}
}

// window draws a time near one of the clicks. many says that the method has rollup.
func (a *asker) window(clicks []oneClick, many bool) window {
	w := newWindow(a.rng, clicks)
	w.many = many && a.rng.IntN(2) == 0
	return w
}

// ofLink draws a question about a link.
func ofLink(fields func(*asker, []oneClick, window, int64) object) maker {
	return func(a *asker, method, login string) question {
		text := a.text()
		l := a.resolve(text)
		var clicks []oneClick
		if l != nil {
			clicks = a.of(l)
		}
		w := a.window(clicks, method == "link/clicks")
		return question{method, login, w.params(params{"link": text}), func(now int64) object {
			if l == nil || !l.sees(login) {
				return notFound
			}
			return w.about(now, fields(a, clicks, w, now))
		}}
	}
}

// ofUser draws a question about all links of a user, sometimes with days if the method has
// that parameter.
func ofUser(fields func(window, []oneClick, int64) object, byDay func(window, []oneClick, []span) object) maker {
	return func(a *asker, method, login string) question {
		clicks := a.by(login)
		w := a.window(clicks, method == "user/clicks")
		return question{method, login, w.params(params{}), func(now int64) object {
			if w.plain && byDay != nil {
				days := w.old(now)
				data := byDay(w, clicks, days)
				data["days"] = len(days)
				return ok(data)
			}
			return w.about(now, fields(w, clicks, now))
		}}
	}
}

// twice returns a list under both of the names that it has in answers.
func twice(name string, l list) object { return object{name: l, "user_" + name: l} }

func referringDomains(a *asker, method, login string) question {
	drop := a.rng.IntN(2) == 0
	q := ofUser(func(w window, clicks []oneClick, now int64) object {
		return twice("referring_domains", domains(in(clicks, w.all(now)), w.limited(), drop))
	}, func(w window, clicks []oneClick, days []span) object {
		out := list{}
		for _, d := range days {
			out = append(out, object{"dt": d.from, "values": domains(in(clicks, d), w.limited(), drop)})
		}
		return object{"referring_domains": out}
	})(a, method, login)
	if drop {
		q.params["exclude_social_networks"] = "true"
	}
	return q
}

func encoders(a *asker, method, login string) question {
	text, p := a.text(), params{}
	p["link"] = text
	limit := 10
	if method != "link/encoders_count" && a.rng.IntN(2) == 0 {
		limit = 1 + a.rng.IntN(5)
		p["limit"] = fmt.Sprint(limit)
	}
	return question{method, login, p, func(int64) object {
		l := a.resolve(text)
		if l == nil || !l.sees(login) {
			return notFound
		}
		links := a.encoders(l, login)
		data := object{"aggregate_link": shortURL(l.aggregate)}
		if method == "link/encoders_count" {
			data["count"] = len(links)
			return ok(data)
		}
		clicks := func(l *link) int { return len(a.of(l)) }
		if method == "link/encoders_by_count" {
			slices.SortFunc(links, func(a, b *link) int {
				if clicks(a) != clicks(b) {
					return clicks(b) - clicks(a)
				}
				return strings.Compare(a.hash, b.hash)
			})
		}
		entries := list{}
		for _, l := range links[:min(len(links), limit)] {
			e := object{"link": shortURL(l.hash), "user": l.owner, "ts": l.created}
			if method == "link/encoders_by_count" {
				e["count"] = clicks(l)
			}
			entries = append(entries, e)
		}
		data["entries"] = entries
		if method == "link/encoders_by_count" {
			data["encoders_by_count"] = entries
		}
		return ok(data)
	}}
}

func noTrackingDomains(_ *asker, method, login string) question {
	if method == "user/tracking_domain_list" {
		return question{method, login, params{}, func(int64) object { return ok(object{"tracking_domains": list{}}) }}
	}
	return question{method, login, params{"domain": "usa.gov"}, func(int64) object {
		return envelope(500, "TRACKING_DOMAIN_NOT_REGISTERED", nil)
	}}
}

func proDomain(a *asker, method, login string) question {
	d := pick(a, []string{shortDomain, "1.usa.gov", "go.nasa.gov", "example.com", "nyti.ms", "on.doi.gov"})
	return question{method, login, params{"domain": d}, func(int64) object {
		return ok(object{"domain": d, "bitly_pro_domain": d == shortDomain || a.ours(d)})
	}}
}
