package browser

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestRanges: the page shows what the API says, and the address has every choice.
func TestRanges(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	zone := eval[string](b, `Intl.DateTimeFormat().resolvedOptions().timeZone`)
	b.until("the zone of the browser is asked for", fmt.Sprintf(`document.cookie.includes(%q)`, "footfall_zone="+url.QueryEscape(zone)))
	agree := func(what, query string) {
		t.Helper()
		if got, want := b.clicks(), b.total(query); got != want {
			t.Errorf("%s: the headline is %d, the API says %d", what, got, want)
		}
	}
	b.visit("/-/?unit=month&units=-1&timezone=America/New_York")
	agree("all time", "unit=month&units=-1&timezone=America/New_York")
	b.visit("/-/?unit=day&units=30&timezone=America/New_York")
	agree("30 days", "unit=day&units=30&timezone=America/New_York")
	b.press(".units button", "Hour")
	b.until("the unit is the hour", `new URLSearchParams(location.search).get("unit") === "hour"`)
	b.until("hours are drawn", `document.querySelector("#h-chart").textContent === "Clicks by hour" && document.querySelector(".busy") === null`)
	agree("by hour", strings.TrimPrefix(eval[string](b, `location.search`), "?"))
	// Another zone, by search.
	eval[bool](b, `document.querySelector('summary[aria-label^="Time zone"]').click() || true`)
	b.do(chromedp.SendKeys(`.zones input`, "kathmandu"))
	b.press(".zones button", "Asia/Kathmandu")
	b.until("the zone is Kathmandu", `new URLSearchParams(location.search).get("timezone") === "Asia/Kathmandu" && document.querySelector(".busy") === null`)
	agree("in Kathmandu", strings.TrimPrefix(eval[string](b, `location.search`), "?"))
	// No comparison.
	b.press(".menu button", "Nothing")
	b.until("nothing is compared", `new URLSearchParams(location.search).get("compare") === "none" && document.querySelector(".chart .previous") === null`)
	// Back undoes it.
	b.do(chromedp.NavigateBack())
	b.until("the comparison is back", `!location.search.includes("compare=none") && document.querySelector(".busy") === null`)
	// One link only, and not any more.
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	link := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	b.press(".p-links .filter", "Show only "+link)
	b.until("one link is shown", `document.querySelector(".chips") !== null && document.querySelector(".busy") === null`)
	agree("one link", "unit=day&units=30&timezone=UTC&link="+url.QueryEscape(link))
	b.press(".chips a", "Remove the filter "+link)
	b.until("all links are shown", `document.querySelector(".chips") === null && document.querySelector(".busy") === null`)
	agree("all links", "unit=day&units=30&timezone=UTC")
	// Every panel adds up.
	if sums := eval[[]string](b, `[...document.querySelectorAll(".list:not(.p-bots) tfoot td:nth-child(2)")].map((e) => e.textContent)`); len(sums) < 5 {
		t.Errorf("the sums of the panels are %v", sums)
	} else {
		for _, s := range sums {
			if strings.ReplaceAll(s, ",", "") != fmt.Sprint(b.clicks()) {
				t.Errorf("the sums of the panels are %v, and not %d", sums, b.clicks())
			}
		}
	}
}

// TestKeyboard: the chart is read and zoomed by keys, and so is the range.
func TestKeyboard(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.do(chromedp.Focus(`.chart svg`), chromedp.KeyEvent("\u0302")) // the arrow to the left
	b.until("a bar is read out", `document.querySelector(".tip strong") !== null`)
	first := eval[string](b, `document.querySelector(".tip strong").textContent`)
	b.do(chromedp.KeyEvent("\u0302"))
	b.until("the bar before is read out", fmt.Sprintf(`document.querySelector(".tip strong").textContent !== %q`, first))
	b.do(chromedp.KeyEvent("\r"))
	b.until("the day is opened", `new URLSearchParams(location.search).get("unit") === "hour" && document.querySelector(".busy") === null`)
	eval[bool](b, `document.activeElement.blur() || true`)
	b.do(chromedp.KeyEvent("["))
	b.until("the day before is shown", `document.querySelector(".busy") === null && history.length > 3`)
	b.do(chromedp.KeyEvent("?"))
	b.until("the shortcuts are listed", `document.querySelector("dialog[open] .shortcuts") !== null`)
}

// TestLinkByHand: make a link, click on it elsewhere, see the click appear, change where it
// leads.
func TestLinkByHand(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/links")
	b.do(chromedp.SendKeys(`#long`, "https://example.org/spring"), chromedp.SendKeys(`#name`, "spring"))
	b.press(".make button", "Make link")
	b.until("the link is made", `[...document.querySelectorAll(".links .sub")].some((e) => e.textContent.includes("/spring"))`)
	b.do(chromedp.SendKeys(`#long`, "https://example.org/other"), chromedp.SendKeys(`#name`, "spring"))
	b.press(".make button", "Make link")
	b.until("a name that is taken is refused beside the field", `document.querySelector("#name").getAttribute("aria-invalid") === "true" && document.querySelector("#make-error").textContent === "This name is taken. Choose another one."`)

	b.visit("/-/?unit=day&units=1&timezone=UTC")
	before := b.clicks()
	b.until("the page listens", `performance.getEntriesByType("resource").some((e) => e.name.includes("/-/live"))|| document.querySelector(".live.on") !== null`)
	if to := b.click("/spring"); to != "https://example.org/spring" {
		t.Errorf("the link leads to %q", to)
	}
	b.until("the click appears", fmt.Sprintf(`Number(document.querySelector(".total").textContent.replace(/\D/g, "")) === %d`, before+1))
	b.until("the title counts along", fmt.Sprintf(`document.title.startsWith("%d clicks")`, before+1))

	b.visit("/-/link/spring?unit=day&units=1&timezone=UTC")
	if got := b.clicks(); got != 1 {
		t.Errorf("the link has %d clicks", got)
	}
	b.press("button", "Edit destination")
	b.fill(`.editing input`, "https://example.org/summer")
	b.press(".editing button", "Save")
	b.until("the destination is changed", `document.querySelector(".linkhead dl").textContent.includes("example.org/summer")`)
	if to := b.click("/spring"); to != "https://example.org/summer" {
		t.Errorf("the link leads to %q", to)
	}
	const hostile = `<img src=x onerror="document.title='broken'">`
	b.press("button", "Edit title")
	b.fill(`.editing input`, hostile)
	b.press(".editing button", "Save")
	b.until("the title is changed", `document.querySelector("h1").textContent.includes("onerror")`)
	b.visit("/-/links")
	if eval[int](b, `document.querySelectorAll("img[src=x]").length`) > 0 || !strings.Contains(eval[string](b, `document.querySelector(".links").textContent`), hostile) {
		t.Error("a hostile title is not text")
	}
}

// TestWithoutScripts: the numbers are there without JavaScript.
func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(b.url + "/-/?unit=day&units=30&timezone=UTC"))
	text, err := chromedp.Run(b.ctx, chromedp.Text(`main`))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{fmt.Sprint(b.total("unit=day&units=30&timezone=UTC"), " clicks"), "Clicks over time", "Countries", "Earlier", "30 days", "People and bots"} {
		if !strings.Contains(strings.ReplaceAll(text, ",", ""), want) {
			t.Errorf("without scripts the page has no %q:\n%s", want, text)
		}
	}
}

// TestServerAway: the page says that the server is away, and goes on when it is back.
func TestServerAway(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	s.stop()
	b.press(".units button", "Hour")
	b.until("the page says that the server is away", `document.querySelector(".banner")?.textContent.includes("does not answer")`)
	s.start()
	b.until("the page goes on by itself", `document.querySelector(".banner") === null`)
	b.until("the step that failed is taken", `document.querySelector("#h-chart").textContent === "Clicks by hour" && new URLSearchParams(location.search).get("unit") === "hour"`)
}

// TestBudget: what the overview loads is small, and comes from this server alone.
func TestBudget(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	b.until("the map is there", `document.querySelectorAll(".world path").length > 100`)
	type loaded struct {
		Name  string
		Bytes int
	}
	all := eval[[]loaded](b, `performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation")).filter((e) => !e.name.includes("/-/live")).map((e) => ({ Name: e.name, Bytes: e.encodedBodySize }))`)
	scripts, total := 0, 0
	for _, l := range all {
		if !strings.HasPrefix(l.Name, b.url+"/-/") && !strings.HasPrefix(l.Name, "data:") {
			t.Errorf("the page loads %s", l.Name)
		}
		if strings.HasSuffix(l.Name, ".js") {
			scripts += l.Bytes
		}
		if strings.Contains(l.Name, "/assets/") {
			total += l.Bytes
		}
	}
	if scripts == 0 || scripts > 50_000 || total > 120_000 || len(all) > 7 {
		t.Errorf("the overview loads %d bytes of scripts and %d of files: %v", scripts, total, all)
	}
}

// TestAccessible: axe finds nothing on any page, in either theme.
func TestAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	b := s.open()
	check := func(name string) {
		t.Helper()
		eval[bool](b, string(axe)+"; true")
		for _, v := range eval[[]string](b, `axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 3).map((n) => "  " + n.html.slice(0, 200) + "\n  " + (n.failureSummary ?? "")).join("\n")))`) {
			t.Errorf("%s: %s", name, v)
		}
	}
	b.do(chromedp.Navigate(b.url + "/-/login"))
	check("the form")
	b.signIn()
	link := eval[string](b, `document.querySelector(".p-links tbody a").getAttribute("href")`)
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, page := range []string{"/-/?unit=day&units=30&timezone=UTC", "/-/?unit=minute&units=60", "/-/links", link, "/-/account", "/-/none"} {
			b.visit(page)
			check(page + ", " + theme)
		}
		b.visit("/-/?unit=day&units=30&timezone=UTC")
		b.press("button", "Table")
		b.press(".p-links .more button", eval[string](b, `document.querySelector(".p-links .more button").textContent`))
		b.until("all links are listed", `document.querySelector("dialog[open] tbody tr") !== null`)
		check("all links, " + theme)
	}
}

// TestImport: a CSV file is tried, and then imported.
func TestImport(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	file := filepath.Join(t.TempDir(), "links.csv")
	if err := os.WriteFile(file, []byte("long_url,keyword\nhttps://example.org/imported,imported\nnonsense,wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.visit("/-/links")
	eval[bool](b, `document.querySelector(".import summary").click() || true`)
	b.do(chromedp.SetUploadFiles(`.import input`, []string{file}))
	b.press(".import button", "Try")
	b.until("the dry run says what would be done", `document.querySelector(".import [role=status]").textContent.includes("1 would be made") && document.querySelectorAll(".lines tbody tr").length === 2`)
	b.press(".import button", "Import")
	b.until("the import says what was done", `document.querySelector(".import [role=status]").textContent.includes("1 made")`)
	b.until("the link is listed", `[...document.querySelectorAll(".links .sub")].some((e) => e.textContent.includes("/imported"))`)
	if to := b.click("/imported"); to != "https://example.org/imported" {
		t.Errorf("the link leads to %q", to)
	}
}
