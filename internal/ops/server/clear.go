package server

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// inClear answers over http beside https: visitors as over https, so that a click
// takes one request and counts once. A page is sent to https, at the port of the
// listener that speaks it. What comes with a token or a password is refused, not
// sent on: the program that sent it would do so again each time.
//
// See docs/adr/021.
func (r *handlers) inClear(port int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		switch h, s := r.of(req.URL.Path); {
		case s == open:
			h.ServeHTTP(w, req)
		case s == page && (req.Method == http.MethodGet || req.Method == http.MethodHead) && req.Host != "":
			w.Header().Set("Location", secureURL(req, port))
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, refusedInClear) // the client has gone; nothing is left to do for it
		}
	})
}

// refusedInClear is for programs in the envelope of v3, with a sentence for people.
const refusedInClear = `{"status_code": 403, "data": null, "status_txt": "HTTPS_REQUIRED", "message": "Ask over https. What was sent here could be read on its way: replace the token, the key or the password that was in it."}` + "\n"

// secureURL is where a request over http belongs. Who named a port in it reached
// this machine by the ports that it listens at; who named none came to port 80,
// whichever port that is forwarded to, and finds https at 443.
func secureURL(r *http.Request, port int) string {
	u := url.URL{Scheme: "https", Host: r.Host, Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
	host, named, err := net.SplitHostPort(r.Host)
	if err != nil || named == "" {
		return u.String()
	}
	u.Host = host
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() {
		u.Host = "[" + host + "]"
	}
	if port != 443 {
		u.Host = net.JoinHostPort(host, strconv.Itoa(port))
	}
	return u.String()
}
