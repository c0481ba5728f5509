package control_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
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

// owner does the commands that a test asks for.
type owner struct {
	checking  func(context.Context) error
	importing func(context.Context, io.Reader, func(feed.Rejected)) (feed.Result, error)
}

// commands are all commands. Those that no test asks for fail.
func (o owner) commands() []control.Served {
	return []control.Served{
		unused(control.AddUser), unused(control.AddToken), unused(control.RevokeToken), unused(control.RevokeAllTokens),
		unused(control.SetPassword), unused(control.SetAdmin), unused(control.SetDisabled), unused(control.Invite), unused(control.APIKey), unused(control.NewAPIKey), unused(control.ListUsers),
		unused(control.CountUserClicks), unused(control.DeleteUser), unused(control.AddLink), unused(control.EditLink), unused(control.LinkHistory), unused(control.ListLinks),
		unused(control.CountLinkClicks), unused(control.DeleteLink), unused(control.Stats), unused(control.ImportLinks), unused(control.Export),
		unused(control.Repair), unused(control.Health), unused(control.Debug),
		control.Import.ImplementWithNotes(func(ctx context.Context, i control.ImportOf, reject func(feed.Rejected)) (feed.Result, error) {
			return o.importing(ctx, i.Reader, reject)
		}),
		control.Check.ImplementWithNotes(func(ctx context.Context, _ control.None, _ func(string)) (datadir.Verdict, error) {
			return datadir.Verdict{}, o.checking(ctx)
		}),
		control.Backup.Implement(func(ctx context.Context, _ control.BackupTo) (backup.Manifest, error) {
			return backup.Manifest{}, o.checking(ctx)
		}),
	}
}

func unused[In, Note, Out any](c control.Command[In, Note, Out]) control.Served {
	return c.ImplementWithNotes(func(context.Context, In, func(Note)) (out Out, err error) {
		return out, errors.New("not part of this test")
	})
}

// handler serves the commands.
func (o owner) handler(t *testing.T) http.Handler {
	t.Helper()
	h, err := control.NewHandler(o.commands()...)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// importFrom asks for an import.
func importFrom(ctx context.Context, c *control.Client, r io.Reader, reject func(feed.Rejected)) (feed.Result, error) {
	return control.Import.Ask(ctx, c, control.ImportOf{Input: control.Input{Reader: r}}, reject)
}

// between serves an owner to a client; ended ends the server and returns what
// it logged.
func between(t *testing.T, ctx context.Context, o owner) (c *control.Client, ended func() string) {
	t.Helper()
	var mu sync.Mutex
	var logged bytes.Buffer
	s := httptest.NewUnstartedServer(o.handler(t))
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

// TestImportFailsInMidUpload: the command gets the error, however much it has still
// to send, and the owner's log stays empty.
func TestImportFailsInMidUpload(t *testing.T) {
	failed := errors.New("the gzip file is cut off")
	o := owner{importing: func(_ context.Context, r io.Reader, _ func(feed.Rejected)) (feed.Result, error) {
		_, err := io.CopyN(io.Discard, r, 1000)
		return feed.Result{Lines: 7}, errors.Join(err, failed)
	}}
	c, ended := between(t, t.Context(), o)
	for size := 1000; size < 4_000_000; size = size * 5 / 4 {
		r, err := importFrom(t.Context(), c, io.LimitReader(zeros{}, int64(size)), func(feed.Rejected) {})
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

// TestPanic: a command gets a panic of its owner as an error, and not ErrCutOff.
func TestPanic(t *testing.T) {
	o := owner{importing: func(context.Context, io.Reader, func(feed.Rejected)) (feed.Result, error) { panic("out of order") }}
	c, ended := between(t, t.Context(), o)
	_, err := importFrom(t.Context(), c, strings.NewReader(""), func(feed.Rejected) {})
	if err == nil || !strings.Contains(err.Error(), "out of order") || errors.Is(err, control.ErrCutOff) {
		t.Errorf("an import in which the owner panics: %v", err)
	}
	if _, err = control.Backup.Ask(t.Context(), c, control.BackupTo{}, nil); err == nil || !strings.Contains(err.Error(), "nil pointer") || errors.Is(err, control.ErrCutOff) { // no function
		t.Errorf("a backup in which the owner panics: %v", err)
	}
	if logged := ended(); strings.Count(logged, "panic serving") != 2 {
		t.Errorf("the owner logged %s", logged)
	}
}

// TestStopping: a command whose owner stops gets ErrStopping, and not the error that
// the stop caused, also while the owner waits for input.
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
	_, err := importFrom(t.Context(), c, io.MultiReader(strings.NewReader("a line\n"), quiet), func(feed.Rejected) { stop() })
	if !errors.Is(err, control.ErrStopping) {
		t.Errorf("an import whose owner stops: %v, want %v", err, control.ErrStopping)
	}
	if logged := ended(); logged != "" {
		t.Errorf("the owner logged %s", logged)
	}
}

// TestQuietInput: a command that waits for its input ends when its context ends, and
// when its owner ends.
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
	if _, err := importFrom(ctx, c, quiet, func(feed.Rejected) {}); !errors.Is(err, context.Canceled) {
		t.Errorf("an import whose context ended: %v", err)
	}

	began = make(chan struct{})
	s := httptest.NewServer(o.handler(t))
	defer s.Close()
	c = control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	})
	go func() { <-began; s.CloseClientConnections() }()
	if _, err := importFrom(t.Context(), c, quiet, func(feed.Rejected) {}); !errors.Is(err, control.ErrCutOff) {
		t.Errorf("an import whose owner ended: %v, want %v", err, control.ErrCutOff)
	}
}

// TestProgress: a command that shows progress gets it while its owner works. For
// other commands the owner does not measure it.
func TestProgress(t *testing.T) {
	shown := new(meter.Meter)
	want := meter.State{Stage: "journal", Unit: meter.Bytes, Done: 5, Total: 9}
	working := func(ctx context.Context) error {
		meter.Begin(ctx, want.Stage, want.Unit, want.Total).Add(want.Done)
		for at, _ := shown.State(); at != want; at, _ = shown.State() {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Millisecond): // until the command has it
			}
		}
		return nil
	}
	c, _ := between(t, t.Context(), owner{checking: working})
	if _, err := control.Check.Ask(meter.With(t.Context(), shown), c, control.None{}, nil); err != nil {
		t.Error(err)
	}
	shown = new(meter.Meter)
	if _, err := control.Backup.Ask(meter.With(t.Context(), shown), c, control.BackupTo{}, nil); err != nil {
		t.Error(err)
	}
	c, _ = between(t, t.Context(), owner{checking: func(ctx context.Context) error {
		if meter.Of(ctx) != nil {
			t.Error("the owner measures progress")
		}
		return nil
	}})
	if _, err := control.Check.Ask(t.Context(), c, control.None{}, nil); err != nil {
		t.Error(err)
	}
}

// TestOtherVersion: an owner of another version that lacks a command refuses it, and
// the error says so.
func TestOtherVersion(t *testing.T) {
	s := httptest.NewServer(http.NewServeMux())
	defer s.Close()
	c := control.NewClient(func(ctx context.Context) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
	})
	if _, err := control.CountUserClicks.Ask(t.Context(), c, "ann", nil); !errors.Is(err, control.ErrOtherVersion) {
		t.Errorf("a command that the owner lacks: %v, want %v", err, control.ErrOtherVersion)
	}
}

// TestMalformedCommands: a request that is not a command is refused with an error,
// and does nothing. Its line is not read further than a command needs.
func TestMalformedCommands(t *testing.T) {
	server := httptest.NewServer(owner{checking: func(context.Context) error { t.Error("the command was run"); return nil }}.handler(t))
	defer server.Close()
	for _, body := range []string{"", "{}", "junk\n", "[1]\n", strings.Repeat(" ", 1<<20) + "{}\n"} {
		resp, err := http.Post(server.URL+"/check", "", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		if err := errors.Join(err, resp.Body.Close()); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(answer), `"error":{"message":"control: check: `) {
			t.Errorf("%.20q is answered with %s", body, answer)
		}
	}
}
