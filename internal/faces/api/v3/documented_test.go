package v3_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// documented is a body that Bitly's documentation of v3 printed, or that was
// recorded of Bitly's own server.
type documented struct {
	Method string `json:"method"`
	Body   any    `json:"body"`
}

// asked is how our server is asked for the same.
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

// undocumented methods have no printed body.
var undocumented = strings.Fields("link/encoders_by_count link/shares lookup")

// refusing methods have one, and we have nothing to show.
var refusing = strings.Fields("user/tracking_domain_clicks user/tracking_domain_shorten_counts oauth/app")

// more is what our objects have beyond those printed, by the key they are
// under.
var more = map[string]string{
	"data":         "unit_reference_ts share_counts domain_options domain_preference_options default_link_privacy",
	"link_history": "note tags campaign_ids keyword_link",
}

// nothing is what may be null here where a value was printed: there are no
// pages and pictures of users, no applications, and titles only where somebody
// gave one.
var nothing = strings.Fields("profile_url profile_image client_id title")

// TestDocumentedBodies holds the keys and types of our answers against those of
// Bitly's.
func TestDocumentedBodies(t *testing.T) {
	t.Parallel()
	var all []documented
	data, err := os.ReadFile("testdata/documented.json")
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), &all)
	seen := slices.Concat(undocumented, refusing)
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

// shape is what is documented of a value: its type, and what is in it.
type shape struct {
	key    string // it is under, also where it is in a list there
	kind   string // "" where it is not known, or null
	seen   int    // how many values it was learnt from
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

// members are an object's, but for those under names that are domains: they
// are all of one shape.
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

// holds fails where a value is not of the shape: where it is of another type,
// lacks what all documented ones have, or has what none of them has.
func (s *shape) holds(t *testing.T, method string, v any) {
	t.Helper()
	switch {
	case s.kind == "" || v == nil && slices.Contains(nothing, s.key):
		return
	case kind(v) != s.kind:
		t.Errorf("%s: %s is %v; documented is one of the type %s", method, s.key, v, s.kind)
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
