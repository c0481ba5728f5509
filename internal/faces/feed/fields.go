package feed

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/valyala/fastjson"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/weburl"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/core/links"
)

const (
	// maxText bounds each string of a line, in bytes.
	maxText = 1 << 16
	// maxKept is the longest line, in bytes, after which the parser keeps its memory,
	// which may be some hundred times as much.
	maxKept = 1 << 16
	// maxCommas bounds the values in a long line, and so the memory for it.
	maxCommas = 100_000
)

var errJSON = notOfFormat{errors.New("not JSON; is the line cut off?")}

// object parses a line as a JSON object, which is valid until the parser is used again.
func object(p *fastjson.Parser, line []byte) (*fastjson.Value, error) {
	if len(line) > maxKept {
		if bytes.Count(line, []byte(",")) > maxCommas {
			return nil, fmt.Errorf("the line has more than %d commas", maxCommas)
		}
		p = new(fastjson.Parser)
	}
	v, err := p.ParseBytes(line) // bounds the depth, and accepts some texts that are not JSON
	if err == nil {
		err = fastjson.ValidateBytes(line) // does not bound the depth, and accepts JSON alone
	}
	if err != nil {
		return nil, errJSON
	}
	if v.Type() != fastjson.TypeObject {
		return nil, notOfFormat{errors.New("not a JSON object")}
	}
	return v, nil
}

// form is the kind of strings that a field accepts. A string is required unless it is optional.
type form int

const (
	aText    form = 0
	aLogin   form = 1 // a valid login
	aName    form = 2 // a valid name of a link
	optional form = 4
)

// fields are the strings to take from an object.
type fields []struct {
	key  string
	to   *string
	form form
}

// from takes the strings in order, and fails at the first one that cannot be taken.
func (fs fields) from(v *fastjson.Value) (err error) {
	for _, f := range fs {
		if *f.to, err = text(v, f.key, f.form&optional == 0); err != nil {
			return err
		}
		switch {
		case *f.to == "":
		case f.form&aLogin != 0:
			err = auth.ValidLogin(*f.to)
		case f.form&aName != 0:
			err = links.CheckForeignName(*f.to)
		}
		if err != nil {
			return fmt.Errorf("%q: %w", f.key, err)
		}
	}
	return nil
}

// keywordDomain is the domain of a keyword in the spelling in which requests are
// compared with it. A domain that cannot be a host stays as it is.
func keywordDomain(s string) string {
	a, err := weburl.ParseAuthority("http", s)
	if err != nil {
		return s
	}
	a.Host = weburl.Host(a.Host)
	return a.String()
}

// integer takes a JSON number without a fraction.
func integer(v *fastjson.Value, key string) (int64, error) {
	f := v.Get(key)
	if f == nil {
		return 0, notOfFormat{fmt.Errorf("no %q", key)}
	}
	n, err := f.Int64()
	if err != nil {
		return 0, fmt.Errorf("%q is not a whole number", key)
	}
	return n, nil
}

// fromMillis is the first number that is an instant in milliseconds, as in the API. In
// seconds it would be in the year 5138.
const fromMillis = 100_000_000_000

// instantOf takes a JSON number as an instant in Unix seconds or milliseconds, and drops
// the fraction of a second. It must be between 1970 and last, a Unix second.
func instantOf(v *fastjson.Value, key string, last int64) (int64, error) {
	t, err := integer(v, key)
	if err != nil {
		return 0, err
	}
	if t >= fromMillis {
		t /= 1000
	}
	switch {
	case t < 0:
		return 0, fmt.Errorf("%q is %s, which is before 1970", key, instant(t))
	case t > last && last == click.Latest.Unix()-1:
		return 0, fmt.Errorf("%q is %s, which is after 2099", key, instant(t))
	case t > last:
		return 0, fmt.Errorf("%q is %s, which is in the future", key, instant(t))
	}
	return t, nil
}

// text takes a JSON string. null and a missing key are "", or an error if it is needed.
func text(v *fastjson.Value, key string, need bool) (string, error) {
	f := v.Get(key)
	switch {
	case f == nil || f.Type() == fastjson.TypeNull:
		if need {
			return "", notOfFormat{fmt.Errorf("no %q", key)}
		}
		return "", nil
	case f.Type() != fastjson.TypeString:
		return "", fmt.Errorf("%q is not a string", key)
	}
	b := f.GetStringBytes()
	switch {
	case len(b) == 0 && need:
		return "", fmt.Errorf("%q is empty", key)
	case len(b) > maxText:
		return "", fmt.Errorf("%q is longer than %d bytes", key, maxText)
	case !utf8.Valid(b):
		return "", fmt.Errorf("%q is not UTF-8", key)
	case bytes.IndexByte(b, 0) >= 0:
		return "", fmt.Errorf("%q holds a zero byte", key)
	}
	return string(b), nil
}

// boolean takes true or false; null and a missing key are false.
func boolean(v *fastjson.Value, key string) (bool, error) {
	f := v.Get(key)
	if f == nil || f.Type() == fastjson.TypeNull {
		return false, nil
	}
	b, err := f.Bool()
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", key)
	}
	return b, nil
}

// country takes the country of an export: two letters, or None.
func country(key, s string) (click.Country, error) {
	c := click.ParseCountry(s)
	if !c.Known() && s != "" && s != "None" {
		return c, fmt.Errorf("%q is %.100q: two letters are expected, or None", key, s)
	}
	return c, nil
}
