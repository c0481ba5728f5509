// Package redirect is the face for visitors: GET /{hash} leads to the long URL, and is
// a click.
//
// It also has two pages about a link, which are no clicks: its QR code (qrcode.go), and
// what it leads to with the number of its clicks (about.go).
//
// It refuses to count. Visitors are redirected even if their click cannot be recorded: they
// wait until it is durable, RecordTimeout at most; and if it is not by then, until that is
// in the log, logTimeout at most.
package redirect

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/lograte"
	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/geo"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/core/useragent"
	"github.com/footfall/footfall/internal/storage/store"
)

// The packages that a visit needs.
type (
	// Links finds the link of a path on a host, or fails with click.ErrNotFound, and
	// writes short URLs: links.Links.
	Links interface {
		Resolve(ctx context.Context, host, path string) (store.Link, error)
		Domain(asked, host string) (string, error)
		ShortURL(domain string, name click.Hash) string
	}
	// Store has the links of a long URL: sql.DB.
	Store interface {
		LinksOfURL(ctx context.Context, longURL string) ([]store.Link, error)
		metrics.Versions
		VisibleAggregate(ctx context.Context, user click.UserID, id click.LinkID) (store.Link, error)
	}
	// Totals counts all clicks by people on links: metrics.Metrics.
	Totals interface {
		Ever(ctx context.Context, of metrics.Subject) (uint64, error)
	}
	// Agents says what made a request: useragent.Reader.
	Agents interface {
		Read(http.Header) useragent.Visitor
	}
	// Places says where an address is: geo.Lookup.
	Places interface {
		Place(netip.Addr) click.Place
	}
	// Clicks says how many clicks by people a link has: metrics.Recent.
	Clicks interface {
		Clicks(ctx context.Context, user click.UserID, link click.LinkID) (uint64, error)
	}
	// Recorder returns when the click is durable: recorder.Recorder.
	Recorder interface {
		RecordWithin(patience time.Duration, c click.Click) error
	}
)

// Options configure a Handler. Fields without a default are required.
type Options struct {
	Links    Links
	Agents   Agents
	Places   Places
	Recorder Recorder
	Clicks   Clicks // for links with a maximum of clicks
	// Store, Totals and Pages are for pages about links. Pages bounds how many QR codes are
	// drawn and links are counted at once, by the network of the visitor.
	Store  Store
	Totals Totals
	Pages  *throttle.Seats
	// Proxies are trusted to say where a request came from; none by default.
	Proxies geo.Proxies
	Now     func() time.Time
	Log     *slog.Logger

	// Status is the HTTP status of a redirect: 301, 302, 303, 307 or 308.
	Status int
	// MaxAge is the time for which a browser may repeat a redirect without asking, in whole
	// seconds. Clicks that it repeats do not count.
	MaxAge time.Duration
	// ForwardQuery adds the parameters of a visit to the long URL, unless that makes it
	// longer than 16 KB. Links may choose otherwise.
	ForwardQuery bool
	// NotFoundURL is the URL that unknown names lead to; a plain page if empty.
	NotFoundURL string
	// HomeURL is the URL that / leads to; a plain page if empty.
	HomeURL string
}

// RecordTimeout bounds the time that a visitor waits until the click is durable.
const RecordTimeout = 2 * time.Second

const (
	// notDurableEvery is the interval between two log lines about clicks that are not
	// durable. A visitor waits for the line that counts their click, so the interval
	// is the longest wait for a log that does not block.
	notDurableEvery = 100 * time.Millisecond
	// maxLocation bounds the long URL with the parameters of a visit, in bytes: proxies
	// refuse answers with long headers.
	maxLocation = 2 * links.MaxLongURL
	// logTimeout bounds the time that a visitor waits for a log that blocks.
	logTimeout = time.Second
)

// Handler answers visitors.
type Handler struct {
	o            Options
	unresolved   *lograte.Line[error]
	uncounted    *lograte.Line[error]
	notDurable   *lograte.Line[error]
	noTotals     *lograte.Line[error]
	lost         atomic.Uint64 // clicks that are not known to be durable
	reported     uint64        // those of them that are in the log; used by logNotDurable alone
	cacheControl []string
}

// Unwatcher is a ResponseWriter that watches whether its client leaves.
type Unwatcher interface {
	// Unwatch says that from now on it does not matter to the handler of the request.
	Unwatch()
}

// New returns a Handler that must be closed.
func New(o Options) *Handler {
	h := &Handler{o: o, cacheControl: []string{"private, max-age=" + strconv.Itoa(int(o.MaxAge/time.Second))}}
	h.unresolved = lograte.New(time.Second, h.logUnresolved)
	h.uncounted = lograte.New(time.Second, h.logUncounted)
	h.notDurable = lograte.New(notDurableEvery, h.logNotDurable)
	h.noTotals = lograte.New(time.Minute, h.logNoTotals)
	return h
}

func (h *Handler) logUnresolved(visitors uint64, last error) {
	h.o.Log.Error("a name could not be resolved", "visitors", visitors, "error", last)
}

func (h *Handler) logNoTotals(pages uint64, last error) {
	h.o.Log.Error("pages about links were shown without the number of clicks, which cannot be read", "pages", pages, "error", last)
}

func (h *Handler) logNotDurable(clicks uint64, last error) {
	h.reported += clicks
	h.o.Log.Error("visitors were sent on although their clicks are not durable: make room on the disk, or see why it fails",
		"clicks", clicks, "total", h.reported, "error", last)
}

// NotDurable is the number of visitors who were redirected although their click is not
// known to be durable.
func (h *Handler) NotDurable() uint64 { return h.lost.Load() }

// Close logs the failures that are not in the log yet.
func (h *Handler) Close() {
	h.notDurable.Close()
	h.unresolved.Close()
	h.uncounted.Close()
	h.noTotals.Close()
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 Method Not Allowed", http.StatusMethodNotAllowed)
		return
	}
	path := r.URL.Path[min(1, len(r.URL.Path)):]
	switch path {
	case "":
		h.page(w, h.o.HomeURL, http.StatusOK, "footfall, a short-link server.\n")
		return
	case "robots.txt":
		plain(w, http.StatusOK, "User-agent: *\nDisallow: /-/\n")
		return
	}
	link, err := h.o.Links.Resolve(r.Context(), r.Host, path)
	if page, name := h.pageOf(path); page != nil && errors.Is(err, click.ErrNotFound) {
		if link, err = h.o.Links.Resolve(r.Context(), r.Host, name); err == nil {
			page(w, r, name, &link)
			return
		}
	}
	if err != nil {
		h.unresolvedPage(w, r, err)
		return
	}
	if (link.Expires != 0 || link.MaxClicks != 0) && h.ended(r, &link) {
		h.end(w, &link)
		return
	}
	h.redirect(w, r, &link)
}

// pageOf returns the page that a path asks for about the link of a name, or nil. A link
// whose name is the whole path comes first.
func (h *Handler) pageOf(path string) (page func(http.ResponseWriter, *http.Request, string, *store.Link), name string) {
	path = strings.TrimRight(path, "/")
	if name, ok := strings.CutSuffix(path, links.Plus); ok {
		return h.aboutLink, name
	}
	if name, ok := strings.CutSuffix(path, links.QRCode); ok {
		return h.qrCode, name
	}
	return nil, ""
}

// unresolvedPage answers a visit whose link was not found, because of err.
func (h *Handler) unresolvedPage(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, click.ErrNotFound): // a deleted link too: of its names nothing is kept (ADR 18)
		h.page(w, h.o.NotFoundURL, http.StatusNotFound, "There is no such short link.\n")
	default:
		if !errors.Is(err, context.Canceled) || r.Context().Err() == nil { // otherwise the visitor has left
			h.unresolved.Note(err)
		}
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "This short link cannot be looked up right now. Please try again.\n")
	}
}

// redirect records the click and answers with the long URL.
func (h *Handler) redirect(w http.ResponseWriter, r *http.Request, l *store.Link) {
	query, scanned := links.CutScanMark(r.URL.RawQuery)
	cache := h.cacheControl
	if l.Expires != 0 {
		cache = h.cacheControlUntil(l.Expires)
	}
	switch visitor := h.o.Agents.Read(r.Header); {
	case visitor.Kind == useragent.Prefetch:
		cache = noStore // the click that may follow must come here
	case r.Method == http.MethodGet:
		h.record(w, r, l, visitor, scanned)
	}
	header := w.Header()
	to := links.Location(l.LongURL)
	if l.ForwardQuery.Or(h.o.ForwardQuery) {
		if longer := links.Location(links.WithQuery(l.LongURL, query)); len(longer) <= maxLocation {
			to = longer
		}
	}
	header["Location"] = []string{to}
	header["Cache-Control"] = cache
	header["Content-Length"] = zeroLength
	w.WriteHeader(h.o.Status)
}

var (
	noStore    = []string{"no-store"}
	zeroLength = []string{"0"}
)

// record makes the click durable. If it fails, it returns once the failure is in the
// log, or after logTimeout if the log blocks. So unless the log blocks, each visitor who
// was answered has a click that is durable or reported, even after kill -9.
func (h *Handler) record(w http.ResponseWriter, r *http.Request, l *store.Link, v useragent.Visitor, scanned bool) {
	place := h.o.Places.Place(h.o.Proxies.Visitor(r)) // the address goes no further than this
	c := click.Click{
		Time: h.o.Now().UnixMilli(), User: l.User, Link: l.ID,
		Country:   place.Country,
		Agent:     v.Agent,
		Bot:       v.Kind == useragent.Bot,
		BotFamily: v.Family,
		Referrer:  click.ParseReferrer(r.Header.Get("Referer")),
	}
	if !c.Bot {
		c.Region, c.City, c.Agent.Source = place.Region, place.City, click.FromLink
		if scanned {
			c.Agent.Source = click.FromQR
		}
	}
	// A visitor who has left has clicked all the same.
	if u, ok := w.(Unwatcher); ok {
		u.Unwatch()
	}
	if err := h.o.Recorder.RecordWithin(RecordTimeout, c); err != nil {
		h.lost.Add(1)
		h.notDurable.NoteAndWait(err, logTimeout)
	}
}

// page leads to a URL, or shows a text if there is none.
func (h *Handler) page(w http.ResponseWriter, url string, status int, text string) {
	if url == "" {
		plain(w, status, text)
		return
	}
	w.Header().Set("Location", url)
	w.Header()["Cache-Control"] = noStore
	w.WriteHeader(http.StatusFound)
}

func plain(w http.ResponseWriter, status int, text string) {
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	header["Cache-Control"] = noStore // it may change soon
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.Copy(w, strings.NewReader(text)) // the visitor has left
}
