package server_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// open opens an App over dir whose clock always returns now.
func open(t *testing.T, dir string, now time.Time) *server.App {
	t.Helper()
	app, err := server.Open(t.Context(), server.Options{Data: datadir.Options{
		Path: dir, Create: true, Now: func() time.Time { return now }, Log: logtest.To(t),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func closeApp(t *testing.T, app *server.App) {
	t.Helper()
	if err := app.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// importFiles imports feed files, and returns the sum of the results.
func importFiles(t *testing.T, app *server.App, files []string) (total feed.Result, rejected []string) {
	t.Helper()
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		result, err := app.Import(t.Context(), "bitly-feed", f, func(l feed.Rejected) {
			rejected = append(rejected, filepath.Base(name)+": "+l.Reason)
		})
		if err != nil {
			t.Fatal(err)
		}
		total.Add(result)
		f.Close()
	}
	return total, rejected
}

func token(t *testing.T, app *server.App, login string) string {
	t.Helper()
	token, err := app.AddToken(t.Context(), login)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// get sends a request, and returns the status and body of the answer.
func get(t *testing.T, site http.Handler, target string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(body)
}

// TestLostLinks: a data directory without its footfall.db, or with that of another
// installation, is not opened.
func TestLostLinks(t *testing.T) {
	t.Parallel()
	dir, other := t.TempDir(), t.TempDir()
	now := time.Now()
	for _, d := range []string{dir, other} {
		closeApp(t, open(t, d, now))
	}
	files, err := filepath.Glob(filepath.Join(dir, "footfall.db*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	refused := func(words string) {
		t.Helper()
		app, err := server.Open(t.Context(), server.Options{Data: datadir.Options{Path: dir, Create: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)}})
		if err == nil {
			closeApp(t, app)
		}
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("Open returned %v, want an error with %q", err, words)
		}
	}
	refused("is missing or empty")
	if err := os.Rename(filepath.Join(other, "footfall.db"), filepath.Join(dir, "footfall.db")); err != nil {
		t.Fatal(err)
	}
	refused("belongs to another installation")
}
