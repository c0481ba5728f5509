package browser

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestTokens: a token is made with a name, shown once, and revoked.
func TestTokens(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.visit("/-/account")
	answers := func(token string) bool {
		t.Helper()
		res, err := http.Get(b.url + "/v3/user/info?access_token=" + token)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Contains(string(body), `"status_txt": "OK"`)
	}
	b.do(chromedp.SendKeys(`#token-name`, "<b>reports"))
	b.press(".panel button", "Make a token")
	b.until("the token is shown", `document.querySelector("[role=status] .secret") !== null`)
	token := eval[string](b, `document.querySelector("[role=status] .secret").textContent`)
	b.until("the token is listed", `[...document.querySelectorAll(".tokens th")].some((e) => e.textContent === "<b>reports")`)
	if !answers(token) {
		t.Error("the new token is refused")
	}
	b.visit("/-/account")
	b.until("the use is listed, and the token is not shown again", `[...document.querySelectorAll(".tokens tr")].some((e) => e.textContent.startsWith("<b>reports") && !e.textContent.includes("not known")) && document.querySelector("[role=status] .secret") === null`)
	b.press(".tokens button", "Revoke <b>reports")
	b.until("the token is gone", `![...document.querySelectorAll(".tokens th")].some((e) => e.textContent === "<b>reports")`)
	if answers(token) {
		t.Error("a revoked token is answered")
	}
}

// TestAccountWithoutScripts: a token is made, shown once, and revoked by plain forms.
func TestAccountWithoutScripts(t *testing.T) {
	t.Parallel()
	b := serve(t).open()
	b.signIn()
	b.withoutScripts()
	b.do(chromedp.Navigate(b.url+"/-/account"), chromedp.SendKeys(`#f-name`, "reports"), chromedp.Submit(`#f-name`), chromedp.WaitVisible(`[role=status] .secret`))
	if s := b.text(`main`); !strings.Contains(s, "The token is made.") || !strings.Contains(s, "reports") {
		t.Errorf("after the form the page says %q", s)
	}
	b.do(chromedp.Click(`[aria-label="Revoke reports"]`), chromedp.WaitNotPresent(`[aria-label="Revoke reports"]`), chromedp.WaitVisible(`[role=status]`))
	if s := b.text(`main`); !strings.Contains(s, "The token is revoked.") {
		t.Errorf("after revoking the page says %q", s)
	}
}
