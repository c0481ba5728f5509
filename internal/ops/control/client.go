package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
)

// Client speaks to the process that owns a directory. It is an Owner itself.
type Client struct{ http http.Client }

// NewClient makes a client that reaches the socket by dial.
func NewClient(dial func(ctx context.Context) (net.Conn, error)) *Client {
	return &Client{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}}
}

// ErrCutOff: the owner went away before it was done.
var ErrCutOff = errors.New("the footfall process that owns the data directory went away: run the command again")

// ErrStopping: the owner was told to stop before it was done.
var ErrStopping = errors.New("the footfall process that owns the data directory is stopping: run the command again")

// AddUser implements Owner.
func (c *Client) AddUser(ctx context.Context, login string) (token string, err error) {
	err = c.call(ctx, http.MethodPost, "users", url.Values{"login": {login}}, nil, nil, &token)
	return token, err
}

// AddToken implements Owner.
func (c *Client) AddToken(ctx context.Context, login string) (token string, err error) {
	err = c.call(ctx, http.MethodPost, "tokens", url.Values{"login": {login}}, nil, nil, &token)
	return token, err
}

// RevokeToken implements Owner.
func (c *Client) RevokeToken(ctx context.Context, login, token string) error {
	var none any
	return c.call(ctx, http.MethodDelete, "token", url.Values{"login": {login}}, strings.NewReader(token), nil, &none)
}

// RevokeTokens implements Owner.
func (c *Client) RevokeTokens(ctx context.Context, login string) (revoked int, err error) {
	err = c.call(ctx, http.MethodDelete, "tokens", url.Values{"login": {login}}, nil, nil, &revoked)
	return revoked, err
}

// SetPassword implements Owner.
func (c *Client) SetPassword(ctx context.Context, login, password string) error {
	var none any
	return c.call(ctx, http.MethodPut, "password", url.Values{"login": {login}}, strings.NewReader(password), nil, &none)
}

// APIKey implements Owner.
func (c *Client) APIKey(ctx context.Context, login string) (key string, err error) {
	err = c.call(ctx, http.MethodGet, "key", url.Values{"login": {login}}, nil, nil, &key)
	return key, err
}

// NewAPIKey implements Owner.
func (c *Client) NewAPIKey(ctx context.Context, login string) (key string, err error) {
	err = c.call(ctx, http.MethodPost, "key", url.Values{"login": {login}}, nil, nil, &key)
	return key, err
}

// ListUsers implements Owner.
func (c *Client) ListUsers(ctx context.Context, after string) (users []User, err error) {
	err = c.call(ctx, http.MethodGet, "users", url.Values{"after": {after}}, nil, nil, &users)
	return users, err
}

// AddLink implements Owner.
func (c *Client) AddLink(ctx context.Context, login, longURL, domain string) (shortURL string, err error) {
	err = c.call(ctx, http.MethodPost, "links", url.Values{"login": {login}, "url": {longURL}, "domain": {domain}}, nil, nil, &shortURL)
	return shortURL, err
}

// ListLinks implements Owner.
func (c *Client) ListLinks(ctx context.Context, login, domain string, each func(Link)) error {
	var none any
	return c.call(ctx, http.MethodGet, "links", url.Values{"login": {login}, "domain": {domain}}, nil, func(e event) {
		if e.Link != nil {
			each(*e.Link)
		}
	}, &none)
}

// Stats implements Owner.
func (c *Client) Stats(ctx context.Context, o StatsOptions) (s Stats, err error) {
	options, err := json.Marshal(o)
	if err != nil {
		return s, err
	}
	err = c.call(ctx, http.MethodGet, "stats", url.Values{"options": {string(options)}}, nil, nil, &s)
	return s, err
}

// UserClicks implements Owner.
func (c *Client) UserClicks(ctx context.Context, login string) (clicks uint64, err error) {
	err = c.call(ctx, http.MethodGet, "users/clicks", url.Values{"login": {login}}, nil, nil, &clicks)
	return clicks, err
}

// LinkClicks implements Owner.
func (c *Client) LinkClicks(ctx context.Context, link string) (clicks uint64, err error) {
	err = c.call(ctx, http.MethodGet, "links/clicks", url.Values{"link": {link}}, nil, nil, &clicks)
	return clicks, err
}

// DeleteUser implements Owner.
func (c *Client) DeleteUser(ctx context.Context, login string) (r datadir.Removal, err error) {
	err = c.call(ctx, http.MethodDelete, "users", url.Values{"login": {login}}, nil, nil, &r)
	return r, err
}

// DeleteLink implements Owner.
func (c *Client) DeleteLink(ctx context.Context, link string) (r datadir.Removal, err error) {
	err = c.call(ctx, http.MethodDelete, "links", url.Values{"link": {link}}, nil, nil, &r)
	return r, err
}

// Import implements Owner.
func (c *Client) Import(ctx context.Context, format string, r io.Reader, reject func(feed.Rejected)) (result feed.Result, err error) {
	input := &input{Reader: r}
	// Through a pipe, so that nothing waits for an input that is quiet when the
	// owner has gone.
	body, fill := io.Pipe()
	go func() {
		_, err := io.Copy(fill, input)
		fill.CloseWithError(err)
	}()
	defer body.Close()
	// The transport waits for its read of the body before it gives up.
	defer context.AfterFunc(ctx, func() { fill.CloseWithError(ctx.Err()) })()
	err = c.call(ctx, http.MethodPost, "import", url.Values{"format": {format}}, body, func(e event) {
		if e.Rejected != nil {
			reject(*e.Rejected)
		}
	}, &result)
	if failed := input.failed(); failed != nil {
		err = failed
	}
	return result, err
}

// input remembers why it could not be read: that it is the command's own
// fault, and not the owner's.
type input struct {
	io.Reader
	mu  sync.Mutex
	err error
}

func (i *input) Read(b []byte) (int, error) {
	n, err := i.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.err = err
	}
	return n, err
}

func (i *input) failed() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.err
}

// Export implements Owner.
func (c *Client) Export(ctx context.Context, w io.Writer, clicks bool) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://footfall/export?clicks="+strconv.FormatBool(clicks), nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("%w (%w)", ErrCutOff, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if _, err := io.Copy(w, resp.Body); err != nil {
		return fmt.Errorf("export: %w", err)
	}
	switch failed := resp.Trailer.Get(exportError); failed {
	case "none":
		return nil
	case "":
		return ErrCutOff
	case exportStopping:
		return ErrStopping
	default:
		if text, err := strconv.Unquote(failed); err == nil {
			failed = text
		}
		return errors.New(failed)
	}
}

// Backup implements Owner.
func (c *Client) Backup(ctx context.Context, to string, keep int) (m backup.Manifest, err error) {
	err = c.call(ctx, http.MethodPost, "backup", watched(ctx, url.Values{"to": {to}, "keep": {strconv.Itoa(keep)}}), nil, nil, &m)
	return m, err
}

// Repair implements Owner.
func (c *Client) Repair(ctx context.Context, report func(string)) error {
	var nothing any
	return c.call(ctx, http.MethodPost, "repair", nil, nil, func(e event) {
		if e.Finding != "" {
			report(e.Finding)
		}
	}, &nothing)
}

// Health implements Owner.
func (c *Client) Health(ctx context.Context) (health string, err error) {
	err = c.call(ctx, http.MethodGet, "health", nil, nil, nil, &health)
	return health, err
}

// Check implements Owner.
func (c *Client) Check(ctx context.Context, report func(string)) (v datadir.Verdict, err error) {
	err = c.call(ctx, http.MethodPost, "check", watched(ctx, url.Values{}), nil, func(e event) {
		if e.Finding != "" {
			report(e.Finding)
		}
	}, &v)
	return v, err
}

// watched has the owner say how far it is, where somebody watches.
func watched(ctx context.Context, params url.Values) url.Values {
	if meter.Of(ctx) != nil {
		params.Set(watching, "true")
	}
	return params
}

// call sends a request and reads events up to the result, which may come with
// an error.
func (c *Client) call(ctx context.Context, method, path string, params url.Values, body io.Reader, each func(event), result any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://footfall/"+path+"?"+params.Encode(), body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w (%w)", ErrCutOff, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return ErrCutOff
		}
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			return fmt.Errorf("control: %s: %w", path, err)
		}
		switch {
		case e.Stopping:
			return ErrStopping
		case e.Result != nil:
			if err := json.Unmarshal(e.Result, result); err != nil {
				return fmt.Errorf("control: %s: %w", path, err)
			}
			if e.Error != "" {
				return errors.New(e.Error)
			}
			return nil
		case e.Error != "":
			return errors.New(e.Error)
		case e.Progress != nil:
			if m := meter.Of(ctx); m != nil {
				m.Show(*e.Progress)
			}
		case each != nil:
			each(e)
		}
	}
}
