// Package redirect is the face for the visitor: GET /{hash} leads to the long
// URL, and is a click.
//
// It declares the few things it needs: to resolve a name, to know the visitor,
// to record a click. It refuses to know how, and to keep a visitor waiting: he
// is sent on even where his click cannot be recorded.
package redirect

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/lograte"
)

// Link is where a name leads, and whose it is.
type Link struct {
	ID      click.LinkID
	User    click.UserID
	LongURL string // ASCII without control characters
}

// Visitor is what is known of the one who asks; his address is not.
type Visitor struct {
	Country  click.Country
	Bot      bool
	Prefetch bool // a browser that asks ahead; nobody has clicked yet
}

// Options says what a Handler needs. Fields without a default are required.
type Options struct {
	// Resolve finds the link of a name on a host, or fails with
	// click.ErrNotFound.
	Resolve func(ctx context.Context, host, name string) (Link, error)
	// Visitor looks at a request.
	Visitor func(*http.Request) Visitor
	// Record returns once the click is durable.
	Record func(context.Context, click.Click) error
	Now    func() time.Time
	Log    *slog.Logger

	// Status is the HTTP status of a redirect: 301, 302, 303, 307 or 308.
	Status int
	// MaxAge is for how long a browser may repeat the redirect by itself, so
	// that a second click within it does not count. Whole seconds.
	MaxAge time.Duration
	// NotFoundURL is where unknown names lead; a plain page if empty.
	NotFoundURL string
	// HomeURL is where / leads; a plain page if empty.
	HomeURL string
}

// RecordDeadline is how long a visitor waits for his click to be durable.
const RecordDeadline = 2 * time.Second

// Handler answers visitors.
type Handler struct {
	Options
	unresolved   *lograte.Line[error]
	notDurable   *lograte.Line[error]
	lost         atomic.Uint64 // clicks that are not known to be durable
	cacheControl []string
}

const (
	// notDurableEvery is the interval between two log lines about clicks that
	// are not durable, and so the longest that a visitor waits for one.
	notDurableEvery = 100 * time.Millisecond
	// logPatience is how long a visitor waits for a log that blocks.
	logPatience = time.Second
)

// New makes a Handler.
func New(o Options) *Handler {
	var total uint64
	return &Handler{
		Options: o,
		unresolved: lograte.New(time.Second, func(visitors uint64, last error) {
			o.Log.Error("a name could not be resolved", "visitors", visitors, "error", last)
		}),
		notDurable: lograte.New(notDurableEvery, func(clicks uint64, last error) {
			total += clicks
			o.Log.Error("visitors were sent on although their clicks are not durable: make room on the disk, or see why it fails",
				"clicks", clicks, "total", total, "error", last)
		}),
		cacheControl: []string{"private, max-age=" + strconv.Itoa(int(o.MaxAge/time.Second))},
	}
}

// NotDurable is how many visitors were sent on without their click being known
// to be durable.
func (h *Handler) NotDurable() uint64 { return h.lost.Load() }

// Close tells the log what it has not been told yet.
func (h *Handler) Close() {
	h.notDurable.Close()
	h.unresolved.Close()
}

// ServeHTTP answers one request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "405 this address can only be visited", http.StatusMethodNotAllowed)
		return
	}
	name := r.URL.Path[min(1, len(r.URL.Path)):]
	switch name {
	case "":
		h.page(w, h.HomeURL, http.StatusOK, "This is a footfall: it counts the clicks on short links.\n")
		return
	case "robots.txt":
		plain(w, http.StatusOK, "User-agent: *\nDisallow: /-/\n")
		return
	}
	link, err := h.Resolve(r.Context(), r.Host, name)
	switch {
	case errors.Is(err, click.ErrNotFound):
		h.page(w, h.NotFoundURL, http.StatusNotFound, "There is no such short link.\n")
	case err != nil:
		if !errors.Is(err, context.Canceled) || r.Context().Err() == nil { // else nobody waits for the answer any more
			h.unresolved.Note(err)
		}
		w.Header().Set("Retry-After", "5")
		plain(w, http.StatusServiceUnavailable, "This short link cannot be looked up right now. Please try again.\n")
	default:
		h.send(w, r, link)
	}
}

// send records the click and sends the visitor on.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, link Link) {
	v := h.Visitor(r)
	cache := h.cacheControl
	switch {
	case v.Prefetch:
		cache = noStore // the click that may follow must come here
	case r.Method == http.MethodGet:
		h.record(r, link, v)
	}
	header := w.Header()
	header["Location"] = []string{link.LongURL}
	header["Cache-Control"] = cache
	header["Content-Length"] = zeroLength
	w.WriteHeader(h.Status)
}

var (
	noStore    = []string{"no-store"}
	zeroLength = []string{"0"}
)

// record makes the click durable. If it fails, it returns once the failure is in
// the log. So however the process ends, kill -9 included, each visitor who was
// answered has a click that is durable or reported.
func (h *Handler) record(r *http.Request, link Link, v Visitor) {
	c := click.Click{
		Time: h.Now().UnixMilli(), User: link.User, Link: link.ID,
		Country: v.Country, Bot: v.Bot,
		Referrer: click.ParseReferrer(r.Header.Get("Referer")),
	}
	// A visitor who has gone has clicked all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), RecordDeadline)
	defer cancel()
	if err := h.Record(ctx, c); err != nil {
		h.lost.Add(1)
		h.notDurable.NoteAndWait(err, logPatience)
	}
}

// page leads to a URL, or shows a text where there is none.
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
	header["Cache-Control"] = noStore // it may be another one soon
	header.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = io.Copy(w, strings.NewReader(text)) // nobody to tell
}
