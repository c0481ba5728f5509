package store

import (
	"fmt"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
)

// LinkDetails are the fields that the owner of a link may set. An aggregate link has only a
// UserTS, its Created.
type LinkDetails struct {
	// Title and Note may be empty.
	Title, Note string
	// Tags group the links of a user.
	Tags Tags
	// Private links are shown to their owner only. Their redirects are public.
	Private bool
	// Archived links are left out of lists by default.
	Archived bool
	// ForwardQuery says whether the parameters of a visit are added to the long URL.
	ForwardQuery Choice
	// UserTS is the time of the link for its owner, a Unix second. It orders the
	// owner's links.
	UserTS int64
	// Expires is the Unix second from which on the link has ended; 0 is never.
	Expires int64
	// MaxClicks is the number of clicks by people after which the link has ended; 0 is
	// no maximum.
	MaxClicks int64
	// ExpiredURL is where visitors are sent after the end; if it is empty, they see a page.
	ExpiredURL string
}

// Check fails with ErrText if a text cannot be kept.
func (d *LinkDetails) Check() error {
	for _, t := range [...]struct{ what, text string }{
		{"title", d.Title}, {"note", d.Note}, {"tags", string(d.Tags)}, {"expired URL", d.ExpiredURL},
	} {
		if t.text == "" {
			continue
		}
		if err := CheckText(t.what, t.text); err != nil {
			return err
		}
	}
	if tags := d.Tags.List(); NewTags(tags...) != d.Tags {
		return fmt.Errorf("tags %.100q: %w", d.Tags, ErrText)
	}
	return nil
}

// Tags is a set of tags in one string: in bytewise order, with commas between them. No tag is
// empty or has a comma.
type Tags string

// NewTags returns a set. It drops commas, empty tags and duplicates.
func NewTags(tags ...string) Tags {
	set := make([]string, 0, len(tags))
	for _, t := range tags {
		if t = strings.ReplaceAll(t, ",", ""); t != "" {
			set = append(set, t)
		}
	}
	slices.Sort(set)
	return Tags(strings.Join(slices.Compact(set), ","))
}

// List returns the tags, ascending; empty but never nil.
func (t Tags) List() []string {
	if t == "" {
		return []string{}
	}
	return strings.Split(string(t), ",")
}

// Has reports whether the tag is in the set.
func (t Tags) Has(tag string) bool { return slices.Contains(t.List(), tag) }

// Choice is what the owner of a link chose, or that they leave it to the server.
type Choice int8

// The choices. Stores keep these numbers.
const (
	Default Choice = 0
	On      Choice = 1
	Off     Choice = 2
)

// String is on, off or default.
func (c Choice) String() string {
	switch c {
	case On:
		return "on"
	case Off:
		return "off"
	}
	return "default"
}

// ParseChoice is the inverse of String; false for other texts.
func ParseChoice(s string) (c Choice, ok bool) {
	for _, c := range [...]Choice{Default, On, Off} {
		if c.String() == s {
			return c, true
		}
	}
	return Default, false
}

// Or returns the choice, or what the server does by default.
func (c Choice) Or(byDefault bool) bool { return c == On || c == Default && byDefault }

// MaxVersions is the number of versions of a link that are kept.
const MaxVersions = 100

// Version is where a link leads, or led.
type Version struct {
	// Number is 1 for the first version of a link, and one more for each one after it.
	// ForeignLinks do not need it.
	Number  int64
	LongURL string
	Since   int64 // Unix second
	// AggregateHash is that of the aggregate link; empty if it is not known.
	AggregateHash click.Hash
}

// LinkEdit is a change of a link: the fields that are not nil.
type LinkEdit struct {
	Title, Note, ExpiredURL *string
	Tags                    *Tags
	Private, Archived       *bool
	ForwardQuery            *Choice
	UserTS                  *int64
	Expires, MaxClicks      *int64
	// LongURL is where the link leads from now on. AggregateHash was drawn for the
	// aggregate link of it, if that must be made.
	LongURL       *string
	AggregateHash click.Hash
	Modified      int64 // Unix second of the edit
}

// Apply returns the link after the edit, with its former aggregate link, or ErrText if a
// text cannot be kept.
func (e *LinkEdit) Apply(l Link) (Link, error) {
	set(&l.Title, e.Title)
	set(&l.Note, e.Note)
	set(&l.ExpiredURL, e.ExpiredURL)
	set(&l.Tags, e.Tags)
	set(&l.Private, e.Private)
	set(&l.Archived, e.Archived)
	set(&l.ForwardQuery, e.ForwardQuery)
	set(&l.UserTS, e.UserTS)
	set(&l.Expires, e.Expires)
	set(&l.MaxClicks, e.MaxClicks)
	l.Modified = e.Modified
	if err := l.LinkDetails.Check(); err != nil || e.LongURL == nil {
		return l, err
	}
	l.LongURL = *e.LongURL
	if err := CheckText("aggregate hash", string(e.AggregateHash)); err != nil {
		return l, err
	}
	return l, CheckText("long URL", l.LongURL)
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
