package store

import (
	"cmp"
	"context"
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
	// LongURL is the link's own. Where two installations disagree, it may
	// differ from that of the aggregate link.
	LongURL string
	// Created is a Unix second.
	Created int64
	LinkDetails
	// Modified is the Unix second of the last EditLink, else Created.
	Modified int64
}

// SeenBy tells whether the user may see the link, which belongs to somebody:
// a private link is there for its owner only.
func (l *Link) SeenBy(user click.UserID) bool { return !l.Private || l.User == user }

// Seen returns what the user may see of all the links of one long URL, in
// their order: the links that SeenBy allows, and the aggregate links that one
// of these names. It overwrites links.
func Seen(links []Link, user click.UserID) []Link {
	named := make(map[click.LinkID]bool)
	for i := range links {
		if l := &links[i]; l.User != click.Nobody && l.SeenBy(user) {
			named[l.Aggregate] = true
		}
	}
	return slices.DeleteFunc(links, func(l Link) bool {
		if l.User == click.Nobody {
			return !named[l.ID]
		}
		return !l.SeenBy(user)
	})
}

// LinkDetails is what the owner of a link says of it, and may change. An
// aggregate link has none: its UserTS is its Created.
type LinkDetails struct {
	// Title and Note are empty where he gave none.
	Title, Note string
	// Private links are shown to their owner only. They lead on all the same.
	Private bool
	// Archived links are left out of lists unless asked for.
	Archived bool
	// UserTS is when the owner wants to have made the link, a Unix second. It
	// orders his links.
	UserTS int64
}

// Check fails with ErrText where a text cannot be kept.
func (d *LinkDetails) Check() error {
	for _, t := range [2]struct{ what, text string }{{"title", d.Title}, {"note", d.Note}} {
		if t.text == "" {
			continue
		}
		if err := CheckText(t.what, t.text); err != nil {
			return err
		}
	}
	return nil
}

// ForeignLink is a link as another installation named it.
type ForeignLink struct {
	Login string
	Hash  click.Hash
	// AggregateHash may equal Hash, and yet names another link: the one that
	// nobody owns. Empty means the same as Hash.
	AggregateHash click.Hash
	LongURL       string
	Created       int64 // Unix second
	// Details and Modified are those of the link, if it is made, or if nobody
	// has said any of the one that is known. Where UserTS or Modified is 0, it is
	// Created.
	Details  LinkDetails
	Modified int64 // Unix second
	// Domain and Keyword are a custom name of the link; both or none. Domains
	// are compared in lower case.
	Domain  string
	Keyword click.Hash
}

// Aggregate is the hash of the link's aggregate link.
func (l *ForeignLink) Aggregate() click.Hash {
	if l.AggregateHash == "" {
		return l.Hash
	}
	return l.AggregateHash
}

// Made is the details of the link, and when it was modified, if it is made.
func (l *ForeignLink) Made() (d LinkDetails, modified int64) {
	d = l.Details
	d.UserTS = cmp.Or(d.UserTS, l.Created)
	return d, cmp.Or(l.Modified, l.Created)
}

// Describe gives the details to a link that is known, and tells whether that
// changed it. The known link keeps its own where somebody said one of them
// before, or where the foreign link says none, or has another long URL.
// Whether both have the same owner is for the caller to know. No link is modified
// before it was made.
func (l *ForeignLink) Describe(known *Link) bool {
	none := LinkDetails{UserTS: known.Created}
	if l.LongURL != known.LongURL || known.LinkDetails != none || known.Modified != known.Created {
		return false
	}
	if d, modified := l.Made(); modified == l.Created && d == (LinkDetails{UserTS: l.Created}) {
		return false
	}
	d := l.Details
	d.UserTS = cmp.Or(d.UserTS, known.Created)
	modified := max(l.Modified, known.Created)
	changed := d != none || modified != known.Created
	known.LinkDetails, known.Modified = d, modified
	return changed
}

// Check fails with ErrText where a text of the link cannot be kept, or where
// only one of domain and keyword is given.
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
	if l.Domain == "" && l.Keyword == "" {
		return nil
	}
	if err := CheckText("domain", l.Domain); err != nil {
		return err
	}
	return CheckText("keyword", string(l.Keyword))
}

// NewLink is a link to be made here, under hashes that were drawn for it.
type NewLink struct {
	User    click.UserID
	LongURL string
	Hash    click.Hash
	// AggregateHash is for the aggregate link, should there be none yet.
	AggregateHash click.Hash
	Created       int64 // Unix second
	LinkDetails
}

// Check fails with ErrText where a text of the link cannot be kept.
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

// LinkEdit says what EditLink changes: the details that are not nil.
type LinkEdit struct {
	Title, Note       *string
	Private, Archived *bool
	UserTS            *int64
	Modified          int64 // Unix second of the edit
}

// Apply returns the link as the edit leaves it, or ErrText where a text cannot
// be kept.
func (e *LinkEdit) Apply(l Link) (Link, error) {
	set(&l.Title, e.Title)
	set(&l.Note, e.Note)
	set(&l.Private, e.Private)
	set(&l.Archived, e.Archived)
	set(&l.UserTS, e.UserTS)
	l.Modified = e.Modified
	return l, l.LinkDetails.Check()
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

// Links keeps links. A call that returns without error is durable.
// Implementations are safe for concurrent use.
//
// Links and aggregate links share one space of ids. A hash is unique among
// links and unique among aggregate links, so that one hash may name one of
// each. An aggregate link has one long URL, but imports may bring several
// aggregate links with the same one. Of several links the oldest is the one
// created first; of those created in the same second, the one whose hash comes
// first bytewise.
type Links interface {
	// ImportLinks takes the links in the order given and returns them in that
	// order, as they are after the call. A hash that is known, or that came earlier in the batch, stands as
	// it was first said: owner, long URL, aggregate link, creation. A later word
	// of the same owner adds the keyword, if that is missing, and the details,
	// if nobody has said any (see Describe); a word of another owner adds the
	// keyword only. For a new hash the user and the aggregate link are made where
	// they are missing, as old as the link. Of the links of one user with the
	// same UserTS that one call makes, the ids ascend in the order given. A
	// keyword of a domain stays with the link it was first given to. All or
	// nothing; ErrText where a link does not pass Check.
	ImportLinks(ctx context.Context, links []ForeignLink) ([]Link, error)
	// MakeLink returns the user's link of exactly this long URL, the oldest if
	// there are several, and false; nothing changes then. Where the user has
	// none, it makes one and returns it with true. The new link's aggregate
	// link is the oldest one of the same long URL whose hash is not that of
	// another user's private link too, or is made with it, as old as it is.
	// However many calls and processes ask at once, each user gets one link and
	// the long URL one aggregate link. Details are of the link that is made;
	// its Modified is its Created.
	//
	// The hashes of a link that is to be made must differ, and neither may name
	// a link, an aggregate link or a keyword, needed or not: else
	// click.ErrExists. click.ErrNotFound where there is no such user, ErrText
	// where the link does not pass Check.
	MakeLink(ctx context.Context, link NewLink) (Link, bool, error)
	// LinkByName resolves a request: the keyword of that domain, else the link
	// of that hash, else the aggregate link of that hash, else the oldest
	// keyword of that name on any domain. Else click.ErrNotFound. Hashes and
	// keywords are case-sensitive, domains are not.
	LinkByName(ctx context.Context, domain string, name click.Hash) (Link, error)
	// LinkByID finds a link or an aggregate link, or click.ErrNotFound.
	LinkByID(ctx context.Context, id click.LinkID) (Link, error)
	// Hashes returns the hashes of links and aggregate links, in the order
	// given; an unknown id has the empty one.
	Hashes(ctx context.Context, ids []click.LinkID) ([]click.Hash, error)
	// LinkOfURL is the user's oldest link of exactly this long URL, or the
	// oldest aggregate link of it where the user is click.Nobody, whoever may
	// see it. Else click.ErrNotFound.
	LinkOfURL(ctx context.Context, user click.UserID, longURL string) (Link, error)
	// LinksOfURL lists every link and every aggregate link of exactly this long
	// URL, oldest first. Of one that is as old and named as another, the
	// aggregate link comes first.
	LinksOfURL(ctx context.Context, longURL string) ([]Link, error)
	// SeenAggregate is an aggregate link as the user may see it. Of the links
	// that name it and have its long URL, those count that the user may see (see
	// Link.SeenBy): without any it is click.ErrNotFound, as an id is that no
	// aggregate link has. Its Created, UserTS and Modified are its own if one of
	// these links was created then, else those of the oldest of them.
	SeenAggregate(ctx context.Context, user click.UserID, id click.LinkID) (Link, error)
	// SeenAggregateOfURL is the oldest aggregate link of exactly this long URL
	// among those that SeenAggregate finds, and as it says. Else
	// click.ErrNotFound.
	SeenAggregateOfURL(ctx context.Context, user click.UserID, longURL string) (Link, error)
	// HasDomain tells whether any link has a keyword on the domain.
	HasDomain(ctx context.Context, domain string) (bool, error)
	// ListLinks lists the links that pass the filter, by descending UserTS,
	// those of the same second by descending id; and how many pass it, listed
	// or not.
	ListLinks(ctx context.Context, f LinkFilter) (links []Link, all int, err error)
	// MoreLinks tells whether the user has more links than so many. It takes no
	// longer where there are more than where there are just so many.
	MoreLinks(ctx context.Context, user click.UserID, than int) (bool, error)
	// CountLinks counts the user's links by Created in the intervals between
	// consecutive edges, which are ascending Unix seconds, two at least:
	// interval i is edges[i] ≤ t < edges[i+1].
	CountLinks(ctx context.Context, user click.UserID, edges []int64) ([]uint64, error)
	// FirstLink is the earliest Created of the user's links; false where he has
	// none.
	FirstLink(ctx context.Context, user click.UserID) (int64, bool, error)
	// EditLink changes a link and returns it as it is then. click.ErrNotFound
	// where there is none, or where it is an aggregate link; ErrText where a
	// text cannot be kept: then nothing changes.
	EditLink(ctx context.Context, id click.LinkID, e LinkEdit) (Link, error)
	// AllLinks lists the links of all users by ascending id, at most limit of
	// them, from the first after the given one. A limit below 1 lists none.
	AllLinks(ctx context.Context, after click.LinkID, limit int) ([]Link, error)
	// Keywords lists the keywords of links, the oldest first.
	Keywords(ctx context.Context, links []click.LinkID) ([]Keyword, error)
	// DeleteLink removes a link with its keywords, and its aggregate link where
	// no other link has that. Its names are free from then on, its id is never
	// given again, and Deletions has what is to be removed from the counts.
	// click.ErrNotFound where there is none, or where it is an aggregate link.
	DeleteLink(ctx context.Context, id click.LinkID) (DeletedRows, error)
	// Deletions lists the scopes of users and links that were removed, and
	// whose counts are to be removed still, at most limit of them: all of a
	// user come as one scope.
	Deletions(ctx context.Context, limit int) ([]rollup.Scope, error)
	// FinishDeletions takes scopes off the list of Deletions.
	FinishDeletions(ctx context.Context, scopes []rollup.Scope) error
}

// Keyword is a name of a link on one domain, in lower case.
type Keyword struct {
	Link    click.LinkID
	Domain  string
	Keyword click.Hash
}

// DeletedRows is how many rows of each kind DeleteLink or DeleteUser deleted.
type DeletedRows struct {
	Users, Tokens, Links, Keywords, Aggregates int
}
