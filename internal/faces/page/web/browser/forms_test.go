package browser

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestLinkWithoutScripts: a link is made, changed and shared by plain forms, which say beside a
// field what is wrong with it, and the share is revoked.
func TestLinkWithoutScripts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	b.withoutScripts()
	send := chromedp.Click(`.fields button[type=submit]`)
	b.do(chromedp.Navigate(b.url+"/-/links"), chromedp.SendKeys(`#long_url`, "javascript:alert(1)"), chromedp.SendKeys(`#keyword`, "plain"), send, chromedp.WaitVisible(`#long_url-error`))
	if s := b.text(`#long_url-error`); !strings.Contains(s, "begin it with http:// or https://") {
		t.Errorf("beside the address is %q", s)
	}
	b.do(chromedp.Clear(`#long_url`), chromedp.SendKeys(`#long_url`, "https://example.org/plain"), send, chromedp.WaitVisible(`#title`))
	if to := b.click("/plain"); to != "https://example.org/plain" {
		t.Errorf("the link leads to %q", to)
	}
	b.do(chromedp.Navigate(b.url+"/-/links"), chromedp.SendKeys(`#long_url`, "https://example.org/other"), chromedp.SendKeys(`#keyword`, "plain"), send, chromedp.WaitVisible(`#keyword-error`))
	if s := b.text(`#keyword-error`); s != "This name is taken. Choose another one." {
		t.Errorf("beside the name is %q", s)
	}

	b.do(chromedp.Navigate(b.url+"/-/link/plain?unit=day&units=7"), chromedp.SendKeys(`#title`, "<b>Plain"), chromedp.Clear(`#long_url`), chromedp.SendKeys(`#long_url`, "javascript:alert(1)"), send, chromedp.WaitVisible(`#long_url-error`))
	if to := b.click("/plain"); to != "https://example.org/plain" {
		t.Errorf("after a change that is refused the link leads to %q", to)
	}
	b.do(chromedp.Clear(`#long_url`), chromedp.SendKeys(`#long_url`, "https://example.org/now"), send, chromedp.WaitNotPresent(`#long_url-error`), chromedp.WaitVisible(`#title`))
	if s := b.text(`h1`); s != "<b>Plain" {
		t.Errorf("the title is %q", s)
	}
	if to := b.click("/plain"); to != "https://example.org/now" {
		t.Errorf("after the change the link leads to %q", to)
	}

	b.do(chromedp.Click(`a[href^="/-/shares/new"]`), chromedp.SendKeys(`#frames`, "example.org"), send, chromedp.WaitVisible(`#frames-error`),
		chromedp.Clear(`#frames`), send, chromedp.WaitVisible(`[role=status] .secret`))
	address := b.text(`[role=status] .secret`)
	shown := func() int {
		t.Helper()
		res, err := http.Get(address)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode
	}
	if code := shown(); code != http.StatusOK || !strings.HasPrefix(address, b.url+"/-/s/") {
		t.Errorf("%q is answered %d", address, code)
	}
	b.do(chromedp.Navigate(b.url+"/-/account"), chromedp.Click(`[aria-label^="Revoke the share of"]`), chromedp.WaitVisible(`[role=status]`))
	if code := shown(); code != http.StatusNotFound {
		t.Errorf("after revoking %q is answered %d", address, code)
	}
}
