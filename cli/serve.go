package cli

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/feed"
	"github.com/footfall/footfall/server"
)

type serveCmd struct {
	Data   string `help:"The data directory (default ./footfall-data; with --demo a temporary one)." type:"path" placeholder:"DIR"`
	Listen string `help:"Where to listen." default:"127.0.0.1:8080" placeholder:"ADDR"`
	domains
	TLSCert          string    `help:"Speak https with the certificate in this file (PEM, with its chain); read again when it changes." name:"tls-cert" type:"path" and:"tls" placeholder:"FILE"`
	TLSKey           string    `help:"The key of the certificate (PEM, not encrypted)." name:"tls-key" type:"path" and:"tls" placeholder:"FILE"`
	ShortURLScheme   string    `help:"The scheme of short URLs: http or https (default: https with --tls-cert, else http; https behind a proxy that speaks it)." name:"short-url-scheme" enum:",http,https" default:"" placeholder:"SCHEME"`
	RedirectStatus   int       `help:"The HTTP status of a redirect: ${enum}." enum:"301,302,303,307,308" default:"301"`
	RedirectMaxAge   seconds   `help:"For how long a browser may repeat a redirect without asking, so that clicks within it do not count; seconds, or a duration such as 5m." default:"90"`
	NotFoundURL      string    `help:"Where unknown names lead (default: a plain page)." name:"not-found-url" placeholder:"URL"`
	HomeURL          string    `help:"Where / leads (default: a plain page)." name:"home-url" placeholder:"URL"`
	Durability       string    `help:"When a visitor is sent on: fsync, once his click survives a power cut; write, once it survives the process being killed, which is faster, but a power cut may lose the last clicks." enum:"fsync,write" default:"fsync"`
	JournalRetention retention `help:"For how long the journal keeps clicks that are counted: a duration such as 30d or 12h; 0 drops them once the counts are durable; forever. Counts never expire. What was dropped cannot be counted again without a backup." default:"30d" placeholder:"TIME"`
	JournalMax       bytesSize `help:"How large the journal may grow before its oldest counted clicks are dropped sooner, such as 20GB; 0 is no bound. The log warns from 80 % on." default:"0" placeholder:"BYTES"`
	GeoDB            string    `help:"An MMDB file of countries instead of the built-in data; read again when it changes." name:"geo-db" type:"path" placeholder:"FILE"`
	TrustedProxies   []string  `help:"Addresses and networks of proxies whose Forwarded and X-Forwarded-For headers are believed." placeholder:"CIDR"`
	Demo             bool      `help:"Bring in an hour of real clicks, spread over the last 30 days, and print a question to try."`
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
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	url := scheme + "://" + l.Addr().String()
	o := server.Options{
		Dir: c.Data, Create: true, Domains: c.Domain, Host: hostOf(l), Scheme: cmp.Or(c.ShortURLScheme, scheme), NoSync: c.Durability == "write",
		Retention: server.Retention{Keep: time.Duration(c.JournalRetention), Max: int64(c.JournalMax)}, Now: e.now, Log: log,
	}
	site := server.Site{
		RedirectStatus: c.RedirectStatus, RedirectMaxAge: time.Duration(c.RedirectMaxAge),
		NotFoundURL: c.NotFoundURL, HomeURL: c.HomeURL, GeoDB: c.GeoDB, TrustedProxies: c.TrustedProxies,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey,
	}
	return server.Serve(e.ctx, o, site, l, func(app *server.App) error {
		if c.Demo {
			if err := c.demo(e, app, url); err != nil {
				return err
			}
		}
		log.Info("ready", "url", url, "data", c.Data)
		return nil
	})
}

// hostOf is how this machine reaches a listener.
func hostOf(l net.Listener) string {
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.IP.IsUnspecified() {
		return net.JoinHostPort("localhost", strconv.Itoa(a.Port))
	}
	return l.Addr().String()
}

// seconds is a span of time, given as whole seconds or as a Go duration.
type seconds time.Duration

// UnmarshalText reads an option's value.
func (s *seconds) UnmarshalText(text []byte) error {
	if n, err := strconv.ParseUint(string(text), 10, 31); err == nil {
		*s = seconds(time.Duration(n) * time.Second)
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < 0 {
		return fmt.Errorf("%q is neither whole seconds nor a duration such as 5m", text)
	}
	*s = seconds(d)
	return nil
}

// retention is a span of time: a Go duration, whole days such as 30d, or
// forever.
type retention time.Duration

// UnmarshalText reads an option's value.
func (r *retention) UnmarshalText(text []byte) error {
	s := string(text)
	if s == "forever" {
		*r = retention(server.Forever)
		return nil
	}
	days, whole := strings.CutSuffix(s, "d")
	if n, err := strconv.ParseUint(days, 10, 16); err == nil && (whole || n == 0) {
		*r = retention(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is no span of time: say 30d, 12h, 0 or forever", s)
	}
	*r = retention(d)
	return nil
}

// bytesSize is a number of bytes, such as 20GB or 512MiB.
type bytesSize int64

// UnmarshalText reads an option's value.
func (b *bytesSize) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("%q is no number of bytes: say 20GB, 512MiB or 0", text)
	}
	*b = bytesSize(n)
	return nil
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
	users, err := app.ListUsers(e.ctx, "")
	if err != nil {
		return "", err
	}
	if len(users) > 0 {
		return "", fmt.Errorf("%s has users already, and the demo would mix its clicks with theirs: name another directory with --data", c.Data)
	}
	clicks, err := feed.Demo(e.now())
	if err != nil {
		return "", err
	}
	if _, err := app.Import(e.ctx, "bitly-feed", clicks, func(feed.Rejected) {}); err != nil {
		return "", err
	}
	return app.AddToken(e.ctx, feed.DemoLogin)
}
