package cli

import (
	"bytes"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

// ending closes a pipe once something is written to it.
type ending struct {
	bytes.Buffer
	pipe io.Closer
}

func (e *ending) Write(text []byte) (int, error) {
	defer e.pipe.Close()
	return e.Buffer.Write(text)
}

// TestSaysWhatItWaitsFor: a command that owns the directory and is done says that it
// waits for another command that uses it. If there is none, it prints nothing.
func TestSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	o := datadir.Options{Path: filepath.Join(t.TempDir(), "data"), Named: true, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	var alone bytes.Buffer
	e := &env{ctx: t.Context(), stderr: &alone, now: time.Now, log: o.Log, noticeAfter: time.Hour}
	if err := e.connect(server.Options{Data: o}, func(*server.Owner) error { return nil }); err != nil || strings.Contains(alone.String(), "waits") {
		t.Fatalf("a command that waits for no other ended with %v and printed %q", err, alone.String())
	}
	// The other import ends only once the first command has said why it waits.
	piped, pipe := io.Pipe()
	stderr := &ending{pipe: pipe}
	e.stderr, e.noticeAfter = stderr, time.Millisecond
	imported := make(chan error, 1)
	err := e.connect(server.Options{Data: o}, func(*server.Owner) error {
		other, err := server.Connect(t.Context(), server.Options{Data: o})
		if err != nil {
			return err
		}
		rejected := make(chan struct{})
		go func() {
			_, err := control.Import.Ask(t.Context(), other.Client, control.ImportOf{Format: "combined", Input: control.Input{Reader: piped}}, func(feed.Rejected) { close(rejected) })
			imported <- err
		}()
		if _, err := io.WriteString(pipe, "nonsense\n"); err != nil {
			return err
		}
		<-rejected // the other import has begun
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	if err := <-imported; err != nil {
		t.Errorf("the other import ended with %v", err)
	}
	if want := "this command is done. It waits for another command that uses the data directory through it\n"; stderr.String() != want {
		t.Errorf("the waiting command prints %q, want %q", stderr, want)
	}
}
