package browser

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// TestAdminPages: the first user of a demo is an admin, who adds a user, disables and deletes them,
// without scripts.
func TestAdminPages(t *testing.T) {
	t.Parallel()
	s := serve(t)
	b := s.open()
	b.signIn()
	b.visit("/-/")
	b.press(".top nav a", "Server")
	b.until("health is there", `document.querySelector("h1")?.textContent === "Health" && document.querySelector(".good") !== null && document.querySelectorAll(".facts dt").length > 10`)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	text := func(want ...string) {
		t.Helper()
		got, err := chromedp.Run(b.ctx, chromedp.Text(`main`))
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("the page has no %q:\n%s", w, got)
			}
		}
	}
	b.do(chromedp.Navigate(b.url+"/-/admin/users"), chromedp.SendKeys(`#login`, "bob"), chromedp.Click(`button[value=add]`), chromedp.WaitVisible(`[role=status] .secret`))
	text("bob is a user now.", b.url+"/-/welcome?invitation=")
	b.do(chromedp.Click(`button[aria-label="Disable bob"]`), chromedp.WaitVisible(`button[aria-label="Enable bob"]`))
	text("bob is disabled.")
	b.do(chromedp.Click(`a[aria-label="Delete bob"]`), chromedp.WaitVisible(`#typed`), chromedp.SendKeys(`#typed`, "Bob\r"), chromedp.WaitVisible(`#typed-error`))
	text("Nothing was deleted.")
	b.do(chromedp.SendKeys(`#typed`, "bob\r"), chromedp.WaitVisible(`#login`))
	text("bob is deleted: tokens 0, links 0")
}

// TestAdminAccessible: axe finds nothing on the pages of admins, in either theme, and nothing is
// wider than a phone.
func TestAdminAccessible(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t)
	for _, login := range []string{"ann", "bob", strings.Repeat("x", 64)} {
		s.run("", "user", "add", login, "--data", s.dir)
	}
	s.run("", "user", "disable", "bob", "--data", s.dir)
	b := s.open()
	b.signIn()
	check := func(what string) {
		t.Helper()
		eval[bool](b, string(axe)+"; true")
		for _, v := range eval[[]string](b, `axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n" + v.nodes.slice(0, 3).map((n) => "  " + n.html.slice(0, 200) + "\n  " + (n.failureSummary ?? "")).join("\n")))`) {
			t.Errorf("%s: %s", what, v)
		}
	}
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, page := range []string{"/-/admin/health", "/-/admin/users", "/-/admin/users?query=none", "/-/admin/users/delete?login=ann"} {
			b.visit(page)
			check(page + ", " + theme)
		}
		b.visit("/-/admin/users")
		b.do(chromedp.SendKeys(`#login`, "a b"), chromedp.Click(`button[value=add]`), chromedp.WaitVisible(`#login-error`))
		check("a login that is refused, " + theme)
		b.press("button", "Invite ann again")
		b.until("the invitation is shown", `document.querySelector("[role=status] .secret") !== null`)
		check("an invitation, " + theme)
	}
	b.do(chromedp.EmulateViewport(390, 844))
	for _, page := range []string{"/-/admin/health", "/-/admin/users", "/-/admin/users/delete?login=ann"} {
		b.visit(page)
		if wide := eval[int](b, `document.documentElement.scrollWidth`); wide > 390 {
			t.Errorf("%s is %d pixels wide on a phone of 390", page, wide)
		}
	}
}
