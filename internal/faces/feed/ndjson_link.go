package feed

import (
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/valyala/fastjson"
)

func (f *ndjson) link(v *fastjson.Value, c *chunk) (err error) {
	var l namedLink
	err = fields{
		{"user", &l.Login, aLogin}, {"hash", (*string)(&l.Hash), aName}, {"long_url", &l.LongURL, aText},
		{"aggregate_hash", (*string)(&l.AggregateHash), aName | optional},
		{"title", &l.Details.Title, aText | optional}, {"note", &l.Details.Note, aText | optional},
	}.from(v)
	if err != nil {
		return err
	}
	if err := checkURL("long_url", l.LongURL); err != nil {
		return err
	}
	now := f.now().Unix()
	if l.Created, err = instantOf(v, "created", now); err != nil {
		return err
	}
	l.Details.UserTS, l.Modified = l.Created, l.Created
	if v.Exists("user_ts") { // users choose it
		if l.Details.UserTS, err = instantOf(v, "user_ts", click.Latest.Unix()-1); err != nil {
			return err
		}
	}
	if v.Exists("modified") {
		if l.Modified, err = instantOf(v, "modified", now); err != nil {
			return err
		}
	}
	if l.Details.Private, err = boolean(v, "private"); err != nil {
		return err
	}
	if l.Details.Archived, err = boolean(v, "archived"); err != nil {
		return err
	}
	if err := f.end(v, &l); err != nil {
		return err
	}
	if err := f.versions(v, &l); err != nil {
		return err
	}
	keywords, err := list(v, "keywords")
	if err != nil {
		return err
	}
	for _, k := range keywords {
		var named store.Keyword
		if !k.Exists("domain") { // it may be empty, but not forgotten
			return errors.New(`a keyword has no "domain"`)
		}
		if err := (fields{{"domain", &named.Domain, aText | optional}, {"keyword", (*string)(&named.Keyword), aName}}).from(k); err != nil {
			return err
		}
		if named.Domain != "" {
			named.Domain = keywordDomain(named.Domain)
		}
		l.keywords = append(l.keywords, named)
	}
	c.links = append(c.links, l)
	return errSkip
}

// end takes tags, the end of the link, and what it does with the query.
func (f *ndjson) end(v *fastjson.Value, l *namedLink) (err error) {
	d := &l.Details
	tags, err := list(v, "tags")
	if err != nil {
		return err
	}
	names := make([]string, len(tags))
	for i, t := range tags {
		b, err := t.StringBytes()
		if err != nil {
			return errors.New(`"tags" has something that is not a string`)
		}
		names[i] = string(b)
	}
	if d.Tags, err = links.ParseTags(names...); err != nil {
		return err
	}
	if v.Exists("expires") {
		if d.Expires, err = instantOf(v, "expires", click.Latest.Unix()-1); err != nil {
			return err
		}
	}
	if v.Exists("max_clicks") {
		if d.MaxClicks, err = integer(v, "max_clicks"); err == nil && d.MaxClicks < 0 {
			err = fmt.Errorf(`"max_clicks" is %d`, d.MaxClicks)
		}
		if err != nil {
			return err
		}
	}
	forward := ""
	if err := (fields{{"expired_url", &d.ExpiredURL, aText | optional}, {"forward_query", &forward, aText | optional}}).from(v); err != nil {
		return err
	}
	if d.ExpiredURL != "" {
		if err := checkURL("expired_url", d.ExpiredURL); err != nil {
			return err
		}
	}
	if forward != "" {
		var ok bool
		if d.ForwardQuery, ok = store.ParseChoice(forward); !ok {
			return fmt.Errorf(`"forward_query" is %.100q: on, off or default is expected`, forward)
		}
	}
	return nil
}

// versions takes the long URLs that the link had, oldest first. The last one is its long URL.
func (f *ndjson) versions(v *fastjson.Value, l *namedLink) error {
	all, err := list(v, "versions")
	if err != nil || len(all) == 0 {
		return err
	}
	if len(all) > store.MaxVersions {
		return fmt.Errorf("the link has %d versions; at most %d are allowed", len(all), store.MaxVersions)
	}
	versions := make([]store.Version, len(all))
	for i, one := range all {
		if err := (fields{{"long_url", &versions[i].LongURL, aText}, {"aggregate_hash", (*string)(&versions[i].AggregateHash), aName | optional}}).from(one); err != nil {
			return fmt.Errorf("version %d: %w", i+1, err)
		}
		if err := checkURL("long_url", versions[i].LongURL); err != nil {
			return fmt.Errorf("version %d: %w", i+1, err)
		}
		if versions[i].Since, err = instantOf(one, "since", f.now().Unix()); err != nil {
			return fmt.Errorf("version %d: %w", i+1, err)
		}
	}
	if last := versions[len(versions)-1].LongURL; last != l.LongURL {
		return fmt.Errorf(`the last version is %.200q, and "long_url" is another`, last)
	}
	l.Versions = &versions
	return nil
}

// list takes a list; a missing key is an empty one.
func list(v *fastjson.Value, key string) ([]*fastjson.Value, error) {
	if !v.Exists(key) {
		return nil, nil
	}
	values, err := v.Get(key).Array()
	if err != nil {
		return nil, fmt.Errorf("%q is not a list", key)
	}
	return values, nil
}
