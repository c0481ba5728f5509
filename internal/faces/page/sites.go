package page

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strconv"

	"github.com/footfall/footfall/internal/base/click"
)

// shownPages is the number of pages below a site before the others are opened.
const shownPages = 5

// addPages puts the pages of each site of the panel of sites below it: the referrers that have its
// domain. At most maxRows referrers are asked for, those with the most clicks. The clicks of a site
// on pages that are not listed are in MorePages. Without an answer no site has pages.
func (b *builder) addPages(p *panel, rows int) error {
	i := slices.IndexFunc(panelTable, func(t panelOf) bool { return t.id == "referrers" })
	t := panelTable[i]
	q := b.in("limit", strconv.Itoa(maxRows))
	list, err := b.list(t.method, t.list, q)
	if errors.As(err, new(refusal)) {
		return nil
	}
	if err != nil {
		return err
	}
	previous, err := b.previousOf(i)
	if err != nil {
		return err
	}
	p.PagesAll, p.PagesCall = len(list), callOf(t.method, q, list)
	bySite := map[string][]row{}
	for _, e := range list {
		r := row{Key: e.key(t.name, t.detail), Name: e[t.name[0]].text(), Clicks: e.clicks()}
		b.nameRow(&r, t.id, e, t.detail)
		if previous != nil {
			if r.Previous, err = previous(r.Key); err != nil {
				return err
			}
		}
		site := siteOf(r.Name)
		bySite[site] = append(bySite[site], r)
	}
	most := shownPages
	if rows > shownRows {
		most = maxRows
	}
	for _, sites := range [][]row{p.Rows, p.Rest} {
		for i := range sites {
			sites[i].addPages(bySite[sites[i].Key], most)
		}
	}
	return nil
}

// addPages puts at most so many pages below a site. One that is its own only page, such as direct,
// has none.
func (r *row) addPages(pages []row, most int) {
	if len(pages) == 1 && pages[0].Name == r.Name && pages[0].Clicks == r.Clicks {
		return
	}
	shown := pages[:min(most, len(pages))]
	left := r.Clicks
	for _, p := range shown {
		left -= p.Clicks
	}
	r.Pages = shown
	if left > 0 {
		r.MorePages = &moreRows{Rows: len(pages) - len(shown), Clicks: left}
	}
}

// siteOf is the domain in user/referring_domains that has a referrer of user/referrers.
func siteOf(referrer string) string { return cmp.Or(click.Referrer(referrer).Domain(), referrer) }

// callOf is the call that a list is the answer to.
func callOf(method string, q url.Values, list []entry) *call {
	c := &call{Method: method, Query: q.Encode(), Rows: len(list)}
	for _, e := range list {
		c.Clicks += e.clicks()
	}
	return c
}
