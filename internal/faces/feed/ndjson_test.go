package feed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/storage/store"
)

// batches notes the size of each import of users.
type batches struct {
	store.Users
	sizes []int
}

func (b *batches) ImportUsers(ctx context.Context, users []store.ForeignUser) error {
	b.sizes = append(b.sizes, len(users))
	return b.Users.ImportUsers(ctx, users)
}

// TestUsersTogether: a disk needs milliseconds for each transaction, so users of a chunk share one.
func TestUsersTogether(t *testing.T) {
	im := importer(newTape())
	users := &batches{Users: im.Users}
	im.Users = users
	var in strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&in, `{"type":"user","login":"user%d","created":%d,"full_name":"User %d"}`+"\n", i, i, i)
	}
	_, rejected := imports(t, im, "ndjson", in.String())
	if len(rejected) > 0 || len(users.sizes) != 1 || users.sizes[0] != 1000 {
		t.Errorf("the sizes of the transactions are %v, want one of 1000; rejected: %q", users.sizes, rejected)
	}
	if u, err := users.UserByLogin(t.Context(), "user999"); err != nil || u.Created != 999 || u.FullName != "User 999" {
		t.Errorf("the last user is %+v, %v", u, err)
	}
}

func TestNDJSON(t *testing.T) {
	for _, c := range []struct{ line, reason string }{
		{`{"ts":1360000000500,"hash":"abc"}`, ""},
		{`{"ts":4000000000000,"hash":"abc"}`, "2096-10-02T07:06:40Z, which is in the future"},
		{`{"type":"counts","ts":1359999900000,"hash":"abc","clicks":2}`, ""},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":4000000000000}`, `"created" is 2096-10-02T07:06:40Z, which is in the future`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":-1}`, `"created" is 1969-12-31T23:59:59Z, which is before 1970`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"modified":4000000000}`, `"modified" is 2096-10-02T07:06:40Z, which is in the future`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"user_ts":4102444800}`, `"user_ts" is 2100-01-01T00:00:00Z, which is after 2099`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"user_ts":4000000000}`, ""},
		{`{"type":"user","login":"u","created":99999999999}`, `"created" is 5138-11-16T09:46:39Z, which is in the future`},
		{`{"ts":1360000000.5,"link":"http://sho.rt/abc?x","country":"us","referrer":"http://t.co/"}`, ""},
		{`{"type":"click","ts":1360000000,"hash":"abc","bot":true}`, ""},
		{`{"type":"click","ts":1360000000,"hash":"agg","aggregate":true}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2}`, ""},
		{`{"ts":1360000000,"link":"old.example/nope"}`, `no link "nope"`},
		{`{"ts":1360000000,"link":"sho.rt/"}`, "is neither a short URL nor a hash"},
		{`{"ts":1360000000}`, `no "link"`},
		{`{"ts":"1360000000","hash":"abc"}`, `"ts"`},
		{`{"ts":1e300,"hash":"abc"}`, `"ts"`},
		{`{"ts":-5,"hash":"abc"}`, "before"},
		{`{"ts":4000000000,"hash":"abc"}`, "future"},
		{`{"ts":1360000000,"hash":"abc","aggregate":true}`, `no link "abc"`},
		{`{"type":"counts","ts":1360000000,"hash":"abc","clicks":2}`, "quarter-hour"},
		{`{"type":"counts","ts":1359999900,"hash":"abc"}`, "0 clicks"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":10001}`, "it must be 0 to"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":10000,"bots":1}`, "it must have 1 to"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":-1}`, "it must be 0 to"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1}}`, "add up"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"referrers":{"x":3}}`, `"referrers": the number of "x" is 3, but only 2 clicks are left`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"referrers":[]}`, "is not an object"},
		{`{"type":"link","user":"u","hash":"h","long_url":"javascript:x","created":1}`, "is not an http, https or ftp URL"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/"}`, `"created"`},
		{`{"type":"user","created":1}`, `"login"`},
		{`{"type":"token"}`, "is not user, link, counts or click"},
		{`[]`, "object"},
		{`{`, "JSON"},
		{`{"ts":1360000000,"hash":"abc","country":"USA"}`, `"country" is "USA": two letters are expected, or None`},
		{`{"ts":1360000000,"hash":"abc","country":"U1"}`, `"country" is "U1"`},
		{`{"ts":1360000000,"hash":"abc","country":"None"}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":""}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":null,"bot":null}`, ""},
		{`{"ts":1360000000,"hash":"abc","country":5}`, `"country" is not a string`},
		{`{"ts":1360000000,"hash":"abc","bot":"yes"}`, `"bot" is neither true nor false`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"USA":1}}`, `"countries": "USA" is not a country`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"None":1}}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"None":1},"agents":{"tablet/Silk/Android/qr":1},"places":{"US/TX/Austin":1}}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":2},"agents":{"tablet/Silk/Android/qr":3}}`, `"agents": the number of "tablet/Silk/Android/qr" is 3, but only 2 clicks are left`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":1,"DE":1},"places":{"US/TX/Austin":2}}`, `"places": the number of "US/TX/Austin" is 2, but only 1 clicks of "US" are left`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"agents":{"tablet":1}}`, `"agents": "tablet" is not an agent`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"agents":{"unknown/unknown/unknown/unknown":1}}`, "no part of it is known"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"places":{"/texas/Austin":1}}`, "is not a place"},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":2},"places":{"US/TX/unknown":1,"US/unknown/Austin":1}}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":2},"places":{"US/unknown/unknown":1}}`, `"US/unknown/unknown" is not a place`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"countries":{"US":2},"places":{"US/Texas/Austin":1}}`, `"US/Texas/Austin" is not a place`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"bots":1,"bot_families":{"Googlebot":1}}`, ""},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"bots":1,"bot_families":{"Googlebot":2}}`, `the number of "Googlebot" is 2, but only 1 clicks are left`},
		{`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"agents":{"mobile/Safari/iOS/link":-1}}`, `"agents": the number of "mobile/Safari/iOS/link" is not a whole number from 0`},
		{`{"ts":1360000000,"hash":"abc","device":"mobile","browser":"Safari","system":"iOS","source":"qr","region":"TX","city":"Austin"}`, ""},
		{`{"ts":1360000000,"hash":"abc","device":5}`, `"device" is not a string`},
		{`{"type":"user","login":"a b","created":1}`, `"login": login has the character U+0020`},
		{`{"type":"link","user":"\t","hash":"h","long_url":"http://a/","created":1}`, `"user": login has the character U+0009`},
		{`{"type":"link","user":"u","hash":"robots.txt","long_url":"http://a/","created":1}`, "one of the server's own"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"keywords":[{"domain":"d","keyword":"v4"}]}`, "one of the server's own"},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"keywords":{}}`, `"keywords" is not a list`},
		{`{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"private":1}`, `"private" is neither`},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1}`, ""},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://c/","created":1}`, `the hash "abc" belongs to another link here, of ann, which leads to http://a/`},
		{`{"type":"link","user":"bob","hash":"abc","long_url":"http://a/","created":1}`, `the hash "abc" belongs to another link here, of ann, which leads to http://a/`},
		{`{"type":"link","user":"ann","hash":"new","long_url":"http://c/","created":1,"keywords":[{"domain":"SHO.rt","keyword":"wörd"}]}`, `the keyword "wörd" on sho.rt belongs to the link abc here; the rest of the line is taken`},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1,"keywords":[{"domain":"SHO.rt","keyword":"wörd"}]}`, ""},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1,"keywords":[{"domain":"","keyword":"everywhere"}]}`, ""},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1,"keywords":[{"domain":"","keyword":"everywhere"}]}` + "\n" + `{"type":"link","user":"ann","hash":"new2","long_url":"http://c/","created":1,"keywords":[{"domain":"","keyword":"everywhere"}]}`, `the keyword "everywhere" on every domain belongs to the link abc here; the rest of the line is taken`},
		{`{"type":"link","user":"ann","hash":"abc","long_url":"http://a/","created":1,"keywords":[{"keyword":"x"}]}`, `a keyword has no "domain"`},
		{`{"type":"link","user":"ann","hash":"l1","long_url":"http://c/","created":1,"tags":["B","a"],"expires":1900000000,"max_clicks":7,"expired_url":"http://d/","forward_query":"off"}`, ""},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"tags":"a"}`, `"tags" is not a list`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"tags":["a,b"]}`, `"a,b": not a tag`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"tags":[1]}`, `"tags" has something that is not a string`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"expires":5000000000}`, `which is after 2099`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"max_clicks":-1}`, `"max_clicks" is -1`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"expired_url":"mailto:x"}`, `"expired_url" is "mailto:x"`},
		{`{"type":"link","user":"ann","hash":"l2","long_url":"http://c/","created":1,"forward_query":"yes"}`, `"forward_query" is "yes"`},
		{`{"type":"link","user":"ann","hash":"l3","long_url":"http://c/","created":1,"versions":[{"long_url":"http://b/","since":1},{"long_url":"http://c/","since":2}]}`, ""},
		{`{"type":"link","user":"ann","hash":"l3","long_url":"http://c/","created":1,"versions":[{"long_url":"http://b/","since":1},{"long_url":"http://c/","since":2}]}` + "\n" + `{"type":"link","user":"ann","hash":"l3","long_url":"http://b/","created":1}`, ""},
		{`{"type":"link","user":"ann","hash":"l4","long_url":"http://c/","created":1,"versions":[{"long_url":"http://b/","since":1}]}`, `the last version is "http://b/"`},
		{`{"type":"link","user":"ann","hash":"l4","long_url":"http://c/","created":1,"versions":[{"long_url":"b","since":1},{"long_url":"http://c/","since":2}]}`, `version 1: "long_url" is "b"`},
		{`{"type":"link","user":"ann","hash":"l4","long_url":"http://c/","created":1,"versions":[{"long_url":"http://c/"}]}`, `version 1: no "since"`},
		{"\ufeff" + `{"ts":1360000000,"hash":"abc"}`, ""},
		{"\x00\x00" + `{"ts":1360000000,"hash":"abc"}`, ""},
		{`{"ts":1360000000,"link":"sho.rt/a%00b"}`, "is neither a short URL nor a hash"},
	} {
		im := importer(newTape())
		makeLinks(t, im)
		_, rejected := imports(t, im, "ndjson", c.line+"\n")
		if reason := strings.Join(rejected, "\n"); (reason == "") != (c.reason == "") || !strings.Contains(reason, c.reason) {
			t.Errorf("%s\nwas rejected with %q, want %q", c.line, reason, c.reason)
		}
	}
}

// TestFieldsOfBots: a bot has a country and a family alone, as if it had visited.
func TestFieldsOfBots(t *testing.T) {
	tape := newTape()
	im := importer(tape)
	makeLinks(t, im)
	imports(t, im, "ndjson", `{"ts":1360000000,"hash":"abc","bot":true,"bot_family":"Googlebot","country":"US","region":"TX","city":"Austin","device":"mobile","source":"qr"}`+"\n")
	if len(tape.clicks) != 1 {
		t.Fatalf("there are the clicks %+v, want one", tape.clicks)
	}
	c := tape.clicks[0]
	if c.BotFamily != "Googlebot" || c.Country.String() != "US" || c.Agent.Known() || c.Region != "" || c.City != "" {
		t.Errorf("the click of a bot is %+v", c)
	}
}

func FuzzNDJSON(f *testing.F) {
	f.Add([]byte(`{"type":"user","login":"u","created":1}` + "\n" + `{"type":"link","user":"u","hash":"h","long_url":"http://a/","created":1,"title":"t","keywords":[{"domain":"d","keyword":"k"}]}` + "\n"))
	f.Add([]byte(`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"bots":1,"countries":{"US":2},"referrers":{"direct":1,"x":1}}`))
	f.Add([]byte(`{"type":"counts","ts":1359999900,"hash":"abc","clicks":2,"bots":1,"countries":{"US":2},"agents":{"mobile/Safari/iOS/link":1},"places":{"US/TX/Austin":2},"bot_families":{"Googlebot":1}}`))
	f.Add([]byte(`{"ts":1360000000.5,"link":"sho.rt/abc","country":"US","referrer":"http://t.co/"}`))
	fuzzFormat(f, "ndjson")
}
