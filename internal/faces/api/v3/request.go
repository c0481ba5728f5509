package v3

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/faces/envelope"
)

// query is the parameters of a call, with names in lower case: clients spell apiKey,
// longUrl and access_token in many ways. It has no empty values: an empty value is an
// absent one.
type query map[string][]string

// parseQuery reads a query string. Nothing in it is an error: what is not well
// escaped is used as it is, and the parameter refuses it.
func parseQuery(raw string) query {
	q := query{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		q.add(unescape(name), unescape(value))
	}
	return q
}

// add adds a value, unless it is empty.
func (q query) add(name, value string) {
	if name != "" && value != "" {
		name = lower(name)
		q[name] = append(q[name], value)
	}
}

func unescape(s string) string {
	if u, err := url.QueryUnescape(s); err == nil {
		return u
	}
	return s
}

// lower is s in lower case. It changes ASCII only: names have no other letters.
func lower(s string) string {
	b := []byte(s)
	for i := range b {
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] |= 0x20
		}
	}
	return string(b)
}

// all is the values of the first name that has any.
func (q query) all(names ...string) []string {
	for _, name := range names {
		if v := q[lower(name)]; len(v) > 0 {
			return v
		}
	}
	return nil
}

// get is the first value of the first name that has any, or "".
func (q query) get(names ...string) string {
	if v := q.all(names...); len(v) > 0 {
		return v[0]
	}
	return ""
}

// warn names unknown parameters in Warning headers. They are ignored, as Bitly
// ignored them, but their sender may expect an effect. from and to are our own, so
// they are named if the method does not take them.
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
		// An escaped name has no quotes and cannot end the header.
		if name = url.QueryEscape(name); len(name) > maxUnknownName {
			name = name[:maxUnknownName] + "..."
		}
		h.Add("Warning", `299 - "unknown parameter: `+name+`"`)
	}
}

// readBody adds the parameters in the body of a POST. If it fails, it adds none: with
// envelope.TooLarge for more than MaxBody bytes, and with envelope.InvalidRequest for
// a body that cannot be read.
func (q query) readBody(r *http.Request) error {
	if r.ContentLength > MaxBody {
		skip(r)
		return envelope.TooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil:
		return envelope.InvalidRequest // the client's fault, and so not logged
	case len(body) > MaxBody:
		skip(r)
		return envelope.TooLarge
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return envelope.InvalidRequest
	}
	given, err := parseBody(r.Header.Get("Content-Type"), body)
	if err != nil {
		return envelope.InvalidRequest
	}
	for name, values := range given {
		q[name] = append(q[name], values...)
	}
	return nil
}

// skip reads the rest of a body, so that clients that send all of it before they read
// get their answer. It does not if the body is very long, or if the client waits for
// 100 Continue before it sends.
func skip(r *http.Request) {
	if r.ContentLength <= maxSkipped && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxSkipped)
	}
}

// parseBody is the parameters of a body. It needs the Content-Type for multipart/…
// only, because clients send JSON as text/plain, without a type and as urlencoded,
// and forms as application/json. The first character of other bodies
// distinguishes them: no parameter begins with a brace.
func parseBody(contentType string, body []byte) (query, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	text := bytes.TrimLeft(body, " \t\r\n")
	if len(text) == 0 {
		return query{}, nil
	}
	if kind, _, _ := strings.Cut(contentType, "/"); strings.EqualFold(strings.TrimSpace(kind), "multipart") {
		return parseMultipart(contentType, body)
	}
	if text[0] == '{' || text[0] == '[' {
		return parseJSON(text)
	}
	return parseQuery(strings.TrimRight(string(text), "\r\n")), nil
}

// parseMultipart is the fields of a form, without its files.
func parseMultipart(contentType string, body []byte) (query, error) {
	_, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, err
	}
	q := query{}
	for parts := multipart.NewReader(bytes.NewReader(body), params["boundary"]); ; {
		part, err := parts.NextPart()
		if err == io.EOF {
			return q, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			continue
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, err
		}
		q.add(part.FormName(), string(value))
	}
}

var errJSON = errors.New("not one object in UTF-8")

// parseJSON is the members of an object. Each item of a list is a value of its own.
// Numbers, true and false are kept as they are written. Values in deeper levels are
// kept as JSON, which only parameters of free text accept.
func parseJSON(body []byte) (query, error) {
	if !utf8.Valid(body) {
		return nil, errJSON // the decoder would replace characters
	}
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.Join(errJSON, err)
	}
	q := query{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, err
		}
		values := []json.RawMessage{value}
		if value[0] == '[' {
			if err := json.Unmarshal(value, &values); err != nil {
				return nil, err
			}
		}
		for _, v := range values {
			text, err := scalar(v)
			if err != nil {
				return nil, err
			}
			q.add(name.(string), text)
		}
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errJSON
	}
	return q, nil
}

// scalar is the text of a JSON value; empty for null.
func scalar(v json.RawMessage) (text string, err error) {
	switch {
	case v[0] == '"':
		err = json.Unmarshal(v, &text)
		return text, err
	case string(v) == "null":
		return "", nil
	}
	return string(v), nil
}
