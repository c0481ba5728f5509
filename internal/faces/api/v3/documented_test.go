package v3_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/rollup"
)

// documented is a body from Bitly's documentation of v3, or recorded from Bitly's
// server.
type documented struct {
	Method string `json:"method"`
	Body   any    `json:"body"`
}

// asked is the query for the same answer from our server.
var asked = map[string]string{
	"user/clicks": "days=7", "user/countries": "days=7", "user/referrers": "days=7", "user/referring_domains": "days=7",
	"user/popular_links": "", "user/shorten_counts": "", "user/share_counts": "", "user/share_counts_by_share_type": "",
	"user/info": "full_name=Ann", "user/link_history": "", "user/link_lookup": "url=http://google.com/", "user/link_save": "longUrl=http://new.example/",
	"user/link_edit": "link=ze6poY&edit=note&note=n", "user/tracking_domain_list": "",
	"link/clicks": "link=ze6poY&unit=day&units=5&unit_reference_ts=1360351157&rollup=false", "link/countries": "link=ze6poY",
	"link/referrers": "link=ze6poY", "link/referrers_by_domain": "link=ze6poY", "link/referring_domains": "link=ze6poY",
	"link/encoders": "link=ze6poY", "link/encoders_count": "link=ze6poY", "link/lookup": "url=http://google.com/",
	"shorten": "longUrl=http://google.com/", "expand": "shortUrl=http://bit.ly/ze6poY", "info": "shortUrl=http://bit.ly/1RmnUT",
	"clicks": "shortUrl=http://bit.ly/ze6poY", "clicks_by_day": "shortUrl=http://bit.ly/ze6poY", "clicks_by_minute": "shortUrl=http://bit.ly/ze6poY",
	"countries": "shortUrl=http://bit.ly/ze6poY", "referrers": "shortUrl=http://bit.ly/ze6poY",
	"validate": "x_login=ann&x_apiKey=R_ann", "bitly_pro_domain": "domain=sho.rt",
}

// undocumented methods have no body in the documentation.
var undocumented = strings.Fields("link/encoders_by_count link/shares lookup user/save_custom_domain_keyword")

// ours are methods that Bitly did not have.
var ours = strings.Fields("user/bot_clicks link/bot_clicks user/destination_changes")

// refusing methods have one, and always fail here.
var refusing = strings.Fields("user/tracking_domain_clicks user/tracking_domain_shorten_counts oauth/app")

// more is the keys that our objects have in addition, by the key of the object.
var more = map[string]string{
	"data":         "unit_reference_ts share_counts domain_options domain_preference_options default_link_privacy",
	"link_history": "note tags campaign_ids keyword_link",
}

// nothing is the keys that may be null here: there are no pages and pictures of users
// and no applications, and titles are optional.
var nothing = strings.Fields("profile_url profile_image client_id title")

// TestDocumentedBodies compares the keys and types of our answers with Bitly's.
func TestDocumentedBodies(t *testing.T) {
	t.Parallel()
	var all []documented
	data, err := os.ReadFile("testdata/documented.json")
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), &all)
	seen := slices.Concat(undocumented, refusing, ours)
	for _, p := range rollup.Projections() { // ours
		seen = append(seen, "user/"+p.List, "link/"+p.List)
	}
	for _, d := range all {
		if slices.Contains(refusing, d.Method) {
			continue
		}
		query, known := asked[d.Method]
		if !known {
			t.Errorf("%s is not asked", d.Method)
			continue
		}
		seen = append(seen, d.Method)
		w, _ := ask(t, newAPI(t), d.Method, query+"&access_token=good")
		var got any
		decode(t, w.Body.String(), &got)
		var want shape
		want.learn(d.Body)
		want.holds(t, d.Method, got)
	}
	for _, method := range newAPI(t).Methods() {
		if !slices.Contains(seen, method) {
			t.Errorf("no documented body of %s", method)
		}
	}
}

func decode(t *testing.T, data string, to any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(data))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		t.Fatal(err)
	}
}

// shape is the type of documented values, and the shapes in them.
type shape struct {
	key    string // of the value, or of the list that it is in
	kind   string // "" if unknown, or null
	seen   int    // number of values
	fields map[string]*shape
	items  *shape
}

func kind(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case map[string]any:
		return "object"
	case []any:
		return "list"
	case json.Number:
		if strings.ContainsAny(v.String(), ".eE") {
			return "fraction"
		}
		return "integer"
	}
	return fmt.Sprintf("%T", v)
}

// members is the members of an object. Members whose names are domains have one shape.
func (s *shape) members(v map[string]any) map[string][]any {
	m := map[string][]any{}
	for name, value := range v {
		if s.key == "referrers" {
			name = "a domain"
		}
		m[name] = append(m[name], value)
	}
	return m
}

func (s *shape) learn(v any) {
	s.seen++
	if v != nil {
		s.kind = kind(v)
	}
	switch v := v.(type) {
	case map[string]any:
		if s.fields == nil {
			s.fields = map[string]*shape{}
		}
		for name, values := range s.members(v) {
			if s.fields[name] == nil {
				s.fields[name] = &shape{key: name}
			}
			for _, value := range values {
				s.fields[name].learn(value)
			}
		}
	case []any:
		if s.items == nil {
			s.items = &shape{key: s.key + " item"}
		}
		for _, item := range v {
			s.items.learn(item)
		}
	}
}

// holds fails if a value does not have the shape: if it has another type, lacks a key
// that all documented values have, or has a key that none of them has.
func (s *shape) holds(t *testing.T, method string, v any) {
	t.Helper()
	switch {
	case s.kind == "" || v == nil && slices.Contains(nothing, s.key):
		return
	case kind(v) != s.kind:
		t.Errorf("%s: %s is %v, and the documented type is %s", method, s.key, v, s.kind)
		return
	}
	switch v := v.(type) {
	case map[string]any:
		m := s.members(v)
		for name, values := range m {
			f := s.fields[name]
			if f == nil {
				if !slices.Contains(strings.Fields(more[strings.TrimSuffix(s.key, " item")]), name) {
					t.Errorf("%s: %s has %s, which is not documented", method, s.key, name)
				}
				continue
			}
			for _, value := range values {
				f.holds(t, method, value)
			}
		}
		for name, f := range s.fields {
			if m[name] == nil && f.seen >= s.seen {
				t.Errorf("%s: %s lacks %s", method, s.key, name)
			}
		}
	case []any:
		for _, item := range v {
			s.items.holds(t, method, item)
		}
	}
}
