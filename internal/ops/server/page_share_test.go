package server_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

// newShares is a site where ann has the links sale (3 clicks), other (2 clicks, tagged spring)
// and third (1 click, tagged spring).
func newShares(t *testing.T) (*server.App, http.Handler, pageVisitor) {
	t.Helper()
	app, site := newSite(t)
	browser := visit(t, app, site, "ann")
	for _, name := range []string{"other", "third"} {
		if _, err := app.AddLink(t.Context(), control.NewLink{Login: "ann", LongURL: "http://example.org/" + name, Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	for _, e := range []url.Values{
		{"link": {"sale"}, "edit": {"title,note,tags"}, "title": {"The sale"}, "note": {"a hidden note"}, "tags": {"hidden tag"}},
		{"link": {"sale"}, "edit": {"long_url"}, "long_url": {"http://example.org/now"}},
		{"link": {"other"}, "edit": {"tags"}, "tags": {"spring"}}, {"link": {"third"}, "edit": {"tags"}, "tags": {"spring"}},
	} {
		if w := browser.send("POST", "/-/api/user/link_edit", e.Encode()); !strings.Contains(w.Body.String(), `"status_txt": "OK"`) {
			t.Fatal(w.Body)
		}
	}
	follow(t, site, firefox, "/sale", "/sale", "/sale", "/other", "/other", "/third")
	counted(t, browser, 6)
	return app, site, browser
}

// share makes a share, and returns its path.
func (v pageVisitor) share(form url.Values) string {
	v.t.Helper()
	w := v.send("POST", "/-/shares/make", form.Encode())
	var made struct {
		Address string
		Shares  []struct{ ID string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &made); err != nil || w.Code != http.StatusOK || !strings.HasPrefix(made.Address, "/-/s/") {
		v.t.Fatalf("a share of %v is answered %d %s", form, w.Code, w.Body)
	}
	return made.Address
}

const lastDays = "unit=day&units=2&timezone=UTC"

// TestShareIsOfOneLink: no parameter of its address shows anything but the clicks on the link,
// and nothing of its owner.
func TestShareIsOfOneLink(t *testing.T) {
	t.Parallel()
	_, site, browser := newShares(t)
	for _, c := range []struct {
		form   url.Values
		clicks uint64
		names  string // what it may name
	}{
		{url.Values{"link": {"sale"}}, 3, "example.org/now"},
		{url.Values{"tag": {"Spring"}}, 3, "example.org/other"},
	} {
		address := browser.share(c.form)
		stranger := pageVisitor{t: t, site: site}
		for _, more := range []string{
			"", "&link=other", "&link=sale", "&link=other&link=sale", "&tag=", "&tag=spring&tag=hidden+tag", "&tag=hidden+tag", "&link=&tag=", "&Link=other",
			"&link[]=other", "&user=ann", "&login=ann", "&access_token=x", "&scope=", "&page=overview", "&share=", "&expand_links=true", "&compare=year",
			"&bots=both", "&bots=off", "&domain=sho.rt", "&query=other", "&limit=all", "&callback=f", "&format=csv", "&hash=other", "&shortUrl=http://sho.rt/other",
			"&panel=links", "&secret=x",
		} {
			for _, path := range []string{address, address + "/view", address + "/rows"} {
				panels := []string{""}
				if strings.HasSuffix(path, "/rows") {
					panels = []string{"&panel=links", "&panel=countries", "&panel=domains", "&panel=referrers", "&panel=browsers"}
				}
				for _, panel := range panels {
					w := stranger.send("GET", path+"?"+lastDays+panel+more, "")
					body := w.Body.String()
					if w.Code != http.StatusOK {
						t.Fatalf("%s%s%s is answered %d %s", path, panel, more, w.Code, body)
					}
					for _, hidden := range []string{"a hidden note", "hidden tag", `"ann"`, "user/", "/-/link/", "example.org/\"", "R_"} {
						if strings.Contains(body, hidden) {
							t.Errorf("%s%s%s has %q: %s", path, panel, more, hidden, body)
						}
					}
					if c.form.Get("link") != "" && (strings.Contains(body, "third") || strings.Contains(body, "example.org/other")) ||
						c.form.Get("tag") != "" && strings.Contains(body, "The sale") {
						t.Errorf("%s%s%s names another link: %s", path, panel, more, body)
					}
					if strings.HasSuffix(path, "/view") {
						var v struct {
							Headline struct{ Clicks uint64 }
							Panels   []struct {
								ID     string
								Clicks uint64
							}
						}
						if err := json.Unmarshal([]byte(body), &v); err != nil || v.Headline.Clicks != c.clicks {
							t.Errorf("%s%s has %d clicks (%v), want %d", path, more, v.Headline.Clicks, err, c.clicks)
						}
						for _, p := range v.Panels {
							if p.ID != "bots" && p.Clicks != c.clicks {
								t.Errorf("%s%s: the panel %s has %d clicks, want %d", path, more, p.ID, p.Clicks, c.clicks)
							}
						}
						if !strings.Contains(body, c.names) {
							t.Errorf("%s%s does not have %q: %s", path, more, c.names, body)
						}
					}
				}
			}
		}
		// It opens nothing else.
		for _, path := range []string{"/-/live", "/-/view", "/-/rows", "/-/links/view", "/-/api/user/clicks", address + "/live", address + "/api/user/clicks", address + "/link/sale"} {
			r := httptest.NewRequest("GET", "http://sho.rt"+path+"?"+lastDays, nil)
			r.Header.Set("Referer", "http://sho.rt"+address)
			r.AddCookie(&http.Cookie{Name: "footfall", Value: strings.TrimPrefix(address, "/-/s/")})
			w := httptest.NewRecorder()
			site.ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusNotFound {
				t.Errorf("%s is answered %d %s", path, w.Code, w.Body)
			}
		}
	}
}

// TestShareHeaders: the secret does not leave by a referrer, robots stay away, and only the
// sites that the owner allows may show it in a frame.
func TestShareHeaders(t *testing.T) {
	t.Parallel()
	_, site, browser := newShares(t)
	stranger := pageVisitor{t: t, site: site}
	for frames, want := range map[string]string{"": "frame-ancestors 'none'", "*": "frame-ancestors *", "https://b.example http://a.example:81": "frame-ancestors http://a.example:81 https://b.example"} {
		address := browser.share(url.Values{"link": {"sale"}, "frames": {frames}})
		for _, path := range []string{address, address + "/view", address + "/rows?panel=links"} {
			h := stranger.send("GET", path, "").Header()
			if p := h.Get("Content-Security-Policy"); !strings.HasSuffix(p, want) || !strings.HasPrefix(p, "default-src 'none'; script-src 'self';") ||
				h.Get("Referrer-Policy") != "no-referrer" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || h.Get("Cache-Control") != "no-store" {
				t.Errorf("%s with frames %q has the headers %v", path, frames, h)
			}
		}
	}
	for path, status := range map[string]int{"/-/s/none": 404, "/-/s/k" + strings.Repeat("0", 64): 404, "/-/s/none/view": 404} {
		w := stranger.send("GET", path, "")
		if p := w.Header().Get("Content-Security-Policy"); w.Code != status || !strings.HasSuffix(p, "frame-ancestors 'none'") || w.Header().Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s is answered %d, %v", path, w.Code, w.Header())
		}
	}
	for _, form := range []url.Values{
		{"link": {"none"}}, {}, {"link": {"sale"}, "tag": {"spring"}}, {"tag": {"a,b"}}, {"link": {"sale"}, "ends": {"x"}}, {"link": {"sale"}, "ends": {"1"}},
		{"link": {"sale"}, "frames": {"https://a.example;script-src"}}, {"link": {"sale"}, "frames": {"*"}, "password": {"a password"}}, {"link": {"sale"}, "password": {"short"}},
	} {
		if w := browser.send("POST", "/-/shares/make", form.Encode()); w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("a share of %v is answered %d %s", form, w.Code, w.Body)
		}
	}
	if w := stranger.send("POST", "/-/shares/make", "link=sale"); w.Code != http.StatusUnauthorized {
		t.Errorf("a share by a stranger is answered %d %s", w.Code, w.Body)
	}
}

// TestSharePasswordAndEnd: a share with a password opens with a cookie for its path alone, and
// shows nothing after it was revoked, or its link was deleted.
func TestSharePasswordAndEnd(t *testing.T) {
	t.Parallel()
	app, site, browser := newShares(t)
	address := browser.share(url.Values{"link": {"sale"}, "password": {"a password"}, "ends": {"4102444800"}})
	stranger := pageVisitor{t: t, site: site}
	if w := stranger.send("GET", address+"?"+lastDays, ""); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "asks for a password") || strings.Contains(w.Body.String(), "sale") {
		t.Errorf("without the password the page is %d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/view", "/rows?panel=links"} {
		if w := stranger.send("GET", address+path, ""); w.Code != http.StatusUnauthorized {
			t.Errorf("without the password %s is answered %d %s", path, w.Code, w.Body)
		}
	}
	if w := stranger.send("POST", address, "password=not+this+one"); w.Code != http.StatusUnauthorized || len(w.Result().Cookies()) > 0 {
		t.Errorf("a wrong password is answered %d, %v", w.Code, w.Header())
	}
	w := stranger.send("POST", address+"?"+lastDays, "password=a+password")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != address+"?"+lastDays || len(w.Result().Cookies()) != 1 {
		t.Fatalf("the password is answered %d, %v", w.Code, w.Header())
	}
	c := w.Result().Cookies()[0]
	if c.Path != address || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode {
		t.Errorf("the cookie is %v", c)
	}
	stranger.cookie = c.Name + "=" + c.Value
	if w := stranger.send("GET", address+"/view?"+lastDays, ""); w.Code != http.StatusOK {
		t.Errorf("with the password the view is answered %d %s", w.Code, w.Body)
	}
	other := browser.share(url.Values{"link": {"sale"}, "password": {"a password"}})
	if w := stranger.send("GET", other+"/view", ""); w.Code != http.StatusUnauthorized {
		t.Errorf("the cookie opens another share: %d", w.Code)
	}
	// Revoked.
	var account struct {
		Shares []struct {
			ID, Link, Tag       string
			Created, Ends, Used int64
			Password            bool
		}
	}
	body := browser.send("GET", "/-/account", "").Body.String()
	_, body, _ = strings.Cut(body, `id="view" data-world="`)
	_, body, _ = strings.Cut(body, ">")
	body, _, _ = strings.Cut(body, "</script>")
	if err := json.Unmarshal([]byte(body), &account); err != nil || len(account.Shares) != 2 || strings.Contains(body, strings.TrimPrefix(address, "/-/s/")) {
		t.Fatalf("the account is %s (%v)", body, err)
	}
	for _, s := range account.Shares {
		if s.Ends == 0 {
			continue
		}
		if !s.Password || s.Link == "" || s.Ends != 4102444800 || time.Since(time.Unix(s.Created, 0)) > time.Hour {
			t.Errorf("a share is listed as %+v", s)
		}
		if w := browser.send("POST", "/-/shares/revoke", "id="+s.ID); w.Code != http.StatusOK {
			t.Errorf("to revoke is answered %d %s", w.Code, w.Body)
		}
	}
	for _, path := range []string{"", "/view", "/rows?panel=links"} {
		if w := stranger.send("GET", address+path, ""); w.Code != http.StatusNotFound {
			t.Errorf("after it was revoked %s is answered %d %s", path, w.Code, w.Body)
		}
	}
	if w := stranger.send("POST", address, "password=a+password"); w.Code != http.StatusNotFound {
		t.Errorf("after it was revoked the password is answered %d", w.Code)
	}
	// Gone with its link, and with its user.
	open, tagged := browser.share(url.Values{"link": {"sale"}}), browser.share(url.Values{"tag": {"spring"}})
	if _, err := app.DeleteLink(t.Context(), "sale"); err != nil {
		t.Fatal(err)
	}
	if w := stranger.send("GET", open, ""); w.Code != http.StatusNotFound {
		t.Errorf("the share of a deleted link is answered %d", w.Code)
	}
	if w := stranger.send("GET", tagged, ""); w.Code != http.StatusOK {
		t.Errorf("the share of a tag is answered %d", w.Code)
	}
	if _, err := app.DeleteUser(t.Context(), "ann"); err != nil {
		t.Fatal(err)
	}
	if w := stranger.send("GET", tagged, ""); w.Code != http.StatusNotFound {
		t.Errorf("the share of a deleted user is answered %d", w.Code)
	}
}
