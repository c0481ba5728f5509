package v3

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// object is a JSON object with its keys in the order given. Some clients take values
// by position.
type object []field

type field struct {
	key   string
	value any
}

// MarshalJSON implements json.Marshaler, for objects inside other values.
func (o object) MarshalJSON() ([]byte, error) {
	var w jsonWriter
	err := w.value(o)
	return w.b.Bytes(), err
}

// get is the value of a key; nil without it.
func (o object) get(key string) any {
	for _, f := range o {
		if f.key == key {
			return f.value
		}
	}
	return nil
}

// textData is data whose text is the answer in format=txt.
type textData struct {
	object
	text any
}

// twice is a value that an answer has under two keys. It is encoded once.
type twice struct{ value any }

// jsonWriter writes JSON without escapes for HTML.
type jsonWriter struct {
	b bytes.Buffer
	e *json.Encoder

	twice    *twice // the last one that was written, and where it is in b
	from, to int
}

func (w *jsonWriter) value(v any) error {
	switch v := v.(type) {
	case textData:
		return w.value(v.object)
	case object:
		w.b.WriteByte('{')
		for i, f := range v {
			if i > 0 {
				w.b.WriteByte(',')
			}
			if err := w.value(f.key); err != nil {
				return err
			}
			w.b.WriteByte(':')
			if err := w.value(f.value); err != nil {
				return err
			}
		}
		w.b.WriteByte('}')
		return nil
	case *twice:
		if v == w.twice {
			w.b.Write(w.b.Bytes()[w.from:w.to])
			return nil
		}
		from := w.b.Len()
		err := w.value(v.value)
		w.twice, w.from, w.to = v, from, w.b.Len()
		return err
	case series:
		w.b.Grow(seriesBytes * len(v.list))
		w.b.Write(v.appendJSON(w.b.AvailableBuffer()))
		return nil
	}
	if w.e == nil {
		w.e = json.NewEncoder(&w.b)
		w.e.SetEscapeHTML(false)
	}
	if err := w.e.Encode(v); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	w.b.Truncate(w.b.Len() - 1) // the encoder's newline
	return nil
}

// spaced is JSON with a blank after each colon and comma outside strings. Bitly wrote
// it so, and scripts parse it with sed 's/.*title": //'.
func spaced(compact []byte) []byte {
	out := make([]byte, 0, len(compact)+len(compact)/8)
	inString, escaped := false, false
	for _, b := range compact {
		out = append(out, b)
		switch {
		case escaped:
			escaped = false
		case b == '"':
			inString = !inString
		case inString:
			escaped = b == '\\'
		case b == ':', b == ',':
			out = append(out, ' ')
		}
	}
	return out
}
