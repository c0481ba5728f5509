package browser

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// query is a parameter of the address.
func (b tab) query(name string) []string {
	b.t.Helper()
	return eval[[]string](b, fmt.Sprintf(`new URLSearchParams(location.search).getAll(%q)`, name))
}

// drawn waits until the view that was asked for is drawn.
func (b tab) drawn(condition string) {
	b.t.Helper()
	b.until(condition, condition+` && document.querySelector(".busy") === null`)
}

// bots follows a link as a bot does.
func (s *site) bot(path string) {
	s.t.Helper()
	r, err := http.NewRequest("GET", s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("User-Agent", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)")
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		s.t.Fatal(err)
	}
	res.Body.Close()
}

// TestPeopleOrBots: a view has people, bots or both; the chart draws them as layers, and what is
// not known of bots says so.
func TestPeopleOrBots(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	people := b.clicks()
	before := eval[int](b, `Number(document.querySelector(".botted").firstChild.textContent.replace(/\D/g, ""))`) // the demo has some
	name := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	for range 3 {
		b.bot(name[strings.LastIndex(name, "/"):])
	}
	b.until("bots are a layer", `document.querySelector(".chart rect.bots") !== null && document.querySelector(".chart rect.people") !== null && document.querySelector(".botted")?.firstChild.textContent === "`+strconv.Itoa(before+3)+`"`)
	b.press(".filters .group button", "Bots")
	b.drawn(`document.querySelector(".total").textContent === "` + strconv.Itoa(before+3) + `"`)
	if q := b.query("bots"); len(q) != 1 || q[0] != "on" {
		t.Errorf("the address has bots=%v", q)
	}
	if n := b.total("unit=day&units=30&timezone=UTC"); n != people {
		t.Errorf("the API counts %d people, before there were %d", n, people)
	}
	if text := eval[string](b, `document.querySelector(".p-countries").textContent`); !strings.Contains(text, "and not by country") {
		t.Errorf("the countries say %q", text)
	}
	if eval[int](b, `document.querySelectorAll(".p-bots tbody tr").length`) == 0 {
		t.Error("there are no names of bots")
	}
	b.press(".chips a", "Remove the filter bots")
	b.drawn(`document.querySelector(".chips") === null`)
	b.press(".filters .group button", "People")
	b.drawn(`document.querySelector(".chips")?.textContent.includes("People")`)
	if b.clicks() != people || eval[bool](b, `document.querySelector(".chart rect.bots, .botted") !== null`) {
		t.Errorf("people alone are %d, and not %d, or bots are drawn", b.clicks(), people)
	}
}

// TestFilter: / finds a link or a tag; Shift adds it, by keys too; each part can be removed.
func TestFilter(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	names := eval[[]string](b, `[...document.querySelectorAll(".p-links .sub")].slice(0, 2).map((e) => e.textContent)`)
	b.press(".p-links .filter", "Show only "+names[0])
	b.drawn(`document.querySelectorAll(".chips .pill").length === 1`)
	first := b.clicks()
	b.do(chromedp.KeyEvent("/"))
	b.until("the search has the focus", `document.activeElement.id === "find"`)
	b.do(chromedp.SendKeys(`#find`, names[1][strings.LastIndex(names[1], "/")+1:]))
	b.until("the link is found", `document.querySelectorAll(".filters li").length === 1`)
	b.do(chromedp.Focus(`.filters li button`), chromedp.KeyEvent("\r", chromedp.KeyModifiers(chromedp.ModifierShift)))
	b.drawn(`document.querySelectorAll(".chips a.pill").length === 2`)
	if got, want := b.clicks(), b.total("unit=day&units=30&timezone=UTC&link="+names[0]+"&link="+names[1]); got != want || got <= first {
		t.Errorf("both links have %d clicks, the API says %d, and the first has %d", got, want, first)
	}
	b.press(".chips a", "Remove the filter "+names[0])
	b.drawn(`document.querySelectorAll(".chips a.pill").length === 1`)
	if q := b.query("link"); len(q) != 1 || q[0] != names[1] {
		t.Errorf("the address has link=%v", q)
	}
	// A tag.
	b.visit("/-/link/" + names[1])
	b.press("button", "Edit tags")
	b.fill(`.editing input`, "spring")
	b.press(".editing button", "Save")
	b.until("the tag is kept", `document.querySelector(".linkhead dl").textContent.includes("spring")`)
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.do(chromedp.KeyEvent("/"))
	b.until("the search has the focus", `document.activeElement.id === "find"`)
	b.do(chromedp.SendKeys(`#find`, "#spring"))
	b.press(".filters li button", "#spring")
	b.drawn(`document.querySelectorAll(".chips a.pill").length === 1`)
	if got, want := b.clicks(), b.total("unit=day&units=30&timezone=UTC&tag=spring"); got != want || got == 0 {
		t.Errorf("the tag has %d clicks, the API says %d", got, want)
	}
	b.press(".chips a", "Remove the filter spring")
	b.drawn(`document.querySelector(".chips") === null`)
}

// TestRest: rows for what is unknown stand last and have no bar, except where the reader sorts
// by name.
func TestRest(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	const rows = `[...document.querySelectorAll("%s tbody tr")].map((e) => e.querySelector("th").textContent.replace(/^[A-Z]{2}|^\u2013/, "") + (e.querySelector(".share") ? " with a bar" : ""))`
	list := eval[[]string](b, fmt.Sprintf(rows, ".p-countries"))
	if len(list) != 12 || !strings.HasSuffix(list[9], " with a bar") || strings.HasSuffix(list[10], "bar") || list[11] != "Unknown" {
		t.Errorf("the rows are %q", list)
	}
	eval[bool](b, `document.querySelector(".p-countries .more button").click() || true`)
	b.until("all rows are listed", `document.querySelector("dialog[open] tbody tr") !== null`)
	all := eval[[]string](b, fmt.Sprintf(rows, "dialog[open]"))
	if len(all) < 20 || all[len(all)-1] != "Unknown" || !strings.HasSuffix(all[len(all)-2], " with a bar") {
		t.Errorf("all rows are %q", all)
	}
	b.press("dialog[open] thead button", "Country")
	b.until("they are sorted by name", `document.querySelector("dialog[open] th[aria-sort=ascending]") !== null`)
	if all = eval[[]string](b, fmt.Sprintf(rows, "dialog[open]")); all[len(all)-1] == "Unknown" {
		t.Errorf("by name the rows are %q", all)
	}
}

// TestTheme: a button on every page switches between dark and light, and the choice is kept.
func TestTheme(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.theme("light")
	ground := func() string { return eval[string](b, `getComputedStyle(document.documentElement).colorScheme`) }
	for i, page := range []string{"/-/", "/-/links", "/-/account", "/-/none"} {
		b.visit(page)
		want := []string{"light", "dark"}
		if i%2 == 1 {
			want = []string{"dark", "light"}
		}
		if got := ground(); got != want[0] {
			t.Errorf("%s is %s", page, got)
		}
		b.press(".top button", "Dark colours")
		if got := ground(); got != want[1] || eval[string](b, `document.querySelector(".theme").ariaPressed`) != fmt.Sprint(want[1] == "dark") {
			t.Errorf("%s is %s after the button", page, got)
		}
	}
	if eval[bool](b, `localStorage.getItem("theme") !== null`) {
		t.Error("what the system has is kept as a choice")
	}
}
