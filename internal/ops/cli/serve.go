package cli

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"github.com/alecthomas/kong"

	"github.com/footfall/footfall/internal/base/version"
	"github.com/footfall/footfall/internal/faces/feed"
	"github.com/footfall/footfall/internal/ops/datadir"
	"github.com/footfall/footfall/internal/ops/server"
)

type serveCmd struct {
	Data             string    `help:"The data directory." type:"path" placeholder:"DIR" otherwise:"./footfall-data, and a temporary one with --demo"`
	Listen           []string  `help:"Where to listen; without a host, on every address of this machine. May be repeated: each listener answers alike." default:"127.0.0.1:8080" placeholder:"HOST:PORT"`
	HTTPListen       []string  `help:"Where to speak http beside https. Visitors are sent on from there as well, and the authority of --acme-domain may prove the domain at port 80; the API is refused. May be repeated." name:"http-listen" placeholder:"HOST:PORT" otherwise:"nowhere"`
	Domain           []string  `help:"The short domains of this installation, the default one first. May be repeated." placeholder:"HOST" otherwise:"the host that is asked"`
	TLSCert          string    `help:"Speak https with the certificate in this file (PEM, with its chain); read again when it changes." name:"tls-cert" type:"path" and:"tls" placeholder:"FILE"`
	TLSKey           string    `help:"The key of the certificate (PEM, not encrypted)." name:"tls-key" type:"path" and:"tls" placeholder:"FILE"`
	ACMEDomain       []string  `help:"Speak https with certificates of this domain that are got by themselves from Let's Encrypt, whose terms you agree to; port 443 of the domain must lead here. May be repeated." name:"acme-domain" placeholder:"HOST"`
	ACMEEmail        string    `help:"Where the authority writes to about its certificates." name:"acme-email" placeholder:"ADDRESS"`
	ACMEDirectory    string    `help:"The ACME directory of the authority." name:"acme-directory" placeholder:"URL" otherwise:"that of Let's Encrypt"`
	ShortURLScheme   scheme    `help:"The scheme of short URLs, http or https: https also behind a proxy that speaks it." name:"short-url-scheme" placeholder:"SCHEME" otherwise:"https with --tls-cert or --acme-domain, else http"`
	RedirectStatus   int       `help:"The HTTP status of a redirect: ${enum}." enum:"301,302,303,307,308" default:"301" placeholder:"STATUS"`
	RedirectMaxAge   seconds   `help:"For how long a browser may repeat a redirect without asking, so that its clicks within it do not count: seconds, or a duration such as 5m." default:"90" placeholder:"TIME"`
	NotFoundURL      string    `help:"Where unknown names lead." name:"not-found-url" placeholder:"URL" otherwise:"a plain page"`
	HomeURL          string    `help:"Where / leads." name:"home-url" placeholder:"URL" otherwise:"a plain page"`
	Durability       string    `help:"When a visitor is sent on: fsync, once the click survives a power cut; write, once it survives the process being killed, which is faster, but a power cut may lose the last clicks." enum:"fsync,write" default:"fsync" placeholder:"WHEN"`
	JournalRetention retention `help:"For how long the journal keeps clicks that are counted: a duration such as 30d or 12h; 0 drops them once the counts are durable; forever. Counts never expire. What was dropped cannot be counted again without a backup." default:"30d" placeholder:"TIME"`
	JournalMax       bytesSize `help:"How large the journal may grow before its oldest counted clicks are dropped sooner, such as 20GB; 0 is no bound. The log warns from 80 % on." default:"0" placeholder:"BYTES"`
	GeoDB            string    `help:"An MMDB file of countries; read again when it changes." name:"geo-db" type:"path" placeholder:"FILE" otherwise:"the built-in data"`
	RateLimit        number    `help:"How many questions a user may ask the API each second on average, ten times as many at once; 0 is no limit." least:"0" most:"1000000" default:"0" placeholder:"N"`
	MaxLinks         number    `help:"How many links a user may make or change by the API each minute on average, and as many at once; 0 is no limit. Commands and imports are not limited." name:"max-links-per-minute" least:"0" most:"1000000" default:"1000" placeholder:"N"`
	MaxText          bytesSize `help:"How many bytes of long URLs, titles and notes these may have, such as 1MB; 0 is no limit." name:"max-text-per-minute" default:"1MB" placeholder:"BYTES"`
	DiskReserve      bytesSize `help:"How much should be free on the disk of the data directory, such as 5GB. The log warns below; below half of it users can make no links, and clicks go on." placeholder:"BYTES" otherwise:"1GB, or 5 % of the disk where that is less"`
	MaxConnections   number    `help:"How many connections are open at once, and a quarter of that from one address, unless it is one of --trusted-proxies. Beyond, one gives way: that which waited for its client longest, of the address that has most." least:"1" most:"1000000" placeholder:"N" otherwise:"10000, or three quarters of the files that the process may open"`
	MetricsListen    string    `help:"Where Prometheus may ask for /metrics. Keep it from the public." placeholder:"HOST:PORT" otherwise:"nowhere"`
	LogFormat        string    `help:"How the log is written: ${enum}." enum:"text,json" default:"text" placeholder:"FORMAT"`
	LogLevel         level     `help:"The least that the log is told: debug, info, warn or error." default:"info" placeholder:"LEVEL"`
	TrustedProxies   []string  `help:"Addresses and networks of proxies that are believed when they say, in --proxy-header, where a visitor comes from." placeholder:"CIDR" otherwise:"none"`
	ProxyHeader      string    `help:"The header that --trusted-proxies write: ${enum}. The other one is not looked at." enum:"X-Forwarded-For,Forwarded" default:"X-Forwarded-For" placeholder:"NAME"`
	Demo             bool      `help:"Bring in an hour of real clicks, spread over the last 30 days, and print a question to try."`
}

// fits says which options do not go together.
func (c *serveCmd) fits() error {
	if len(c.ACMEDomain) == 0 && (c.ACMEEmail != "" || c.ACMEDirectory != "") {
		return usage("--acme-email and --acme-directory are about certificates that are got by themselves: name the domain with --acme-domain too")
	}
	if len(c.HTTPListen) > 0 && !c.secure() {
		return usage("--http-listen is for http beside https: give a certificate with --tls-cert and --tls-key or with --acme-domain, or another --listen, which speaks http without one")
	}
	if c.TLSCert != "" && len(c.ACMEDomain) > 0 {
		return usage("--tls-cert and --acme-domain are two ways to a certificate: give one of them")
	}
	if most := server.MostConnections(); int(c.MaxConnections) > most {
		return usage("--max-connections %d is more than the %d that the process has files for: let it open more (LimitNOFILE, ulimit -n)", c.MaxConnections, most)
	}
	if c.Demo && c.Data != "" && datadir.HasData(c.Data) {
		return usage("--demo fills a data directory of its own, and %s is one already: name an empty one with --data, or none", c.Data)
	}
	return nil
}

// softMemory is from where on memory is collected sooner, rather than once it has
// doubled, in bytes. GOMEMLIMIT sets another one.
const softMemory = 1 << 30 / 2 * 3

func (c *serveCmd) Run(e *env, k *kong.Context) (err error) {
	if err := c.fits(); err != nil {
		return err
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
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
	options := &slog.HandlerOptions{Level: slog.Level(c.LogLevel)}
	var handler slog.Handler = slog.NewTextHandler(e.stderr, options)
	if c.LogFormat == "json" {
		handler = slog.NewJSONHandler(e.stderr, options)
	}
	build := version.This()
	log := newPreface(handler, func() []line { return c.begins(build, k) })
	scheme := "http"
	if c.secure() {
		scheme = "https"
	}
	o := server.Options{
		Data: datadir.Options{
			Path: c.Data, Create: true, NoSync: c.Durability == "write", Reserve: int64(c.DiskReserve),
			Retention: datadir.Retention{Keep: time.Duration(c.JournalRetention), Max: int64(c.JournalMax)}, Now: e.now, Log: log,
		},
		Domains: c.Domain, Host: hostOf(all.public[0]), Scheme: cmp.Or(string(c.ShortURLScheme), scheme),
		TrustedProxies: c.TrustedProxies, Build: build,
	}
	site := server.Site{
		RedirectStatus: c.RedirectStatus, RedirectMaxAge: time.Duration(c.RedirectMaxAge),
		NotFoundURL: c.NotFoundURL, HomeURL: c.HomeURL, GeoDB: c.GeoDB, TrustedProxies: c.TrustedProxies, ProxyHeader: c.ProxyHeader,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, ACME: server.ACME{Domains: c.ACMEDomain, Email: c.ACMEEmail, Directory: c.ACMEDirectory},
		RateLimit: int(c.RateLimit), LinksPerMinute: int(c.MaxLinks), TextPerMinute: int(c.MaxText), MaxConnections: int(c.MaxConnections), Clear: all.clear, Watch: all.watch,
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

// demo brings in the demo's clicks, and prints a question about them.
func (c *serveCmd) demo(e *env, app *server.App, url string) error {
	clicks, err := feed.Demo(e.now())
	if err != nil {
		return err
	}
	if _, err := app.Import(e.ctx, "bitly-feed", clicks, func(feed.Rejected) {}); err != nil {
		return err
	}
	token, err := app.AddToken(e.ctx, feed.DemoLogin)
	if err != nil {
		return err
	}
	const question = "unit=day&units=30&rollup=false"
	return e.print(fmt.Sprintf(`Clicks of the last 30 days on the links of %s, by day. Open in a browser:

  %s

or ask with curl:

  curl '%[2]s'
`, feed.DemoLogin, url+"/v3/user/clicks?access_token="+token+"&"+question), nil)
}
