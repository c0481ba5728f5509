package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestSites: a site opens its pages, which have its clicks together, and all of them; the menu of
// the API has the calls of both. Without scripts they are listed too.
func TestSites(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	const span = "unit=day&units=90&timezone=UTC&compare=none"
	b.visit("/-/?" + span)
	var data struct {
		Referrers []struct {
			Referrer string
			Clicks   int
		} `json:"referrers"`
	}
	b.api("user/referrers", "unit=day&units=90&timezone=UTC&limit=all", &data)
	counts := map[string][2]int{} // pages and clicks
	for _, r := range data.Referrers {
		_, rest, _ := strings.Cut(r.Referrer, "://")
		host, _, _ := strings.Cut(rest, "/")
		counts[host] = [2]int{counts[host][0] + 1, counts[host][1] + r.Clicks}
	}
	site, pages, want := "", 0, 0
	for _, label := range eval[[]string](b, `[...document.querySelectorAll(".p-domains .toggle")].map((e) => e.getAttribute("aria-label"))`) {
		if s := strings.TrimPrefix(label, "Pages of "); counts[s][0] > pages {
			site, pages, want = s, counts[s][0], counts[s][1]
		}
	}
	if pages < 7 {
		t.Fatalf("%q has %d pages", site, pages)
	}
	const below = `[...document.querySelectorAll("%s .below")]`
	b.press(".p-domains .toggle", "Pages of "+site)
	b.until("its button says that it is open", `document.querySelector(".p-domains .toggle[aria-expanded=true]")?.getAttribute("aria-label") === "Pages of `+site+`"`)
	// The button and the rows are drawn at once: there is nothing more to wait for.
	listed := func(what, within string, want int) {
		t.Helper()
		if n := eval[int](b, fmt.Sprintf(below, within)+`.length`); n != want {
			t.Fatalf("%s are %d rows, want %d: %s", what, n, want, eval[string](b, `document.querySelector(".p-domains").innerText`))
		}
	}
	listed("its pages", ".p-domains", 6)
	const sum = `.reduce((s, e) => s + Number(e.querySelector("td").textContent.replace(/\D/g, "")), 0)`
	if got := eval[int](b, fmt.Sprintf(below, ".p-domains")+sum); got != want {
		t.Errorf("its pages have %d clicks, and the API says %d", got, want)
	}
	if name := eval[string](b, `document.querySelector(".p-domains .below a").textContent`); !strings.HasPrefix(name, "/") {
		t.Errorf("the first page is called %q", name)
	}
	b.press(".p-domains .below button", fmt.Sprint(pages-5, " more pages"))
	b.until("all rows are listed", `document.querySelector("dialog[open] tbody tr") !== null`)
	listed("all its pages", "dialog[open]", pages)
	if got := eval[int](b, fmt.Sprintf(below, "dialog[open]")+sum); got != want {
		t.Errorf("all its pages have %d clicks, and the API says %d", got, want)
	}
	b.press("dialog[open] .close", "Close")
	b.press(".p-domains .toggle", "Pages of "+site)
	b.until("its button says that it is closed", `document.querySelector(".p-domains .toggle[aria-expanded=true]") === null`)
	listed("the pages of a closed site", ".p-domains", 0)
	for name, method := range map[string]string{"Referrers": "user/referring_domains", "Pages": "user/referrers"} {
		b.press(".p-domains .sheet button", name)
		b.until("the call of "+name+" is shown", fmt.Sprintf(`[...document.querySelectorAll(".p-domains .sheet button")].some((e) => e.textContent === %q && e.getAttribute("aria-pressed") === "true")`, name))
		if shown := eval[string](b, `document.querySelector(".p-domains .call pre").textContent`); !strings.Contains(shown, "/v3/"+method+"?") {
			t.Errorf("the call of %s is %q", name, shown)
		}
		file, err := url.Parse(eval[string](b, `document.querySelector(".p-domains .call a").getAttribute("href")`))
		if err != nil || file.Path != "/-/api/"+method || file.Query().Get("limit") != "all" {
			t.Errorf("the file of %s is %v (%v)", name, file, err)
		}
	}
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Navigate(b.url + "/-/?" + span))
	text, err := chromedp.Run(b.ctx, chromedp.Text(`main`))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text, fmt.Sprint(pages-5, " more pages")) {
		t.Errorf("without scripts the pages are not listed:\n%s", text)
	}
}
