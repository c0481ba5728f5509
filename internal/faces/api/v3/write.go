package v3

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

// shape is how the caller wants the answer.
type shape struct {
	format   string // json, xml, txt or csv
	callback string // json only
	// entries is the key of a list whose items xml calls entry; empty where
	// there is none.
	entries string
	secret  bool // no browser may keep it
}

// shapeOf takes what is valid of format and callback; a wrong one is refused
// later, in the order of the parameters.
func shapeOf(q query) shape {
	s := shape{format: q.get("format")}
	if s.format != "xml" && s.format != "txt" && s.format != "csv" {
		s.format = "json"
	}
	if cb := q.get("callback"); s.format == "json" && isCallback(cb) {
		s.callback = cb
	}
	return s
}

// write is the one place that answers. The body is whole before the first
// byte goes out.
func write(w http.ResponseWriter, r *http.Request, s shape, st status, data any) error {
	code, contentType, body, err := encode(s, st, data)
	if err != nil {
		return err
	}
	if st == statusMethodNotAllowed {
		code = st.code
	}
	h := w.Header()
	etag := `"` + strconv.FormatUint(xxh3.Hash(body), 36) + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	if s.secret {
		h.Set("Cache-Control", "no-store")
	}
	h.Set("X-Content-Type-Options", "nosniff")
	if code < 300 && r.Method != http.MethodPost && matches(r.Header.Values("If-None-Match"), etag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // the client has gone; nothing is left to do for it
	return nil
}

func encode(s shape, st status, data any) (code int, contentType string, body []byte, err error) {
	if t, ok := data.(tabled); ok {
		if s.format == "csv" && st == statusOK {
			body, err = t.table.csv()
			return st.code, "text/csv; charset=utf-8", body, err
		}
		data = t.data
	}
	if s.format == "txt" || s.format == "csv" {
		text := st.text
		if st == statusOK {
			text = fmt.Sprint(data.(single).text)
		}
		return st.code, "text/plain; charset=utf-8", []byte(text + "\n"), nil
	}
	var w jsonWriter
	if s.callback != "" {
		w.b.WriteString(s.callback + "(")
	}
	err = w.value(object{{"status_code", st.code}, {"data", data}, {"status_txt", st.text}})
	switch {
	case err != nil:
		return 0, "", nil, err
	case s.format == "xml":
		body, err = toXML(w.b.Bytes(), s.entries)
		return http.StatusOK, "application/xml; charset=utf-8", body, err
	case s.callback != "":
		w.b.WriteByte(')')
		return http.StatusOK, "application/javascript; charset=utf-8", spaced(w.b.Bytes()), nil
	}
	return http.StatusOK, "application/json; charset=utf-8", spaced(w.b.Bytes()), nil
}

// matches tells whether an If-None-Match names the tag (RFC 9110, 13.1.2).
func matches(values []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(values, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}
