package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// TestStrip: the window in the strip is moved and made longer with the mouse and by keys, and
// another one is chosen.
func TestStrip(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=14&timezone=UTC&compare=none")
	b.until("the strip is drawn", `document.querySelector(".strip .window") !== null`)
	// days is the length of the range, and how many days ago its last day was.
	type days struct{ Long, Ago int }
	shown := func() days {
		return eval[days](b, `(() => { const q = new URLSearchParams(location.search), day = (d) => Date.parse(d) / 864e5, now = Math.floor(Date.now() / 864e5);
			return { Long: day(q.get("to")) - day(q.get("from")) + 1, Ago: now - day(q.get("to")) }; })()`)
	}
	expect := func(what string, long, ago int) {
		t.Helper()
		b.drawn(`location.search.includes("from=")`)
		got := shown()
		if got.Long != long || got.Ago != ago && got.Ago != ago+1 { // midnight may have come
			t.Errorf("%s: the range has %d days and ended %d days ago, want %d and %d", what, got.Long, got.Ago, long, ago)
		}
		if n, want := b.clicks(), b.total(strings.TrimPrefix(eval[string](b, `location.search`), "?")); n != want {
			t.Errorf("%s: the headline is %d, the API says %d", what, n, want)
		}
	}
	type place struct{ Left, Right, Y, Day float64 }
	eval[bool](b, `(document.querySelector(".strip").scrollIntoView({ block: "center" }), true)`)
	find := func() place {
		return eval[place](b, `(() => { const w = document.querySelector(".strip .window").getBoundingClientRect(), a = document.querySelector(".strip .all").getBoundingClientRect();
			const q = new URLSearchParams(location.search), long = q.has("from") ? (Date.parse(q.get("to")) - Date.parse(q.get("from"))) / 864e5 + 1 : 14;
			return { Left: w.left, Right: w.right, Y: w.top + w.height / 2, Day: w.width / long }; })()`)
	}
	mouse := func(from, to float64) {
		t.Helper()
		y := find().Y
		before := eval[string](b, `location.search`)
		for _, e := range []input.DispatchMouseEventParams{
			{Type: "mousePressed", X: from, Y: y, Button: "left", ClickCount: 1}, {Type: "mouseMoved", X: (from + to) / 2, Y: y, Button: "left"},
			{Type: "mouseMoved", X: to, Y: y, Button: "left"}, {Type: "mouseReleased", X: to, Y: y, Button: "left", ClickCount: 1},
		} {
			if _, err := chromedp.Call(b.ctx, input.DispatchMouseEvent, e); err != nil {
				t.Fatal(err)
			}
		}
		b.drawn(fmt.Sprintf(`location.search !== %q`, before))
	}
	p := find()
	middle := (p.Left + p.Right) / 2
	mouse(middle, middle-20*p.Day)
	expect("moved", 14, 20)
	p = find()
	mouse(p.Left-2, p.Left-2-10*p.Day)
	expect("made longer", 24, 20)
	p = find()
	mouse(p.Right+2, p.Right+2-4*p.Day)
	expect("made shorter", 20, 24)
	p = find()
	mouse(p.Left-12*p.Day-p.Day/2, p.Left-6*p.Day-p.Day/2)
	if long := shown().Long; long != 7 {
		t.Errorf("another range has %d days", long)
	}
	b.do(chromedp.NavigateBack())
	b.drawn(`document.querySelector(".strip .window").getAttribute("aria-valuetext") !== null`)
	expect("after going back", 20, 24)

	press := func(slider, key string) {
		t.Helper()
		before := eval[string](b, `location.search`)
		b.do(chromedp.Focus(fmt.Sprintf(`.strip [aria-label=%q]`, slider)), chromedp.KeyEvent(key))
		b.drawn(fmt.Sprintf(`location.search !== %q`, before))
	}
	const arrowLeft, arrowRight, pageUp = "\u0302", "\u0303", "\u0308"
	press("The range", arrowRight)
	expect("moved by a key", 20, 23)
	press("First day", arrowRight)
	expect("made shorter by a key", 19, 23)
	press("Last day", pageUp)
	expect("made longer by a key", 26, 16)
	if label := eval[string](b, `document.activeElement.getAttribute("aria-label")`); label != "Last day" {
		t.Errorf("the focus is at %q", label)
	}
	press("The range", arrowLeft)
	expect("moved back by a key", 26, 17)
	b.visit("/-/?unit=month&units=-1")
	if eval[bool](b, `document.querySelector(".strip") !== null`) {
		t.Error("all time is in a longer time")
	}
}

// TestKeyAtOnce: a key that is pressed the moment a range is drawn moves it again.
func TestKeyAtOnce(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=14&timezone=UTC&compare=none")
	b.until("the strip is drawn", `document.querySelector(".strip .window") !== null`)
	eval[bool](b, `(() => {
		const range = document.querySelector(".strip .window");
		const key = (what) => range.dispatchEvent(new KeyboardEvent(what, { key: "ArrowLeft", bubbles: true, cancelable: true }));
		range.focus();
		new MutationObserver((_, all) => {
			if (!new URLSearchParams(location.search).has("from")) return;
			all.disconnect();
			window.first = location.search;
			key("keydown");
			setTimeout(() => key("keyup"), 200); // a finger stays that long
		}).observe(document.getElementById("main"), { subtree: true, childList: true, attributes: true, characterData: true });
		key("keydown");
		return Promise.resolve().then(() => key("keyup"));
	})()`)
	b.drawn(`window.first !== undefined && location.search !== window.first`)
	if moved := eval[int](b, `(Date.parse(new URLSearchParams(window.first).get("to")) - Date.parse(new URLSearchParams(location.search).get("to"))) / 864e5`); moved != 1 {
		t.Errorf("the second key moved the range by %d days", moved)
	}
}
