package server

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHealthOfACommand: a command that owns the directory answers on the socket,
// and lets no visitors in.
func TestHealthOfACommand(t *testing.T) {
	t.Parallel()
	o := Options{Dir: filepath.Join(t.TempDir(), "data"), Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	owner, err := Connect(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := owner.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	if said, err := Health(t.Context(), o); err == nil || errors.Is(err, errUntrusted) || !strings.Contains(err.Error(), errNotServing.Error()) {
		t.Errorf("health beside a command: %q, %v", said, err)
	}
}
