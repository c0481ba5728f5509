package links

import (
	"net/url"
	"strings"

	"github.com/footfall/footfall/internal/base/weburl"
)

// WithQuery adds the parameters of a visit to a long URL. query is the query of the
// request as it was sent, without the "?". A parameter whose name the long URL has already
// is left out, and a fragment stays last. Parameters keep their order and their spelling.
// Names are compared as the URL standard reads them (WHATWG URL, 5.1). A long URL that is
// not of http or https stays as it is.
func WithQuery(longURL, query string) string {
	if scheme, _, _, _ := weburl.Split(longURL); query == "" || scheme != "http" && scheme != "https" {
		return longURL
	}
	rest, fragment, hasFragment := strings.Cut(longURL, "#")
	_, own, hasQuery := strings.Cut(rest, "?")
	taken := map[string]bool{}
	for parameter := range strings.SplitSeq(own, "&") {
		if parameter != "" {
			taken[parameterName(parameter)] = true
		}
	}
	var b strings.Builder
	b.WriteString(rest)
	for parameter := range strings.SplitSeq(query, "&") {
		if parameter == "" || taken[parameterName(parameter)] {
			continue
		}
		switch {
		case !hasQuery:
			b.WriteByte('?')
			hasQuery = true
		case own != "":
			b.WriteByte('&')
		}
		own = parameter
		// A client may send a "#", which would begin the fragment.
		b.WriteString(strings.ReplaceAll(parameter, "#", "%23"))
	}
	if hasFragment {
		b.WriteByte('#')
		b.WriteString(fragment)
	}
	return b.String()
}

// parameterName returns the decoded name of a parameter NAME=VALUE; the name as it is if
// it is badly escaped.
func parameterName(parameter string) string {
	name, _, _ := strings.Cut(parameter, "=")
	if decoded, err := url.QueryUnescape(name); err == nil {
		return decoded
	}
	return name
}
