package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/meter"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/storage/backup"
)

// owner is an Owner of which only a part is asked for.
type owner struct {
	control.Owner
	checking  func(context.Context) error
	importing func(context.Context, io.Reader, func(feed.Rejected)) (feed.Result, error)
}

func (o owner) Import(ctx context.Context, _ string, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
	return o.importing(ctx, r, reject)
}

func (o owner) Check(ctx context.Context, _ func(string)) (datadir.Verdict, error) {
	return datadir.Verdict{}, o.checking(ctx)
}

func (o owner) Backup(ctx context.Context, _ string, _ int) (backup.Manifest, error) {
	return backup.Manifest{}, o.checking(ctx)
}

// between serves an owner to a client; ended ends the server and returns what
// it logged.
func between(t *testing.T, ctx context.Context, o control.Owner) (c *control.Client, ended func() string) {
	t.Helper()
	var mu sync.Mutex
	var logged bytes.Buffer
	s := httptest.NewUnstartedServer(control.Handler(o))
	_ = s.Listener.Close()
	var err error
	if s.Listener, err = net.Listen("unix", filepath.Join(t.TempDir(), "sock")); err != nil {
		t.Fatal(err)
	}
	s.Config.ErrorLog = log.New(writer(func(b []byte) {
		mu.Lock()
		defer mu.Unlock()
		logged.Write(b)
	}), "", 0)
	s.Config.BaseContext = func(net.Listener) context.Context { return ctx }
	s.Start()
	t.Cleanup(s.Close)
	c = control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Listener.Addr().String())
	})
	return c, func() string {
		s.Close()
		mu.Lock()
		defer mu.Unlock()
		return logged.String()
	}
}

type writer func([]byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}

// TestImportFailsInMidUpload: the command is told why, whatever it had still to
// send, and the owner's log stays empty.
func TestImportFailsInMidUpload(t *testing.T) {
	failed := errors.New("the gzip file is cut off")
	o := owner{importing: func(_ context.Context, r io.Reader, _ func(feed.Rejected)) (feed.Result, error) {
		_, err := io.CopyN(io.Discard, r, 1000)
		return feed.Result{Lines: 7}, errors.Join(err, failed)
	}}
	c, ended := between(t, t.Context(), o)
	for size := 1000; size < 4_000_000; size = size * 5 / 4 {
		r, err := c.Import(t.Context(), "", io.LimitReader(zeros{}, int64(size)), func(feed.Rejected) {})
		if err == nil || err.Error() != failed.Error() || r.Lines != 7 {
			t.Errorf("an import of %d bytes that failed after 1000: %+v, %v", size, r, err)
		}
	}
	if logged := ended(); logged != "" {
		t.Errorf("the owner logged %s", logged)
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// TestPanic: a command hears of a panic of its owner, and not that the owner went
// away.
func TestPanic(t *testing.T) {
	o := owner{importing: func(context.Context, io.Reader, func(feed.Rejected)) (feed.Result, error) { panic("out of order") }}
	c, ended := between(t, t.Context(), o)
	_, err := c.Import(t.Context(), "", strings.NewReader(""), func(feed.Rejected) {})
	if err == nil || !strings.Contains(err.Error(), "out of order") || errors.Is(err, control.ErrCutOff) {
		t.Errorf("an import in which the owner panics: %v", err)
	}
	if _, err = c.Backup(t.Context(), "", 1); err == nil || !strings.Contains(err.Error(), "nil pointer") || errors.Is(err, control.ErrCutOff) { // there is none
		t.Errorf("a backup in which the owner panics: %v", err)
	}
	if logged := ended(); strings.Count(logged, "panic serving") != 2 {
		t.Errorf("the owner logged %s", logged)
	}
}

// TestStopping: a command whose owner is told to stop hears of that, and not
// how it ended in there; also where the owner waits for an input that is quiet.
func TestStopping(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	o := owner{importing: func(ctx context.Context, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
		reject(feed.Rejected{Line: 1})
		_, err := io.Copy(io.Discard, r)
		return feed.Result{}, fmt.Errorf("sql: statement is closed: %w", err)
	}}
	c, ended := between(t, ctx, o)
	quiet, w := io.Pipe()
	defer w.Close()
	_, err := c.Import(t.Context(), "", io.MultiReader(strings.NewReader("a line\n"), quiet), func(feed.Rejected) { stop() })
	if !errors.Is(err, control.ErrStopping) {
		t.Errorf("an import whose owner stops: %v, want %v", err, control.ErrStopping)
	}
	if logged := ended(); logged != "" {
		t.Errorf("the owner logged %s", logged)
	}
}

// TestQuietInput: a command whose input is quiet ends when it is told to, and when
// its owner has gone, although nothing has been said of the input yet.
func TestQuietInput(t *testing.T) {
	quiet, w := io.Pipe()
	defer w.Close()
	began := make(chan struct{})
	o := owner{importing: func(ctx context.Context, r io.Reader, _ func(feed.Rejected)) (feed.Result, error) {
		close(began)
		_, err := io.Copy(io.Discard, r)
		return feed.Result{}, err
	}}
	c, _ := between(t, t.Context(), o)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-began; cancel() }()
	if _, err := c.Import(ctx, "", quiet, func(feed.Rejected) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("told to end: %v", err)
	}

	began = make(chan struct{})
	s := httptest.NewServer(control.Handler(o))
	defer s.Close()
	c = control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	})
	go func() { <-began; s.CloseClientConnections() }()
	if _, err := c.Import(t.Context(), "", quiet, func(feed.Rejected) {}); !errors.Is(err, control.ErrCutOff) {
		t.Errorf("whose owner goes: %v, want %v", err, control.ErrCutOff)
	}
}

// TestProgress: a command that watches hears how far its owner is while that works, and
// one that does not costs nothing.
func TestProgress(t *testing.T) {
	heard := new(meter.Meter)
	want := meter.State{Stage: "journal", Unit: meter.Bytes, Done: 5, Total: 9}
	working := func(ctx context.Context) error {
		meter.Begin(ctx, want.Stage, want.Unit, want.Total).Add(want.Done)
		for at, _ := heard.State(); at != want; at, _ = heard.State() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond): // until the command has heard of it
			}
		}
		return nil
	}
	c, _ := between(t, t.Context(), owner{checking: working})
	if _, err := c.Check(meter.With(t.Context(), heard), func(string) {}); err != nil {
		t.Error(err)
	}
	heard = new(meter.Meter)
	if _, err := c.Backup(meter.With(t.Context(), heard), "", 1); err != nil {
		t.Error(err)
	}
	c, _ = between(t, t.Context(), owner{checking: func(ctx context.Context) error {
		if meter.Of(ctx) != nil {
			t.Error("somebody watches")
		}
		return nil
	}})
	if _, err := c.Check(t.Context(), func(string) {}); err != nil {
		t.Error(err)
	}
}
