package sql

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/footfall/footfall/internal/storage/store"
)

// finders look up many names at once.
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

// inserts adds rows. Most links of an import have no details, and aggregate links never have
// any, so their rows leave them to the defaults of the columns.
type inserts struct {
	users, aggregates, plain, links, keywords, tags, versions, formers inserter
}

func newInserts(p *preparer) inserts {
	return inserts{
		users:      newInserter(p, "users", "id", "login", "created", "full_name"),
		aggregates: newInserter(p, "links", aggregateColumns...),
		plain:      newInserter(p, "links", plainColumns...),
		links:      newInserter(p, "links", linkColumns...),
		keywords:   newInserter(p, "keywords", "id", "domain", "keyword", "link_id", "keyword_folded"),
		tags:       newInserter(p, "tags", "user_id", "tag", "link_id"),
		versions:   newInserter(p, "versions", "link_id", "number", "since", "long_url", "long_url_digest", "aggregate_id"),
		formers:    newInserter(p, "former_aggregates", "link_id", "aggregate_id"),
	}
}

// ImportLinks implements store.Links.
//
// Known rows are looked up outside of any transaction, so that a batch with nothing new
// does not wait for the writer. Links that get details are looked up again if another
// transaction wrote meanwhile.
func (db *DB) ImportLinks(ctx context.Context, links []store.ForeignLink) (answer []store.Link, err error) {
	defer wrap(fmt.Sprintf("import %d links", len(links)), &err)
	b, err := newBatch(links)
	if err != nil {
		return nil, err
	}
	var seen lastIDs
	if err := seen.scan(db.lastIDs.QueryRowContext(ctx)); err != nil {
		return nil, err
	}
	if err := b.find(ctx, nil, &db.reads); err != nil {
		return nil, err
	}
	if !b.complete() {
		again := false
		err := db.write(ctx, func(ctx context.Context, tx *transaction) (err error) {
			if again { // what was made was given up
				if b, err = newBatch(links); err != nil {
					return err
				}
			}
			if again || tx.last.version != seen.version+1 { // another transaction wrote since
				b.forgetPlain()
				if err := b.find(ctx, tx.Tx, &db.writes); err != nil {
					return err
				}
			}
			again = true
			if err := b.findParts(ctx, tx.Tx, &db.writes); err != nil {
				return err
			}
			b.make(tx)
			if err := b.findHidden(ctx, tx, &db.writes); err != nil {
				return err
			}
			if err := b.insert(ctx, tx.Tx, &db.inserts); err != nil {
				return err
			}
			return b.update(ctx, tx, db)
		})
		if err != nil {
			return nil, err
		}
	}
	answer = make([]store.Link, len(links))
	for i := range links {
		answer[i] = *b.links[links[i].Hash]
	}
	return answer, nil
}

// urlDigest is the number that the index links_by_long_url has of a long URL.
func urlDigest(longURL string) int64 {
	sum := sha256.Sum256([]byte(longURL))
	return int64(binary.BigEndian.Uint64(sum[:]))
}
