//go:build clients

package clients_test

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// person returns the properties of a user that everybody may see.
func (w *model) person(login string) object {
	u := w.users[login]
	return object{
		"login": login, "display_name": nil, "full_name": orNull(u.fullName), "member_since": u.since,
		"profile_url": nil, "profile_image": nil,
	}
}

// apiKey stands for any apiKey, because the oracle cannot predict them. Tests of keys use
// real ones.
const apiKey = "R_…"

func (w *model) ownInfo(login string) object {
	o := w.person(login)
	o["apiKey"] = apiKey
	o["domain_options"] = list{shortDomain}
	o["domain_preference_options"] = list{shortDomain}
	o["default_link_privacy"] = "public"
	o["is_enterprise"] = false
	o["custom_short_domain"] = nil
	o["share_accounts"], o["tracking_domains"] = list{}, list{}
	return o
}

func userInfo(a *asker, method, login string) question {
	p, who := params{}, login
	switch a.rng.IntN(4) {
	case 0, 1:
		who = pick(a, a.clicks).link.owner
		p["login"] = who
	case 2:
		who = "nobody-of-that-name"
		p["login"] = who
	}
	return question{method, login, p, func(int64) object {
		switch {
		case a.users[who] == nil:
			return envelope(500, "INVALID_ARG_LOGIN", nil)
		case who == login:
			return ok(a.ownInfo(login))
		}
		return ok(a.person(who))
	}}
}

// history asks for pages of links. A page does not end between links of the same second,
// whose order is not specified.
func history(a *asker, method, login string) question {
	p, owner := params{}, login
	if a.rng.IntN(3) == 0 {
		owner = pick(a, a.clicks).link.owner
		p["user"] = owner
	}
	all := a.linksOf(owner)
	keep := func(f func(*link) bool) { all = slices.DeleteFunc(all, func(l *link) bool { return !f(l) }) }
	keep(func(l *link) bool { return l.sees(login) })
	if len(all) > 0 {
		switch l := pick(a, all); a.rng.IntN(9) {
		case 0:
			p["created_before"] = fmt.Sprint(l.created)
			keep(func(m *link) bool { return m.created <= l.created })
		case 1:
			p["created_after"] = fmt.Sprint(l.created)
			keep(func(m *link) bool { return m.created >= l.created })
		case 2:
			p["modified_after"] = fmt.Sprint(l.modified)
			keep(func(m *link) bool { return m.modified >= l.modified })
		case 3:
			word := strings.ToUpper(l.longURL[len(l.longURL)/2:])
			p["query"] = word
			keep(func(m *link) bool {
				return strings.Contains(strings.ToUpper(m.longURL+"\x00"+m.title), word) ||
					login == owner && strings.Contains(strings.ToUpper(m.note), word)
			})
		case 4:
			host := hostOf(l)
			p["exact_domain"] = host
			keep(func(m *link) bool { return hostOf(m) == host })
		case 5:
			root := hostOf(l)[strings.LastIndex(strings.TrimSuffix(hostOf(l), ".gov"), ".")+1:]
			p["root_domain"] = root
			keep(func(m *link) bool { return strings.HasSuffix("."+hostOf(m), "."+root) })
		case 6:
			k := pick(a, a.keywords)
			p["keyword"] = k.name
			keep(func(m *link) bool {
				return slices.ContainsFunc(a.keywords, func(o keyword) bool { return o.name == k.name && o.link == m })
			})
		case 7:
			text := a.text()
			if a.rng.IntN(2) == 0 {
				text = shortURL(l.hash)
			}
			p["link"], p["limit"], p["offset"] = text, "1", "7"
			return question{method, login, p, func(int64) object {
				one := a.resolveOwned(text)
				if one == nil || one.owner != login && one.owner != owner || !one.sees(login) {
					return notFound
				}
				return ok(object{"link_history": list{a.history(one, login)}, "result_count": 1})
			}}
		}
	}
	if word := pick(a, []string{"on", "off", "both", ""}); word != "" {
		p["private"] = word
		keep(func(l *link) bool { return word == "both" || l.private == (word == "on") })
	}
	archived := pick(a, []string{"on", "off", "both", ""})
	if archived != "" {
		p["archived"] = archived
	}
	keep(func(l *link) bool { return archived == "both" || l.archived == (archived == "on") })
	count := len(all)
	slices.SortFunc(all, newest)
	from, to := page(a, all)
	if from > 0 {
		p["offset"] = fmt.Sprint(from)
	}
	if to-from != 50 {
		p["limit"] = fmt.Sprint(max(1, to-from))
	}
	return question{method, login, p, func(int64) object {
		out := list{}
		for _, l := range all[from:to] {
			out = append(out, a.history(l, login))
		}
		return ok(object{"link_history": out, "result_count": count})
	}}
}

// page draws at most 100 links in a row that do not split a second.
func page(a *asker, all []*link) (from, to int) {
	ends := []int{0}
	for i := 1; i <= len(all); i++ {
		if i == len(all) || all[i].userTS != all[i-1].userTS {
			ends = append(ends, i)
		}
	}
	from = pick(a, ends)
	if a.rng.IntN(2) == 0 {
		from = 0
	}
	for _, e := range ends {
		if e <= from+100 && e > from && (to <= from || a.rng.IntN(3) > 0) {
			to = e
		}
	}
	if to <= from { // too many links in a second
		return len(all), len(all)
	}
	return from, to
}

func newest(a, b *link) int {
	return cmp.Or(cmp.Compare(b.userTS, a.userTS), cmp.Compare(a.hash, b.hash))
}

func hostOf(l *link) string {
	u, err := url.Parse(l.longURL)
	if err != nil {
		return "unparsable"
	}
	return strings.ToLower(u.Hostname())
}

// history returns a link in the link history of a user.
func (w *model) history(l *link, login string) object {
	note := orNull(l.note)
	if l.owner != login { // only the owner sees notes
		note = nil
	}
	o := object{
		"link": shortURL(l.hash), "aggregate_link": shortURL(l.aggregate), "long_url": l.longURL, "title": orNull(l.title),
		"created_at": l.created, "user_ts": l.userTS, "modified_at": l.modified, "archived": l.archived, "private": l.private,
		"note": note, "client_id": nil, "tags": list{}, "campaign_ids": list{},
	}
	for _, k := range w.keywords {
		if k.link == l {
			o["keyword_link"] = shortScheme + "://" + strings.ToLower(k.domain) + "/" + k.name
			break
		}
	}
	return o
}
