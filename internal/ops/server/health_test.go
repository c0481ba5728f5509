package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

// TestHealthOfACommand: a command that owns the directory answers on the socket that
// it does not serve visitors.
func TestHealthOfACommand(t *testing.T) {
	t.Parallel()
	o := datadir.Options{Path: filepath.Join(t.TempDir(), "data"), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	owner, err := Connect(t.Context(), Options{Data: o})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := owner.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if health, err := Health(t.Context(), o); err == nil || errors.Is(err, datadir.ErrUntrusted) || !strings.Contains(err.Error(), control.ErrNotServing.Error()) {
		t.Errorf("health while a command owns the directory: %q, %v", health, err)
	}
}

// lateContext is a context whose deadline is exceeded once its channel is closed.
type lateContext struct {
	context.Context
	over chan struct{}
}

func (c lateContext) Done() <-chan struct{} { return c.over }

func (c lateContext) Err() error {
	select {
	case <-c.over:
		return context.DeadlineExceeded
	default:
		return nil
	}
}

// TestHealthWithoutAnAnswer: the error says that the owner does not answer only if it
// was asked.
func TestHealthWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	over, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	health := func(ctx context.Context, want string) {
		t.Helper()
		if health, err := Health(ctx, datadir.Options{Path: dir}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("health is %q, %v, want %q", health, err, want)
		}
	}
	health(over, "no server runs in "+dir)
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	health(over, "no server runs in "+dir)
	l, err := net.Listen("unix", filepath.Join(dir, "footfall.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	health(over, "there was no time to ask the process that owns "+dir)
	stopped, stop := context.WithCancel(t.Context())
	stop()
	health(stopped, "canceled")

	asked := make(chan struct{})
	answered := make(chan error, 1)
	go func() {
		answered <- func() error {
			c, err := l.Accept() // Running only connects
			if err != nil {
				return err
			}
			defer c.Close()
			if c, err = l.Accept(); err != nil {
				return err
			}
			defer c.Close()
			_, err = c.Read(make([]byte, 1))
			close(asked)
			if err == nil {
				_, err = io.Copy(io.Discard, c) // until the client gives up
			}
			return err
		}()
	}()
	health(lateContext{t.Context(), asked}, "the process that owns "+dir+" does not answer")
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// TestHealthAfterCountingStopped: visitors are answered, and a second line says that
// counting has stopped.
func TestHealthAfterCountingStopped(t *testing.T) {
	t.Parallel()
	app, _ := openIn(t, t.TempDir())
	defer func() { _ = app.Close(t.Context()) }() // its error is why counting stopped
	if _, err := app.data.Journal.Append(t.Context(), []byte("no record at all")); err != nil {
		t.Fatal(err)
	}
	_ = app.data.Recorder.Settle(t.Context()) // its error is the same
	if health := app.health(); !strings.HasPrefix(health, "ok\ncounting has stopped") {
		t.Errorf("/healthz is %q", health)
	}
}
