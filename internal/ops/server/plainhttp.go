package server

import (
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
)

// plainHTTP answers http next to https. Visitors are answered as over https, so that
// a click takes one request and counts once. A page is redirected to https, at the
// port of the https listener. A request with a token or a password is refused: a
// program that was redirected would send it over http each time.
//
// See docs/adr/021.
func (h *handlers) plainHTTP(httpsPort int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch next, policy := h.route(r.URL.Path); {
		case policy == answer:
			next.ServeHTTP(w, r)
		case policy == toHTTPS && (r.Method == http.MethodGet || r.Method == http.MethodHead) && r.Host != "":
			w.Header().Set("Location", httpsURL(r, httpsPort))
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.WriteHeader(http.StatusFound)
		default:
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, httpsRequired) // fails only if the client has left
		}
	})
}

// httpsRequired is an error of v3 for programs, with a message for people.
const httpsRequired = `{"status_code": 403, "data": null, "status_txt": "HTTPS_REQUIRED", "message": "Ask over https. What was sent here could be read on its way: replace the token, the key or the password that was in it."}` + "\n"

// httpsURL returns the URL of a request at https. If the request names a port, the
// client reaches the ports that footfall listens on, and https is at port. If it
// names none, it came to port 80, perhaps through a forwarded port, and https is at
// 443.
func httpsURL(r *http.Request, port int) string {
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
