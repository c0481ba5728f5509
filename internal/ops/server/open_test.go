package server

import (
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

// openIn opens a data directory, makes a user and a link if it is new, and returns
// the App and its log.
func openIn(t *testing.T, dir string) (*App, *logtest.Log) {
	t.Helper()
	log := new(logtest.Log)
	app, err := Open(t.Context(), Options{Data: datadir.Options{Path: dir, Create: true, Now: time.Now, Log: log.Logger()}, Host: "sho.rt"})
	if err != nil {
		t.Fatal(err)
	}
	if app.data.Created {
		if _, err := app.AddUser(t.Context(), "ann"); err != nil {
			t.Fatal(err)
		}
		if _, err := app.AddLink(t.Context(), control.NewLink{Login: "ann", LongURL: "http://example.org/"}); err != nil {
			t.Fatal(err)
		}
	}
	return app, log
}

func (a *App) mustClose(t *testing.T) {
	t.Helper()
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
