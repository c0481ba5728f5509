package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// phone makes the window that of a phone, with a finger instead of a mouse.
func (b tab) phone() {
	b.t.Helper()
	b.do(chromedp.EmulateViewport(390, 844))
	if _, err := chromedp.Call(b.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: true}); err != nil {
		b.t.Fatal(err)
	}
}

// finger puts a finger on the window, moves it over some places, and lifts it.
func (b tab) finger(x, y float64, to ...float64) {
	b.t.Helper()
	touch := func(kind input.DispatchTouchEventType, points ...*input.TouchPoint) {
		b.t.Helper()
		if points == nil {
			points = []*input.TouchPoint{}
		}
		if _, err := chromedp.Call(b.ctx, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: kind, TouchPoints: points}); err != nil {
			b.t.Fatal(err)
		}
	}
	touch("touchStart", &input.TouchPoint{X: x, Y: y})
	for _, x := range to {
		touch("touchMove", &input.TouchPoint{X: x, Y: y})
	}
	touch("touchEnd")
}

// TestPhone: the toolbar has two lines, and its fold has the rest; a tap reads a bar, a finger
// some of them, and a button opens what was read.
func TestPhone(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.phone()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	if tall := eval[float64](b, `document.querySelector(".toolbar").offsetHeight + document.querySelector(".top").offsetHeight`); tall > 240 {
		t.Errorf("header and toolbar are %g high", tall)
	}
	if eval[bool](b, `document.querySelector(".units").offsetParent !== null`) {
		t.Error("the units are not folded")
	}
	b.press(".toolbar button", eval[string](b, `document.querySelector(".fold").textContent.trim()`))
	b.until("the fold is open", `document.querySelector(".units").offsetParent !== null`)

	type place struct{ Left, Top, Step float64 }
	eval[bool](b, `(document.querySelector(".chart").scrollIntoView({ block: "center" }), true)`)
	at := eval[place](b, `(() => { const r = document.querySelector(".chart svg").getBoundingClientRect(); return { Left: r.left + 52, Top: r.top + 120, Step: (r.width - 60) / 30 }; })()`)
	bar := func(i float64) float64 { return at.Left + at.Step*(i+0.5) }
	b.finger(bar(7), at.Top)
	b.until("a bar is read", `document.querySelector(".read strong") !== null`)
	if q := b.query("from"); len(q) != 0 {
		t.Errorf("a tap opens a bar: from=%v", q)
	}
	one := eval[string](b, `document.querySelector(".read").textContent`)
	b.finger(bar(3), at.Top, bar(5), bar(12))
	b.until("some bars are read", fmt.Sprintf(`document.querySelector(".read").textContent !== %q`, one))
	sum := eval[int](b, `Number(document.querySelector(".read strong + strong").textContent.replace(/\D/g, ""))`)
	b.press(".read button", "Zoom in")
	b.drawn(`new URLSearchParams(location.search).has("from")`)
	if got := b.clicks(); got != sum || sum == 0 {
		t.Errorf("the bars are read as %d, and opened they have %d", sum, got)
	}
	if n := eval[int](b, `document.querySelectorAll(".chart rect.people").length`); n > 10 || n < 5 {
		t.Errorf("%d bars are opened, not ten", n)
	}
}

// TestMarks: where a destination changed is read by keys, and in the table.
func TestMarks(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.visit(eval[string](b, `document.querySelector(".p-links tbody a").getAttribute("href")`))
	b.press("button", "Edit destination")
	b.fill(`.editing input`, "https://example.org/elsewhere")
	b.press(".editing button", "Save")
	b.until("the change is marked", `document.querySelector(".chart .changed") !== null`)
	b.do(chromedp.Focus(`.chart svg`), chromedp.KeyEvent("\u0305")) // End
	b.until("the change is read", `document.querySelector(".tip .moved")?.textContent.includes("leads to https://example.org/elsewhere")`)
	b.press("button", "Table")
	b.until("the table has the change", `[...document.querySelectorAll("td.moved")].filter((e) => e.textContent.includes("example.org/elsewhere")).length === 1`)
}

// TestPicture: the picture of the chart has dashes, colours and the numbers.
func TestPicture(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.visit(eval[string](b, `document.querySelector(".p-links tbody a").getAttribute("href")`))
	b.press("button", "Edit destination")
	b.fill(`.editing input`, "https://example.org/elsewhere")
	b.press(".editing button", "Save")
	b.until("the change is marked", `document.querySelector(".chart .changed") !== null`)
	eval[bool](b, `(() => { URL.createObjectURL = (blob) => { blob.text().then((s) => { window.saved = s; }); window.kind = blob.type; return "data:,"; }; return true; })()`)
	b.press(".call button", "SVG")
	b.until("the picture is made", `typeof window.saved === "string"`)
	svg := eval[string](b, `window.saved`)
	for _, want := range []string{`stroke-dasharray="2px, 3px"`, `xmlns="http://www.w3.org/2000/svg"`, "rgb(11, 107, 99)"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the picture has no %s", want)
		}
	}
	if kind := eval[string](b, `window.kind`); kind != "image/svg+xml" {
		t.Errorf("the picture is %q", kind)
	}
	b.press(".call button", "PNG")
	b.until("the other picture is made", `window.kind === "image/png"`)
}

// TestFiles: each panel has its rows as CSV and JSON.
func TestFiles(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	for _, format := range []string{"CSV", "JSON"} {
		panels := eval[int](b, `document.querySelectorAll(".panel").length`)
		files := eval[[]string](b, fmt.Sprintf(`[...document.querySelectorAll(".panel .call a")].filter((e) => e.textContent === %q).map((e) => e.getAttribute("href"))`, format))
		if len(files) != panels || panels < 9 {
			t.Fatalf("%d panels have %d files of %s", panels, len(files), format)
		}
		for _, f := range files {
			if !strings.Contains(f, "limit=all") {
				t.Errorf("%s has not all rows", f)
			}
			if status := eval[int](b, fmt.Sprintf(`fetch(%q).then((r) => r.text().then((s) => (s.length > 9 ? r.status : 0)))`, f)); status != 200 {
				t.Errorf("%s is answered %d", f, status)
			}
		}
	}
}
