package redirect

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/boombuler/barcode/qr"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/storage/store"
)

const (
	// The width of a QR code in pixels, its margin included.
	minSize, defaultSize, maxSize = 32, 300, 2048
	// quiet is the margin, in modules (ISO/IEC 18004, 5.3.8).
	quiet = 4
	// qrMaxAge is the time for which caches may keep a QR code.
	qrMaxAge = "public, max-age=86400"
)

var qrLevels = map[string]qr.ErrorCorrectionLevel{"l": qr.L, "m": qr.M, "q": qr.Q, "h": qr.H}

// qrOptions is what a request asks of a QR code.
type qrOptions struct {
	format, level string
	size          int
}

// parseQROptions reads the query of a request, and its Accept header if the query has no
// format. The error is for the visitor.
func parseQROptions(r *http.Request) (qrOptions, error) {
	q := r.URL.Query()
	given := func(name, otherwise string) string {
		if q.Has(name) {
			return q.Get(name)
		}
		return otherwise
	}
	o := qrOptions{format: given("format", accepted(r.Header.Get("Accept"))), level: strings.ToLower(given("level", "m"))}
	if o.format != "png" && o.format != "svg" {
		return o, errors.New("the format of a QR code is png or svg")
	}
	if _, known := qrLevels[o.level]; !known {
		return o, errors.New("the level of a QR code is l, m, q or h: how much of it may be damaged")
	}
	size, err := strconv.Atoi(given("size", strconv.Itoa(defaultSize)))
	if err != nil || size < minSize || size > maxSize {
		return o, fmt.Errorf("the size of a QR code is a number of pixels from %d to %d", minSize, maxSize)
	}
	o.size = size
	return o, nil
}

// accepted is the format that an Accept header prefers: svg if it has a higher weight than
// png, which bit.ly gave.
func accepted(header string) string {
	weight := func(subtype string) (w float64) {
		best := -1
		for part := range strings.SplitSeq(header, ",") {
			media, params, _ := strings.Cut(part, ";")
			exact := map[string]int{"*/*": 0, "image/*": 1, "image/" + subtype: 2}
			if how, fits := exact[strings.ToLower(strings.TrimSpace(media))]; fits && how > best {
				best, w = how, 1
				if _, q, ok := strings.Cut(strings.ReplaceAll(params, " ", ""), "q="); ok {
					w, _ = strconv.ParseFloat(q, 64)
				}
			}
		}
		return w
	}
	if weight("svg+xml") > weight("png") {
		return "svg"
	}
	return "png"
}

// qrCode answers with the QR code of a link under a name.
func (h *Handler) qrCode(w http.ResponseWriter, r *http.Request, name string, _ *store.Link) {
	o, err := parseQROptions(r)
	w.Header().Set("Vary", "Accept")
	if err != nil {
		badRequest(w, err)
		return
	}
	text := h.shortURL(r, name) + "?" + links.ScanMark
	sum := sha256.Sum256(fmt.Appendf(nil, "1 %s %s %d %s", o.format, o.level, o.size, text))
	etag := `"` + hex.EncodeToString(sum[:12]) + `"`
	header := w.Header()
	header.Set("ETag", etag)
	header.Set("Cache-Control", qrMaxAge)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	leave, err := h.o.Pages.Take(r.Context(), h.o.Proxies.Network(r))
	if err != nil {
		busy(w)
		return
	}
	drawn, err := o.draw(text)
	leave()
	if err != nil {
		header.Del("ETag")
		badRequest(w, err)
		return
	}
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'")
	header.Set("Content-Type", map[string]string{"png": "image/png", "svg": "image/svg+xml"}[o.format])
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(drawn))
}

// draw draws a text. The error is for the visitor.
func (o qrOptions) draw(text string) ([]byte, error) {
	code, err := qr.Encode(text, qrLevels[o.level], qr.Auto)
	if err != nil {
		return nil, errors.New("the short URL is too long for a QR code")
	}
	modules := code.Bounds().Dx()
	black := func(x, y int) bool { return code.At(x, y) == color.Black }
	if o.format == "svg" {
		return drawSVG(modules, o.size, black), nil
	}
	return drawPNG(modules, o.size, black)
}

func drawSVG(modules, size int, black func(x, y int) bool) []byte {
	var b bytes.Buffer
	whole := modules + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" shape-rendering="crispEdges">`, size, size, whole, whole)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#fff"/><path d="`, whole, whole)
	for y := range modules {
		for x := 0; x < modules; {
			run := 0
			for x+run < modules && black(x+run, y) {
				run++
			}
			if run > 0 {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
			}
			x += run + 1
		}
	}
	b.WriteString(`"/></svg>` + "\n")
	return b.Bytes()
}

func drawPNG(modules, size int, black func(x, y int) bool) ([]byte, error) {
	scale := size / (modules + 2*quiet)
	if scale == 0 {
		return nil, fmt.Errorf("the QR code of this short URL needs a size of at least %d pixels", modules+2*quiet)
	}
	picture := image.NewPaletted(image.Rect(0, 0, size, size), color.Palette{color.White, color.Black})
	margin := (size - modules*scale) / 2
	for y := range modules {
		row := make([]byte, size)
		for x := range modules {
			if black(x, y) {
				for i := range scale {
					row[margin+x*scale+i] = 1
				}
			}
		}
		for i := range scale {
			copy(picture.Pix[(margin+y*scale+i)*picture.Stride:], row)
		}
	}
	var b bytes.Buffer
	err := png.Encode(&b, picture)
	return b.Bytes(), err
}

// shortURL is the short URL of a name on the host of the request, if that is one of our
// domains, or else on the default one.
func (h *Handler) shortURL(r *http.Request, name string) string {
	domain, err := h.o.Links.Domain(r.Host, r.Host)
	if err != nil {
		if domain, err = h.o.Links.Domain("", r.Host); err != nil {
			domain = r.Host
		}
	}
	return h.o.Links.ShortURL(domain, click.Hash(name))
}

// badRequest answers with the error as a sentence.
func badRequest(w http.ResponseWriter, err error) {
	text := err.Error()
	plain(w, http.StatusBadRequest, strings.ToUpper(text[:1])+text[1:]+".\n")
}

// busy answers that too many visitors want pages at once.
func busy(w http.ResponseWriter) {
	for _, name := range []string{"ETag", "Cache-Control"} {
		w.Header().Del(name)
	}
	w.Header().Set("Retry-After", "5")
	plain(w, http.StatusServiceUnavailable, "Too many visitors ask for this at once. Please try again.\n")
}
