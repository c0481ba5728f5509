package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
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
		Tags          []string      `json:"tags,omitempty"`
		Expires       int64         `json:"expires,omitempty"`
		MaxClicks     int64         `json:"max_clicks,omitempty"`
		ExpiredURL    string        `json:"expired_url,omitempty"`
		ForwardQuery  string        `json:"forward_query,omitempty"`
		Versions      []versionLine `json:"versions,omitempty"`
		Keywords      []keywordLine `json:"keywords,omitempty"`
	}
	versionLine struct {
		LongURL       string     `json:"long_url"`
		Since         int64      `json:"since"`
		AggregateHash click.Hash `json:"aggregate_hash,omitempty"`
	}
	keywordLine struct {
		Domain  string     `json:"domain"`
		Keyword click.Hash `json:"keyword"`
	}
	countsLine struct {
		Type      string     `json:"type"`
		Hash      click.Hash `json:"hash"`
		Aggregate bool       `json:"aggregate,omitempty"`
		TS        int64      `json:"ts"`
		Clicks    int        `json:"clicks"`
		Bots      int        `json:"bots,omitempty"`
		// Shares are further objects of the line: clicks by the names of a facet.
		Shares []shareOfFacet `json:"-"`
	}
	clickLine struct {
		Type      string      `json:"type"`
		Hash      click.Hash  `json:"hash"`
		Aggregate bool        `json:"aggregate,omitempty"`
		TS        json.Number `json:"ts"`
		Country   string      `json:"country,omitempty"`
		Region    string      `json:"region,omitempty"`
		City      string      `json:"city,omitempty"`
		Referrer  string      `json:"referrer,omitempty"`
		Device    string      `json:"device,omitempty"`
		Browser   string      `json:"browser,omitempty"`
		System    string      `json:"system,omitempty"`
		Source    string      `json:"source,omitempty"`
		Bot       bool        `json:"bot,omitempty"`
		BotFamily string      `json:"bot_family,omitempty"`
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
			line := linkLine{
				Type: "link", User: login, Hash: l.Hash, AggregateHash: l.AggregateHash, LongURL: l.LongURL, Created: l.Created,
				Title: l.Title, Note: l.Note, Private: l.Private, Archived: l.Archived, UserTS: l.UserTS, Modified: l.Modified,
				Tags: l.Tags.List(), Expires: l.Expires, MaxClicks: l.MaxClicks, ExpiredURL: l.ExpiredURL, Keywords: of[l.ID],
			}
			if l.ForwardQuery != store.Default {
				line.ForwardQuery = l.ForwardQuery.String()
			}
			if line.Versions, err = x.versions(ctx, &l); err != nil {
				return err
			}
			x.line(line)
			after = l.ID
		}
	}
}

// versions lists where a link has led, oldest first; empty if it always led there. Only a link
// that was modified may have led elsewhere.
func (x *Exporter) versions(ctx context.Context, l *store.Link) (lines []versionLine, err error) {
	if l.Modified == l.Created {
		return nil, nil
	}
	versions, err := x.Links.Versions(ctx, l.ID)
	if errors.Is(err, click.ErrNotFound) || err == nil && (len(versions) == 1 || versions[0].LongURL != l.LongURL) {
		return nil, nil // deleted or changed meanwhile
	}
	for _, v := range slices.Backward(versions) {
		lines = append(lines, versionLine{v.LongURL, v.Since, v.AggregateHash})
	}
	return lines, err
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
		l := clickLine{
			Type: "click", Hash: hashes[i], Aggregate: c.User == click.Nobody, Bot: c.Bot,
			TS:      json.Number(fmt.Sprintf("%d.%03d", c.Time/1000, c.Time%1000)),
			Country: c.Country.String(), Region: string(c.Region), City: string(c.City),
			Referrer: string(c.Referrer), BotFamily: string(c.BotFamily),
		}
		if c.Agent.Known() {
			l.Device, l.Browser = c.Agent.Device.String(), c.Agent.Browser.String()
			l.System, l.Source = c.Agent.System.String(), c.Agent.Source.String()
		}
		x.line(l)
	}
	return x.err
}
