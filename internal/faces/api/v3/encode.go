package v3

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/footfall/footfall/internal/faces/envelope"
)

// formats are the values of the parameter format. The first is the default.
var formats = []string{"json", "xml", "txt", "csv"}

// encoding is the form of an answer.
type encoding struct {
	format   string // one of formats
	callback string // of JSONP; empty without one
	entries  string // as in method
	secret   bool   // as in method
}

// encodingOf is the encoding that the parameters format and callback ask for. It ignores
// wrong values: the method refuses them in the order of its parameters.
func encodingOf(q query, m method) encoding {
	e := encoding{format: q.get("format"), entries: m.entries, secret: m.secret}
	if !slices.Contains(formats, e.format) {
		e.format = formats[0]
	}
	if callback := q.get("callback"); e.format == "json" && isCallback(callback) {
		e.callback = callback
	}
	return e
}

// write is the one function that answers. It encodes the whole body before it sends
// anything. The HTTP status of MethodNotAllowed is 405 in every format.
func write(w http.ResponseWriter, r *http.Request, e encoding, s status, data any) error {
	code, contentType, body, err := encode(e, s, data)
	if err != nil {
		return err
	}
	if s == envelope.MethodNotAllowed {
		code = s.Code
	}
	h := w.Header()
	etag := `"` + strconv.FormatUint(xxh3.Hash(body), 36) + `"`
	h.Set("ETag", etag)
	h.Set("Cache-Control", "private, no-cache")
	if e.secret {
		h.Set("Cache-Control", "no-store")
	}
	if code < 300 && r.Method != http.MethodPost && matches(r.Header.Values("If-None-Match"), etag) {
		h.Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	envelope.Write(w, code, contentType, body)
	return nil
}

// encode is the HTTP status, Content-Type and body of an answer. In json and xml the
// HTTP status is 200 and the envelope has the status. In txt and csv it is the status, and
// the body of an error is its text alone.
func encode(e encoding, s status, data any) (code int, contentType string, body []byte, err error) {
	if t, ok := data.(tableData); ok {
		if e.format == "csv" && s == statusOK {
			body, err = t.table.csv()
			return s.Code, "text/csv; charset=utf-8", body, err
		}
		data = t.data
	}
	if e.format == "txt" || e.format == "csv" {
		text := s.Text
		if s == statusOK { // in txt: csv has returned, because its data is a tableData
			text = fmt.Sprint(data.(textData).text) // endParams refuses txt for other data
		}
		return s.Code, "text/plain; charset=utf-8", []byte(text + "\n"), nil
	}
	var w jsonWriter
	if e.callback != "" {
		w.b.WriteString(e.callback + "(")
	}
	err = w.value(object{{"status_code", s.Code}, {"data", data}, {"status_txt", s.Text}})
	switch {
	case err != nil:
		return 0, "", nil, err
	case e.format == "xml":
		body, err = toXML(w.b.Bytes(), e.entries)
		return http.StatusOK, "application/xml; charset=utf-8", body, err
	case e.callback != "":
		w.b.WriteByte(')')
		return http.StatusOK, "application/javascript; charset=utf-8", spaced(w.b.Bytes()), nil
	}
	return http.StatusOK, "application/json; charset=utf-8", spaced(w.b.Bytes()), nil
}

// matches reports whether an If-None-Match header names the tag (RFC 9110, 13.1.2).
func matches(values []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(values, ","), ",") {
		tag = strings.TrimSpace(tag)
		if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
}
