package v3

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"unicode/utf8"
)

// MaxBody bounds the body of a POST, in bytes.
const MaxBody = 64 << 10

// maxSkipped is how many bytes of a longer body are read and thrown away, so that
// clients that send all of it before they read have their answer.
const maxSkipped = 1 << 20

// readBody adds the parameters in the body of a POST to those of the query. It
// fails with statusTooLarge beyond MaxBody bytes, and with statusBadBody where the
// body cannot be read: nothing is added then.
func (q query) readBody(r *http.Request) error {
	if r.ContentLength > MaxBody {
		skip(r)
		return statusTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	switch {
	case err != nil:
		return statusBadBody // the client's doing, and so not logged
	case len(body) > MaxBody:
		skip(r)
		return statusTooLarge
	}
	if e := r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return statusBadBody
	}
	given, err := parseBody(r.Header.Get("Content-Type"), body)
	if err != nil {
		return statusBadBody
	}
	for name, values := range given {
		q[name] = append(q[name], values...)
	}
	return nil
}

// skip reads what is left of a body, unless it is very long, or its client waits
// for 100 Continue before it sends it.
func skip(r *http.Request) {
	if r.ContentLength <= maxSkipped && r.Header.Get("Expect") == "" {
		_, _ = io.CopyN(io.Discard, r.Body, maxSkipped)
	}
}

// parseBody is the parameters of a body. Only multipart/… needs its Content-Type.
// All others are told apart by their first character, because clients send JSON as
// text/plain, without a type, and as curl's urlencoded, and forms as
// application/json: no parameter begins with a brace.
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

// parseMultipart takes the fields of a form, and leaves out its files.
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

// parseJSON takes the members of an object in their order, each item of a list for
// itself. Numbers, true and false are as they are written. What is nested deeper is
// its own JSON, which is no good value of any parameter that is not free text.
func parseJSON(body []byte) (query, error) {
	if !utf8.Valid(body) {
		return nil, errJSON // the decoder would put other characters there
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
