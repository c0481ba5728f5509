package browser

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAccessibleStates: axe finds nothing in what the pages show after a step, in either theme:
// menus, dialogs, forms, errors.
func TestAccessibleStates(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	const overview = "/-/?unit=day&units=90&timezone=UTC"
	b.visit(overview)
	name := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	open := func(menu string) func() {
		return func() {
			eval[bool](b, fmt.Sprintf(`document.querySelector(%q).click() || true`, menu))
			b.until(menu+" is open", fmt.Sprintf(`document.querySelector(%q).parentElement.open`, menu))
		}
	}
	press := func(selector, text, then string) func() {
		return func() {
			b.press(selector, text)
			b.until(then+" is there", fmt.Sprintf(`document.querySelector(%q) !== null`, then))
		}
	}
	key := func(key, then string) func() {
		return func() {
			b.do(chromedp.KeyEvent(key))
			b.until(then+" is there", fmt.Sprintf(`document.querySelector(%q) !== null`, then))
		}
	}
	states := []struct {
		what, page string
		steps      []func()
	}{
		{"a site that is open", overview, []func(){func() { eval[bool](b, `document.querySelector(".p-domains .toggle").click() || true`) }, func() { b.until("its pages are listed", `document.querySelector(".p-domains .below") !== null`) }}},
		{"all sites", overview, []func(){func() { eval[bool](b, `document.querySelector(".p-domains .more button").click() || true`) }, func() { b.until("all rows are listed", `document.querySelector("dialog[open] tbody tr") !== null`) }}},
		{"the shortcuts", overview, []func(){key("?", "dialog[open] .shortcuts")}},
		{"the shortcuts of Links", "/-/links", []func(){key("?", "dialog[open] .shortcuts")}},
		{"the menu of ranges", overview, []func(){open(`summary[aria-label^="Range"]`)}},
		{"the menu of zones", overview, []func(){open(`summary[aria-label^="Time zone"]`), func() { b.until("zones are listed", `document.querySelectorAll(".zones li").length > 10`) }}},
		{"the menu of comparisons", overview, []func(){open(`summary[aria-label^="Compare"]`)}},
		{"the filter", overview, []func(){open(`summary[aria-label^="Filter"]`), func() { b.until("links are listed", `document.querySelector(".filters li") !== null`) }}},
		{"a filter that is set", overview + "&bots=off&link=" + name, nil},
		{"the call of a panel", overview, []func(){open(`.p-countries .call summary`)}},
		{"the call of the chart", overview, []func(){open(`section[aria-labelledby=h-chart] .call summary`)}},
		{"bots alone", overview + "&bots=on", nil},
		{"a bar that is read", overview, []func(){func() { b.do(chromedp.Focus(`.chart svg`)) }, key("\u0302", ".tip strong")}},
		{"no clicks", "/-/?from=2001-01-01&to=2001-01-31&timezone=UTC", []func(){func() { b.until("the page says so", `document.querySelector(".state") !== null`) }}},
		{"a wrong address", "/-/?timezone=Nowhere", nil},
		{"a view that failed", overview, []func(){
			func() {
				eval[bool](b, `(window.fetch = () => Promise.resolve(new Response('{"error":"TEMPORARILY_UNAVAILABLE"}', { status: 503 }))) !== null`)
			},
			press(".units button", "Week", ".banner")}},
		{"the title of a link, edited", "/-/link/" + name, []func(){press("button", "Edit title", ".editing")}},
		{"a destination that is refused", "/-/link/" + name, []func(){press("button", "Edit destination", ".editing"), func() { b.fill(`.editing input`, "nonsense") }, press(".editing button", "Save", ".editing .wrong")}},
		{"a share that is refused", "/-/link/" + name, []func(){open(`details.sharing summary`), func() { b.fill(`#share-frames`, "example.org") }, press(".sharing button", "Make the address", ".sharing .wrong")}},
		{"a link that is refused", "/-/links", []func(){func() { b.fill(`#long`, "https://example.org/"); b.fill(`#name`, "a b") }, press(".make button", "Make link", "#make-error.wrong")}},
		{"links that are chosen", "/-/links", []func(){func() { eval[bool](b, `document.querySelector(".links input").click() || true`) }, func() { b.until("they can be changed", `document.querySelector(".bulk") !== null`) }}},
		{"the import", "/-/links", []func(){open(`.import summary`), press(".import button", "Try", ".import .wrong")}},
		{"no link is found", "/-/links?query=none+is+like+this", nil},
		{"a password that is refused", "/-/account", []func(){func() { b.fill(`#old`, "not this one"); b.fill(`#new`, "another password") }, press(".fields button", "Change", ".banner")}},
		{"a token that is made", "/-/account", []func(){func() { b.fill(`#token-name`, "reports") }, press(".fields button", "Make a token", "[role=status] .secret")}},
	}
	for i, c := range states {
		if i == len(states)/2 { // a tab has a time limit
			b = s.open()
			b.signIn()
		}
		b.visit(c.page)
		for _, step := range c.steps {
			step()
		}
		b.inThemes(c.what)
	}
}

// inThemes checks that axe finds nothing on the open page in both themes.
func (b tab) inThemes(what string) {
	b.t.Helper()
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		noAxe(b, what+", "+theme)
	}
}

// TestAccessibleWithoutScripts: the same for pages without scripts, as they are answered, and
// after a form that is refused.
func TestAccessibleWithoutScripts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.do(chromedp.Navigate(b.url+"/-/login"), chromedp.SendKeys(`#login`, "nasatwitter"), chromedp.SendKeys(`#password`, "not this one"), chromedp.Submit(`form`), chromedp.WaitVisible(`[role=alert]`))
	noAxe(b, "a password that is refused")
	b.signIn()
	name := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	_, said := s.ran("", "user", "add", "cat", "--data", s.dir)
	_, invitation, _ := strings.Cut(said, "/-/welcome?invitation=")
	invitation, _, _ = strings.Cut(invitation, "\n")
	for _, page := range []struct{ path, form string }{
		{"/-/?unit=day&units=90&timezone=UTC", ""}, {"/-/?unit=day&units=30&tag=spring", ""}, {"/-/link/" + name, ""}, {"/-/link/" + name, "long_url=nonsense"},
		{"/-/links", ""}, {"/-/links?query=none+is+like+this", ""}, {"/-/links/make", "long_url=nonsense"}, {"/-/links/make", "long_url=https://example.org/&keyword=a+b"},
		{"/-/account", ""}, {"/-/account/token", "name=reports"}, {"/-/account/token", "name="},
		{"/-/shares/new?link=" + name, ""}, {"/-/shares/make", "frames=example.org&link=" + name}, {"/-/shares/make", "link=" + name},
		{"/-/s/none", ""}, {"/-/welcome?invitation=" + invitation, ""}, {"/-/welcome", "password=short&invitation=" + invitation},
	} {
		b.plain(page.path, page.form)
		b.inThemes(page.path + " " + page.form + " without scripts")
	}
}

// plain shows the answer to a request, or to a form, as browsers without scripts do. axe itself is
// a script, so scripts are not switched off: they are taken out of the answer.
func (b tab) plain(path, form string) {
	b.t.Helper()
	b.visit("/-/none")
	eval[bool](b, fmt.Sprintf(`(async (path, form) => {
		const answer = await fetch(path, { headers: { Accept: "text/html" }, ...(form ? { method: "POST", body: new URLSearchParams(form) } : {}) });
		const page = new DOMParser().parseFromString(await answer.text(), "text/html");
		page.querySelectorAll("script").forEach((e) => e.remove());
		page.querySelectorAll("noscript").forEach((e) => e.replaceWith(...e.childNodes));
		document.title = page.title;
		document.body.replaceWith(document.adoptNode(page.body));
		return true;
	})(%q, %q)`, path, form))
	b.until("the page has a heading", `document.querySelector("main h1") !== null`)
}
