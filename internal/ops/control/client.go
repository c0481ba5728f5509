package control

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/footfall/footfall/internal/base/meter"
)

// Client speaks to the process that owns a data directory.
type Client struct{ http http.Client }

// NewClient makes a client that reaches the socket by dial.
func NewClient(dial func(ctx context.Context) (net.Conn, error)) *Client {
	return &Client{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}}}
}

// call sends a command and reads events up to the answer, which may come with an
// error.
func (c *Client) call(ctx context.Context, name string, in []byte, input io.Reader, note func(json.RawMessage) error, out any) error {
	var body io.Reader = bytes.NewReader(in)
	var read *remembering
	if input != nil {
		read = &remembering{Reader: input}
		// Through a pipe, so that nothing waits for a quiet input after the owner
		// has ended.
		from, fill := io.Pipe()
		go func() {
			_, err := io.Copy(fill, io.MultiReader(bytes.NewReader(in), read))
			fill.CloseWithError(err)
		}()
		defer from.Close()
		// The transport waits for its read of the body before it gives up.
		defer context.AfterFunc(ctx, func() { fill.CloseWithError(ctx.Err()) })()
		body = from
	}
	err := c.exchange(ctx, name, body, note, out)
	if read != nil {
		if failed := read.failed(); failed != nil {
			return failed
		}
	}
	return err
}

func (c *Client) exchange(ctx context.Context, name string, body io.Reader, note func(json.RawMessage) error, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://footfall/"+name, body)
	if err != nil {
		return err
	}
	shown := meter.Of(ctx)
	if shown != nil {
		req.Header.Set(showProgress, "true")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("%w (%w)", ErrCutOff, errors.Unwrap(err))
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotFound {
		return ErrOtherVersion
	}
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
			return fmt.Errorf("control: %s: %w", name, err)
		}
		switch {
		case e.Stopping:
			return ErrStopping
		case e.Answer != nil:
			if err := json.Unmarshal(e.Answer, out); err != nil {
				return fmt.Errorf("control: %s: %w", name, err)
			}
			return e.Error.error()
		case e.Error != nil:
			return e.Error.error()
		case e.Progress != nil:
			if shown != nil {
				shown.Show(*e.Progress)
			}
		case e.Note != nil:
			if err := note(e.Note); err != nil {
				return err
			}
		}
	}
}

// remembering keeps the error that ended an input: it is the command's, and not the
// owner's.
type remembering struct {
	io.Reader
	mu  sync.Mutex
	err error
}

func (r *remembering) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.err = err
	}
	return n, err
}

func (r *remembering) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}
