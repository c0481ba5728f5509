package page

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/calendar"
	"github.com/footfall/footfall/internal/core/links"
)

const (
	// shownRows is the number of rows of a panel before the others are opened.
	shownRows = 10
	// shownRest is the number of rows for what is unknown, which come in addition. There are
	// more of them only where cities are unknown in many countries.
	shownRest = 2
	// maxRows is the number of rows that a panel asks for.
	maxRows = 1000
)

// panel is a list of clicks by a value.
type panel struct {
	ID   string `json:"id"`
	Rows []row  `json:"rows"` // those that name a value
	// Rest is the rows for what is unknown, or named nowhere. They stand after all others.
	Rest []row `json:"rest"`
	// All is the number of rows that there are; maxRows means at least so many.
	All int `json:"all"`
	// More is the rows that are left out; nil if there are none.
	More *moreRows `json:"more"`
	// Clicks is the sum of all rows: the clicks of people in the range, or of bots.
	Clicks uint64 `json:"clicks"`
	// Refuses says why the panel cannot follow the view: minutes, bots or people; empty if it can.
	Refuses string `json:"refuses,omitempty"`
	// Error is the status of the API if it did not answer.
	Error string `json:"error,omitempty"`
	// SparkUnit is the unit of the small charts of its rows; empty if they have none.
	SparkUnit string `json:"sparkUnit,omitempty"`
	Call      call   `json:"call"`
	// PagesCall is the question that has the pages below sites; nil in other panels. PagesAll is
	// the number of pages that there are; maxRows means at least so many.
	PagesCall *call `json:"pagesCall,omitempty"`
	PagesAll  int   `json:"pagesAll,omitempty"`
}

// Left is the rows that are left out of Rows and Rest, which are more than shownRows if the view
// has all.
func (p panel) Left() *moreRows {
	if len(p.Rows) > shownRows {
		return nil
	}
	return p.More
}

type moreRows struct {
	Rows   int    `json:"rows"`
	Clicks uint64 `json:"clicks"`
}

// row is one value.
type row struct {
	Key    string `json:"key"`
	Name   string `json:"name"`
	Detail string `json:"detail,omitempty"`
	// URL is what the row leads to, if it is one that may be followed.
	URL    string `json:"url,omitempty"`
	Clicks uint64 `json:"clicks"`
	// Previous is the clicks in the comparison; nil if they are not known.
	Previous *uint64 `json:"previous"`
	Query    string  `json:"query,omitempty"` // filters the view by the row
	Add      string  `json:"add,omitempty"`   // adds the row to the filter
	Href     string  `json:"href,omitempty"`  // the page of the link
	Kind     string  `json:"kind,omitempty"`  // unknown, other or direct
	// Spark is the clicks on a link by SparkUnit of the panel, oldest first.
	Spark []uint64 `json:"spark,omitempty"`
	// Pages are the pages of a site, and MorePages those that are left out; nil if there are none.
	// Together they have the clicks of the site.
	Pages     []row     `json:"pages,omitempty"`
	MorePages *moreRows `json:"morePages,omitempty"`
}

// panelOf is what a panel is made of: the method of the API, the list in its answer, and the
// fields of a row.
type panelOf struct {
	id, method, list string
	name, detail     []string
	minutes          bool // the method has counts by the minute
	bots             bool
	all              bool // the view has all rows
}

// panelTable lists the panels in the order of the page.
var panelTable = []panelOf{
	{id: "countries", method: "user/countries", list: "countries", name: []string{"country"}, minutes: true, all: true},
	{id: "regions", method: "user/regions", list: "regions", name: []string{"region"}, detail: []string{"country"}},
	{id: "cities", method: "user/cities", list: "cities", name: []string{"city"}, detail: []string{"region", "country"}},
	{id: "links", method: "user/popular_links", list: "popular_links", name: []string{"link"}, detail: []string{"title", "long_url"}, minutes: true},
	{id: "referrers", method: "user/referrers", list: "referrers", name: []string{"referrer"}, minutes: true},
	{id: "domains", method: "user/referring_domains", list: "referring_domains", name: []string{"domain"}, minutes: true},
	{id: "devices", method: "user/devices", list: "devices", name: []string{"device"}},
	{id: "browsers", method: "user/browsers", list: "browsers", name: []string{"browser"}},
	{id: "systems", method: "user/systems", list: "systems", name: []string{"system"}},
	{id: "sources", method: "user/sources", list: "sources", name: []string{"source"}},
	{id: "bots", method: "user/bots", list: "bots", name: []string{"bot"}, minutes: true, bots: true},
}

// fillPanels asks for each panel. One that the API does not answer shows the reason, and the
// others stay.
func (b *builder) fillPanels() error {
	for i, t := range panelTable {
		if t.id == "links" && !b.overview && b.scope["link"] != nil {
			continue // it is the page of that link
		}
		p, err := b.panel(i, shownRows)
		if err != nil {
			return err
		}
		b.v.Panels = append(b.v.Panels, p)
	}
	return nil
}

// panel asks for a panel of panelTable. It has at most so many rows, or all that were asked
// for if the view has all.
func (b *builder) panel(i, rows int) (panel, error) {
	t := panelTable[i]
	p := panel{ID: t.id, Rows: []row{}, Rest: []row{}, Clicks: b.total}
	if t.bots {
		p.Clicks = b.bots
	}
	if p.Refuses = b.counted.refuses(t.bots); p.Refuses != "" {
		return p, nil
	}
	if b.w.unit == calendar.Minute && !t.minutes {
		p.Refuses = "minutes"
		return p, nil
	}
	q := b.in("limit", strconv.Itoa(maxRows))
	if t.id == "links" {
		q.Set("expand_links", "true")
	}
	p.Call = call{Method: t.method, Query: q.Encode()}
	if rows == shownRows { // those of the others are not needed
		q.Del("expand_links")
	}
	list, err := b.list(t.method, t.list, q)
	if r := (refusal{}); errors.As(err, &r) && r.Code >= http.StatusInternalServerError {
		p.Error = r.Text
		return p, nil
	}
	if err != nil {
		return p, err
	}
	previous := b.previousOfLink
	if t.id != "links" || rows != shownRows {
		if previous, err = b.previousOf(i); err != nil {
			return p, err
		}
	}
	left, sum := 0, uint64(0) // rows that the panel leaves out, and the clicks of those that it shows
	for _, e := range list {
		clicks := e.clicks()
		p.Call.Clicks += clicks
		if t.id == "links" && rows == shownRows && len(p.Rows) < rows {
			if err := b.expand(e); err != nil {
				return p, err
			}
		}
		r := row{Key: e.key(t.name, t.detail), Name: e[t.name[0]].text(), Clicks: clicks}
		b.nameRow(&r, t.id, e, t.detail)
		to, most := &p.Rows, rows
		if !named(r) {
			if to = &p.Rest; rows == shownRows {
				most = shownRest
			}
		}
		if len(*to) < most {
			sum += clicks
		} else if left++; !t.all {
			continue
		}
		if previous != nil {
			if r.Previous, err = previous(r.Key); err != nil {
				return p, err
			}
		}
		*to = append(*to, r)
	}
	p.All, p.Call.Rows = len(list), len(list)
	if left > 0 || sum < p.Clicks {
		p.More = &moreRows{Rows: left, Clicks: p.Clicks - sum}
	}
	switch {
	case t.id == "links" && rows == shownRows && b.overview:
		err = b.addSparks(&p)
	case t.id == "domains":
		err = b.addPages(&p, rows)
	}
	return p, err
}

// expand adds to an entry of a list of links what the page shows of its link.
func (b *builder) expand(e entry) error {
	l, err := b.linkDetails(e["link"].text())
	if errors.As(err, new(refusal)) {
		return nil // it is shown with its name
	}
	if err == nil {
		e["title"], e["long_url"] = value(l.Title), value(l.LongURL)
	}
	return err
}

// previousOfLink asks for the clicks on a link in the comparison. For a few links that is quicker
// than previousOf, which names each link that had clicks.
func (b *builder) previousOfLink(link string) (*uint64, error) {
	if b.c.kind == "none" {
		return nil, nil
	}
	if b.c.start >= b.c.cut {
		return new(uint64), nil
	}
	q := b.c.within(&b.w, b.c.cut)
	q.Set("link", link)
	n, err := b.headlineClicks(q)
	if errors.As(err, new(refusal)) {
		return nil, nil
	}
	return &n, err
}

// previousOf asks for the rows of the comparison. It returns nil if there is none.
func (b *builder) previousOf(i int) (func(key string) (*uint64, error), error) {
	t := panelTable[i]
	if b.c.kind == "none" {
		return nil, nil
	}
	var list []entry
	if b.c.start < b.c.cut {
		var err error
		list, err = b.list(t.method, t.list, b.with(b.c.within(&b.w, b.c.cut), "limit", strconv.Itoa(maxRows)))
		if errors.As(err, new(refusal)) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	// The title of a link is not part of its key, because it is not asked for here.
	at := make(map[string]uint64, len(list))
	for _, e := range list {
		at[e.key(t.name, t.detail)] = e.clicks()
	}
	return func(key string) (*uint64, error) {
		n, ok := at[key]
		if !ok && len(list) == maxRows { // it may be among those that are left out
			return nil, nil
		}
		return &n, nil
	}, nil
}

// nameRow sets what a row shows next to its clicks.
func (b *builder) nameRow(r *row, id string, e entry, detail []string) {
	switch r.Name {
	case "None", "unknown":
		r.Kind = "unknown"
	case "other":
		r.Kind = "other"
	case "direct":
		r.Kind = "direct"
	}
	var parts []string
	for _, d := range detail {
		if s := e[d].text(); s != "" && s != "unknown" {
			parts = append(parts, s)
		}
	}
	r.Detail = strings.Join(parts, ", ")
	switch id {
	case "links":
		r.URL, r.Name, r.Kind = r.Name, nameOf(r.Name), ""
		r.Detail = e["title"].text()
		if r.Detail == "" {
			r.Detail = e["long_url"].text()
		}
		r.Href = "link/" + r.Name + b.v.Query
		q := without(b.query, "link")
		q.Set("link", r.Name)
		r.Query = encode(q)
		r.Add = b.adding(r.Name)
	case "referrers":
		r.URL = followable(r.Name)
	case "domains":
		r.URL = followable(e["url"].text())
	}
}

// followable is a URL that strangers chose, if a browser may follow it.
func followable(u string) string {
	if !strings.HasPrefix(u, "http://") && !strings.HasPrefix(u, "https://") || links.CheckForeignURL(u) != nil {
		return ""
	}
	return u
}
