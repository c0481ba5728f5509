package redirect

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/storage/store"
)

// countTimeout bounds the time in which the page about a link gets its number of clicks.
const countTimeout = 5 * time.Second

var (
	//go:embed about.css
	aboutStyle string
	//go:embed about.html
	aboutHTML string

	aboutPage = template.Must(template.New("about").Parse(aboutHTML))
	// aboutPolicy allows the page's own style and nothing else.
	aboutPolicy = "default-src 'none'; style-src 'sha256-" + styleDigest() + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

func styleDigest() string {
	sum := sha256.Sum256([]byte(aboutStyle))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// about is what the page about a link shows.
type about struct {
	Style                    template.CSS
	ShortURL, LongURL, Title string
	Name                     string       // of the link, for the address of its page
	To                       template.URL // a long URL that may be followed, or empty
	QRCode                   template.URL
	Made                     time.Time
	Clicks                   string // empty if the number is not known
}

// aboutLink answers with a page about a link under a name; as for an unknown name if the
// link is private; and as a visit if the link has ended, because its long URL is no longer
// for visitors.
func (h *Handler) aboutLink(w http.ResponseWriter, r *http.Request, name string, l *store.Link) {
	if l.User == click.Nobody {
		seen, err := h.o.Store.VisibleAggregate(r.Context(), click.Nobody, l.ID)
		if err != nil {
			h.unresolvedPage(w, r, err)
			return
		}
		*l = seen
	}
	if !l.VisibleTo(click.Nobody) {
		h.unresolvedPage(w, r, click.ErrNotFound)
		return
	}
	if h.ended(r, l) {
		h.end(w, l)
		return
	}
	short := h.shortURL(r, name)
	a := about{
		Style: template.CSS(aboutStyle), Name: name, ShortURL: short, LongURL: l.LongURL, Title: l.Title,
		QRCode: template.URL(short + links.QRCode), Made: time.Unix(l.Created, 0).UTC(),
	}
	if links.CheckForeignURL(l.LongURL) == nil { // http, https or ftp
		a.To = template.URL(links.Location(l.LongURL))
	}
	if total, err := h.totalClicks(r, l); err == nil {
		a.Clicks = grouped(total)
	}
	var b bytes.Buffer
	if err := aboutPage.Execute(&b, a); err != nil {
		h.unresolvedPage(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Security-Policy", aboutPolicy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("X-Robots-Tag", "noindex")
	header.Set("Referrer-Policy", "no-referrer")
	header["Cache-Control"] = noStore
	header.Set("Content-Length", strconv.Itoa(b.Len()))
	_, _ = w.Write(b.Bytes()) // the visitor has left
}

// totalClicks is the number of all clicks by people on a link that everybody may see. For
// an aggregate link it is that of all links of its long URL that everybody may see.
func (h *Handler) totalClicks(r *http.Request, l *store.Link) (uint64, error) {
	ctx, cancel := context.WithTimeout(r.Context(), countTimeout)
	defer cancel()
	leave, err := h.o.Pages.Take(ctx, h.o.Proxies.Network(r))
	if err != nil {
		return 0, err
	}
	defer leave()
	of := metrics.Subject{{User: l.User, Link: l.ID}}
	if l.User == click.Nobody {
		all, err := h.o.Store.LinksOfURL(ctx, l.LongURL)
		if err != nil {
			return 0, err
		}
		if of, err = metrics.OfURL(ctx, h.o.Store, all, click.Nobody); err != nil {
			return 0, err
		}
	}
	total, err := h.o.Totals.Ever(ctx, of)
	if err != nil && !errors.Is(err, context.Canceled) {
		h.noTotals.Note(err)
	}
	return total, err
}

// grouped writes a number with a narrow blank every three digits.
func grouped(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteRune('\u202f')
		}
		b.WriteRune(d)
	}
	return b.String()
}
