package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

type serveCmd struct {
	Data             string    `help:"The data directory." type:"path" placeholder:"DIR" otherwise:"./footfall-data, and a temporary one with --demo"`
	Clicks           engineURL `help:"The ClickHouse database that has the counts, such as clickhouse://USER:PASSWORD@HOST:PORT,HOST:PORT/DATABASE?cluster=NAME, or clickhouses:// for TLS. Many servers may use it, together with --links. Instead of a password in the URL, password-file=FILE names a file that has it. Commands that run without a server read the variable." placeholder:"URL" otherwise:"the counts are in the data directory"`
	Links            engineURL `help:"The PostgreSQL database that has links and users, such as postgres://USER:PASSWORD@HOST/DATABASE. Many servers may use it. Instead of a password in the URL, password-file=FILE names a file that has it. Commands that run without a server read the variable." placeholder:"URL" otherwise:"links and users are in the data directory"`
	Listen           []string  `help:"The address to listen on. Without a host, footfall listens on every address of this machine. May be repeated." default:"${listen}" placeholder:"HOST:PORT"`
	HTTPListen       []string  `help:"Another address, for plain http next to https. It redirects visitors and answers the checks of --acme-domain on port 80, and refuses the API. May be repeated." name:"http-listen" placeholder:"HOST:PORT" otherwise:"nowhere"`
	Domain           []string  `help:"A short domain of this installation. May be repeated; the first is the default." placeholder:"HOST" otherwise:"the host of the request"`
	TLSCert          string    `help:"Serve https with the certificate in this file (PEM, with its chain). footfall reads it again when it changes." name:"tls-cert" type:"path" and:"tls" placeholder:"FILE"`
	TLSKey           string    `help:"The key of the certificate (PEM, not encrypted)." name:"tls-key" type:"path" and:"tls" placeholder:"FILE"`
	ACMEDomain       []string  `help:"Serve https for this domain, with certificates that footfall obtains and renews from Let's Encrypt. You agree to its terms. Port 443 of the domain must lead here, or port 80 if --http-listen serves it. May be repeated." name:"acme-domain" placeholder:"HOST"`
	ACMEEmail        string    `help:"The address that the certificate authority writes to about its certificates." name:"acme-email" placeholder:"ADDRESS"`
	ACMEDirectory    string    `help:"The URL of the ACME directory of the certificate authority." name:"acme-directory" placeholder:"URL" otherwise:"that of Let's Encrypt"`
	ShortURLScheme   scheme    `help:"The scheme of short URLs, http or https. Set https if a proxy serves it." name:"short-url-scheme" placeholder:"SCHEME" otherwise:"https with --tls-cert or --acme-domain, otherwise http"`
	RedirectStatus   int       `help:"The HTTP status of a redirect: ${enum}." enum:"301,302,303,307,308" default:"301" placeholder:"STATUS"`
	RedirectMaxAge   seconds   `help:"How long a browser may repeat a redirect without asking again: seconds, or a duration such as 5m. Clicks in that time do not count." default:"90" placeholder:"TIME"`
	ForwardQuery     bool      `help:"Add the parameters of a visit, such as ?utm_source=mail, to the URL that the link leads to. Parameters that the URL has already stay as they are."`
	NotFoundURL      string    `help:"The URL that unknown names redirect to." name:"not-found-url" placeholder:"URL" otherwise:"a plain page"`
	HomeURL          string    `help:"The URL that / redirects to." name:"home-url" placeholder:"URL" otherwise:"a plain page"`
	Durability       string    `help:"When a visitor is redirected. fsync: after the click survives a power cut. write: after it survives a killed process, which is faster, but a power cut may lose the last clicks; not with --clicks." enum:"fsync,write" default:"fsync" placeholder:"WHEN"`
	JournalRetention retention `help:"How long the journal keeps clicks after they were counted: a duration such as 30d or 12h, forever, or 0 to remove them as soon as the counts are durable. Counts never expire. Removed clicks cannot be counted again without a backup." default:"30d" placeholder:"TIME"`
	JournalLimit     bytesSize `help:"How many bytes of clicks, such as 100GB, may wait to be counted, as while the counts cannot be reached. At the limit clicks are lost, and visitors are still redirected. The log has an error from half of it on." placeholder:"BYTES" otherwise:"what the disk has room for"`
	JournalMax       bytesSize `help:"The size, such as 20GB, above which the journal removes its oldest counted clicks before --journal-retention is over; 0 is no limit. The log warns at 80 %." default:"0" placeholder:"BYTES"`
	GeoDB            []string  `help:"An MMDB file of countries or cities. footfall reads it again when it changes. May be repeated, such as for a file of IPv4 and one of IPv6: the first that has the address is used." name:"geo-db" type:"path" placeholder:"FILE" otherwise:"the built-in data of countries"`
	RateLimit        number    `help:"How many API requests a user may make each second on average, and ten times as many at once; 0 is no limit." least:"0" most:"1000000" default:"0" placeholder:"N"`
	MaxLinks         number    `help:"How many links a user may make or change through the API each minute on average, and as many at once; 0 is no limit. Commands and imports have no limit." name:"max-links-per-minute" least:"0" most:"1000000" default:"1000" placeholder:"N"`
	MaxText          bytesSize `help:"How many bytes of long URLs, titles and notes a user may send for these links each minute, such as 1MB; 0 is no limit." name:"max-text-per-minute" default:"1MB" placeholder:"BYTES"`
	DiskReserve      bytesSize `help:"How much of the disk should stay free, such as 5GB. The log warns if less is free. If less than half of it is free, users cannot make links; clicks are still recorded." placeholder:"BYTES" otherwise:"1GB, or 5 % of the disk if that is less"`
	MaxConnections   number    `help:"How many connections may be open at once. One address may have a quarter of them, unless it is one of --trusted-proxies. If there are more, footfall takes the address with the most connections, and closes the one that has waited longest for its client." least:"1" most:"1000000" placeholder:"N" otherwise:"10000, or three quarters of the files that the process may open"`
	MetricsListen    string    `help:"The address that serves /metrics for Prometheus. Do not make it public." placeholder:"HOST:PORT" otherwise:"nowhere"`
	LogFormat        string    `help:"The format of the log: ${enum}." enum:"text,json" default:"text" placeholder:"FORMAT"`
	LogLevel         level     `help:"The lowest level that is logged: debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	TrustedProxies   []string  `help:"An address or network of a proxy whose --proxy-header gives the visitor's address. May be repeated." placeholder:"CIDR" otherwise:"none"`
	ProxyHeader      string    `help:"The header in which --trusted-proxies give the visitor's address: X-Forwarded-For, Forwarded, or any that has one address or a list, such as X-Real-IP or CF-Connecting-IP. No other header is believed." default:"X-Forwarded-For" placeholder:"NAME"`
	Demo             bool      `help:"Import some thousand real clicks, spread over the last 60 days, and print an address to open."`
}

// fits fails if options contradict each other, or one lacks another.
func (c *serveCmd) fits() error {
	if len(c.ACMEDomain) == 0 && (c.ACMEEmail != "" || c.ACMEDirectory != "") {
		return usage("--acme-email and --acme-directory only apply together with --acme-domain: add it, or leave them out")
	}
	if len(c.HTTPListen) > 0 && !c.secure() {
		return usage("--http-listen only applies next to https: give a certificate with --tls-cert and --tls-key, or use --acme-domain; without either, --listen serves http")
	}
	if err := c.engines().Check(); err != nil {
		return usage("%v", err)
	}
	if c.Clicks != "" && c.Durability == "write" {
		return usage("--durability write cannot be used with --clicks: after a power cut, ClickHouse may have clicks that the journal lost, and counting would stop. Leave it out")
	}
	if c.TLSCert != "" && len(c.ACMEDomain) > 0 {
		return usage("--tls-cert and --acme-domain exclude each other: give one of them")
	}
	if most := server.MostConnections(); int(c.MaxConnections) > most {
		return usage("--max-connections %d needs more files than the process may open, which allows %d: raise the limit (LimitNOFILE, ulimit -n)", c.MaxConnections, most)
	}
	if c.Demo && c.Data != "" && datadir.HasData(c.Data) {
		return usage("--demo needs a new data directory, and %s has data: name an empty one with --data, or leave --data out", c.Data)
	}
	return nil
}

func (c *serveCmd) engines() server.Engines {
	return server.Engines{Clicks: string(c.Clicks), Links: string(c.Links)}
}

// maxServerMemory is the largest memory limit of a server, in bytes. GOMEMLIMIT replaces it.
const maxServerMemory = 1536 << 20

func (c *serveCmd) Run(e *env, k *kong.Context) (err error) {
	if err := c.fits(); err != nil {
		return err
	}
	limitMemory(maxServerMemory)
	if c.Data == "" {
		c.Data = defaultData
		if c.Demo {
			if c.Data, err = os.MkdirTemp("", "footfall-demo-"); err != nil {
				return fmt.Errorf("make a temporary data directory: %w", err)
			}
			defer func() { err = errors.Join(err, os.RemoveAll(c.Data)) }()
		}
	}
	all, err := c.listen()
	if err != nil {
		return err
	}
	build := version.This()
	log := newStartLog(logHandler(e.stderr, c.LogFormat, slog.Level(c.LogLevel)), func() []line { return c.startLines(build, k) })
	scheme := "http"
	if c.secure() {
		scheme = "https"
	}
	o := server.Options{
		Data: datadir.Options{
			Path: c.Data, Create: true, Limit: int64(c.JournalLimit), NoSync: c.Durability == "write", Reserve: int64(c.DiskReserve),
			Retention: datadir.Retention{Keep: time.Duration(c.JournalRetention), Max: int64(c.JournalMax)}, Now: e.now, Log: log,
		},
		Domains: c.Domain, Host: hostOf(all.public[0]), Scheme: cmp.Or(string(c.ShortURLScheme), scheme),
		Build: build,
	}
	c.engines().Use(&o.Data)
	site := server.PublicOptions{
		RedirectStatus: c.RedirectStatus, RedirectMaxAge: time.Duration(c.RedirectMaxAge),
		ForwardQuery: c.ForwardQuery, NotFoundURL: c.NotFoundURL, HomeURL: c.HomeURL, GeoDB: c.GeoDB, TrustedProxies: c.TrustedProxies, ProxyHeader: c.ProxyHeader,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, ACME: server.ACME{Domains: c.ACMEDomain, Email: c.ACMEEmail, Directory: c.ACMEDirectory},
		RateLimit: int(c.RateLimit), LinksPerMinute: int(c.MaxLinks), TextPerMinute: int(c.MaxText), MaxConnections: int(c.MaxConnections), PlainHTTP: all.plainHTTP, Metrics: all.metrics,
	}
	return server.Serve(e.ctx, o, site, all.public, func(app *server.App) error {
		if c.Demo {
			if err := c.demo(e, app, urlOf(scheme, all.public[0])); err != nil {
				return err
			}
		}
		log.Info("ready", append(all.urls(scheme), "data", c.Data)...)
		return nil
	})
}

// demo imports the clicks of the demo, and prints a question about them.
func (c *serveCmd) demo(e *env, app *server.App, url string) error {
	people, bots, err := feed.Demo(e.now())
	if err != nil {
		return err
	}
	for _, of := range []struct {
		format string
		clicks io.Reader
	}{{feed.BitlyFeed, people}, {"ndjson", bots}} {
		if _, err := app.Import(e.ctx, of.format, of.clicks, func(feed.Rejected) {}); err != nil {
			return err
		}
	}
	if err := app.SetAdmin(e.ctx, feed.DemoLogin, true); err != nil {
		return err
	}
	token, err := app.AddToken(e.ctx, feed.DemoLogin)
	if err != nil {
		return err
	}
	page, err := app.SignInLink(e.ctx, feed.DemoLogin)
	if err != nil {
		return err
	}
	const question = "unit=day&units=30&rollup=false"
	return e.print(fmt.Sprintf(`Clicks of the last 30 days on the links of %s. Open in a browser:

  %s

or ask with curl:

  curl '%s'
`, feed.DemoLogin, page, url+"/v3/user/clicks?access_token="+token+"&"+question), nil)
}
