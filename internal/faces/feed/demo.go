package feed

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/core/useragent"
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

// Demo is a small real click feed, moved and stretched so that its clicks fill the DemoSpan
// before now in their original rhythm: the clicks of people in the format BitlyFeed, and those of
// bots in the format ndjson, which is imported after it. A bot is a visitor whose user agent says
// so: the feed keeps agents, and Bitly counted all clicks as those of people.
func Demo(now time.Time) (people, bots io.Reader, err error) {
	plain, err := Decompress(bytes.NewReader(demo))
	if err != nil {
		return nil, nil, fmt.Errorf("demo feed: %w", err)
	}
	var clicks []*fastjson.Value
	first, last := int64(0), int64(0)
	s := bufio.NewScanner(plain)
	for s.Scan() {
		v, err := fastjson.ParseBytes(s.Bytes())
		if err != nil {
			return nil, nil, fmt.Errorf("demo feed: %w", err)
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
		return nil, nil, fmt.Errorf("demo feed: %w", err)
	}
	var ofPeople, ofBots bytes.Buffer
	agents := useragent.New()
	span := int64(DemoSpan / time.Second)
	for _, v := range clicks {
		t := now.Unix() - span + (v.GetInt64("t")-first)*span/(last-first)
		if by := agents.ReadText(string(v.GetStringBytes("a"))); by.Kind == useragent.Bot {
			if err := demoBot(&ofBots, v, t, by.Family); err != nil {
				return nil, nil, fmt.Errorf("demo feed: %w", err)
			}
			continue
		}
		v.Set("t", fastjson.MustParse(strconv.FormatInt(t, 10)))
		ofPeople.Write(append(v.MarshalTo(nil), '\n'))
	}
	return &ofPeople, &ofBots, nil
}

// demoBot writes a click of a bot at a time, after the link: maybe only bots followed it.
func demoBot(w *bytes.Buffer, v *fastjson.Value, t int64, family click.BotFamily) error {
	field := func(name string) string { return string(v.GetStringBytes(name)) }
	to := json.NewEncoder(w) // it writes a line for each value
	if err := to.Encode(map[string]any{"type": "link", "user": field("l"), "hash": field("h"), "aggregate_hash": field("g"), "long_url": field("u"), "created": v.GetInt64("hc")}); err != nil {
		return err
	}
	return to.Encode(map[string]any{"type": "click", "hash": field("h"), "ts": t, "bot": true, "bot_family": family, "country": field("c"), "referrer": field("r")})
}
