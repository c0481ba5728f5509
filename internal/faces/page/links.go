package page

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

const (
	// linksPerPage is the number of links on a page of the list.
	linksPerPage = 50
	// historyPage is the number of links that the API lists at once.
	historyPage = 100
	// sortable is the number of links that are sorted by clicks if a search finds many.
	sortable = 1000
)

// linkList is the page of links: those that a search finds, with their clicks in the range.
type linkList struct {
	Login string    `json:"login"`
	Range rangeView `json:"range"`
	// Search is what was searched for, and Query the address of this list.
	Search linkSearch `json:"search"`
	Query  string     `json:"query"`
	Links  []linkRow  `json:"links"`
	All    int        `json:"all"` // links that the search finds
	// Sorted is the number of links that were sorted by clicks, if not all were.
	Sorted int `json:"sorted,omitempty"`
}

// linkSearch is what links are searched by. An empty value does not limit.
type linkSearch struct {
	Text     string `json:"text"`
	Tag      string `json:"tag"`
	Domain   string `json:"domain"`
	Archived string `json:"archived"` // off, on or both
	Sort     string `json:"sort"`     // created or clicks
	Offset   int    `json:"offset"`
}

// linkRow is one link of the list.
type linkRow struct {
	linkDetails
	Name   string   `json:"name"`
	Href   string   `json:"href"`
	Clicks uint64   `json:"clicks"`
	Spark  []uint64 `json:"spark"` // clicks by unit, oldest first
}

// searchOf reads the search of a query.
func searchOf(q url.Values) (s linkSearch, err error) {
	s = linkSearch{
		Text: q.Get("query"), Tag: q.Get("tag"), Domain: q.Get("domain"),
		Archived: cmp.Or(q.Get("archived"), "off"), Sort: cmp.Or(q.Get("sort"), "created"),
	}
	if o := q.Get("offset"); o != "" {
		if s.Offset, err = strconv.Atoi(o); err != nil || s.Offset < 0 {
			return s, invalid("OFFSET")
		}
	}
	if s.Sort != "created" && s.Sort != "clicks" {
		return s, invalid("SORT")
	}
	return s, nil
}

// asked is the search in the words of the API.
func (s linkSearch) asked(limit, offset int) url.Values {
	q := url.Values{"limit": {strconv.Itoa(limit)}, "offset": {strconv.Itoa(offset)}, "archived": {s.Archived}}
	for name, v := range map[string]string{"query": s.Text, "tag": s.Tag, "exact_domain": s.Domain} {
		if v != "" {
			q.Set(name, v)
		}
	}
	return q
}

func (p *Page) links(w http.ResponseWriter, r request) { p.showLinks(w, r, http.StatusOK, makeForm{}) }

// showLinks answers with the list of links.
func (p *Page) showLinks(w http.ResponseWriter, r request, status int, f makeForm) {
	l, err := p.buildLinks(r)
	if err != nil {
		p.showError(w, r.Request, err)
		return
	}
	p.write(w, r.Request, status, "links", shown{Title: "Links", Name: "links", Login: l.Login, Admin: r.session.User.Admin, View: linksPage{l, f}})
}

func (p *Page) linksView(r request) (any, error) { return p.buildLinks(r) }

// buildLinks makes the list of links.
func (p *Page) buildLinks(r request) (*linkList, error) {
	q := r.URL.Query()
	search, err := searchOf(q)
	if err != nil {
		return nil, err
	}
	a, done, err := p.asker(r.Request, r.session.User)
	if err != nil {
		return nil, err
	}
	defer done()
	span := without(q, "link", "tag", "bots", "compare")
	span.Set("compare", "none")
	b, err := newBuilder(a, p.question(r.Request, span, nil))
	if err != nil {
		return nil, err
	}
	b.query = q
	b.v.Query = encode(q)
	b.fillRange()
	l := &linkList{Login: a.user.Login, Range: b.v.Range, Search: search, Query: encode(q), Links: []linkRow{}}
	found, err := b.found(l)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		row := linkRow{linkDetails: d, Name: nameOf(d.Link)}
		row.Href = "link/" + row.Name + encode(without(span, "query", "domain", "archived", "sort", "offset", "compare"))
		if row.Spark, row.Clicks, err = b.spark(d.Link); err != nil {
			return nil, err
		}
		l.Links = append(l.Links, row)
	}
	return l, nil
}

// found is the links of the page of the list, and sets how many there are.
func (b *builder) found(l *linkList) ([]linkDetails, error) {
	var data struct {
		Links []linkDetails `json:"link_history"`
		All   int           `json:"result_count"`
	}
	s := l.Search
	if s.Sort == "created" {
		err := b.ask("user/link_history", s.asked(linksPerPage, s.Offset), &data)
		l.All = data.All
		return data.Links, err
	}
	var all []linkDetails
	for {
		data.Links = nil
		if err := b.ask("user/link_history", s.asked(historyPage, len(all)), &data); err != nil {
			return nil, err
		}
		if l.All = data.All; data.All > sortable {
			return b.mostClicked(l)
		}
		if all = append(all, data.Links...); len(all) >= data.All || len(data.Links) == 0 {
			break
		}
	}
	data.Links = all
	clicks := map[string]uint64{}
	top, err := b.list("user/popular_links", "popular_links", b.in("limit", "all"))
	if err != nil {
		return nil, err
	}
	for _, e := range top {
		clicks[e["link"].text()] = e.clicks()
	}
	slices.SortStableFunc(data.Links, func(x, y linkDetails) int { return cmp.Compare(clicks[y.Link], clicks[x.Link]) })
	from := min(s.Offset, len(data.Links))
	return data.Links[from:min(from+linksPerPage, len(data.Links))], nil
}

// mostClicked is found for more links than are sorted here: those with clicks in the range, in
// the order of the API.
func (b *builder) mostClicked(l *linkList) ([]linkDetails, error) {
	s := l.Search
	q := b.in("limit", strconv.Itoa(sortable))
	if s.Tag != "" {
		q.Set("tag", s.Tag)
	}
	top, err := b.list("user/popular_links", "popular_links", q)
	if err != nil {
		return nil, err
	}
	l.Sorted = len(top)
	var found []linkDetails
	for _, e := range top[min(s.Offset, len(top)):min(s.Offset+linksPerPage, len(top))] {
		d, err := b.linkDetails(e["link"].text())
		if err != nil {
			return nil, err
		}
		found = append(found, *d)
	}
	return found, nil
}

// spark is the clicks on a link over the range, and their sum.
func (b *builder) spark(link string) (list []uint64, sum uint64, err error) {
	points, err := b.series("user/clicks", "user_clicks", b.with(b.w.asked(), "link", link))
	if err != nil {
		return nil, 0, err
	}
	at := make(map[int64]uint64, len(points))
	for _, p := range points {
		at[p.DT] = p.Clicks
		sum += p.Clicks
	}
	edges := b.w.edges()
	for _, e := range edges[:len(edges)-1] {
		list = append(list, at[e])
	}
	return list, sum, nil
}
