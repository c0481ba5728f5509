package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// makeShare fills in the form of Share on the open page, and returns the path of the new one.
func (b tab) makeShare(password, frames string) string {
	b.t.Helper()
	b.until("the page offers to share", `document.querySelector("details.sharing summary") !== null`)
	eval[bool](b, `document.querySelector("details.sharing").open = true`)
	b.fill("#share-password", password)
	b.fill("#share-frames", frames)
	b.press(".sharing button", "Make the address")
	b.until("the address is shown", `document.querySelector(".sharing [role=status] .secret") !== null`)
	return strings.TrimPrefix(eval[string](b, `document.querySelector(".sharing [role=status] .secret").textContent`), b.url)
}

// TestShares: a link is shared with a password, opened by somebody without a login, and revoked.
func TestShares(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	b.visit("/-/?unit=day&units=30&timezone=UTC")
	link := eval[string](b, `document.querySelector(".p-links .sub").textContent`)
	b.visit("/-/link/" + link + "?unit=day&units=30&timezone=UTC")
	clicks := b.clicks()
	address := b.makeShare(password, "")
	noAxe(b, "the form of a share")

	stranger := s.open()
	stranger.do(chromedp.Navigate(s.url + address + "?unit=day&units=30&timezone=UTC"))
	stranger.do(chromedp.SendKeys(`#password`, "not this one"), chromedp.Submit(`main form`))
	stranger.until("a wrong password is refused", `document.querySelector("[role=alert]") !== null`)
	noAxe(stranger, "the form for the password")
	stranger.do(chromedp.SendKeys(`#password`, password), chromedp.Submit(`main form`))
	stranger.until("the view is drawn", `document.querySelector(".total") !== null`)
	if got := stranger.clicks(); got != clicks {
		t.Errorf("the share has %d clicks, the page of the link %d", got, clicks)
	}
	if n := eval[int](stranger, `document.querySelectorAll("nav, .out, .call, .edit, .live, details.sharing, .filter, [href^='/-/link'], [href='/-/']").length`); n != 0 {
		t.Errorf("the share has %d elements of its owner", n)
	}
	stranger.press(".units button", "Hour")
	stranger.until("the unit is the hour", `new URLSearchParams(location.search).get("unit") === "hour" && document.querySelector(".busy") === null`)
	if got := stranger.clicks(); got != clicks {
		t.Errorf("by hour the share has %d clicks, want %d", got, clicks)
	}
	for _, theme := range []string{"light", "dark"} {
		stranger.theme(theme)
		stranger.do(chromedp.Reload()) // else some colours are still changing
		stranger.until("the view is drawn again", `document.querySelector(".total") !== null`)
		noAxe(stranger, "a share, "+theme)
	}

	b.visit("/-/account")
	noAxe(b, "the list of shares")
	b.press(".shares button", "Revoke the share of "+link[strings.LastIndex(link, "/")+1:])
	b.until("the share is gone", `document.querySelector(".shares") === null`)
	stranger.press(".units button", "Day")
	stranger.until("the view says so", `document.querySelector(".banner") !== null`)
	stranger.do(chromedp.Navigate(s.url + address))
	stranger.until("the address shows nothing", `document.body.textContent.includes("not any more")`)
}

// TestSharedTagInFrame: a share of a tag is shown in a frame of the site that its owner allows,
// and of no other.
func TestSharedTagInFrame(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var address string
	embed := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<!doctype html><title>other</title><h1>Another site</h1><iframe src="%s%s?unit=day&units=30" width="900" height="600"></iframe>`, s.url, address)
	})
	allowed, other := httptest.NewServer(embed), httptest.NewServer(embed)
	t.Cleanup(allowed.Close)
	t.Cleanup(other.Close)
	b := s.open()
	b.signIn()
	var links struct {
		List []struct{ Link string } `json:"link_history"`
	}
	s.api("user/link_history", "limit=1", &links)
	s.api("user/link_edit", "edit=tags&tags=spring&link="+links.List[0].Link, nil)
	b.visit("/-/?unit=day&units=30&timezone=UTC&tag=spring")
	address = b.makeShare("", allowed.URL)
	for site, shown := range map[string]bool{allowed.URL: true, other.URL: false} {
		stranger := s.open()
		stranger.do(chromedp.Navigate(site))
		if got := stranger.framed(); got != shown {
			t.Errorf("in a frame of %s the share is shown: %v", site, got)
		}
	}
}

// framed waits for the frame of the page, and reports whether it shows something.
func (b tab) framed() bool {
	b.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		tree, err := chromedp.Call(b.ctx, page.GetFrameTree, cdp.Empty{})
		if err != nil {
			b.t.Fatal(err)
		}
		for _, f := range tree.FrameTree.ChildFrames {
			switch {
			case f.Frame.UnreachableURL != "" || strings.HasPrefix(f.Frame.URL, "chrome-error:"):
				return false
			case strings.Contains(f.Frame.URL, "/-/s/"):
				return true
			}
		}
		select {
		case <-again.C:
		case <-b.ctx.Done():
			b.t.Fatal("the frame was not loaded")
		}
	}
}

// noAxe checks that axe finds nothing on the open page.
func noAxe(b tab, what string) {
	b.t.Helper()
	if !eval[bool](b, `"axe" in window`) {
		axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
		if err != nil {
			b.t.Fatal(err)
		}
		eval[bool](b, string(axe)+"; true")
	}
	for _, v := range eval[[]string](b, `axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 3).map((n) => "  " + n.html.slice(0, 200) + "\n  " + (n.failureSummary ?? "")).join("\n")))`) {
		b.t.Errorf("%s: %s", what, v)
	}
}
