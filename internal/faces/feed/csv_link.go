package feed

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// csvLink is a link as a record of a CSV file describes it.
type csvLink struct {
	line  uint64
	short string // the short URL or the name, as it is written
	name  string
	// domain is that of the old short URL; empty if it is one of sharedDomains, or not known.
	domain string
	// custom are other names of the link, without a domain if that is shared.
	custom []links.Place

	longURL  string
	details  store.LinkDetails
	created  int64
	clicks   uint64
	rejected error // why the link cannot be made
}

// sharedDomains have links of everybody. So none of them can be a domain of this installation.
var sharedDomains = []string{"bit.ly", "bitly.com", "j.mp", "dub.sh", "kutt.it", "kutt.to", "rebrand.ly", "short.gy", "tinyurl.com"}

const (
	// maxCount bounds the clicks of a link in a CSV file.
	maxCount = 10_000_000
	// maxCustom bounds the other names of a link in a CSV file.
	maxCustom = 20
	// maxShort bounds the texts of a link that is reported, in bytes.
	maxShort = 300
	// zoneSlack is how far, in seconds, the time of a zone may be ahead of UTC.
	zoneSlack = 14 * 3600
)

// link takes a link from a record. counts says whether its clicks are needed.
func (h *csvHeader) link(rec csvRecord, now int64, counts bool) csvLink {
	l := csvLink{line: rec.line}
	if l.rejected = rec.err; l.rejected == nil {
		l.rejected = h.take(&l, rec.fields, now, counts)
	}
	l.short = cut(l.short, maxShort)
	if l.rejected != nil { // it may be very long
		return csvLink{line: l.line, short: l.short, longURL: cut(l.longURL, maxShort), clicks: l.clicks, rejected: l.rejected}
	}
	return l
}

func (h *csvHeader) take(l *csvLink, fields []string, now int64, counts bool) (err error) {
	l.longURL = h.value(fields, longURL)
	l.short = h.value(fields, shortURL)
	if l.short == "" {
		l.short = h.value(fields, shortName)
	}
	if len(fields) > h.width && slices.ContainsFunc(fields[h.width:], func(s string) bool { return strings.TrimSpace(s) != "" }) {
		return fmt.Errorf("the line has %d fields and the header has %d: are quotes missing around a field?", len(fields), h.width)
	}
	if err := h.takeNames(l, fields); err != nil {
		return err
	}
	if l.longURL == "" {
		return errors.New("the long URL is empty")
	}
	if err := mayLead(l.longURL); err != nil {
		return err
	}
	for _, t := range []struct {
		column column
		to     *string
	}{{title, &l.details.Title}, {note, &l.details.Note}} {
		if *t.to = strings.Join(strings.FieldsFunc(h.value(fields, t.column), isLineEnd), " "); len(*t.to) > maxText {
			return fmt.Errorf("a text is longer than %d bytes", maxText)
		}
	}
	if l.details.Tags, err = links.ParseTags(fieldsOf(h.value(fields, tags), ",;|")...); err != nil {
		return err
	}
	if l.details.ExpiredURL = h.value(fields, expiredURL); l.details.ExpiredURL != "" {
		if err := mayLead(l.details.ExpiredURL); err != nil {
			return err
		}
	}
	if l.details.Expires, err = parseExpires(h.value(fields, expires)); err != nil {
		return err
	}
	if l.details.Archived, err = parseYes(h.value(fields, archived)); err != nil {
		return err
	}
	if l.created, err = parseCreated(h.value(fields, created), now); err != nil {
		return err
	}
	l.details.UserTS = l.created
	if l.clicks, err = parseCount(h.value(fields, count)); counts && err == nil && l.clicks > 0 {
		err = inTime(l.created, now)
	}
	if counts && err != nil {
		return err
	}
	f := l.foreign("-", l.name)
	return f.Check()
}

// mayLead fails if no link may lead to the URL.
func mayLead(url string) error {
	if len(url) > links.MaxLongURL {
		return fmt.Errorf("a URL is longer than %d bytes", links.MaxLongURL)
	}
	if err := links.CheckForeignURL(url); err != nil {
		return fmt.Errorf("links may not lead to %.200q: %w", url, err)
	}
	return nil
}

// fieldsOf splits a list, and leaves out its empty parts.
func fieldsOf(s, separators string) []string {
	return slices.DeleteFunc(strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(separators, r) }), func(s string) bool { return strings.TrimSpace(s) == "" })
}

func isLineEnd(r rune) bool { return r == '\n' || r == '\r' }

// takeNames sets the name, the domain and the custom names of a link from the fields.
func (h *csvHeader) takeNames(l *csvLink, fields []string) error {
	for _, s := range fieldsOf(h.value(fields, customURL), ",;| \n\r") {
		p, ok := links.ParsePlace(s)
		if !ok || len(l.custom) == maxCustom {
			return fmt.Errorf("%.100q is not a short URL", s)
		}
		l.custom = append(l.custom, p)
	}
	var p links.Place
	if s := h.value(fields, shortURL); s != "" {
		var ok bool
		_, rest, url := weburl.CutScheme(s)
		if p, ok = links.ParsePlace(s); !ok || url && !strings.Contains(rest, "/") {
			return fmt.Errorf("%.100q is not a short URL with a name", s)
		}
	}
	if s := h.value(fields, shortName); s != "" {
		p.Name = s
	} else if p.Name == "" && len(l.custom) > 0 {
		p, l.custom = l.custom[0], l.custom[1:]
	}
	if s := h.value(fields, shortDomain); s != "" {
		if p.Host = weburl.Host(s); p.Host == "" {
			return fmt.Errorf("%.100q is not a domain", s)
		}
	}
	l.name = strings.Trim(p.Name, "/")
	if l.name == "" {
		return errors.New("the link has no name")
	}
	if l.short == "" || !strings.Contains(l.short, "/") && p.Host != "" {
		l.short = strings.TrimPrefix(p.Host+"/"+l.name, "/")
	}
	if !slices.Contains(sharedDomains, p.Host) {
		l.domain = p.Host
	}
	for i := range l.custom {
		c := &l.custom[i]
		c.Name = strings.Trim(c.Name, "/")
		if slices.Contains(sharedDomains, c.Host) {
			c.Host = ""
		}
		if err := links.CheckForeignName(c.Name); err != nil {
			return err
		}
	}
	l.custom = slices.DeleteFunc(l.custom, func(c links.Place) bool { return c.Name == "" || c.Name == l.name && c.Host == l.domain })
	return links.CheckForeignName(l.name)
}

// foreign is the link for the store, without a keyword.
func (l *csvLink) foreign(login, hash string) store.ForeignLink {
	return store.ForeignLink{Login: login, Hash: click.Hash(hash), LongURL: l.longURL, Created: l.created, Details: l.details}
}

// parseCreated returns the time at which a link was made, in Unix seconds: now if it is
// not known.
func parseCreated(s string, now int64) (int64, error) {
	if s == "" || strings.HasPrefix(s, "0000-00-00") { // a MySQL database without the date
		return now, nil
	}
	t, zoned, err := parseDate(s)
	if err != nil {
		return 0, err
	}
	if !zoned && t > now && t <= now+zoneSlack {
		return now, nil
	}
	switch {
	case t < 0:
		return 0, fmt.Errorf("the link was made at %s, which is before 1970", instant(t))
	case t > now:
		return 0, fmt.Errorf("the link was made at %s, which is in the future", instant(t))
	}
	return t, nil
}

// parseExpires returns the time at which a link ends, in Unix seconds: 0 if it does not.
func parseExpires(s string) (int64, error) {
	if s == "" || s == "null" || strings.HasPrefix(s, "0000-00-00") {
		return 0, nil
	}
	t, _, err := parseDate(s)
	if err == nil && (t <= 0 || t >= click.Latest.Unix()) {
		err = fmt.Errorf("the link ends at %s, which is not between 1970 and 2099", instant(t))
	}
	return t, err
}

// parseCount returns a number of clicks. It may have commas between thousands.
func parseCount(s string) (uint64, error) {
	if s == "" {
		return 0, nil
	}
	digits := s
	if groups := strings.Split(s, ","); len(groups) > 1 && !slices.ContainsFunc(groups[1:], func(g string) bool { return len(g) != 3 }) {
		digits = strings.Join(groups, "")
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the number of clicks is %.40q, which is not a whole number", s)
	}
	if n > maxCount {
		return 0, fmt.Errorf("the link has %.40s clicks; at most %d can be imported", s, maxCount)
	}
	return n, nil
}

// parseYes reads a field that is true or false; an empty one is false.
func parseYes(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true", "yes", "1", "y":
		return true, nil
	case "", "false", "no", "0", "n", "null":
		return false, nil
	}
	return false, fmt.Errorf("%.40q is neither true nor false", s)
}
