package v3_test

import (
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/core/links"
	"github.com/footfall/footfall/internal/core/metrics"
	v3 "github.com/footfall/footfall/internal/faces/api/v3"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// Links of three users and their clicks. The private links of ann have 1003 clicks from
// KP and secretref.example each. So have the aggregate links that sum only them.
// Everything that others must not see has one of these marks, or is a private hash.
var privateWorld = []struct {
	store.ForeignLink
	private bool
	clicks  int
	country string
	from    string
}{
	{store.ForeignLink{Login: "ann", Hash: "annprv", AggregateHash: "prvagg", LongURL: "http://secret.example/own", Created: 1331000001,
		Domain: "go.example", Keyword: "annkey"}, true, 1003, "KP", "http://secretref.example/page"},
	{store.ForeignLink{Login: "ann", Hash: "annsam", AggregateHash: "annsam", LongURL: "http://secret.example/same", Created: 1331000002},
		true, 1003, "KP", "http://secretref.example/page"},
	{store.ForeignLink{Login: "ann", Hash: "annbth", AggregateHash: "bthagg", LongURL: "http://both.example/", Created: 1331000003},
		true, 1003, "KP", "http://secretref.example/page"},
	{store.ForeignLink{Login: "ann", Hash: "annpub", AggregateHash: "pubagg", LongURL: "http://public.example/", Created: 1331000004},
		false, 6000, "FR", "http://publicref.example/page"},
	{store.ForeignLink{Login: "cat", Hash: "catbth", AggregateHash: "bthagg", LongURL: "http://both.example/", Created: 1331000005},
		false, 6000, "FR", "http://publicref.example/page"},
	{store.ForeignLink{Login: "bob", Hash: "boblnk", AggregateHash: "bobagg", LongURL: "http://bob.example/", Created: 1331000006},
		false, 7, "DE", "http://bobref.example/page"},
}

// newPrivateWorld is an API with these links; without secrets the private ones were
// never made.
func newPrivateWorld(t *testing.T, secrets bool) *v3.API {
	t.Helper()
	kept := storetest.NewMemoryLinks()
	for _, login := range []string{"ann", "bob", "cat"} {
		if _, err := kept.AddUser(t.Context(), login, 1330000000); err != nil {
			t.Fatal(err)
		}
	}
	counts := new(storetest.MemoryCounts)
	b := &store.Batch{To: 1, MinutesFrom: now.Unix() - 7200 - now.Unix()%3600}
	cells, minutes := map[rollup.Key]uint64{}, map[rollup.Key]uint64{}
	clicked := func(at time.Time, user click.UserID, link click.LinkID, n int, country, from string) {
		c := click.Click{Time: at.UnixMilli(), User: user, Link: link, Country: click.ParseCountry(country), Referrer: click.ParseReferrer(from)}
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k] += uint64(n) })
		rollup.Each(c, rollup.Minute, func(k rollup.Key) { minutes[k] += uint64(n) })
		c.Bot, c.BotFamily = true, "Googlebot"
		rollup.Each(c, rollup.QuarterHour, func(k rollup.Key) { cells[k] += uint64(n) })
	}
	for _, l := range privateWorld {
		if l.private && !secrets {
			continue
		}
		made, err := kept.ImportLinks(t.Context(), []store.ForeignLink{l.ForeignLink})
		if err != nil {
			t.Fatal(err)
		}
		if l.private {
			title, note := "secret title", "secret note"
			if _, err := kept.EditLink(t.Context(), made[0].ID, store.LinkEdit{Private: &l.private, Title: &title, Note: &note, Modified: l.Created + 9}); err != nil {
				t.Fatal(err)
			}
		}
		clicked(now, made[0].User, made[0].ID, l.clicks, l.country, l.from)
		switch l.Hash { // some clicks on aggregate links themselves
		case "annprv":
			clicked(now.Add(-20*time.Minute), click.Nobody, made[0].Aggregate, 2000, "KP", l.from)
		case "catbth":
			clicked(now, click.Nobody, made[0].Aggregate, 1000, "IT", l.from)
		}
	}
	for k, n := range cells {
		b.Cells = append(b.Cells, rollup.Cell{Key: k, Clicks: n})
	}
	for k, n := range minutes {
		b.Minutes = append(b.Minutes, rollup.Cell{Key: k, Clicks: n})
	}
	if err := counts.AddBatch(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	short, err := links.New(links.Options{Links: kept, Domains: []string{"sho.rt"}, Now: func() time.Time { return now }, Random: &dice{}})
	if err != nil {
		t.Fatal(err)
	}
	return v3.New(v3.Options{
		Auth: fixtureAuth{kept}, Links: short, Store: kept, Clicks: metrics.New(counts), Shortens: func(tag string) *metrics.Metrics { return metrics.New(links.Creations{Links: kept, Tag: tag}) },
		Now: func() time.Time { return now },
	})
}

// privateQuestions are questions to each method about a link or its long URL.
var privateQuestions = []struct {
	method, query string
	// private matches the owner's answer about a private link, and public every
	// answer about a public one; empty if the method does not show links, or not
	// those of others.
	private, public string
}{
	{"link/clicks", "link={link}", `003`, `[67]000\b`},
	{"link/clicks", "link={link}&rollup=false&unit=minute&units=60", `003`, `[67]000\b`},
	{"link/clicks", "link={link}&rollup=false&unit=month", `003`, `[67]000\b`},
	{"link/countries", "link={link}", `KP`, `FR`},
	{"link/referrers", "link={link}", `secretref`, `publicref`},
	{"link/referring_domains", "link={link}", `secretref`, `publicref`},
	{"link/referrers_by_domain", "link={link}", `secretref`, `publicref`},
	{"link/devices", "link={link}", `003`, `[67]000\b`},
	{"link/browsers", "link={link}", `003`, `[67]000\b`},
	{"link/systems", "link={link}", `003`, `[67]000\b`},
	{"link/sources", "link={link}", `003`, `[67]000\b`},
	{"link/cities", "link={link}", `KP`, `FR`},
	{"link/regions", "link={link}", `KP`, `FR`},
	{"link/bots", "link={link}", `003`, `[67]000\b`},
	{"link/bot_clicks", "link={link}", `003`, `[67]000\b`},
	{"user/bot_clicks", "", `9009`, ``},
	{"user/bot_clicks", "link={link}", `003`, ``},
	{"user/clicks", "unit=day&link={link}", `003`, ``},
	{"user/popular_links", "link={link}", `003`, ``},
	{"user/popular_links", "expand_links=true", `secret title`, ``},
	{"user/destination_changes", "link={link}", ``, ``},
	{"link/shares", "link={link}", `total_shares`, `total_shares`},
	{"link/encoders", "link={link}", `ann`, `sho.rt`},
	{"link/encoders_by_count", "link={link}", `1003`, `[67]000\b`},
	{"link/encoders_count", "link={link}", `count`, `count`},
	{"link/lookup", "url={url}", `aggregate_link`, `aggregate_link`},
	{"lookup", "url={url}", `global_hash`, `global_hash`},
	{"expand", "hash={link}", `long_url`, `long_url`},
	{"expand", "shortUrl=http://{link}", `long_url`, `long_url`},
	{"info", "hash={link}&expand_user=true", `created_at`, `created_at`},
	{"clicks", "hash={link}", `003`, `[67]000\b`},
	{"clicks_by_day", "hash={link}", `003`, `[67]000\b`},
	{"clicks_by_minute", "hash={link}", `003`, `[67]000\b`},
	{"countries", "hash={link}", `KP`, `FR`},
	{"referrers", "hash={link}", `secretref`, `publicref`},
	{"shorten", "longUrl={url}", `new_hash`, `new_hash`},
	{"validate", "x_login=ann&x_apiKey={link}", ``, ``},
	{"bitly_pro_domain", "domain=sho.rt", ``, ``},

	{"user/link_save", "longUrl={url}", `ann`, `new_link`},
	{"user/save_custom_domain_keyword", "keyword_link=chosen&target_link={link}", `keyword_link`, ``},
	{"user/save_custom_domain_keyword", "keyword_link=chosen&target_link={url}", `keyword_link`, `keyword_link`},
	{"user/link_edit", "link={link}&edit=note&note=other", `link_edit`, ``},
	{"user/link_edit", "link={link}&edit=private&private=false", `link_edit`, ``},
	{"user/link_lookup", "url={url}", `ann`, ``},
	{"user/link_history", "", `secret`, ``},
	{"user/link_history", "user=ann", `secret`, `public`},
	{"user/link_history", "user=ann&private=on", `secret`, ``},
	{"user/link_history", "user=ann&private=both&archived=both&query=secret", `secret`, ``},
	{"user/link_history", "user=ann&root_domain=secret.example", `secret`, ``},
	{"user/link_history", "user=ann&keyword=annkey", `secret`, ``},
	{"user/link_history", "link={link}", `http`, ``},
	{"user/link_history", "link={link}&user=ann", `http`, `public`},
	{"user/info", "login=ann", ``, `member_since`},
	{"user/clicks", "", `9009`, ``},
	{"user/clicks", "unit=minute&rollup=false", `9009`, ``},
	{"user/countries", "unit=day", `KP`, ``},
	{"user/referrers", "unit=day", `secretref`, ``},
	{"user/referring_domains", "unit=day", `secretref`, ``},
	{"user/popular_links", "", `1003`, ``},
	{"user/devices", "", `9009`, ``},
	{"user/browsers", "", `9009`, ``},
	{"user/systems", "", `9009`, ``},
	{"user/sources", "", `9009`, ``},
	{"user/cities", "", `KP`, ``},
	{"user/regions", "", `KP`, ``},
	{"user/bots", "", `9009`, ``},
	{"user/shorten_counts", "", `4`, ``},
	{"user/share_counts", "", ``, ``},
	{"user/share_counts_by_share_type", "", ``, ``},
	{"user/tracking_domain_list", "", ``, ``},
	{"user/tracking_domain_clicks", "domain=x.example", ``, ``},
	{"user/tracking_domain_shorten_counts", "domain=x.example", ``, ``},
	{"oauth/app", "client_id=x", ``, ``},
}

// privateKinds are links to ask about. Others see nothing of the secret ones, and the
// owner sees what is private.
var privateKinds = []struct {
	name, link, url string
	secret, hers    bool
}{
	{"a public link", "annpub", "http://public.example/", false, false},
	{"an aggregate link of a public one", "pubagg", "http://public.example/", false, false},
	{"a private link", "annprv", "http://secret.example/own", true, true},
	{"a private link by its keyword", "go.example/annkey", "http://secret.example/own", true, true},
	{"a private link with its aggregate link's hash", "annsam", "http://secret.example/same", true, true},
	{"an aggregate link of a private one", "prvagg", "http://secret.example/own", true, true},
	{"an aggregate link of a private and a public one", "bthagg", "http://both.example/", false, true},
	{"a private link next to a public one", "annbth", "http://both.example/", true, true},
}

var (
	// secretMarks are only in answers to ann.
	secretMarks = regexp.MustCompile(`secret|KP|\d003|9009|annprv|annsam|annbth|annkey|133100000[123]`)
	// aggregateName is the aggregate link in the answer of a method that made a link.
	// It is drawn for the first link of a long URL, and reveals nothing.
	aggregateName = regexp.MustCompile(`prvagg|"global_hash": "\w+"|<global_hash>\w+<|"aggregate_link": "[^"]+"|<aggregate_link>[^<]+<`)
)

// TestPrivateLinksAreTheirOwnersOnly asks each method about each kind of link as the
// owner, as another user and without credentials. Others get, byte for byte, the
// answers of an API in which there has never been a private link.
func TestPrivateLinksAreTheirOwnersOnly(t *testing.T) {
	t.Parallel()
	asked := map[string]bool{}
	for _, q := range privateQuestions {
		asked[q.method] = true
		for _, kind := range privateKinds {
			query := strings.NewReplacer("http://{link}", url.QueryEscape("http://"+place(kind.link)), "{link}", url.QueryEscape(kind.link), "{url}", url.QueryEscape(kind.url)).Replace(q.query)
			for _, who := range []struct{ name, credentials string }{
				{"the owner", "access_token=good"}, {"the owner by apiKey", "login=ann&apiKey=R_ann"},
				{"another by token", "access_token=new"}, {"another by apiKey", "login=bob&apiKey=R_bob"},
				{"nobody", ""},
			} {
				for _, format := range []string{"json", "xml", "txt"} {
					request := who.credentials + "&" + query + "&format=" + format
					got, logged := ask(t, newPrivateWorld(t, true), q.method, request)
					without, _ := ask(t, newPrivateWorld(t, false), q.method, request)
					name := q.method + "?" + query + "&format=" + format + " of " + kind.name + ", asked by " + who.name
					// The links of a user are not aggregate links.
					ofLinks := !strings.HasPrefix(q.method, "user/") || !strings.HasSuffix(kind.link, "agg")
					byKey := strings.HasPrefix(who.credentials, "login")
					switch body := got.Body.String(); {
					case logged != "":
						t.Errorf("%s: logged %s", name, logged)
					case who.credentials == "" || byKey && strings.HasPrefix(q.method, "user/"):
						if s := statusText(t, got); !strings.HasPrefix(s, "MISSING_ARG_") {
							t.Errorf("%s: %s", name, body)
						}
					case strings.HasPrefix(who.name, "the owner"):
						if want := q.private; format != "txt" && kind.hers && ofLinks && !regexp.MustCompile(want).MatchString(body) {
							t.Errorf("%s is\n%s\nwithout %s", name, body, want)
						}
					default:
						if want := q.public; format != "txt" && !kind.secret && ofLinks && !regexp.MustCompile(want).MatchString(body) {
							t.Errorf("%s is\n%s\nwithout %s", name, body, want)
						}
						others(t, name, query, got, without, q.method == "shorten" || q.method == "user/link_save" || q.method == "user/save_custom_domain_keyword")
					}
				}
			}
		}
	}
	for _, method := range newAPI(t).Methods() {
		if !asked[method] {
			t.Errorf("the table has no question that shows whether %s reveals private links", method)
		}
	}
}

// place is a link with a domain.
func place(link string) string {
	if strings.Contains(link, "/") {
		return link
	}
	return "sho.rt/" + link
}

// others compares an answer to another user with the answer of the API without
// secrets. If the call made a link, its aggregate link may be the one of ann.
func others(t *testing.T, name, query string, got, without *httptest.ResponseRecorder, made bool) {
	t.Helper()
	body, want := got.Body.String(), without.Body.String()
	if made {
		body, want = aggregateName.ReplaceAllString(body, "…"), aggregateName.ReplaceAllString(want, "…")
	} else if got.Header().Get("ETag") != without.Header().Get("ETag") {
		t.Errorf("%s has another ETag", name)
	}
	if body != want || got.Code != without.Code {
		t.Errorf("%s is\n%s\nand without a private link\n%s", name, body, want)
	}
	body = got.Body.String()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range values { // answers repeat parameters
		body = strings.ReplaceAll(body, v[0], "")
	}
	if mark := secretMarks.FindString(body); mark != "" {
		t.Errorf("%s reveals %q: %s", name, mark, got.Body)
	}
}

// TestPublicLinkOfAPrivateURL: bob makes a link of a long URL that has a private link.
// Then bob sees that link and its aggregate link, but neither the private link nor the
// older clicks on the aggregate link.
func TestPublicLinkOfAPrivateURL(t *testing.T) {
	t.Parallel()
	for _, longURL := range []string{"http://secret.example/own", "http://secret.example/same"} {
		for _, q := range privateQuestions {
			api, without := newPrivateWorld(t, true), newPrivateWorld(t, false)
			hashes := func(api *v3.API) (hash, aggregate string) {
				w, _ := ask(t, api, "shorten", "access_token=new&longUrl="+url.QueryEscape(longURL))
				m := regexp.MustCompile(`"hash": ?"(\w+)", ?"global_hash": ?"(\w+)"`).FindStringSubmatch(w.Body.String())
				if m == nil {
					t.Fatalf("no link is made: %s", w.Body)
				}
				return m[1], m[2]
			}
			hash, aggregate := hashes(api)
			sameHash, sameAggregate := hashes(without)
			if hash != sameHash || aggregate == "annsam" {
				t.Fatalf("the link of Bob is %s and its aggregate link %s, and without a private one %s and %s", hash, aggregate, sameHash, sameAggregate)
			}
			for _, name := range []string{"own", "aggregate"} {
				link, sameLink := hash, sameHash
				if name == "aggregate" {
					link, sameLink = aggregate, sameAggregate
				}
				request := func(link string) string {
					return "access_token=new&" + strings.NewReplacer("http://{link}", "sho.rt/"+link, "{link}", link, "{url}", url.QueryEscape(longURL)).Replace(q.query)
				}
				got, _ := ask(t, api, q.method, request(link))
				want, _ := ask(t, without, q.method, request(sameLink))
				body := strings.ReplaceAll(want.Body.String(), sameAggregate, aggregate)
				if got.Body.String() != body {
					t.Errorf("%s?%s of the %s link is\n%s\nand without a private link\n%s", q.method, request(link), name, got.Body, body)
				}
			}
		}
	}
}
