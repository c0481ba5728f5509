package links

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// ErrNoVersion is for the number of a version that a link does not have.
var ErrNoVersion = errors.New("the link has no such version")

// Edit changes a link of a user. Its AggregateHash is drawn here. A LongURL must be one
// that NewURL or Version returned. From then on Resolve returns the link as it is after the
// edit; other processes may use the old one until they call Changed, or for LookupAge.
//
// The errors are click.ErrNotFound for an aggregate link or an unknown one, store.ErrText
// and click.ErrUnavailable.
func (l *Links) Edit(ctx context.Context, id click.LinkID, e store.LinkEdit) (store.Link, error) {
	for draw := range maxDraws {
		if e.LongURL != nil {
			var err error
			if e.AggregateHash, err = l.draw(hashLength + draw); err != nil {
				return store.Link{}, err
			}
			if Reserved(string(e.AggregateHash)) {
				continue
			}
		}
		link, err := l.links.EditLink(ctx, id, e)
		if errors.Is(err, click.ErrExists) {
			continue
		}
		if err != nil {
			return store.Link{}, fmt.Errorf("links: edit: %w", err)
		}
		l.wrote(store.Change{Links: []click.LinkID{id}, Names: []click.Hash{link.AggregateHash}})
		return link, nil
	}
	return store.Link{}, fmt.Errorf("links: edit: %d random hashes in a row were taken already: %w", maxDraws, click.ErrUnavailable)
}

// NewURL returns the URL, in the spelling of ParseLongURL, if a link may lead there. host is
// that of the HTTP request. The errors are ErrURL, ErrOwnLink and that of the store.
func (l *Links) NewURL(ctx context.Context, raw, host string) (string, error) {
	longURL, err := ParseLongURL(raw)
	if err != nil {
		return "", err
	}
	own, err := l.Own(ctx, longURL, host)
	if own {
		err = ErrOwnLink
	}
	if err != nil {
		return "", fmt.Errorf("links: %w", err)
	}
	return longURL, nil
}

// Version returns the long URL of a version of a link, or ErrNoVersion.
func (l *Links) Version(ctx context.Context, id click.LinkID, number int64) (string, error) {
	versions, err := l.links.Versions(ctx, id)
	if err != nil {
		return "", fmt.Errorf("links: version: %w", err)
	}
	for _, v := range versions {
		if v.Number == number {
			return v.LongURL, nil
		}
	}
	return "", fmt.Errorf("links: version %d: %w; it has %d to %d", number, ErrNoVersion,
		versions[len(versions)-1].Number, versions[0].Number)
}

// The bounds of tags.
const (
	MaxTags = 30 // of a link
	MaxTag  = 50 // characters
)

// ErrTag is for a text that cannot be a tag, and for too many tags. The error that wraps it
// says why.
var ErrTag = errors.New("not a tag")

// ParseTag returns a tag as it is kept: in lower case, with one blank between words and none
// around them. Tags have 1 to MaxTag letters, digits, marks, blanks, symbols and punctuation,
// except commas, which separate tags in lists.
func ParseTag(raw string) (string, error) {
	tag := strings.ToLower(strings.Join(strings.Fields(raw), " "))
	allowed := func(r rune) bool {
		return r != ',' && r != utf8.RuneError && (unicode.IsGraphic(r) || unicode.IsSpace(r))
	}
	var why string
	switch {
	case tag == "":
		why = "it is empty"
	case !utf8.ValidString(tag):
		why = "it is not UTF-8"
	case utf8.RuneCountInString(tag) > MaxTag:
		why = fmt.Sprintf("it is longer than %d characters", MaxTag)
	case strings.ContainsFunc(tag, func(r rune) bool { return !allowed(r) }):
		why = "it has a comma or a character that shows nothing"
	default:
		return tag, nil
	}
	return "", fmt.Errorf("links: %.100q: %w: %s", raw, ErrTag, why)
}

// ParseTags returns a set of tags, each as ParseTag returns it, at most MaxTags.
func ParseTags(raw ...string) (store.Tags, error) {
	tags := make([]string, len(raw))
	for i := range raw {
		var err error
		if tags[i], err = ParseTag(raw[i]); err != nil {
			return "", err
		}
	}
	set := store.NewTags(tags...)
	if len(set.List()) > MaxTags {
		return "", fmt.Errorf("links: more than %d tags: %w", MaxTags, ErrTag)
	}
	return set, nil
}
