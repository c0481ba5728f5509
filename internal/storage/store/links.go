package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
)

// Link is a short link: a hash that leads to a long URL and has an owner.
type Link struct {
	ID   click.LinkID
	User click.UserID
	Hash click.Hash
	// Aggregate and AggregateHash name the aggregate link of the same long
	// URL. An aggregate link is its own aggregate, and User is click.Nobody.
	Aggregate     click.LinkID
	AggregateHash click.Hash
	// LongURL is where the link leads. EditLink may change that of a link of a user. It
	// may differ from the long URL of the aggregate link if the links of two
	// installations were imported, which disagreed.
	LongURL string
	// Created is a Unix second.
	Created int64
	LinkDetails
	// Modified is the Unix second of the last EditLink; Created if there was none.
	Modified int64
}

// VisibleTo reports whether the user may see the link, which is not an aggregate link.
// Only its owner sees a private link.
func (l *Link) VisibleTo(user click.UserID) bool { return !l.Private || l.User == user }

// Visible takes all links of one long URL, and returns those that the user may see,
// in their order: links that are VisibleTo the user, and the aggregate links of
// these. It overwrites links.
func Visible(links []Link, user click.UserID) []Link {
	named := make(map[click.LinkID]bool)
	for i := range links {
		if l := &links[i]; l.User != click.Nobody && l.VisibleTo(user) {
			named[l.Aggregate] = true
		}
	}
	return slices.DeleteFunc(links, func(l Link) bool {
		if l.User == click.Nobody {
			return !named[l.ID]
		}
		return !l.VisibleTo(user)
	})
}

// ForeignLink is a link as another installation named it.
type ForeignLink struct {
	Login string
	Hash  click.Hash
	// AggregateHash is the hash of the aggregate link, a link of its own even if
	// the hash is the same. Empty means the same as Hash.
	AggregateHash click.Hash
	LongURL       string
	Created       int64 // Unix second
	// Details and Modified are set if the link is made, or if the known link has
	// no details (see Describe). A UserTS or Modified of 0 means Created.
	Details  LinkDetails
	Modified int64 // Unix second
	// Versions are where a link that is made has led, oldest first. The last one is
	// LongURL. Nil means that it always led there. Their aggregate links are made if they
	// are missing, and the link had them. It is a pointer, so that ForeignLinks can be
	// compared.
	Versions *[]Version
	// Domain and Keyword are a custom name of the link, if Keyword is set. An empty
	// Domain is every domain. Domains are compared in lower case.
	Domain  string
	Keyword click.Hash
}

// Aggregate returns the hash of the link's aggregate link.
func (l *ForeignLink) Aggregate() click.Hash {
	if l.AggregateHash == "" {
		return l.Hash
	}
	return l.AggregateHash
}

// History returns the Versions; nil if there are none.
func (l *ForeignLink) History() []Version {
	if l.Versions == nil {
		return nil
	}
	return *l.Versions
}

// NewDetails returns the LinkDetails and the Modified of a link that is made from l.
func (l *ForeignLink) NewDetails() (d LinkDetails, modified int64) {
	d = l.Details
	d.UserTS = cmp.Or(d.UserTS, l.Created)
	return d, cmp.Or(l.Modified, l.Created)
}

// Describe gives the details to a known link, and reports whether that changed it. The
// known link keeps its own details if it has any, if the foreign link has none, or
// if their long URLs differ. The caller checks that both have the same owner.
// Modified is never before Created.
func (l *ForeignLink) Describe(known *Link) bool {
	none := LinkDetails{UserTS: known.Created}
	if l.LongURL != known.LongURL || known.LinkDetails != none || known.Modified != known.Created {
		return false
	}
	if d, modified := l.NewDetails(); modified == l.Created && d == (LinkDetails{UserTS: l.Created}) {
		return false
	}
	d := l.Details
	d.UserTS = cmp.Or(d.UserTS, known.Created)
	modified := max(l.Modified, known.Created)
	changed := d != none || modified != known.Created
	known.LinkDetails, known.Modified = d, modified
	return changed
}

// Check fails with ErrText if a text of the link cannot be kept, if it has a domain
// without a keyword, or if the last version is not the long URL.
func (l *ForeignLink) Check() error {
	if err := CheckText("login", l.Login); err != nil {
		return err
	}
	if err := CheckText("hash", string(l.Hash)); err != nil {
		return err
	}
	if err := CheckText("aggregate hash", string(l.Aggregate())); err != nil {
		return err
	}
	if err := CheckText("long URL", l.LongURL); err != nil {
		return err
	}
	if err := l.Details.Check(); err != nil {
		return err
	}
	versions := l.History()
	for _, v := range versions {
		if err := CheckText("long URL", v.LongURL); err != nil {
			return err
		}
		if v.AggregateHash == "" {
			continue
		}
		if err := CheckText("aggregate hash", string(v.AggregateHash)); err != nil {
			return err
		}
	}
	if n := len(versions); n > 0 && versions[n-1].LongURL != l.LongURL {
		return fmt.Errorf("versions: the last one is not the long URL: %w", ErrText)
	}
	if l.Domain == "" && l.Keyword == "" {
		return nil
	}
	k := Keyword{Domain: l.Domain, Keyword: l.Keyword}
	return k.Check()
}

// NewLink is a link to make, with hashes that were drawn for it.
type NewLink struct {
	User    click.UserID
	LongURL string
	Hash    click.Hash
	// AggregateHash is for the aggregate link, if it must be made too.
	AggregateHash click.Hash
	Created       int64 // Unix second
	LinkDetails
}

// Check fails with ErrText if a text of the link cannot be kept.
func (n *NewLink) Check() error {
	if err := n.LinkDetails.Check(); err != nil {
		return err
	}
	if err := CheckText("long URL", n.LongURL); err != nil {
		return err
	}
	if err := CheckText("hash", string(n.Hash)); err != nil {
		return err
	}
	return CheckText("aggregate hash", string(n.AggregateHash))
}

// Links keeps links. A call that returns without error is durable.
// Implementations are safe for concurrent use.
//
// Links and aggregate links share one space of ids. A hash is unique among
// links and unique among aggregate links, so one hash may name one of each. An
// aggregate link has one long URL; after imports, several aggregate links may
// have the same one. The oldest of several links is the one created first; of
// those created in the same second, the one whose hash is first bytewise.
type Links interface {
	// ImportLinks imports the links in their order, all or nothing, and returns
	// them in that order, as they are after the call. ErrText if a link does not
	// pass Check.
	//
	// A hash that is known, or came earlier in the batch, keeps its owner, long
	// URL, aggregate link and creation. A later link with that hash adds its
	// keyword, if that is new; and, if the owner is the same, its details, if the
	// known link has none (see Describe). For a new hash, the user and the
	// aggregate link are made if they are missing, with the Created of the link.
	// The ids of links of one user and UserTS that one call makes ascend in the
	// order given. A keyword of a domain stays with the link that had it first.
	ImportLinks(ctx context.Context, links []ForeignLink) ([]Link, error)
	// MakeLink returns the user's link of exactly this long URL, the oldest if
	// there are several, and false; then nothing changes. If the user has none, it
	// makes one and returns it with true. The new link's aggregate link is the
	// oldest one of the same long URL whose hash is not also that of another
	// user's private link; if there is none, it is made, with the same Created.
	// Concurrent calls, also of several processes, make one link for each user and
	// one aggregate link for the long URL. Details are those of a link that is
	// made; its Modified is its Created.
	//
	// It fails with click.ErrExists if a link must be made, and the two hashes are
	// equal, or one of them is the hash of a link or of an aggregate link, or a
	// keyword in any case. That is so even if AggregateHash is not needed.
	// click.ErrNotFound if there is no such user, ErrText if the link does not pass
	// Check.
	MakeLink(ctx context.Context, link NewLink) (Link, bool, error)
	// LinkByName returns the first of these that exists: the link of the keyword on
	// that domain, the link of the keyword on every domain, the link with that hash,
	// the aggregate link with that hash, the link of the oldest such keyword on any
	// domain. click.ErrNotFound if none does. Names are case-sensitive, domains are
	// not.
	LinkByName(ctx context.Context, domain string, name click.Hash) (Link, error)
	// NamesInUse returns those of the names that are the hash of a link or of an aggregate
	// link, or have the same FoldName as a keyword. Neither LinkByName nor LinkByKeyword
	// finds any of the others, on any domain.
	NamesInUse(ctx context.Context, names []click.Hash) (map[click.Hash]bool, error)
	// LinkByKeyword returns the first of these that exists, of keywords that have the
	// same FoldName as the name: the link of the oldest one on that domain, of the
	// oldest one on every domain, of the oldest one on any domain. click.ErrNotFound
	// if none does.
	LinkByKeyword(ctx context.Context, domain string, name click.Hash) (Link, error)
	// NameHolder returns the link or aggregate link because of which another link
	// cannot get the keyword: it has that hash, or a keyword with the same FoldName
	// on that domain or on every domain. A keyword on every domain (an empty one)
	// must not be one on any domain. click.ErrNotFound if the keyword is free.
	NameHolder(ctx context.Context, domain string, name click.Hash) (Link, error)
	// NameLink gives a link a keyword, unless the link has exactly that one already,
	// or as its hash. Another case of a keyword of the link is another keyword: a
	// link of another domain may have that case, and would be found first. If another
	// link has the name (see NameHolder), it fails with click.ErrExists, and returns
	// that link. With overwrite, it first removes the keyword from other links of the
	// same user, and other cases of it from the link. click.ErrNotFound if there is no such link, or it is an aggregate link;
	// ErrText if the keyword does not pass Check. After an error nothing is changed.
	NameLink(ctx context.Context, k Keyword, overwrite bool) (holder Link, err error)
	// LinkByID returns a link or an aggregate link, or click.ErrNotFound.
	LinkByID(ctx context.Context, id click.LinkID) (Link, error)
	// Hashes returns the hashes of links and aggregate links, in the order of the
	// ids; empty for an unknown id.
	Hashes(ctx context.Context, ids []click.LinkID) ([]click.Hash, error)
	// LinkOfURL returns the user's oldest link of exactly this long URL, or, for
	// click.Nobody, its oldest aggregate link, even if no user may see it.
	// click.ErrNotFound if there is none.
	LinkOfURL(ctx context.Context, user click.UserID, longURL string) (Link, error)
	// LinksOfURL lists every link and every aggregate link of exactly this long
	// URL, oldest first. If two have the same Created and hash, the aggregate link
	// is first.
	LinksOfURL(ctx context.Context, longURL string) ([]Link, error)
	// VisibleAggregate returns an aggregate link as the user may see it. It depends
	// on the visible links: those that have this aggregate link and its long URL,
	// and are VisibleTo the user. If there are none, or no such aggregate link, it is
	// click.ErrNotFound. Created, UserTS and Modified are the aggregate link's if a
	// visible link has the same Created. Otherwise all three are the Created of the
	// oldest visible link.
	VisibleAggregate(ctx context.Context, user click.UserID, id click.LinkID) (Link, error)
	// VisibleAggregateOfURL returns the oldest of the aggregate links of exactly this
	// long URL, as VisibleAggregate returns them. click.ErrNotFound if there is none.
	VisibleAggregateOfURL(ctx context.Context, user click.UserID, longURL string) (Link, error)
	// HasDomain reports whether any link has a keyword on the domain, which is not
	// empty.
	HasDomain(ctx context.Context, domain string) (bool, error)
	// ListLinks lists links that pass the filter, by descending UserTS and id, and
	// returns how many pass it, listed or not.
	ListLinks(ctx context.Context, f LinkFilter) (links []Link, all int, err error)
	// MoreLinks reports whether the user has more links than a number. The time that
	// it takes does not depend on how many more.
	MoreLinks(ctx context.Context, user click.UserID, than int) (bool, error)
	// CountLinks counts the user's links by Created in the intervals between
	// consecutive edges, which are ascending Unix seconds, two at least:
	// interval i is edges[i] ≤ t < edges[i+1]. With a tag, it counts links that have
	// the tag.
	CountLinks(ctx context.Context, user click.UserID, tag string, edges []int64) ([]uint64, error)
	// FirstLink returns the earliest Created of the user's links, with a tag of those
	// that have it; false if there are none.
	FirstLink(ctx context.Context, user click.UserID, tag string) (int64, bool, error)
	// TaggedLinks lists the ids of the user's links that have the tag, ascending.
	TaggedLinks(ctx context.Context, user click.UserID, tag string) ([]click.LinkID, error)
	// EditLink changes a link and returns it. click.ErrNotFound if there is none,
	// or it is an aggregate link. ErrText if a text cannot be kept. After an error
	// nothing has changed.
	//
	// A link that gets another long URL becomes a version of it (see Versions), and
	// its aggregate link is the one that MakeLink would choose. If that must be made,
	// its hash is LinkEdit.AggregateHash and its Created is Modified. click.ErrExists
	// if that hash names a link, an aggregate link or a keyword. The former aggregate
	// link stays, because its hash may be in use.
	EditLink(ctx context.Context, id click.LinkID, e LinkEdit) (Link, error)
	// Versions lists where a link of a user has led, newest first: at least its long
	// URL, and at most MaxVersions. Older ones are forgotten. click.ErrNotFound as of
	// EditLink.
	Versions(ctx context.Context, id click.LinkID) ([]Version, error)
	// AllLinks lists at most limit links of all users by ascending id, from the
	// first id after the given one. A limit below 1 lists none.
	AllLinks(ctx context.Context, after click.LinkID, limit int) ([]Link, error)
	// Keywords lists the keywords of links, the oldest first.
	Keywords(ctx context.Context, links []click.LinkID) ([]Keyword, error)
	// DeleteLink deletes a link with its keywords, tags, versions and shares, and each aggregate
	// link that it has or had, if no other link has or had it. Its names may be used
	// again, its id is never reused, and Deletions lists what must be deleted from the
	// counts. click.ErrNotFound if there is no such link, or it is an aggregate link.
	DeleteLink(ctx context.Context, id click.LinkID) (DeletedRows, error)
	// Deletions lists at most limit scopes of users and links that were deleted
	// and whose counts must still be deleted. A user with all links is one scope.
	Deletions(ctx context.Context, limit int) ([]rollup.Scope, error)
	// FinishDeletions removes scopes from the list of Deletions.
	FinishDeletions(ctx context.Context, scopes []rollup.Scope) error
}

// Keyword is a name of a link on one domain, or on every domain if Domain is empty. The
// domain is in lower case.
type Keyword struct {
	Link    click.LinkID
	Domain  string
	Keyword click.Hash
}

// Check fails with ErrText if a text of the keyword cannot be kept.
func (k *Keyword) Check() error {
	if k.Domain != "" {
		if err := CheckText("domain", k.Domain); err != nil {
			return err
		}
	}
	return CheckText("keyword", string(k.Keyword))
}

// DeletedRows is the number of rows of each kind that DeleteLink or DeleteUser deleted.
type DeletedRows struct {
	Users, Tokens, Links, Keywords, Aggregates int
}
