//go:build clients

package clients_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
)

// nodeBitlyAPI has the functions of node-bitlyapi, which has its own names for methods.
// Those of its user(login) are named user.NAME here. They ask about the user, if the method
// has that parameter.
var nodeBitlyAPI = map[string][]string{
	"expand":                              {"expand"},
	"info":                                {"getLinkInfo"},
	"shorten":                             {"shorten"},
	"bitly_pro_domain":                    {"getBitlyProDomain"},
	"link/lookup":                         {"linkLookup"},
	"link/clicks":                         {"getLinkClicks"},
	"link/countries":                      {"getLinkCountries"},
	"link/encoders":                       {"getLinkEncoders"},
	"link/encoders_by_count":              {"getLinkEncodersByCount"},
	"link/encoders_count":                 {"getLinkEncodersCount"},
	"link/referrers":                      {"getLinkReferrers"},
	"link/referrers_by_domain":            {"getLinkReferrersByDomain"},
	"link/referring_domains":              {"getLinkReferringDomains"},
	"link/shares":                         {"getLinkShares"},
	"oauth/app":                           {"getAppInfo"},
	"user/info":                           {"getUserInfo"},
	"user/link_edit":                      {"userEditLink"},
	"user/link_lookup":                    {"userLookupLink"},
	"user/link_save":                      {"userSaveLink"},
	"user/link_history":                   {"getUserLinkHistory", "user.getLinkHistory"},
	"user/tracking_domain_list":           {"getUserTrackingDomains", "user.getTrackingDomains"},
	"user/tracking_domain_clicks":         {"getTrackingDomainClicks"},
	"user/tracking_domain_shorten_counts": {"getTrackingDomainShortens"},
	"user/clicks":                         {"getUserClicks", "user.getClicks"},
	"user/countries":                      {"getUserCountries", "user.getCountries"},
	"user/popular_links":                  {"getUserPopularLinks", "user.getPopularLinks"},
	"user/referrers":                      {"getUserReferrers", "user.getReferrers"},
	"user/referring_domains":              {"getUserReferringDomains", "user.getReferringDomains"},
	"user/share_counts":                   {"getUserShareCounts", "user.getShareCounts"},
	"user/share_counts_by_share_type":     {"getUserShareCountsByShareType", "user.getShareCountsByShareType"},
	"user/shorten_counts":                 {"getUserShortenCounts", "user.getShortenCounts"},
}

// newNodeBitlyAPI describes node-bitlyapi, which returns bodies unread. Methods without a
// function go through its get.
func newNodeBitlyAPI(d *driver, rng *rand.Rand, identify func(string) identity) *dialect {
	return &dialect{
		driver: d, name: "node-bitlyapi 0.4.0", identify: identify,
		translate: func(q question, as *identity) (string, []any) {
			p := clone(q.params)
			names := nodeBitlyAPI[q.method]
			if len(names) == 0 {
				return "get", []any{"/v3/" + q.method, p}
			}
			name := names[rng.IntN(len(names))]
			if who, given := p["user"]; given && strings.HasPrefix(name, "user.") {
				as.User = who.(string)
				delete(p, "user")
			}
			return name, []any{p}
		},
		show: func(e object) (any, *clientError) { return e, nil },
		read: func(raw json.RawMessage) any { return plain(raw).(map[string]any)["data"] },
		served: func() (names []string) {
			for _, n := range nodeBitlyAPI {
				names = append(names, n...)
			}
			return append(names, "get")
		},
		special: []string{"authenticate", "shortenLink", "user.getInfo", "userSaveCustomDomainKeyword"},
		own:     nodeBitlyAPIPeculiarities,
	}
}

// newBitlyOAuth describes bitly-oauth. It returns envelopes, and has a function for every
// method, by the name of the method.
func newBitlyOAuth(d *driver, identify func(string) identity) *dialect {
	name := func(method string) string { return strings.ReplaceAll(method, "/", ".") }
	return &dialect{
		driver: d, name: "bitly-oauth 0.0.5", identify: identify,
		translate: func(q question, _ *identity) (string, []any) { return name(q.method), []any{q.params} },
		show:      func(e object) (any, *clientError) { return e, nil },
		read:      func(raw json.RawMessage) any { return plain(raw).(map[string]any)["data"] },
		served: func() (names []string) {
			for method := range makers() {
				names = append(names, name(method))
			}
			return append(names, "shorten", "user.link_save", "user.link_edit", "validate")
		},
		special: []string{"authenticate"},
		own:     oauthPeculiarities,
	}
}

// bitlyFunctions has the functions of bitly 5 and 6, by method. They choose shortUrl or
// hash themselves. All other methods go through bitlyRequest.
var bitlyFunctions = map[string]string{
	"shorten": "shorten", "expand": "expand", "info": "info", "clicks": "clicks", "clicks_by_day": "clicksByDay",
	"clicks_by_minute": "clicksByMinute", "lookup": "lookup", "countries": "countries", "referrers": "referrers",
}

// newBitly describes bitly 5 and 6. They return an error for an envelope with an error.
// Otherwise version 5 returns the envelope, and version 6 its data.
func newBitly(d *driver, version int, identify func(string) identity) *dialect {
	return &dialect{
		driver: d, name: fmt.Sprintf("bitly %d", version), identify: identify,
		translate: func(q question, _ *identity) (string, []any) {
			name, arg := bitlyFunctions[q.method], bitlyArgument(q.params)
			if name == "" || arg == nil {
				return "bitlyRequest", []any{q.method, q.params}
			}
			return name, []any{arg}
		},
		show: func(e object) (any, *clientError) {
			code := e["status_code"].(int)
			switch {
			case code < 200 || code >= 400:
				return nil, &clientError{fmt.Sprintf("[node-bitly] Request returned %d: %s", code, e["status_txt"]), code, e["data"]}
			case version == 5:
				return e, nil
			}
			return e["data"], nil
		},
		read: func(raw json.RawMessage) any {
			if version == 5 {
				return plain(raw).(map[string]any)["data"]
			}
			return plain(raw)
		},
		served: func() []string { return append(slices.Collect(maps.Values(bitlyFunctions)), "bitlyRequest") },
		own:    checkBadTokens,
	}
}

// bitlyArgument returns the one argument for the parameters, or nil if there is none.
func bitlyArgument(p params) any {
	if longURL, given := p["longUrl"]; given && len(p) == 1 {
		return longURL
	}
	if urls, ok := p["url"].([]string); ok && len(p) == 1 && len(urls) == 1 {
		return urls[0]
	}
	var items []string
	for key, v := range p {
		if key != "shortUrl" && key != "hash" {
			return nil
		}
		if one, ok := v.(string); ok { // of countries and referrers
			return one
		}
		items = append(items, v.([]string)...)
	}
	if len(items) == 0 {
		return nil
	}
	return items
}
