package v3

import (
	"errors"
	"math"
	"strings"

	"github.com/footfall/footfall/internal/base/argument"
	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

// userLinkEdit is user/link_edit: it changes details of the user's link.
func (a *API) userLinkEdit(c *call) (any, error) {
	user := c.authUser()
	written := c.required("link")
	e := c.edit()
	if err := c.endParams(); err != nil {
		return nil, err
	}
	l, err := a.Links.Find(c.ctx, written, c.host)
	if err == nil && l.User != user.ID {
		err = click.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	bytes := length(e.Title) + length(e.Note) + length(e.LongURL) + length(e.ExpiredURL) + length((*string)(e.Tags))
	err = c.write(bytes, func() (bool, error) {
		l, err = a.Links.Edit(c.ctx, l.ID, e)
		return true, err
	})
	if err != nil {
		return nil, err
	}
	return object{{"link_edit", object{{"link", c.shortURL(l.Hash)}}}}, nil
}

func length(text *string) int {
	if text == nil {
		return 0
	}
	return len(*text)
}

// edit takes the parameter edit and the fields that it names. It ignores other fields.
// All names are checked before the values.
func (c *call) edit() store.LinkEdit {
	named := map[string]bool{}
	for name := range strings.SplitSeq(c.query.get("edit"), ",") {
		switch name = strings.TrimSpace(name); name {
		case "":
		case "title", "note", "private", "user_ts", "archived",
			"long_url", "tags", "expires", "expired_url", "max_clicks", "forward_query":
			named[name] = true
		default:
			c.fail(unknownField(name))
		}
	}
	if len(named) == 0 {
		c.fail(missing("edit"))
	}
	e := store.LinkEdit{Modified: c.now.Unix()}
	if named["title"] {
		e.Title = new(c.text("title"))
	}
	if named["note"] {
		e.Note = new(c.text("note"))
	}
	if named["private"] {
		c.required("private")
		e.Private = new(c.bool("private", false))
	}
	if named["user_ts"] {
		c.required("user_ts")
		e.UserTS = new(c.timestamp("user_ts", argument.LastOfDay))
	}
	if named["archived"] {
		c.required("archived")
		e.Archived = new(c.bool("archived", false))
	}
	if named["long_url"] {
		e.LongURL = c.newURL("long_url", c.required("long_url"))
	}
	if named["tags"] {
		e.Tags = new(c.tags())
	}
	if named["expires"] {
		c.required("expires")
		e.Expires = new(c.expires())
	}
	if named["expired_url"] {
		e.ExpiredURL = c.newURL("expired_url", c.query.get("expired_url"))
	}
	if named["max_clicks"] {
		c.required("max_clicks")
		e.MaxClicks = new(c.int("max_clicks", 0, 0, math.MaxInt64))
	}
	if named["forward_query"] {
		c.required("forward_query")
		choice, _ := store.ParseChoice(c.choice("forward_query", "default", "on", "off"))
		e.ForwardQuery = &choice
	}
	return e
}

// tags is the parameter tags: tags that are separated by commas, in one value or several.
func (c *call) tags() store.Tags {
	var raw []string
	for _, value := range c.query.all("tags") {
		raw = append(raw, strings.Split(value, ",")...)
	}
	tags, err := links.ParseTags(raw...)
	if err != nil {
		c.fail(invalid("tags"))
	}
	return tags
}

// expires is the parameter expires: an instant, or never, which is 0.
func (c *call) expires() int64 {
	if c.query.get("expires") == "never" {
		return 0
	}
	return c.timestamp("expires", argument.LastOfDay)
}

// newURL is the value of a parameter that is a URL to which a link may lead; empty stays
// empty.
func (c *call) newURL(name, raw string) *string {
	if raw == "" || c.err != nil {
		return &raw
	}
	longURL, err := c.api.Links.NewURL(c.ctx, onceEncoded(raw), c.host)
	if errors.Is(err, links.ErrURL) {
		err = invalid(name)
	}
	c.fail(err)
	return &longURL
}

// unknownField is the status for a field that cannot be edited. It has the name of
// the field, if that is a possible name.
func unknownField(name string) status {
	if len(name) > 64 || strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		name = "edit"
	}
	return status{Code: 400, Text: invalid(name).Text}
}
