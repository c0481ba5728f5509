package v3_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	v3 "github.com/footfall/footfall/internal/faces/api/v3"
)

// node is an element as a strict parser reads it.
type node struct {
	name  string
	keyed bool // name is from the attribute key
	text  string
	nodes []*node
}

func parseXML(t *testing.T, body []byte) *node {
	t.Helper()
	if !bytes.HasPrefix(body, []byte(xml.Header)) || !bytes.HasSuffix(body, []byte(">\n")) {
		t.Fatalf("%q has no header or no newline at its end", body)
	}
	d := xml.NewDecoder(bytes.NewReader(body[len(xml.Header):]))
	open := []*node{{}}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %q", err, body)
		}
		top := open[len(open)-1]
		switch token := token.(type) {
		case xml.StartElement:
			n := &node{name: token.Name.Local}
			if token.Name.Space != "" {
				t.Fatalf("%q has a namespace", body)
			}
			for _, a := range token.Attr {
				if n.keyed || n.name != "entry" || a.Name != (xml.Name{Local: "key"}) {
					t.Fatalf("%q has other attributes than key", body)
				}
				n.name, n.keyed = a.Value, true
			}
			top.nodes = append(top.nodes, n)
			open = append(open, n)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if top.text += string(token); len(open) == 1 && string(token) != "\n" {
				t.Fatalf("%q has text outside its element", body)
			}
		default:
			t.Fatalf("%q has a %T", body, token)
		}
	}
	if len(open) != 1 || len(open[0].nodes) != 1 {
		t.Fatalf("%q is not one element", body)
	}
	return open[0].nodes[0]
}

// pair is a member of an object, in order and with its repeats.
type pair struct {
	key   string
	value any // string, nil, []pair or []any
}

func parseJSON(d *json.Decoder) (any, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		object := []pair{}
		for d.More() {
			key, err := d.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseJSON(d)
			if err != nil {
				return nil, err
			}
			object = append(object, pair{key.(string), value})
		}
		_, err = d.Token()
		return object, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			value, err := parseJSON(d)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err = d.Token()
		return list, err
	case nil:
		return nil, nil
	}
	return fmt.Sprint(token), nil
}

// carried is a text with the characters that XML does not allow replaced (XML 1.0,
// 2.2).
func carried(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff {
			return utf8.RuneError
		}
		return r
	}, s)
}

// xmlName matches the keys that are names of elements: ASCII names that XML does not
// reserve.
var xmlName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9._-]*$`)

// wantKey is the element of a member of an object. The items of the list with the key
// entries are named entry.
func wantKey(p pair, entries string) node {
	if _, list := p.value.([]any); list && entries != "" && p.key == entries {
		return node{name: "entry"}
	}
	return node{name: carried(p.key), keyed: !xmlName.MatchString(p.key) || strings.HasPrefix(strings.ToLower(p.key), "xml")}
}

// want is the elements of a value, each named as n.
func want(n node, value any, entries string) []*node {
	switch value := value.(type) {
	case []any:
		var all []*node
		for _, item := range value {
			if list, nested := item.([]any); nested {
				all = append(all, &node{name: n.name, keyed: n.keyed, nodes: want(node{name: "entry"}, list, entries)})
			} else {
				all = append(all, want(n, item, entries)...)
			}
		}
		return all
	case []pair:
		for _, p := range value {
			n.nodes = append(n.nodes, want(wantKey(p, entries), p.value, entries)...)
		}
	case string:
		n.text = carried(value)
	}
	return []*node{&n}
}

func same(t *testing.T, got, want *node) {
	t.Helper()
	if got.name != want.name || got.keyed != want.keyed || got.text != want.text || len(got.nodes) != len(want.nodes) {
		t.Fatalf("got %q, a key %t: %q and %d elements, want %q, a key %t: %q and %d",
			got.name, got.keyed, got.text, len(got.nodes), want.name, want.keyed, want.text, len(want.nodes))
	}
	for i := range got.nodes {
		same(t, got.nodes[i], want.nodes[i])
	}
}

// FuzzXML: a strict parser reads any xml, and gets the same keys and values in the
// same order.
func FuzzXML(f *testing.F) {
	for _, s := range []string{
		`{"a":1,"b":null,"c":[1,[2,[]],{"d":"<&>\"'"}],"e":[]}`, `{"":{"1a":"\u0000\ufffe\ud800","xml":"]]>","a b":[[["\r\n\t "]]]}}`,
		`{"news.ycombinator.com":[{"x":true}],"yxG0tQXMY40=":-1.5e3,"-":"","a":"","a":"twice"}`, `{"XmLa":" ","ü":"日本"}`, `[]`, `"x"`,
		`{"\r\n\t <&>\"'":{"\u0000\ufffe\ud800":[1,[2]]},"entry":[1],"key":2,"a:b":3,"_":4,".":5,"xMl":[6],"a\u212a":7}`,
	} {
		for _, entries := range []string{"", "c", "entry"} {
			f.Add(s, entries)
		}
	}
	f.Fuzz(func(t *testing.T, s, entries string) {
		d := json.NewDecoder(strings.NewReader(s))
		d.UseNumber()
		value, err := parseJSON(d)
		if _, object := value.([]pair); err != nil || !object || !json.Valid([]byte(s)) {
			return // not an envelope
		}
		body, err := v3.ToXML([]byte(s), entries)
		if err != nil {
			t.Fatalf("%s: %v", s, err)
		}
		same(t, parseXML(t, body), want(node{name: "response"}, value, entries)[0])
	})
}
