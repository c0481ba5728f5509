package v3

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// known are the parameters that some method takes, in lower case. Clients send
// many of them to methods that do not take them (domain, login).
var known = set(`
	access_token login apiKey format callback
	unit units timezone tz_offset rollup limit unit_reference_ts from to days exclude_social_networks
	link shortUrl hash url longUrl uri domain client_id expand_user x_login x_apiKey full_name
	title note private user_ts archived edit
	offset created_before created_after modified_after user query keyword exact_domain root_domain expand_client_id`)

func set(names string) map[string]bool {
	s := map[string]bool{}
	for _, name := range strings.Fields(names) {
		s[lower(name)] = true
	}
	return s
}

const (
	// maxUnknown is how many parameters are named that no method takes, each in
	// a header of its own.
	maxUnknown = 8
	// maxUnknownName is how many bytes of a name are shown, as it is escaped.
	maxUnknownName = 60
)

// warn names the parameters that no method takes. They are ignored, as Bitly
// ignored them, but who sent one may have wished for something. Nobody who asked
// Bitly sent from and to, so these are named wherever the method does not take
// them.
func (q query) warn(h http.Header, dated bool) {
	var unknown []string
	for name := range q {
		if !known[name] || !dated && (name == "from" || name == "to") {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for i, name := range unknown {
		if i == maxUnknown {
			h.Add("Warning", fmt.Sprintf(`299 - "%d more unknown parameters"`, len(unknown)-i))
			break
		}
		// Escaped, it has neither quotes nor anything that ends a header.
		if name = url.QueryEscape(name); len(name) > maxUnknownName {
			name = name[:maxUnknownName] + "..."
		}
		h.Add("Warning", `299 - "unknown parameter: `+name+`"`)
	}
}
