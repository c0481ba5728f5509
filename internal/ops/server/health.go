package server

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/datadir"
)

// Health asks the server of a data directory whether it answers visitors, and
// returns what /healthz would. It asks on the socket of the directory, which
// strangers cannot keep busy; so it does not test the network in front of the
// server. Its errors are those of Running and control.ErrNotServing.
func Health(ctx context.Context, o datadir.Options) (string, error) {
	c, err := Running(ctx, o)
	if err != nil {
		return "", err
	}
	health, err := control.Health.Ask(ctx, c, control.None{}, nil)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "", silent(o)
	}
	return health, err
}

// health returns the body of /healthz. It begins with ok as long as visitors are
// answered; further lines report problems.
//
// It is ok also while shared engines are away. Clicks are recorded without the counts,
// and without PostgreSQL each server redirects the visitors of links that it has in its
// cache. The engines are most likely away for all servers. If a load balancer then took out
// all of them, no visitor would be redirected.
func (a *App) health() string {
	lines := "ok\n"
	switch _, failed := a.data.Recorder.Counted(); {
	case failed != nil:
		lines += "counting has stopped: clicks are recorded, but not counted\n"
	case a.data.Recorder.Stalled() != nil:
		lines += "counting is tried again: clicks are recorded, but the counts lag\n"
	}
	for _, e := range a.data.Engines() {
		if !e.Up {
			lines += string(e.Part) + " cannot be reached\n"
		}
	}
	return lines
}

// healthz answers /healthz. The version is in a header, so that scripts can compare
// the body. The rest of the build is not for strangers.
func (a *App) healthz(w http.ResponseWriter, _ *http.Request) {
	if a.build.Version != "" {
		w.Header().Set("Footfall-Version", a.build.Version)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = io.WriteString(w, a.health())
}
