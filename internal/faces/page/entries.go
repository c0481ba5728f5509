package page

import (
	"fmt"
	"net/url"
	"strconv"

	"github.com/valyala/fastjson"
)

// list is that of asker. It asks each question once for a view.
func (b *builder) list(method, key string, q url.Values) ([]entry, error) {
	question := method + "?" + q.Encode()
	if list, ok := b.listed[question]; ok {
		return list, nil
	}
	list, err := b.asker.list(method, key, q)
	if err == nil {
		b.listed[question] = list
	}
	return list, err
}

// series is that of asker. It asks each question once for a view.
func (b *builder) series(method, key string, q url.Values) ([]point, error) {
	question := method + "?" + q.Encode()
	if list, ok := b.counts[question]; ok {
		return list, nil
	}
	list, err := b.asker.series(method, key, q)
	if err == nil {
		b.counts[question] = list
	}
	return list, err
}

// list asks for a list.
func (a asker) list(method, key string, q url.Values) ([]entry, error) {
	items, err := a.array(method, key, q)
	if err != nil {
		return nil, err
	}
	list := make([]entry, len(items))
	for i, item := range items {
		fields, err := item.Object()
		if err != nil {
			return nil, fmt.Errorf("read %s of %s: %w", key, method, err)
		}
		list[i] = make(entry, fields.Len())
		fields.Visit(func(name []byte, v *fastjson.Value) { list[i][string(name)] = valueOf(v) })
	}
	return list, nil
}

// entry is an item of a list, by field.
type entry map[string]value

// value is a text, a number or null.
type value string

// valueOf is a text without quotes, a number as it is written, and null as nothing.
func valueOf(v *fastjson.Value) value {
	switch v.Type() {
	case fastjson.TypeString:
		return value(v.GetStringBytes())
	case fastjson.TypeNull:
		return ""
	}
	return value(v.String())
}

func (v value) text() string { return string(v) }

func (e entry) clicks() uint64 {
	n, _ := strconv.ParseUint(string(e["clicks"]), 10, 64)
	return n
}

// key is what tells the entry from others of its list.
func (e entry) key(name, detail []string) string {
	key := e[name[0]].text()
	if name[0] == "link" {
		return key
	}
	for _, d := range detail {
		key += "\x1f" + e[d].text()
	}
	return key
}
