package feed

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// plan is what an import does with a link.
type plan struct {
	csvLink
	verdict Verdict
	hash    string
	// keywords are names that the link gets in addition to its hash.
	keywords []links.Place
	id       click.LinkID // once the link exists
	// begun is set if an earlier import of the file has made the link, and did not finish
	// to record its clicks. They still count, although the link is known.
	begun bool
}

// holder is the link that has a name.
type holder struct {
	id      click.LinkID
	user    click.UserID
	hash    string
	longURL string
	line    uint64 // in this file, of a link that is to be made
}

// planned are the names of links that are to be made, by where they are found. Those
// without a host are found on every domain.
type planned map[links.Place]holder

// add keeps the first holder of a name.
func (p planned) add(at links.Place, h holder) {
	if _, ok := p[at]; !ok {
		p[at] = h
	}
}

// plan decides about links in their order.
func (x *linksImport) plan(ctx context.Context, rows []csvLink) ([]plan, error) {
	if len(x.planned) > maxKnown { // of a dry run: a later link of the same name is not noticed
		clear(x.planned)
	}
	if err := x.findFree(ctx, rows); err != nil {
		return nil, fmt.Errorf("import links: %w", err)
	}
	plans := make([]plan, len(rows))
	all := make([]store.ForeignLink, 0, len(rows))
	for i := range rows {
		plans[i] = plan{csvLink: rows[i], verdict: NotMade}
		if rows[i].rejected == nil {
			all = append(all, rows[i].foreign(x.options.Login, rows[i].name))
		}
	}
	loops, err := x.resolver.redirectLoops(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("import links: %w", err)
	}
	for i := range plans {
		p := &plans[i]
		if p.rejected == nil {
			p.rejected = loops[click.Hash(p.name)]
		}
		if p.rejected != nil {
			continue
		}
		if err := x.decide(ctx, p); err != nil {
			return nil, fmt.Errorf("import link %q: %w", p.name, err)
		}
		f := p.foreign(x.options.Login, p.hash)
		if reason := x.resolver.gone.link(&f); reason != nil && p.rejected == nil {
			p.verdict, p.rejected = NotMade, reason
		}
		if p.verdict == NotMade {
			continue
		}
		h := holder{id: p.id, user: x.user, hash: p.hash, longURL: p.longURL, line: p.line}
		x.planned.add(links.Place{Name: p.hash}, h)
		for _, at := range p.keywords {
			x.planned.add(at, h)
		}
	}
	return plans, nil
}

// findFree finds the names of a batch that no link has. Most names of a new file are such, and
// need not be looked up one by one.
func (x *linksImport) findFree(ctx context.Context, rows []csvLink) error {
	names := make([]click.Hash, 0, len(rows))
	for i := range rows {
		if rows[i].rejected != nil {
			continue
		}
		names = append(names, click.Hash(rows[i].name))
		for _, c := range rows[i].custom {
			names = append(names, click.Hash(c.Name))
		}
	}
	used, err := x.im.Links.NamesInUse(ctx, names)
	x.free = make(map[string]bool, len(names))
	for _, name := range names {
		if !used[name] {
			x.free[string(name)] = true
		}
	}
	return err
}

// decide sets the verdict, the hash and the keywords of a plan.
//
// The hash is the name, which is found on every domain. If another link has that already, a
// link of a domain of its own is found there: it gets a hash that is made of both.
//
// Hashes are found in their exact spelling, keywords in any case. The name is also a keyword
// on the link's own domain; or on every domain, if it has no capital letter: then people
// may have chosen it, and random names of other programs are not found by other spellings.
func (x *linksImport) decide(ctx context.Context, p *plan) error {
	if p.domain != "" {
		h, ok, err := x.onDomain(ctx, links.Place{Host: p.domain, Name: p.name})
		if err != nil {
			return err
		}
		if ok {
			return cmp.Or(x.settle(ctx, p, h), x.addNames(ctx, p, false))
		}
	}
	p.hash = p.name
	h, ok, err := x.anywhere(ctx, links.Place{Name: p.hash})
	if err == nil && ok && !x.same(p, h) && p.domain != "" {
		p.hash = derivedHash(p.domain, p.name)
		h, ok, err = x.anywhere(ctx, links.Place{Name: p.hash})
	}
	if err != nil {
		return err
	}
	p.verdict = Made
	if ok {
		err = x.settle(ctx, p, h)
	}
	if err == nil && p.verdict == Made && p.domain == "" && p.name == strings.ToLower(p.name) && p.name != strings.ToUpper(p.name) {
		if !x.free[p.name] {
			_, err = x.im.Links.LinkByKeyword(ctx, "", click.Hash(p.name))
		}
		if x.free[p.name] || errors.Is(err, click.ErrNotFound) {
			p.keywords, err = append(p.keywords, links.Place{Name: p.name}), nil
		}
	}
	return cmp.Or(err, x.addNames(ctx, p, p.domain != ""))
}

// settle sets the verdict about a link whose name is taken.
func (x *linksImport) settle(ctx context.Context, p *plan, h holder) (err error) {
	if x.same(p, h) {
		p.verdict, p.hash, p.id = Known, h.hash, h.id
		return nil
	}
	p.verdict = NotMade
	p.rejected, err = x.taken(ctx, p.name, h)
	return err
}

func (x *linksImport) same(p *plan, h holder) bool {
	return h.user == x.user && h.longURL == p.longURL
}

// taken is the reason to reject a link whose name another one has.
func (x *linksImport) taken(ctx context.Context, name string, h holder) (reason, err error) {
	by := "the aggregate link " + plain.Text(cut(h.hash, 100))
	switch {
	case h.line > 0:
		by = fmt.Sprintf("line %d", h.line)
	case h.user != click.Nobody:
		login, err := x.resolver.login(ctx, h.user)
		if err != nil {
			return nil, err
		}
		by = fmt.Sprintf("the link %s of %s here", plain.Text(cut(h.hash, 100)), plain.Text(cut(login, 100)))
	}
	return fmt.Errorf("the name %s is taken by %s, which leads to %s", plain.Text(cut(name, 100)), by, plain.Text(cut(h.longURL, 200))), nil
}

// addNames adds the other names of a link: the name on the domain of its own, if own is set,
// and those that its owner chose.
func (x *linksImport) addNames(ctx context.Context, p *plan, own bool) error {
	if p.verdict == NotMade {
		return nil
	}
	if own {
		p.keywords = append(p.keywords, links.Place{Host: p.domain, Name: p.name})
	}
	for _, c := range p.custom {
		find := x.onDomain
		if c.Host == "" {
			find = x.anywhere
		}
		h, ok, err := find(ctx, c)
		switch {
		case err != nil:
			return err
		case ok && !x.same(p, h):
			p.verdict = NotMade
			p.rejected, err = x.taken(ctx, c.Name, h)
			return err
		case !ok:
			p.keywords = append(p.keywords, c)
		}
	}
	return nil
}

// onDomain returns the link that has a keyword.
func (x *linksImport) onDomain(ctx context.Context, at links.Place) (h holder, ok bool, err error) {
	if h, ok := x.planned[at]; ok {
		return h, true, nil
	}
	l, ok, err := x.lookup(ctx, at)
	if err != nil || !ok {
		return h, false, err
	}
	keywords, err := x.im.Links.Keywords(ctx, []click.LinkID{l.ID})
	ok = slices.Contains(keywords, store.Keyword{Link: l.ID, Domain: at.Host, Keyword: click.Hash(at.Name)})
	return holderOf(l), ok, err
}

// anywhere returns the link that a name without a host has on domains without a keyword of
// that name.
func (x *linksImport) anywhere(ctx context.Context, at links.Place) (holder, bool, error) {
	if h, ok := x.planned[at]; ok {
		return h, true, nil
	}
	l, ok, err := x.lookup(ctx, at)
	return holderOf(l), ok, err
}

func (x *linksImport) lookup(ctx context.Context, at links.Place) (store.Link, bool, error) {
	if x.free[at.Name] {
		return store.Link{}, false, nil
	}
	l, err := x.im.Links.LinkByName(ctx, at.Host, click.Hash(at.Name))
	if errors.Is(err, click.ErrNotFound) {
		return store.Link{}, false, nil
	}
	return l, err == nil, err
}

func holderOf(l store.Link) holder {
	return holder{id: l.ID, user: l.User, hash: string(l.Hash), longURL: l.LongURL}
}

// derivedHash is a hash for a name on a domain; the same for the same ones, so that an import
// can be repeated.
func derivedHash(domain, name string) string {
	sum := sha256.Sum256([]byte(domain + "/" + name))
	return new(big.Int).SetBytes(sum[:8]).Text(62)
}

// makeLinks makes the links of plans, and adds the keywords of those that are known.
func (x *linksImport) makeLinks(ctx context.Context, plans []plan) error {
	var all []store.ForeignLink
	var of []*plan
	for i := range plans {
		p := &plans[i]
		if p.verdict == Made {
			all, of = append(all, p.foreign(x.options.Login, p.hash)), append(of, p)
		}
		if p.verdict == NotMade {
			continue
		}
		for _, k := range p.keywords {
			f := p.foreign(x.options.Login, p.hash)
			f.Domain, f.Keyword = k.Host, click.Hash(k.Name)
			all, of = append(all, f), append(of, p)
		}
	}
	if len(all) == 0 {
		return nil
	}
	made, err := x.resolver.importLinks(ctx, all)
	if err != nil {
		return fmt.Errorf("import links: %w", err)
	}
	for i, l := range made {
		p := of[i]
		if p.id = l.ID; p.verdict == Made && !x.same(p, holderOf(l)) { // somebody else made it just now
			if err := x.settle(ctx, p, holderOf(l)); err != nil {
				return err
			}
		}
	}
	return nil
}
