package sql

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// custom is a keyword and its domain in lower case.
type custom struct {
	domain  string
	keyword click.Hash
}

func customOf(l *store.ForeignLink) custom {
	return custom{domain: strings.ToLower(l.Domain), keyword: l.Keyword}
}

// batch is an import in progress: the links given, the rows that exist, and the rows
// to add.
type batch struct {
	given      []store.ForeignLink
	links      map[click.Hash]*store.Link // nil if missing
	customs    map[custom]bool            // false if missing
	users      map[string]int64           // of the links that are missing or described
	aggregates map[click.Hash]int64       // of the missing links

	newAggregates, newPlain, newLinks                       []*store.Link // plain ones have no details
	newUsers, newKeywords, newTags, newVersions, newFormers []any

	described []*store.Link // known, with new details
}

func newBatch(links []store.ForeignLink) (*batch, error) {
	b := &batch{
		given:      links,
		links:      make(map[click.Hash]*store.Link, len(links)),
		customs:    make(map[custom]bool),
		users:      make(map[string]int64),
		aggregates: make(map[click.Hash]int64),
	}
	for i := range links {
		if err := links[i].Check(); err != nil {
			return nil, fmt.Errorf("link %d of the batch: %w", i+1, err)
		}
		b.links[links[i].Hash] = nil
		if links[i].Keyword != "" {
			b.customs[customOf(&links[i])] = false
		}
	}
	return b, nil
}

// find fills in the links and keywords that are known.
func (b *batch) find(ctx context.Context, tx *sql.Tx, f *finders) error {
	var hashes, keywords []string
	for hash, l := range b.links {
		if l == nil {
			hashes = append(hashes, string(hash))
		}
	}
	for c, known := range b.customs {
		if !known {
			keywords = append(keywords, string(c.keyword))
		}
	}
	err := f.links.find(ctx, tx, hashes, func(rows *sql.Rows) error {
		l, err := scanLink(rows)
		b.links[l.Hash] = &l
		return err
	})
	if err != nil {
		return err
	}
	for i := range b.given {
		if g := &b.given[i]; b.mayDescribe(g) {
			b.users[g.Login] = 0
		}
	}
	if err := findIDs(ctx, tx, f.users, b.users); err != nil {
		return err
	}
	return f.keywords.find(ctx, tx, keywords, func(rows *sql.Rows) error {
		var c custom
		err := rows.Scan(&c.domain, &c.keyword)
		if _, wanted := b.customs[c]; wanted {
			b.customs[c] = true
		}
		return err
	})
}

// mayDescribe reports whether a known link gets details if its owner is the same.
func (b *batch) mayDescribe(g *store.ForeignLink) bool {
	known := b.links[g.Hash]
	if known == nil {
		return false
	}
	l := *known
	return g.Describe(&l)
}

// forgetPlain drops the links that may get details, because they may have been
// edited since they were found.
func (b *batch) forgetPlain() {
	for i := range b.given {
		if g := &b.given[i]; b.mayDescribe(g) {
			b.links[g.Hash] = nil
		}
	}
}

// complete reports whether there is nothing to write.
func (b *batch) complete() bool {
	for i := range b.given {
		g := &b.given[i]
		l := b.links[g.Hash]
		if l == nil || b.mayDescribe(g) && b.users[g.Login] == int64(l.User) {
			return false
		}
	}
	for _, known := range b.customs {
		if !known {
			return false
		}
	}
	return true
}

// findParts fills in the users and aggregate links of the missing links.
func (b *batch) findParts(ctx context.Context, tx *sql.Tx, f *finders) error {
	for i := range b.given {
		if g := &b.given[i]; b.links[g.Hash] == nil {
			b.users[g.Login] = 0
			b.aggregates[g.Aggregate()] = 0
			for _, v := range g.History() {
				if v.AggregateHash != "" {
					b.aggregates[v.AggregateHash] = 0
				}
			}
		}
	}
	if err := findIDs(ctx, tx, f.users, b.users); err != nil {
		return err
	}
	return findIDs(ctx, tx, f.aggregates, b.aggregates)
}

func findIDs[K ~string](ctx context.Context, tx *sql.Tx, f finder, ids map[K]int64) error {
	names := make([]string, 0, len(ids))
	for name := range ids {
		names = append(names, string(name))
	}
	return f.find(ctx, tx, names, func(rows *sql.Rows) error {
		var name K
		var id int64
		err := rows.Scan(&name, &id)
		ids[name] = id
		return err
	})
}

// make makes the missing rows and gives them ids. If several links of the batch have
// the same name, the first one is made.
func (b *batch) make(tx *transaction) {
	last := &tx.last
	missing := len(b.aggregates) // about as many links are made
	made, by := make(map[click.Hash]*store.Link, missing), make(map[click.Hash]*store.ForeignLink, missing)
	aggregates := make(map[click.Hash]store.Version) // where the missing ones lead
	var order []*store.Link                          // as given
	for i := range b.given {
		g := &b.given[i]
		if b.links[g.Hash] == nil {
			for _, v := range append([]store.Version{{AggregateHash: g.Aggregate(), LongURL: g.LongURL, Since: g.Created}}, g.History()...) {
				if _, known := aggregates[v.AggregateHash]; v.AggregateHash != "" && !known && b.aggregates[v.AggregateHash] == 0 {
					aggregates[v.AggregateHash] = v
				}
			}
			if b.users[g.Login] == 0 {
				last.user++
				b.users[g.Login] = last.user
				b.newUsers = append(b.newUsers, last.user, g.Login, g.Created, "")
			}
			details, modified := g.NewDetails()
			l := &store.Link{
				User: click.UserID(b.users[g.Login]), Hash: g.Hash, AggregateHash: g.Aggregate(),
				LongURL: g.LongURL, Created: g.Created, Modified: modified, LinkDetails: details,
			}
			b.links[g.Hash], made[g.Hash], by[g.Hash] = l, l, g
			order = append(order, l)
		}
		// A new link has its details already, unless a later link of the batch adds
		// them.
		l := b.links[g.Hash]
		if b.users[g.Login] == int64(l.User) && g.Describe(l) && made[g.Hash] == nil {
			b.described = append(b.described, l)
		}
	}
	for _, hash := range slices.Sorted(maps.Keys(aggregates)) {
		v := aggregates[hash]
		last.link++
		b.aggregates[hash] = last.link
		tx.made(hash)
		b.newAggregates = append(b.newAggregates, newAggregate(last.link, hash, v.LongURL, v.Since))
	}
	hashes := slices.Sorted(maps.Keys(made))
	giveIDs(order, hashes, last)
	for _, hash := range hashes {
		l := made[hash]
		tx.made(hash)
		l.Aggregate = click.LinkID(b.aggregates[l.AggregateHash])
		if l.LinkDetails == (store.LinkDetails{UserTS: l.UserTS}) {
			b.newPlain = append(b.newPlain, l)
		} else {
			b.newLinks = append(b.newLinks, l)
		}
		b.newTags = append(b.newTags, tagRows(l)...)
		b.addHistory(l, by[hash].History())
	}
	b.makeKeywords(tx)
}

// addHistory adds the newest versions of a link, and the aggregate links that it had.
func (b *batch) addHistory(l *store.Link, versions []store.Version) {
	formers := map[int64]bool{int64(l.Aggregate): true}
	for i, v := range versions {
		v.Number = int64(i + 1)
		aggregate := b.aggregates[v.AggregateHash]
		if i >= len(versions)-store.MaxVersions {
			b.newVersions = append(b.newVersions, versionRow(l.ID, v, aggregate)...)
		}
		if aggregate != 0 && !formers[aggregate] {
			formers[aggregate] = true
			b.newFormers = append(b.newFormers, int64(l.ID), aggregate)
		}
	}
}

// giveIDs gives the links ids in the order of their hashes, so that the rows are
// adjacent in the indexes. Links of one user and second exchange their ids, so that
// these ascend in the order given: lists are ordered by them.
func giveIDs(order []*store.Link, hashes []click.Hash, last *lastIDs) {
	type place struct {
		user   click.UserID
		userTS int64
	}
	ids := make(map[click.Hash]click.LinkID, len(hashes))
	for _, hash := range hashes {
		last.link++
		ids[hash] = click.LinkID(last.link)
	}
	idsAt := make(map[place][]click.LinkID)
	for _, l := range order {
		p := place{l.User, l.UserTS}
		idsAt[p] = append(idsAt[p], ids[l.Hash])
	}
	for _, some := range idsAt {
		slices.Sort(some)
	}
	for _, l := range order {
		p := place{l.User, l.UserTS}
		l.ID, idsAt[p] = idsAt[p][0], idsAt[p][1:]
	}
}

// makeKeywords requires that the links are made. Ids of keywords ascend in the order
// given: the lowest one is the oldest keyword.
func (b *batch) makeKeywords(tx *transaction) {
	for i := range b.given {
		g := &b.given[i]
		c := customOf(g)
		if g.Keyword == "" || b.customs[c] {
			continue
		}
		b.customs[c] = true
		tx.last.keyword++
		tx.named(store.Keyword{Domain: c.domain, Keyword: c.keyword})
		b.newKeywords = append(b.newKeywords, tx.last.keyword, c.domain, string(c.keyword), int64(b.links[g.Hash].ID), store.FoldName(c.keyword))
	}
}

// findHidden notes if a hash that is made led to another link before: to the aggregate link with
// that hash, or to a keyword of another domain. That is rare, so anything may have changed then.
func (b *batch) findHidden(ctx context.Context, tx *transaction, f *finders) error {
	hides := func(*sql.Rows) error { tx.change.All = true; return nil }
	var hashes []string
	for _, links := range [...][]*store.Link{b.newPlain, b.newLinks} {
		for _, l := range links {
			hashes = append(hashes, string(l.Hash))
		}
	}
	if err := f.aggregates.find(ctx, tx.Tx, hashes, hides); err != nil {
		return err
	}
	for _, l := range b.newAggregates {
		hashes = append(hashes, string(l.Hash))
	}
	return f.keywords.find(ctx, tx.Tx, hashes, hides)
}

// insert adds users, then links, then what refers to them.
func (b *batch) insert(ctx context.Context, tx *sql.Tx, in *inserts) error {
	if err := in.users.insert(ctx, tx, b.newUsers); err != nil {
		return err
	}
	for _, of := range []struct {
		in    inserter
		links []*store.Link
		row   func([]any, *store.Link) []any
	}{{in.aggregates, b.newAggregates, appendAggregate}, {in.plain, b.newPlain, appendPlain}, {in.links, b.newLinks, appendRow}} {
		err := of.in.insertEach(ctx, tx, len(of.links), func(to []any, i int) []any { return of.row(to, of.links[i]) })
		if err != nil {
			return err
		}
	}
	for _, of := range []struct {
		in   inserter
		rows []any
	}{{in.keywords, b.newKeywords}, {in.tags, b.newTags}, {in.versions, b.newVersions}, {in.formers, b.newFormers}} {
		if err := of.in.insert(ctx, tx, of.rows); err != nil {
			return err
		}
	}
	return nil
}

// update writes the details of links that were known.
func (b *batch) update(ctx context.Context, tx *transaction, db *DB) error {
	for _, l := range b.described {
		tx.change.Links = append(tx.change.Links, l.ID)
		if err := db.setDetails(ctx, tx.Tx, l); err != nil {
			return err
		}
	}
	return nil
}
