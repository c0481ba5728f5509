package sql

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// finders look up, of many names at once, which are known.
type finders struct{ links, aggregates, users, keywords, keywordsOf finder }

func newFinders(p *preparer) finders {
	return finders{
		links:      newFinder(p, selectLinks+`WHERE l.user_id IS NOT NULL AND l.hash`),
		aggregates: newFinder(p, `SELECT hash, id FROM links WHERE user_id IS NULL AND hash`),
		users:      newFinder(p, `SELECT login, id FROM users WHERE login`),
		keywords:   newFinder(p, `SELECT domain, keyword FROM keywords WHERE keyword`),
		keywordsOf: newFinder(p, `SELECT id, link_id, domain, keyword FROM keywords WHERE link_id`),
	}
}

type inserts struct{ users, links, keywords inserter }

func newInserts(p *preparer) inserts {
	return inserts{
		users: newInserter(p, "users", "id", "login", "created"),
		links: newInserter(p, "links", "id", "user_id", "hash", "aggregate_id",
			"long_url", "long_url_digest", "created", "title", "note", "private", "archived", "user_ts", "modified"),
		keywords: newInserter(p, "keywords", "id", "domain", "keyword", "link_id"),
	}
}

// ImportLinks is of store.Links.
//
// What is known is looked up outside of any transaction, for nothing that is
// known ever changes, but for details: a batch without news does not wait for
// the writer.
func (db *DB) ImportLinks(ctx context.Context, links []store.ForeignLink) ([]store.Link, error) {
	operation := fmt.Sprintf("import %d links", len(links))
	b, err := newBatch(links)
	if err != nil {
		return nil, failed(operation, err)
	}
	var seen lastIDs
	if err := seen.scan(db.lastIDs.QueryRowContext(ctx)); err != nil {
		return nil, failed(operation, err)
	}
	if err := b.find(ctx, nil, &db.reads); err != nil {
		return nil, failed(operation, err)
	}
	if !b.complete() {
		err := db.write(ctx, func(ctx context.Context, tx *sql.Tx, last *lastIDs) error {
			if last.version != seen.version+1 { // others wrote since
				if err := b.find(ctx, tx, &db.writes); err != nil {
					return err
				}
			}
			if err := b.findParts(ctx, tx, &db.writes); err != nil {
				return err
			}
			b.make(last)
			return b.insert(ctx, tx, &db.inserts)
		})
		if err != nil {
			return nil, failed(operation, err)
		}
	}
	answer := make([]store.Link, len(links))
	for i := range links {
		answer[i] = *b.links[links[i].Hash]
	}
	return answer, nil
}

// custom is a keyword and its domain in lower case.
type custom struct {
	domain  string
	keyword click.Hash
}

func customOf(l *store.ForeignLink) custom {
	return custom{domain: strings.ToLower(l.Domain), keyword: l.Keyword}
}

// batch is an import under way: what was given, what of it is there by now,
// and the rows that are to be added.
type batch struct {
	given      []store.ForeignLink
	links      map[click.Hash]*store.Link // nil where missing
	customs    map[custom]bool            // false where missing
	users      map[string]int64           // of the missing links
	aggregates map[click.Hash]int64       // of the missing links

	newUsers, newLinks, newKeywords []any
}

func newBatch(links []store.ForeignLink) (*batch, error) {
	b := &batch{
		given:      links,
		links:      make(map[click.Hash]*store.Link),
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
	return f.keywords.find(ctx, tx, keywords, func(rows *sql.Rows) error {
		var c custom
		err := rows.Scan(&c.domain, &c.keyword)
		if _, wanted := b.customs[c]; wanted {
			b.customs[c] = true
		}
		return err
	})
}

func (b *batch) complete() bool {
	for _, l := range b.links {
		if l == nil {
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

// make gives ids to what is missing. The first word on a name is the one that
// counts; but ids follow the order of the hashes, so that the rows go into the
// indexes side by side.
func (b *batch) make(last *lastIDs) {
	links := make(map[click.Hash]*store.ForeignLink)
	aggregates := make(map[click.Hash]*store.ForeignLink)
	for i := range b.given {
		g := &b.given[i]
		if b.links[g.Hash] != nil || links[g.Hash] != nil {
			continue
		}
		links[g.Hash] = g
		if a := g.Aggregate(); b.aggregates[a] == 0 && aggregates[a] == nil {
			aggregates[a] = g
		}
		if b.users[g.Login] == 0 {
			last.user++
			b.users[g.Login] = last.user
			b.newUsers = append(b.newUsers, last.user, g.Login, g.Created)
		}
	}
	for _, hash := range slices.Sorted(maps.Keys(aggregates)) {
		last.link++
		b.aggregates[hash] = last.link
		b.addLink(last.link, nil, hash, last.link, aggregates[hash])
	}
	for _, hash := range slices.Sorted(maps.Keys(links)) {
		g := links[hash]
		user, aggregate := b.users[g.Login], b.aggregates[g.Aggregate()]
		last.link++
		b.addLink(last.link, user, hash, aggregate, g)
		details, modified := g.Made()
		b.links[hash] = &store.Link{
			ID: click.LinkID(last.link), User: click.UserID(user), Hash: hash,
			Aggregate: click.LinkID(aggregate), AggregateHash: g.Aggregate(),
			LongURL: g.LongURL, Created: g.Created, Modified: modified, LinkDetails: details,
		}
	}
	b.makeKeywords(last)
}

func (b *batch) addLink(id int64, user any, hash click.Hash, aggregate int64, g *store.ForeignLink) {
	details, modified := store.LinkDetails{UserTS: g.Created}, g.Created // of an aggregate link
	if user != nil {
		details, modified = g.Made()
	}
	b.newLinks = append(b.newLinks, id, user, string(hash), aggregate, g.LongURL, urlDigest(g.LongURL), g.Created,
		details.Title, details.Note, bit(details.Private), bit(details.Archived), details.UserTS, modified)
}

// makeKeywords needs the links. Here ids are in the order given: they tell
// which keyword is the oldest.
func (b *batch) makeKeywords(last *lastIDs) {
	for i := range b.given {
		g := &b.given[i]
		c := customOf(g)
		if g.Keyword == "" || b.customs[c] {
			continue
		}
		b.customs[c] = true
		last.keyword++
		b.newKeywords = append(b.newKeywords, last.keyword, c.domain, string(c.keyword), int64(b.links[g.Hash].ID))
	}
}

// insert adds users before links and links before keywords: each names the
// ones before it.
func (b *batch) insert(ctx context.Context, tx *sql.Tx, in *inserts) error {
	if err := in.users.insert(ctx, tx, b.newUsers); err != nil {
		return err
	}
	if err := in.links.insert(ctx, tx, b.newLinks); err != nil {
		return err
	}
	return in.keywords.insert(ctx, tx, b.newKeywords)
}

// urlDigest is what links_by_long_url indexes.
func urlDigest(longURL string) int64 {
	sum := sha256.Sum256([]byte(longURL))
	return int64(binary.BigEndian.Uint64(sum[:]))
}
