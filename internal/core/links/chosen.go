package links

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/storage/store"
)

// ErrName is for a name that people may not choose for a link. The error that wraps it says
// why.
var ErrName = errors.New("not a name that a link can have")

// MaxNames is the number of names that people may choose for one link.
const MaxNames = 100

// What follows the name of a link in the paths of pages about it.
const (
	QRCode = ".qrcode"
	Plus   = "+" // CheckName refuses it, as all symbols
)

// TakenError says that another link has a chosen name.
type TakenError struct {
	Name   string
	Holder click.Hash // of the other link
	// As is how it has the name: as its hash, as the hash of its aggregate link, or as a
	// keyword.
	As string
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("the name %q is taken: it is %s %s", e.Name, e.As, e.Holder)
}

// Is makes every TakenError a click.ErrExists.
func (e *TakenError) Is(target error) bool { return target == click.ErrExists }

// CheckName fails with ErrName if people may not choose the name for a link. A name has
// letters and digits of any script, with their marks, and "-", "_", ".", "~" and "/"; at
// most MaxName bytes. It is a path that visitors, browsers and programs leave as it is (see
// tryNames), is not a path of the server, and does not end as the paths of pages about links.
func CheckName(name string) error {
	fail := func(why string) error { return fmt.Errorf("links: %.200q is %w: %s", name, ErrName, why) }
	switch {
	case name == "":
		return fail("it is empty")
	case len(name) > MaxName:
		return fail(fmt.Sprintf("it is longer than %d bytes", MaxName))
	case strings.ContainsFunc(name, showsNothing):
		return fail("it has a character that shows nothing, and another link could have a name that looks the same")
	case strings.ContainsFunc(name, notInName):
		return fail(`it has a character that is not a letter, a digit, "-", "_", ".", "~" or "/"`)
	case withoutPunctuation(name) != name || withoutSlashes(name) != name:
		return fail(`it has a "/" at an end, a "." at its end, an empty segment, or a segment "." or ".."`)
	case unicode.IsMark([]rune(name)[0]):
		return fail("it begins with a mark that belongs to a letter")
	case Reserved(strings.ToLower(name)):
		return fail("the server itself answers this path")
	case strings.HasSuffix(strings.ToLower(name), QRCode):
		return fail("the QR code of a link has that ending")
	}
	return nil
}

// showsNothing is about letters and marks too, such as U+3164 and U+FE0F.
func showsNothing(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func notInName(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) && !strings.ContainsRune("-_./~", r)
}

// Naming is a name to give to a link.
type Naming struct {
	Name string
	// Domain is the one on which the name is valid, one of ours (see Links.Domain). If it
	// is empty, the name is valid on every domain.
	Domain string
	Host   string // of the HTTP request
	// Overwrite takes the name from another link of the same user. If that has it on every
	// domain, the name stays on every domain, so that no short URL stops working.
	Overwrite bool
}

// Name gives a link a name that people choose. From then on Resolve finds the link by it,
// in any case. Nothing changes if the link has the name already.
//
// The errors are ErrName, ErrDomain, a TakenError, click.ErrNotFound if there is no such
// link, and that of the store.
func (l *Links) Name(ctx context.Context, link store.Link, n Naming) error {
	k, err := l.keyword(n)
	if err != nil {
		return err
	}
	has, err := l.links.Keywords(ctx, []click.LinkID{link.ID})
	if err != nil {
		return fmt.Errorf("links: name: %w", err)
	}
	k.Link = link.ID
	if len(has) >= MaxNames && !slices.Contains(has, k) {
		return fmt.Errorf("links: %.200q is %w: link %s has %d names already", n.Name, ErrName, link.Hash, MaxNames)
	}
	holder, err := l.links.NameLink(ctx, k, n.Overwrite)
	if n.Overwrite && k.Domain != "" && errors.Is(err, click.ErrExists) && holder.User == link.User {
		k.Domain = "" // the other link may have the name on every domain, and it stays there
		holder, err = l.links.NameLink(ctx, k, true)
	}
	if errors.Is(err, click.ErrExists) {
		return taken(k, holder)
	}
	if err != nil {
		return fmt.Errorf("links: name: %w", err)
	}
	c := store.Change{Keywords: []store.Keyword{k}}
	if n.Overwrite { // other spellings of the name may lead to another link still
		c.Owners = []click.UserID{link.User}
	}
	l.wrote(c)
	return nil
}

// free fails with a TakenError if a link that is to be made cannot have the name.
func (l *Links) free(ctx context.Context, k store.Keyword) error {
	holder, err := l.links.NameHolder(ctx, k.Domain, k.Keyword)
	switch {
	case errors.Is(err, click.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("links: name: %w", err)
	}
	return taken(k, holder)
}

func taken(k store.Keyword, holder store.Link) error {
	e := &TakenError{Name: string(k.Keyword), Holder: holder.Hash, As: "a name of the link"}
	switch {
	case holder.Hash == k.Keyword && holder.User == click.Nobody:
		e.As = "the hash of the aggregate link"
	case holder.Hash == k.Keyword:
		e.As = "the hash of the link"
	}
	return e
}

// keyword is the name as it is stored, without a link.
func (l *Links) keyword(n Naming) (store.Keyword, error) {
	if err := CheckName(n.Name); err != nil {
		return store.Keyword{}, err
	}
	k := store.Keyword{Keyword: click.Hash(n.Name)}
	if n.Domain == "" {
		return k, nil
	}
	domain, err := l.Domain(n.Domain, n.Host)
	if err != nil {
		return store.Keyword{}, err
	}
	k.Domain = weburl.Host(domain)
	return k, nil
}

// KeywordURL is the short URL of a keyword. domain is for keywords that are on every domain;
// a keyword on one of our domains has the port of that domain.
func (l *Links) KeywordURL(k store.Keyword, domain string) string {
	if k.Domain == "" || k.Domain == weburl.Host(domain) {
		return l.ShortURL(domain, k.Keyword)
	}
	for _, ours := range l.domains {
		if k.Domain == weburl.Host(ours.Host) {
			return l.ShortURL(ours.String(), k.Keyword)
		}
	}
	return l.ShortURL(k.Domain, k.Keyword)
}
