package sql

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// Hashes implements store.Links.
func (db *DB) Hashes(ctx context.Context, ids []click.LinkID) (hashes []click.Hash, err error) {
	defer wrap("hashes", &err)
	return textsOf[click.LinkID, click.Hash](ctx, db.hashes, ids)
}

// LinkOfURL implements store.Links.
func (db *DB) LinkOfURL(ctx context.Context, user click.UserID, longURL string) (l store.Link, err error) {
	defer wrap("link of URL", &err)
	query, args := db.aggregateOfURL, []any{urlDigest(longURL), key(longURL)}
	if user != click.Nobody {
		query, args = db.linkOfUser, append(args, int64(user))
	}
	return scanLink(query.QueryRowContext(ctx, args...))
}

// LinksOfURL implements store.Links.
func (db *DB) LinksOfURL(ctx context.Context, longURL string) (links []store.Link, err error) {
	defer wrap("links of URL", &err)
	err = each(ctx, db.linksOfURL, []any{urlDigest(longURL), key(longURL)}, func(rows *sql.Rows) error {
		l, err := scanLink(rows)
		links = append(links, l)
		return err
	})
	return links, err
}

// HasDomain implements store.Links.
func (db *DB) HasDomain(ctx context.Context, domain string) (found bool, err error) {
	defer wrap("domain", &err)
	domain = key(strings.ToLower(domain))
	if domain == "" { // cannot be a domain, and keywords of every domain have it
		return false, nil
	}
	return hasRow(db.hasDomain.QueryRowContext(ctx, domain))
}

// hasRow reports whether a query for one column found a row.
func hasRow(row *sql.Row) (bool, error) {
	err := row.Scan(new(int))
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// conditions is the WHERE clause of a query for links l, and its arguments.
type conditions struct {
	where []string
	args  []any
}

// add adds a condition, to which its argument is appended.
func (c *conditions) add(condition string, arg any) {
	c.args = append(c.args, arg)
	c.where = append(c.where, fmt.Sprintf("%s$%d", condition, len(c.args)))
}

func filtered(f *store.LinkFilter) *conditions {
	c := &conditions{}
	c.add(`l.user_id = `, int64(f.User))
	if f.CreatedFrom != 0 {
		c.add(`l.created >= `, f.CreatedFrom)
	}
	if f.CreatedTo != 0 {
		c.add(`l.created <= `, f.CreatedTo)
	}
	if f.ModifiedFrom != 0 {
		c.add(`l.modified >= `, f.ModifiedFrom)
	}
	if f.Archived != nil {
		c.add(`l.archived = `, bit(*f.Archived))
	}
	if f.Private != nil {
		c.add(`l.private = `, bit(*f.Private))
	}
	if f.Keyword != "" {
		c.add(`l.id IN (SELECT k.link_id FROM keywords k WHERE k.keyword = `, key(string(f.Keyword)))
		c.where[len(c.where)-1] += `)`
	}
	if f.Tag != "" {
		// The user is $1: with l.user_id it would be a query for each link.
		c.args = append(c.args, key(f.Tag))
		c.where = append(c.where, `l.id IN (SELECT t.link_id FROM tags t WHERE t.user_id = $1 AND `+indexed("t.tag", len(c.args))+`)`)
	}
	return c
}

// addWords adds the condition that takes longest.
func (c *conditions) addWords(passes string, f *store.LinkFilter) {
	n := len(c.args)
	c.args = append(c.args, f.Query, f.ExactDomain, f.RootDomain, bit(f.WithoutNotes))
	c.where = append(c.where, fmt.Sprintf(passes, n+1, n+2, n+3, n+4))
}

// all is the whole clause.
func (c *conditions) all() string { return ` WHERE ` + strings.Join(c.where, ` AND `) }

const countLinks = `SELECT COUNT(*) FROM links l`

// newestFirst is the order of lists.
const newestFirst = ` ORDER BY l.user_ts DESC, l.id DESC`

// ListLinks implements store.Links. In SQLite the filter reads the index links_by_user
// alone; only the links that are listed are read from the table.
func (db *DB) ListLinks(ctx context.Context, f store.LinkFilter) (links []store.Link, all int, err error) {
	defer wrap("list links", &err)
	c := filtered(&f)
	offset, limit := max(f.Offset, 0), max(f.Limit, 0)
	if f.Any() && db.engine.passes == "" {
		return db.listPassing(ctx, &f.Words, c, offset, limit)
	}
	if f.Any() {
		c.addWords(db.engine.passes, &f)
		return db.listFound(ctx, c, offset, limit)
	}
	if err = db.lists.QueryRowContext(ctx, countLinks+c.all(), c.args...).Scan(&all); err != nil {
		return nil, 0, err
	}
	if limit > 0 && offset < all {
		n := len(c.args)
		links, err = listed(ctx, db.lists, fmt.Sprintf(`%s%s%s LIMIT $%d OFFSET $%d`, selectLinks, c.all(), newestFirst, n+1, n+2),
			append(c.args, limit, offset)...)
	}
	if err != nil {
		return nil, 0, err
	}
	return links, all, nil
}

// manyFound is the number of links after those of a list that are found to know how many there
// are. If there are more, they are counted from the start.
const manyFound = 2000

// listFound lists the links that an engine finds, which takes long: it looks at each link once if
// it finds few.
func (db *DB) listFound(ctx context.Context, c *conditions, offset, limit int) (links []store.Link, all int, err error) {
	var ids []string
	err = eachRow(ctx, db.lists, func(rows *sql.Rows) error {
		var id string
		err := rows.Scan(&id)
		if all++; all > offset && len(ids) < limit {
			ids = append(ids, id)
		}
		return err
	}, fmt.Sprintf(`SELECT l.id FROM links l%s%s LIMIT $%d`, c.all(), newestFirst, len(c.args)+1), append(slices.Clone(c.args), offset+limit+manyFound)...)
	if err == nil && all == offset+limit+manyFound {
		err = db.lists.QueryRowContext(ctx, countLinks+c.all(), c.args...).Scan(&all)
	}
	if err != nil {
		return nil, 0, err
	}
	links, err = db.byID(ctx, ids)
	return links, all, err
}

// byID reads links, and returns them newest first.
func (db *DB) byID(ctx context.Context, ids []string) (links []store.Link, err error) {
	err = db.linksByID.find(ctx, nil, ids, func(rows *sql.Rows) error {
		l, err := scanLink(rows)
		links = append(links, l)
		return err
	})
	slices.SortFunc(links, func(a, b store.Link) int { return cmp.Or(cmp.Compare(b.UserTS, a.UserTS), cmp.Compare(b.ID, a.ID)) })
	return links, err
}

// listPassing lists the links that pass the words, for an engine that cannot search for
// these. Of the links that it does not list, it reads only the texts.
func (db *DB) listPassing(ctx context.Context, w *store.Words, c *conditions, offset, limit int) (links []store.Link, all int, err error) {
	var ids []string
	err = eachRow(ctx, db.lists, func(rows *sql.Rows) error {
		var id string
		var l store.Link
		if err := rows.Scan(&id, &l.LongURL, &l.Title, &l.Note); err != nil || !w.Pass(&l) {
			return err
		}
		if all++; all > offset && len(ids) < limit {
			ids = append(ids, id)
		}
		return nil
	}, `SELECT l.id, l.long_url, l.title, l.note FROM links l`+c.all()+newestFirst, c.args...)
	if err != nil {
		return nil, 0, err
	}
	links, err = db.byID(ctx, ids)
	return links, all, err
}

// listed is the links of a query that is not prepared.
func listed(ctx context.Context, pool *sql.DB, query string, args ...any) (links []store.Link, err error) {
	err = eachRow(ctx, pool, func(rows *sql.Rows) error {
		l, err := scanLink(rows)
		links = append(links, l)
		return err
	}, query, args...)
	return links, err
}

// MoreLinks implements store.Links.
func (db *DB) MoreLinks(ctx context.Context, user click.UserID, than int) (found bool, err error) {
	defer wrap("more links", &err)
	return hasRow(db.moreLinks.QueryRowContext(ctx, int64(user), max(than, 0)))
}

// AllLinks implements store.Links.
func (db *DB) AllLinks(ctx context.Context, after click.LinkID, limit int) (links []store.Link, err error) {
	defer wrap("all links", &err)
	if limit < 1 {
		return nil, nil
	}
	return listed(ctx, db.whole, selectLinks+`WHERE l.id > $1 AND l.user_id IS NOT NULL ORDER BY l.id LIMIT $2`, int64(after), limit)
}

// Keywords implements store.Links.
func (db *DB) Keywords(ctx context.Context, links []click.LinkID) (all []store.Keyword, err error) {
	defer wrap("keywords", &err)
	keys := make([]string, len(links))
	for i, id := range links {
		keys[i] = strconv.FormatInt(int64(id), 10)
	}
	slices.Sort(keys)
	type aged struct {
		id int64
		store.Keyword
	}
	found := map[int64]aged{}
	err = db.reads.keywordsOf.find(ctx, nil, keys, func(rows *sql.Rows) error {
		var k aged
		err := rows.Scan(&k.id, &k.Link, &k.Domain, &k.Keyword.Keyword)
		found[k.id] = k
		return err
	})
	if err != nil {
		return nil, err
	}
	all = make([]store.Keyword, 0, len(found))
	for _, id := range slices.Sorted(maps.Keys(found)) {
		all = append(all, found[id].Keyword)
	}
	return all, nil
}
