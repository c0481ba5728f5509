package v3

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
)

// toXML turns the JSON of an envelope into XML, so that the two cannot differ. An
// object is an element for each key, in their order. A list is an element for each
// item, all named after the key. A list in a list has entry elements. null is an
// empty element. A key that XML does not allow as a name is <entry key="…">. The
// items of the list with the key entries, if that is not empty, are named entry.
func toXML(envelope []byte, entries string) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(envelope))
	d.UseNumber()
	w := xmlWriter{d: d, entries: entries}
	w.b.WriteString(xml.Header)
	token, err := d.Token()
	if err == nil {
		err = w.value(element{name: "response"}, token)
	}
	if err != nil {
		return nil, fmt.Errorf("encode xml: %w", err)
	}
	w.b.WriteByte('\n')
	return w.b.Bytes(), nil
}

// element is a tag: a name, and the key if the key cannot be the name.
type element struct {
	name  string
	key   string
	keyed bool
}

func elementOf(key string) element {
	for i := range len(key) {
		b := key[i] | 0x20
		letter := 'a' <= b && b <= 'z' || key[i] == '_'
		if !letter && (i == 0 || key[i] != '-' && key[i] != '.' && (key[i] < '0' || key[i] > '9')) {
			return element{"entry", key, true}
		}
	}
	if key == "" || len(key) >= 3 && bytes.EqualFold([]byte(key[:3]), []byte("xml")) {
		return element{"entry", key, true}
	}
	return element{name: key}
}

type xmlWriter struct {
	d       *json.Decoder
	b       bytes.Buffer
	entries string
}

// value writes the value that begins with token as the element el.
func (w *xmlWriter) value(el element, token json.Token) error {
	if token == json.Delim('[') {
		return w.list(func(item json.Token) error { return w.item(el, item) })
	}
	w.open(el)
	switch token {
	case json.Delim('{'):
		if err := w.object(); err != nil {
			return err
		}
	case nil:
	default:
		_ = xml.EscapeText(&w.b, []byte(fmt.Sprint(token))) // a buffer does not fail
	}
	w.close(el)
	return nil
}

// item writes one item of a list.
func (w *xmlWriter) item(el element, token json.Token) error {
	if token != json.Delim('[') {
		return w.value(el, token)
	}
	w.open(el)
	err := w.list(func(item json.Token) error { return w.item(element{name: "entry"}, item) })
	w.close(el)
	return err
}

func (w *xmlWriter) list(each func(json.Token) error) error {
	for w.d.More() {
		token, err := w.d.Token()
		if err != nil {
			return err
		}
		if err := each(token); err != nil {
			return err
		}
	}
	_, err := w.d.Token() // the closing bracket
	return err
}

func (w *xmlWriter) object() error {
	for w.d.More() {
		key, err := w.d.Token()
		if err != nil {
			return err
		}
		token, err := w.d.Token()
		if err != nil {
			return err
		}
		el := elementOf(key.(string))
		if w.entries != "" && key == w.entries && token == json.Delim('[') {
			el = element{name: "entry"}
		}
		if err := w.value(el, token); err != nil {
			return err
		}
	}
	_, err := w.d.Token() // the closing brace
	return err
}

func (w *xmlWriter) open(el element) {
	w.b.WriteString("<" + el.name)
	if el.keyed {
		w.b.WriteString(` key="`)
		_ = xml.EscapeText(&w.b, []byte(el.key))
		w.b.WriteByte('"')
	}
	w.b.WriteByte('>')
}

func (w *xmlWriter) close(el element) { w.b.WriteString("</" + el.name + ">") }
