package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestLinksWhileAway: the list of links loses no choice of the reader while answers are awaited or
// fail, and says what failed.
func TestLinksWhileAway(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/links")
	const away, back = `(window.fetch = () => Promise.reject(new TypeError("network error"))) !== null`, `(window.fetch = real) !== null`
	archived := func(value string) {
		t.Helper()
		eval[bool](b, `((e) => { e.value = "`+value+`"; return e.dispatchEvent(new Event("change", { bubbles: true })); })([...document.querySelectorAll(".finder label")].find((e) => e.textContent.startsWith("Archived")).querySelector("select"))`)
	}
	says := func(what string) {
		t.Helper()
		b.until(what, `document.querySelector(".banner")?.textContent.startsWith("The server does not answer.") && document.querySelector(".busy") === null`)
	}
	eval[bool](b, `(window.real = fetch) !== null && `+away)
	archived("on")
	says("the list cannot be asked for")
	eval[bool](b, back)
	b.press(".banner button", "Try again")
	b.drawn(`new URLSearchParams(location.search).get("archived") === "on" && document.querySelector(".banner") === null`)

	// Two choices, of which the first is not answered yet.
	eval[bool](b, `(() => {
		const held = new Promise((go) => { window.answer = go; });
		window.fetch = (u, o) => new Promise((ok, no) => {
			o?.signal?.addEventListener("abort", () => no(new DOMException("", "AbortError")));
			window.asked = u;
			held.then(() => real(u, o)).then(ok, no);
		});
		return true;
	})()`)
	archived("both")
	b.until("the first is asked for", `window.asked?.includes("archived=both")`)
	b.do(chromedp.SendKeys(`#find`, "nasa"))
	b.until("both are asked for", `window.asked.includes("archived=both") && window.asked.includes("query=nasa")`)
	eval[bool](b, `window.answer() || true`)
	b.drawn(`location.search.includes("archived=both") && location.search.includes("query=nasa")`)

	// A change of many links that fails is said, although the list is asked for again.
	eval[bool](b, `(window.fetch = (u, o) => u.includes("link_edit") ? Promise.reject(new TypeError("network error")) : real(u, o).finally(() => { window.again = true; })) !== null`)
	eval[bool](b, `document.querySelector(".links input").click() || true`)
	b.press(".bulk button", "Archive")
	b.until("the list is asked for again", `window.again`)
	says("the change failed")

	eval[bool](b, back)
	b.press(".banner button", "Try again")
	b.drawn(`document.querySelector(".banner") === null`)
	eval[bool](b, away)
	b.press(".finder button", "Save as CSV")
	says("the links cannot be saved")
}
