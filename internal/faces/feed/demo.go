package feed

import (
	"bufio"
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/valyala/fastjson"
)

// demo is every third click on the links of DemoLogin in 23 hours of Bitly's click feed, of 2012
// and 2013, one hour after the other; public domain.
//
//go:embed demo.gz
var demo []byte

// DemoSpan is the period over which Demo spreads its clicks.
const DemoSpan = 60 * 24 * time.Hour

// DemoLogin is a user with many clicks in Demo.
const DemoLogin = "nasatwitter"

// Demo is a small real click feed, moved and stretched so that its clicks fill the
// DemoSpan before now in their original rhythm.
func Demo(now time.Time) (io.Reader, error) {
	plain, err := Decompress(bytes.NewReader(demo))
	if err != nil {
		return nil, fmt.Errorf("demo feed: %w", err)
	}
	var clicks []*fastjson.Value
	first, last := int64(0), int64(0)
	s := bufio.NewScanner(plain)
	for s.Scan() {
		v, err := fastjson.ParseBytes(s.Bytes())
		if err != nil {
			return nil, fmt.Errorf("demo feed: %w", err)
		}
		t := v.GetInt64("t")
		if t == 0 {
			continue // a keep-alive
		}
		if first == 0 {
			first, last = t, t
		}
		first, last = min(first, t), max(last, t)
		clicks = append(clicks, v)
	}
	if err := s.Err(); err != nil {
		return nil, fmt.Errorf("demo feed: %w", err)
	}
	var out bytes.Buffer
	span := int64(DemoSpan / time.Second)
	for _, v := range clicks {
		t := now.Unix() - span + (v.GetInt64("t")-first)*span/(last-first)
		v.Set("t", fastjson.MustParse(strconv.FormatInt(t, 10)))
		out.Write(append(v.MarshalTo(nil), '\n'))
	}
	return &out, nil
}
