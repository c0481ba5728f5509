package v4

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/footfall/footfall/internal/faces/envelope"
)

// Path reports whether a path belongs to v4.
func Path(path string) bool { return path == "/v4" || strings.HasPrefix(path, "/v4/") }

// answer is an error of Bitly's v4, with the keys in its order.
type answer struct {
	Message     string `json:"message"`
	Resource    string `json:"resource"`
	Description string `json:"description"`
}

// Handler answers every call with status 404.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	if r.Method == http.MethodOptions {
		// Without these headers a browser hides the answer from the page.
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, PATCH, PUT, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
		return
	}
	resource, instead := about(r.Method, r.URL.Path)
	body, err := json.Marshal(answer{"NOT_FOUND", resource,
		"This server does not speak version 4 of the API yet. Use version 3: " + instead + "."})
	if err != nil {
		panic(err) // strings always encode
	}
	h.Set("Cache-Control", "no-cache")
	envelope.Write(w, http.StatusNotFound, "application/json; charset=utf-8", body)
}

// methods maps a method of v4 to the method of v3 that does the same. The key is the
// path without the name of the resource: /v4/bitlinks/DOMAIN/NAME/clicks is
// "bitlinks/clicks".
var methods = map[string]string{
	"shorten": "shorten", "expand": "expand", "user": "user/info",
	"bitlinks": "user/link_save", "bitlinks/": "info", "bitlinks/clicks": "link/clicks", "bitlinks/clicks/summary": "link/clicks",
	"bitlinks/countries": "link/countries", "bitlinks/referrers": "link/referrers",
	"bitlinks/referring_domains": "link/referring_domains", "bitlinks/referrers_by_domains": "link/referrers_by_domain",
	"groups/bitlinks": "user/link_history", "groups/bitlinks/clicks": "user/popular_links", "groups/clicks": "user/clicks",
	"groups/countries": "user/countries", "groups/referring_networks": "user/referring_domains", "groups/shorten_counts": "user/shorten_counts",
}

// about is the resource in a path, by Bitly's name for it, and what to use instead.
func about(verb, path string) (resource, instead string) {
	parts := strings.Split(strings.Trim(strings.TrimPrefix(path, "/v4"), "/"), "/")
	name := 0 // the number of parts of the path that name the resource
	switch parts[0] {
	case "shorten", "expand", "bitlinks":
		resource, name = "bitlinks", 2
	case "groups":
		resource, name = "groups", 1
	case "user":
		resource = "users"
	default:
		resource = "v4"
	}
	key := parts[0]
	if len(parts) > 1 {
		key += "/" + strings.Join(parts[min(1+name, len(parts)):], "/")
	}
	method := methods[key]
	if key == "bitlinks/" && verb == http.MethodPatch {
		method = "user/link_edit"
	}
	if method == "" {
		return resource, "docs/api.md lists its methods"
	}
	return resource, "the method for this is /v3/" + method + ", and docs/api.md lists all of them"
}
