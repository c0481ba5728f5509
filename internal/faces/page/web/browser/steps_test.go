package browser

import (
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// TestRowsOfLink: all rows of a panel of a link's page are of that link.
func TestRowsOfLink(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.visit(eval[string](b, `document.querySelector(".p-links tbody a").getAttribute("href")`))
	eval[bool](b, `document.querySelector(".p-countries .more button").click() || true`)
	b.until("all rows are listed", `document.querySelector("dialog[open] tbody tr") !== null`)
	sum := eval[int](b, `[...document.querySelectorAll("dialog[open] tbody td:nth-child(2)")].reduce((s, e) => s + Number(e.textContent.replace(/\D/g, "")), 0)`)
	if want := b.clicks(); sum != want {
		t.Errorf("the rows of the link have %d clicks, the link has %d", sum, want)
	}
	// The longest bar is the whole width in every order.
	b.press("dialog[open] thead button", "Country")
	b.until("the rows are sorted by name", `document.querySelector("dialog[open] th[aria-sort=ascending]") !== null`)
	if wide := eval[float64](b, `Math.max(...[...document.querySelectorAll("dialog[open] .share")].map((e) => parseFloat(e.style.width)))`); wide != 100 {
		t.Errorf("the longest bar has %g %% of the width", wide)
	}
}

// TestStepWhileClicked: a click that comes while the next view is awaited does not undo the step.
func TestStepWhileClicked(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	before := b.clicks()
	name := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	// The answers wait until another stream has heard of the click.
	eval[bool](b, `(() => {
		const real = fetch, held = new Promise((go) => {
			const heard = new EventSource("/-/live" + location.search);
			heard.addEventListener("hello", () => { window.listening = true; });
			heard.addEventListener("clicks", () => { heard.close(); window.heard = true; window.answer = go; });
		});
		window.fetch = (u, o) => new Promise((ok, no) => {
			o?.signal?.addEventListener("abort", () => no(new DOMException("", "AbortError")));
			held.then(() => real(u, o)).then(ok, no);
		});
		return true;
	})()`)
	b.until("the other stream listens", `window.listening === true`)
	b.press(".units button", "Hour")
	b.click(name[len(name)-len("/12rDB2L"):])
	b.until("the click is heard of", `window.heard === true`)
	eval[bool](b, `window.answer() || true`)
	b.until("the view is drawn", `document.querySelector(".busy") === null`)
	if unit := eval[string](b, `new URLSearchParams(location.search).get("unit")`); unit != "hour" {
		t.Fatalf("the unit is %q", unit)
	}
	b.until("the click appears", `Number(document.querySelector(".total").textContent.replace(/\D/g, "")) > `+strconv.Itoa(before))
}

// TestStepWhileAnswered: a step that is taken while the answer to the one before arrives gives that
// answer up. An answer that ends early, or is none, changes nothing and is said.
func TestStepWhileAnswered(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	// The body of the next answer begins and does not go on, until the page gives it up.
	eval[bool](b, `(() => {
		window.real = fetch;
		window.answer = (body) => { window.fetch = (u, o) => Promise.resolve(new Response(body(o))); return true; };
		return answer((o) => new ReadableStream({ start(c) {
			c.enqueue(new TextEncoder().encode('{"page":'));
			o.signal.addEventListener("abort", () => c.error(o.signal.reason));
		} }));
	})()`)
	b.press(".units button", "Hour")
	b.until("an answer is awaited", `document.querySelector(".busy") !== null`)
	eval[bool](b, `(window.fetch = real) !== null`)
	b.press(".units button", "Week")
	b.until("weeks are drawn", `document.querySelector("#h-chart").textContent === "Clicks by week" && document.querySelector(".busy") === null`)
	if said := eval[int](b, `document.querySelectorAll(".banner").length`); said != 0 {
		t.Errorf("the page complains: %s", b.text(".banner"))
	}
	for _, c := range []struct{ what, body, says, shown, button string }{
		{"ends early", `() => new ReadableStream({ start(c) { c.error(new TypeError("network error")); } })`, "The server does not answer.", "Clicks by week", "Day"},
		{"is none", `() => "<html>"`, "The server could not answer (HTTP 200).", "Clicks by day", "Month"},
	} {
		eval[bool](b, `answer(`+c.body+`)`)
		b.press(".units button", c.button)
		b.until("the page says that the answer "+c.what, `document.querySelector(".banner")?.textContent.startsWith(`+strconv.Quote(c.says)+`)`)
		if drawn := b.text("#h-chart"); drawn != c.shown {
			t.Errorf("after an answer that %s the page shows %q", c.what, drawn)
		}
		eval[bool](b, `(window.fetch = real) && document.querySelector(".banner button")?.click() || true`)
		b.until("another try takes the step", `document.querySelector("#h-chart").textContent === "Clicks by `+strings.ToLower(c.button)+`" && document.querySelector(".banner") === null && document.querySelector(".busy") === null`)
	}
}

// TestStepWhileAway: while the page tries to reach a server that was away, it does not give up a
// step whose answer takes a while.
func TestStepWhileAway(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	// The page tries again when the test says so.
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: `window.setInterval = (f) => { window.tick = f; return 1; }`}); err != nil {
		t.Fatal(err)
	}
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	eval[bool](b, `(window.real = fetch, window.fetch = () => Promise.reject(new TypeError("network error"))) !== null`)
	b.press(".units button", "Hour")
	b.until("the server is away", `document.querySelector(".banner")?.textContent.startsWith("The server does not answer.")`)
	eval[bool](b, `(() => {
		const held = new Promise((go) => { window.answer = go; });
		window.fetch = (u, o) => new Promise((ok, no) => {
			o?.signal?.addEventListener("abort", () => no(new DOMException("", "AbortError")));
			held.then(() => real(u, o)).then(ok, no);
		});
		return true;
	})()`)
	b.press(".units button", "Week")
	b.until("an answer is awaited", `document.querySelector(".busy") !== null`)
	eval[bool](b, `(window.tick(), window.tick(), window.answer(), true)`)
	b.until("weeks are drawn", `document.querySelector("#h-chart").textContent === "Clicks by week" && document.querySelector(".busy") === null && document.querySelector(".banner") === null`)
}

// TestDragOut: a range is chosen also if the mouse is released beside the chart, and only with
// the left button.
func TestDragOut(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	type place struct{ X, Y float64 }
	at := eval[place](b, `(() => { const r = document.querySelector(".chart svg").getBoundingClientRect(); return { X: r.left + 200, Y: r.top + 90 }; })()`)
	drag := func(button input.MouseButton) {
		for _, e := range []input.DispatchMouseEventParams{
			{Type: "mousePressed", X: at.X, Y: at.Y, Button: button, ClickCount: 1},
			{Type: "mouseMoved", X: at.X + 200, Y: at.Y, Button: button},
			{Type: "mouseReleased", X: at.X + 200, Y: at.Y - 200, Button: button, ClickCount: 1},
		} {
			if _, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, e); err != nil {
				t.Fatal(err)
			}
		}
	}
	drag("right")
	if eval[bool](b, `document.querySelector(".chart .selection, .busy") !== null`) {
		t.Error("the right button chooses a range")
	}
	drag("left")
	b.until("the range is shown", `new URLSearchParams(location.search).has("from") && document.querySelector(".busy") === null`)
	if eval[bool](b, `document.querySelector(".chart .selection") !== null`) {
		t.Error("the chart still has a selection")
	}
}
