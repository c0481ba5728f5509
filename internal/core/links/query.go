package links

import (
	"net/url"
	"slices"
	"strings"

	"github.com/footfall/footfall/internal/base/weburl"
)

// ScanMark is the parameter that QR codes add to short URLs: a visit with it is a scan.
const ScanMark = "r=qr"

// CutScanMark returns the query of a visit without ScanMark, and whether it was there. The
// other parameters keep their order and spelling.
func CutScanMark(query string) (rest string, scanned bool) {
	if !strings.Contains(query, ScanMark) {
		return query, false
	}
	parameters := strings.Split(query, "&")
	kept := slices.DeleteFunc(parameters, func(p string) bool { return p == ScanMark })
	return strings.Join(kept, "&"), len(kept) < len(parameters)
}

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
