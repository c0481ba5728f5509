package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/feed"
	"github.com/footfall/footfall/server"
)

type serveCmd struct {
	Data   string `help:"The data directory (default ./footfall-data; with --demo a temporary one)." type:"path" placeholder:"DIR"`
	Listen string `help:"Where to listen." default:"127.0.0.1:8080" placeholder:"ADDR"`
	Demo   bool   `help:"Bring in an hour of real clicks, spread over the last 30 days, and print a question to try."`
}

func (c *serveCmd) Run(e *env) (err error) {
	if c.Data == "" {
		c.Data = "./footfall-data"
		if c.Demo {
			if c.Data, err = os.MkdirTemp("", "footfall-demo-"); err != nil {
				return fmt.Errorf("make a temporary data directory: %w", err)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(c.Data)) }()
		}
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (--listen takes another address)", c.Listen, errors.Unwrap(err))
	}
	log := slog.New(slog.NewTextHandler(e.stderr, nil))
	url := "http://" + l.Addr().String()
	o := server.Options{Dir: c.Data, Now: e.now, Log: log}
	return server.Serve(e.ctx, o, l, func(app *server.App) error {
		if c.Demo {
			if err := c.demo(e, app, url); err != nil {
				return err
			}
		}
		log.Info("ready", "url", url, "data", c.Data)
		return nil
	})
}

// demo brings in the demo's clicks, unless the directory has them already, and
// prints a question about them.
func (c *serveCmd) demo(e *env, app *server.App, url string) error {
	token, err := app.AddToken(e.ctx, feed.DemoLogin)
	if errors.Is(err, click.ErrNotFound) {
		token, err = c.fill(e, app)
	}
	if err != nil {
		return err
	}
	return e.print(fmt.Sprintf("Clicks of the last 30 days on the links of %s, by day:\n\n  curl '%s/v3/user/clicks?access_token=%s&unit=day&units=30&rollup=false'\n",
		feed.DemoLogin, url, token), nil)
}

func (c *serveCmd) fill(e *env, app *server.App) (token string, err error) {
	clicks, err := feed.Demo(e.now())
	if err != nil {
		return "", err
	}
	if _, err := app.Import(e.ctx, "bitly-feed", clicks, func(feed.Rejected) {}); err != nil {
		return "", err
	}
	return app.AddToken(e.ctx, feed.DemoLogin)
}
