package redirect_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"github.com/footfall/footfall/internal/base/throttle"
	"github.com/footfall/footfall/internal/core/metrics"
	"github.com/footfall/footfall/internal/faces/redirect"
	"github.com/footfall/footfall/internal/testkit/logtest"
)

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// scan is the text of a picture of a QR code.
func scan(t *testing.T, picture image.Image) string {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	code, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		t.Fatalf("the QR code cannot be read: %v", err)
	}
	return code.GetText()
}

var (
	svgSize = regexp.MustCompile(`^<svg xmlns="http://www\.w3\.org/2000/svg" width="(\d+)" height="(\d+)" viewBox="0 0 (\d+) (\d+)" shape-rendering="crispEdges">`)
	svgRun  = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-(\d+)z`)
)

// rasterize draws the runs of our SVG, four pixels for a module.
func rasterize(t *testing.T, svg string) image.Image {
	t.Helper()
	head := svgSize.FindStringSubmatch(svg)
	if head == nil {
		t.Fatalf("the picture begins with %.200s", svg)
	}
	whole, _ := strconv.Atoi(head[3])
	picture := image.NewGray(image.Rect(0, 0, 4*whole, 4*whole))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, run := range svgRun.FindAllStringSubmatch(svg, -1) {
		x, _ := strconv.Atoi(run[1])
		y, _ := strconv.Atoi(run[2])
		n, _ := strconv.Atoi(run[3])
		for px := 4 * x; px < 4*(x+n); px++ {
			for py := 4 * y; py < 4*(y+1); py++ {
				picture.SetGray(px, py, color.Gray{})
			}
		}
	}
	return picture
}

// TestQRCode: a decoder reads the short URL with the mark, in both formats, in all sizes
// and levels.
func TestQRCode(t *testing.T) {
	t.Parallel()
	d := newFace(t, nil)
	for _, c := range []struct {
		target, accept string
		png            bool
		size           int
	}{
		{"/abc.qrcode", "", true, 300},
		{"/abc.qrcode/", "*/*", true, 300},
		{"/abc.qrcode", "image/svg+xml", false, 300},
		{"/abc.qrcode", "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8", true, 300},
		{"/abc.qrcode", "image/png;q=0.5, image/svg+xml", false, 300},
		{"/abc.qrcode", "text/html,image/*;q=0.2,IMAGE/SVG+XML; q=0.9", false, 300},
		{"/abc.qrcode", "image/svg+xml;q=0.1,*/*", true, 300},
		{"/abc.qrcode?format=svg&size=32", "image/png", false, 32},
		{"/abc.qrcode?format=png&size=64&level=l", "image/svg+xml", true, 64},
		{"/abc.qrcode?size=333&level=H", "", true, 333},
		{"/abc.qrcode?size=2048&level=q", "", true, 2048},
		{"/abc.qrcode?utm_source=x&r=qr", "", true, 300},
	} {
		got := d.ask("GET", "http://sho.rt"+c.target, "Accept: "+c.accept)
		text := body(t, got)
		if got.StatusCode != 200 || got.Header.Get("Cache-Control") != "public, max-age=86400" || got.Header.Get("X-Content-Type-Options") != "nosniff" || got.Header.Get("Vary") != "Accept" {
			t.Errorf("%s: %d, %v", c.target, got.StatusCode, got.Header)
			continue
		}
		var picture image.Image
		if c.png {
			var err error
			if picture, err = png.Decode(strings.NewReader(text)); err != nil || got.Header.Get("Content-Type") != "image/png" {
				t.Errorf("%s: %s, %v", c.target, got.Header.Get("Content-Type"), err)
				continue
			}
			if b := picture.Bounds(); b.Dx() != c.size || b.Dy() != c.size {
				t.Errorf("%s has %v", c.target, b)
			}
		} else {
			if picture = rasterize(t, text); got.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(text, fmt.Sprintf(`width="%d" height="%d"`, c.size, c.size)) {
				t.Errorf("%s: %s, %.200s", c.target, got.Header.Get("Content-Type"), text)
			}
		}
		if read := scan(t, picture); read != "https://sho.rt/abc?r=qr" {
			t.Errorf("%s is read as %q", c.target, read)
		}
		if again := d.ask("GET", "http://sho.rt"+c.target, "Accept: "+c.accept, "If-None-Match: "+got.Header.Get("ETag")); again.StatusCode != 304 || got.Header.Get("ETag") == "" || body(t, again) != "" {
			t.Errorf("%s with its ETag: %d", c.target, again.StatusCode)
		}
		if head := d.ask("HEAD", "http://sho.rt"+c.target, "Accept: "+c.accept); head.StatusCode != 200 || head.ContentLength != int64(len(text)) || body(t, head) != "" {
			t.Errorf("HEAD %s: %d, %d bytes", c.target, head.StatusCode, head.ContentLength)
		}
	}
	if read, err := png.Decode(d.ask("GET", "http://other.example/evil.qrcode").Body); err != nil || scan(t, read) != "https://sho.rt/evil?r=qr" {
		t.Errorf("on another's domain: %v", err)
	}
	for target, want := range map[string]string{
		"/abc.qrcode?format=gif":         "The format of a QR code is png or svg.\n",
		"/abc.qrcode?format=":            "The format of a QR code is png or svg.\n",
		"/abc.qrcode?level=x":            "The level of a QR code is l, m, q or h: how much of it may be damaged.\n",
		"/abc.qrcode?size=31":            "The size of a QR code is a number of pixels from 32 to 2048.\n",
		"/abc.qrcode?size=2049":          "The size of a QR code is a number of pixels from 32 to 2048.\n",
		"/abc.qrcode?size=1e2":           "The size of a QR code is a number of pixels from 32 to 2048.\n",
		"/abc.qrcode?size=":              "The size of a QR code is a number of pixels from 32 to 2048.\n",
		"/abc.qrcode?size=32&level=h":    "The QR code of this short URL needs a size of at least 37 pixels.\n",
		"/abc.qrcode?size=-9&format=svg": "The size of a QR code is a number of pixels from 32 to 2048.\n",
	} {
		got := d.ask("GET", "http://sho.rt"+target)
		if text := body(t, got); got.StatusCode != 400 || text != want || got.Header.Get("ETag") != "" || got.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d, %q, %v; want 400, %q", target, got.StatusCode, text, got.Header, want)
		}
	}
	for _, target := range []string{"/nope.qrcode", "/.qrcode", "/qrcode"} {
		if got := d.ask("GET", "http://sho.rt"+target); got.StatusCode != 404 {
			t.Errorf("%s: %d", target, got.StatusCode)
		}
	}
	if got := d.ask("GET", "http://sho.rt/down.qrcode"); got.StatusCode != 503 {
		t.Errorf("a store that is away: %d", got.StatusCode)
	}
	if got := d.ask("GET", "http://sho.rt/real.qrcode"); got.StatusCode != 301 {
		t.Errorf("a link of that name: %d", got.StatusCode)
	}
	if len(d.clicks) != 1 { // the last
		t.Errorf("recorded %+v", d.clicks)
	}
}

// TestAbout: the page about a link names what everybody may see.
func TestAbout(t *testing.T) {
	t.Parallel()
	d := newFace(t, nil)
	for target, wants := range map[string][]string{
		"/abc+":      {"<h1>https://sho.rt/abc</h1>", `<a href="http://example.org/a?b=c%20d" rel="nofollow noreferrer">http://example.org/a?b=c d</a>`, "<dd>1\u202f234\u202f567</dd>", `<a href="https://sho.rt/abc.qrcode"`},
		"/abc%2B":    {"<h1>https://sho.rt/abc</h1>"},
		"/abc+/":     {"<h1>https://sho.rt/abc</h1>"},
		"/evil+":     {"<dd>javascript:alert(1)//&lt;script&gt;</dd>", `<dd dir="auto">&lt;b&gt;&#34;T&#34;&amp;</dd>`, `<time datetime="2023-11-14T22:13:20Z">14 November 2023</time>`},
		"/agg+":      {"http://example.org/agg", "14 November 2023", "<dd>2\u202f469\u202f134</dd>"}, // without the private link
		"/real+?x=y": {},
	} {
		got := d.ask("GET", "http://sho.rt"+target)
		text := body(t, got)
		if strings.HasPrefix(target, "/real") {
			if got.StatusCode != 301 {
				t.Errorf("%s: %d", target, got.StatusCode)
			}
			continue
		}
		h := got.Header
		if got.StatusCode != 200 || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("X-Robots-Tag") != "noindex" || h.Get("Cache-Control") != "no-store" ||
			h.Get("Referrer-Policy") != "no-referrer" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; style-src 'sha256-") {
			t.Errorf("%s: %d, %v", target, got.StatusCode, h)
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %s:\n%s", target, want, text)
			}
		}
		if strings.Contains(text, "<script") || strings.Contains(text, `href="javascript`) || strings.Contains(text, "<b>") {
			t.Errorf("%s is not escaped:\n%s", target, text)
		}
		if head := d.ask("HEAD", "http://sho.rt"+target); head.StatusCode != 200 || head.Header.Get("Content-Length") != strconv.Itoa(len(text)) {
			t.Errorf("HEAD %s: %d", target, head.StatusCode)
		}
	}
	unknown := d.ask("GET", "http://sho.rt/nope")
	want := body(t, unknown)
	for _, target := range []string{"/nope+", "/private+", "/+", "/private%2B"} {
		if got := d.ask("GET", "http://sho.rt"+target); got.StatusCode != 404 || body(t, got) != want || fmt.Sprint(got.Header) != fmt.Sprint(unknown.Header) {
			t.Errorf("%s: %d, %v", target, got.StatusCode, got.Header)
		}
	}
	if len(d.clicks) != 1 { // of the link whose name ends so
		t.Errorf("recorded %+v", d.clicks)
	}
}

// away are counts that cannot be read.
type away struct{}

func (away) Ever(context.Context, metrics.Subject) (uint64, error) {
	return 0, errors.New("the counts are away")
}

// TestAboutWithoutCounts: without counts, or if too many ask, the page has no number.
func TestAboutWithoutCounts(t *testing.T) {
	t.Parallel()
	var log logtest.Log
	d := newFace(t, func(o *redirect.Options) { o.Totals, o.Log = away{}, log.Logger() })
	seats := throttle.NewSeats(throttle.SeatLimits{All: 1, Each: 1, Timeout: time.Hour})
	busy := newFace(t, func(o *redirect.Options) { o.Pages = seats })
	leave, err := seats.Take(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range []*face{d, busy} {
		got := d.ask("GET", "http://sho.rt/abc+")
		if text := body(t, got); got.StatusCode != 200 || strings.Contains(text, "Clicks") || !strings.Contains(text, "http://example.org/") {
			t.Errorf("%d, %s", got.StatusCode, text)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "the counts are away") {
		t.Errorf("the log has %s", text)
	}
	got := busy.ask("GET", "http://sho.rt/abc.qrcode")
	if got.StatusCode != 503 || got.Header.Get("Retry-After") != "5" || got.Header.Get("Cache-Control") != "no-store" || got.Header.Get("ETag") != "" {
		t.Errorf("a QR code while all seats are taken: %d, %v", got.StatusCode, got.Header)
	}
	leave()
	if got := busy.ask("GET", "http://sho.rt/abc.qrcode"); got.StatusCode != 200 {
		t.Errorf("a QR code after that: %d", got.StatusCode)
	}
}

func BenchmarkQRCode(b *testing.B) {
	d := &face{}
	d.Handler = redirect.New(redirect.Options{Links: known{}, Store: known{}, Totals: known{}})
	for _, query := range []string{"format=svg", "size=300", "size=2048"} {
		b.Run(query, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := d.ask("GET", "http://sho.rt/abc.qrcode?"+query); got.StatusCode != 200 {
					b.Fatal(got.StatusCode)
				}
			}
		})
	}
}
