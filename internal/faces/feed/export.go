package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
)

// The lines of an export (docs/format/ndjson.md).
type (
	userLine struct {
		Type     string `json:"type"`
		Login    string `json:"login"`
		Created  int64  `json:"created"`
		FullName string `json:"full_name,omitempty"`
	}
	linkLine struct {
		Type          string        `json:"type"`
		User          string        `json:"user"`
		Hash          click.Hash    `json:"hash"`
		AggregateHash click.Hash    `json:"aggregate_hash"`
		LongURL       string        `json:"long_url"`
		Created       int64         `json:"created"`
		Title         string        `json:"title,omitempty"`
		Note          string        `json:"note,omitempty"`
		Private       bool          `json:"private,omitempty"`
		Archived      bool          `json:"archived,omitempty"`
		UserTS        int64         `json:"user_ts"`
		Modified      int64         `json:"modified"`
		Keywords      []keywordLine `json:"keywords,omitempty"`
	}
	keywordLine struct {
		Domain  string     `json:"domain"`
		Keyword click.Hash `json:"keyword"`
	}
	countsLine struct {
		Type      string         `json:"type"`
		Hash      click.Hash     `json:"hash"`
		Aggregate bool           `json:"aggregate,omitempty"`
		TS        int64          `json:"ts"`
		Clicks    int            `json:"clicks"`
		Bots      int            `json:"bots,omitempty"`
		Countries map[string]int `json:"countries,omitempty"`
		Referrers map[string]int `json:"referrers,omitempty"`
	}
	clickLine struct {
		Type      string      `json:"type"`
		Hash      click.Hash  `json:"hash"`
		Aggregate bool        `json:"aggregate,omitempty"`
		TS        json.Number `json:"ts"`
		Country   string      `json:"country,omitempty"`
		Referrer  string      `json:"referrer,omitempty"`
		Bot       bool        `json:"bot,omitempty"`
	}
)

// Exporter writes NDJSON that the format ndjson imports: users, links, and then counts or
// clicks. It leaves out tokens, passwords and apiKeys, and clicks of links that were
// deleted.
type Exporter struct {
	Links store.Links
	Users store.Users
	w     *bufio.Writer
	err   error
}

// page is the number of users, links or clicks that are read at once.
const page = 500

// Cells lists what is counted: a part of store.Proof.
type Cells interface {
	Cells(ctx context.Context) iter.Seq2[rollup.Cell, error]
}

// Counts writes users, links and the counts of links per quarter-hour.
func (x *Exporter) Counts(ctx context.Context, w io.Writer, counts Cells) error {
	return x.export(ctx, w, func() error {
		b := countsBuffer{x: x}
		for c, err := range counts.Cells(ctx) {
			if err != nil {
				return err
			}
			if c.Scope.Link != click.AllLinks {
				if err := b.add(ctx, &c); err != nil {
					return err
				}
			}
		}
		return b.flush(ctx)
	})
}

// Clicks writes users, links and single clicks, in the order given.
func (x *Exporter) Clicks(ctx context.Context, w io.Writer, clicks iter.Seq2[click.Click, error]) error {
	return x.export(ctx, w, func() error {
		some := make([]click.Click, 0, page)
		for c, err := range clicks {
			if err != nil {
				return err
			}
			if some = append(some, c); len(some) == page {
				if err := x.clicks(ctx, some); err != nil {
					return err
				}
				some = some[:0]
			}
		}
		return x.clicks(ctx, some)
	})
}

func (x *Exporter) export(ctx context.Context, w io.Writer, rest func() error) error {
	x.w = bufio.NewWriterSize(w, 1<<16)
	for _, part := range []func() error{
		func() error { return x.users(ctx) }, func() error { return x.links(ctx) }, rest,
	} {
		if err := part(); err != nil {
			return fmt.Errorf("export: %w", err)
		}
		if x.err != nil {
			return x.err
		}
	}
	return x.w.Flush()
}

func (x *Exporter) line(v any) {
	b, err := json.Marshal(v)
	if err == nil {
		_, err = x.w.Write(append(b, '\n'))
	}
	if err != nil && x.err == nil {
		x.err = err
	}
}

func (x *Exporter) users(ctx context.Context) error {
	for after := ""; ; {
		users, err := x.Users.ListUsers(ctx, after, page)
		if err != nil || len(users) == 0 || x.err != nil {
			return err
		}
		for _, u := range users {
			x.line(userLine{"user", u.Login, u.Created, u.FullName})
			after = u.Login
		}
	}
}

func (x *Exporter) links(ctx context.Context) error {
	logins := map[click.UserID]string{}
	for after := click.LinkID(0); ; {
		links, err := x.Links.AllLinks(ctx, after, page)
		if err != nil || len(links) == 0 || x.err != nil {
			return err
		}
		ids := make([]click.LinkID, len(links))
		for i, l := range links {
			ids[i] = l.ID
		}
		keywords, err := x.Links.Keywords(ctx, ids)
		if err != nil {
			return err
		}
		of := map[click.LinkID][]keywordLine{}
		for _, k := range keywords {
			of[k.Link] = append(of[k.Link], keywordLine{k.Domain, k.Keyword})
		}
		for _, l := range links {
			login, known := logins[l.User]
			if !known {
				u, err := x.Users.UserByID(ctx, l.User)
				if err != nil {
					return err
				}
				login, logins[l.User] = u.Login, u.Login
			}
			x.line(linkLine{"link", login, l.Hash, l.AggregateHash, l.LongURL, l.Created,
				l.Title, l.Note, l.Private, l.Archived, l.UserTS, l.Modified, of[l.ID]})
			after = l.ID
		}
	}
}

// slotCounts are the clicks of a link in a quarter-hour.
type slotCounts struct {
	clicks, bots         uint64
	countries, referrers map[string]uint64
}

// countsBuffer collects the cells of some links.
type countsBuffer struct {
	x     *Exporter
	order []rollup.Scope
	slots map[rollup.Scope]map[int64]*slotCounts
}

// add takes a cell. The cells of a link follow each other.
func (b *countsBuffer) add(ctx context.Context, c *rollup.Cell) error {
	if len(b.order) == 0 || b.order[len(b.order)-1] != c.Scope {
		if len(b.order) == page {
			if err := b.flush(ctx); err != nil {
				return err
			}
		}
		if len(b.order) == 0 {
			b.slots = map[rollup.Scope]map[int64]*slotCounts{}
		}
		b.order = append(b.order, c.Scope)
		b.slots[c.Scope] = map[int64]*slotCounts{}
	}
	slots := b.slots[c.Scope]
	s := slots[c.Slot]
	if s == nil {
		s = &slotCounts{countries: map[string]uint64{}, referrers: map[string]uint64{}}
		slots[c.Slot] = s
	}
	switch c.Facet {
	case rollup.All:
		s.clicks += c.Clicks
	case rollup.Bot:
		s.bots += c.Clicks
	case rollup.Country:
		s.countries[c.Value] += c.Clicks
	case rollup.Referrer:
		s.referrers[c.Value] += c.Clicks
	}
	return nil
}

// flush writes the collected counts.
func (b *countsBuffer) flush(ctx context.Context) error {
	ids := make([]click.LinkID, len(b.order))
	for i, s := range b.order {
		ids[i] = s.Link
	}
	hashes, err := b.x.Links.Hashes(ctx, ids)
	if err != nil {
		return err
	}
	for i, scope := range b.order {
		if hashes[i] == "" {
			continue
		}
		slots := b.slots[scope]
		for _, ts := range slices.Sorted(maps.Keys(slots)) {
			slots[ts].lines(func(l countsLine) {
				l.Type, l.Hash, l.Aggregate, l.TS = "counts", hashes[i], scope.User == click.Nobody, ts
				b.x.line(l)
			})
		}
	}
	b.order, b.slots = nil, nil
	return b.x.err
}

// lines writes the counts in lines of at most maxClicks each.
func (s *slotCounts) lines(line func(countsLine)) {
	countries, referrers := newShares(s.countries, "None"), newShares(s.referrers, "direct")
	for s.clicks > 0 || s.bots > 0 {
		l := countsLine{Clicks: int(min(s.clicks, maxClicks))}
		l.Bots = int(min(s.bots, uint64(maxClicks-l.Clicks)))
		s.clicks -= uint64(l.Clicks)
		s.bots -= uint64(l.Bots)
		l.Countries, l.Referrers = countries.take(l.Clicks), referrers.take(l.Clicks)
		line(l)
	}
}

// sharesLeft divides the clicks of names among lines, in the order of the names.
type sharesLeft struct {
	names   []string
	left    map[string]uint64
	unnamed string // stands for the empty name
}

func newShares(m map[string]uint64, unnamed string) *sharesLeft {
	return &sharesLeft{slices.Sorted(maps.Keys(m)), m, unnamed}
}

func (s *sharesLeft) take(clicks int) map[string]int {
	taken := map[string]int{}
	for clicks > 0 && len(s.names) > 0 {
		name := s.names[0]
		n := int(min(s.left[name], uint64(clicks)))
		if n > 0 {
			called := name
			if called == "" {
				called = s.unnamed
			}
			taken[called] += n
			s.left[name] -= uint64(n)
			clicks -= n
		}
		if s.left[name] == 0 {
			s.names = s.names[1:]
		}
	}
	return taken
}

func (x *Exporter) clicks(ctx context.Context, clicks []click.Click) error {
	ids := make([]click.LinkID, len(clicks))
	for i := range clicks {
		ids[i] = clicks[i].Link
	}
	hashes, err := x.Links.Hashes(ctx, ids)
	if err != nil {
		return err
	}
	for i, c := range clicks {
		if hashes[i] == "" {
			continue
		}
		x.line(clickLine{
			Type: "click", Hash: hashes[i], Aggregate: c.User == click.Nobody, Bot: c.Bot,
			TS:      json.Number(fmt.Sprintf("%d.%03d", c.Time/1000, c.Time%1000)),
			Country: c.Country.String(), Referrer: string(c.Referrer),
		})
	}
	return x.err
}
