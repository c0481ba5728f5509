package clicks

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// The parts of agents. The names are those that footfall lists.
var (
	devices  = []string{"mobile", "desktop", "tablet", "tv"}
	browsers = []string{
		"Chrome", "Safari", "Edge", "Firefox", "Samsung Internet", "Opera", "Instagram", "Facebook", "DuckDuckGo", "TikTok",
		"UC Browser", "Brave", "Vivaldi", "Silk", "LinkedIn", "Google App", "WeChat", "Telegram", "Reddit", "Snapchat",
	}
	systems = []string{"Android", "iOS", "Windows", "macOS", "Linux", "ChromeOS", "Tizen", "webOS"}
)

// agentOf returns the texts of an agent. Popular ones have the first names of each list.
func agentOf(n int) (device, browser, system string) {
	return devices[n/160%4], browsers[n%20], systems[n/20%8]
}

// WriteUsers writes the users and links as NDJSON.
func (m Made) WriteUsers(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	for u := range m.Users {
		fmt.Fprintf(w, `{"type":"user","login":%q,"created":1300000000}`+"\n", Login(u))
	}
	for l := range m.Links {
		fmt.Fprintf(w, `{"type":"link","user":%q,"hash":%q,"long_url":%q,"created":1300000000}`+"\n", Login(m.User(l)), Hash(l), LongURL(l))
	}
	return w.Flush()
}

// WriteCSV writes the links as a file of links-csv.
func (m Made) WriteCSV(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	fmt.Fprintln(w, "Short URL,Long URL,Title,Created at")
	for l := range m.Links {
		fmt.Fprintf(w, "https://old.example/%s,%s,Page number %d,2024-05-06 07:08:09\n", Hash(l), LongURL(l), l)
	}
	return w.Flush()
}

// WriteClicks writes the clicks as NDJSON, oldest first.
func (m Made) WriteClicks(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	texts := m.texts()
	var line []byte
	err := m.Each(func(c Click) error {
		line = texts.line(line[:0], c)
		_, err := w.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}

// WriteFiles writes the clicks into files of up to size clicks in a directory, one after another. It calls
// use with each, and removes the file after that.
func (m Made) WriteFiles(dir string, size int, use func(file string) error) error {
	var f *os.File
	w := bufio.NewWriterSize(nil, 1<<20)
	end := func() error {
		if f == nil {
			return nil
		}
		err := errors.Join(w.Flush(), f.Close())
		if err == nil {
			err = use(f.Name())
		}
		err = errors.Join(err, os.Remove(f.Name()))
		f = nil
		return err
	}
	texts := m.texts()
	var line []byte
	n := 0
	err := m.Each(func(c Click) (err error) {
		if n%size == 0 {
			if err := end(); err != nil {
				return err
			}
			if f, err = os.CreateTemp(dir, "clicks-*.ndjson"); err != nil {
				return err
			}
			w.Reset(f)
		}
		n++
		line = texts.line(line[:0], c)
		_, err = w.Write(line)
		return err
	})
	return errors.Join(err, end())
}

// texts has the parts of lines.
type texts struct {
	countries, referrers, agents, cities []string
}

func (m Made) texts() (t texts) {
	for i := range m.Countries {
		t.countries = append(t.countries, `,"country":"`+Country(i)+`"`)
	}
	for i := range m.Referrers {
		t.referrers = append(t.referrers, `,"referrer":"`+Referrer(i)+`"`)
	}
	for i := range m.Agents {
		device, browser, system := agentOf(i)
		t.agents = append(t.agents, `,"device":"`+device+`","browser":"`+browser+`","system":"`+system+`","source":"link"}`+"\n")
	}
	for i := range m.Cities {
		t.cities = append(t.cities, `,"region":"`+string(rune('A'+i%16))+`","city":"City of number `+strconv.Itoa(i)+`"`)
	}
	return t
}

func (t texts) line(b []byte, c Click) []byte {
	b = strconv.AppendInt(append(b, `{"hash":"L`...), int64(c.Link), 10)
	b = strconv.AppendInt(append(b, `","ts":`...), c.Time/1000, 10)
	millis := c.Time % 1000
	b = append(b, '.', byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10))
	b = append(b, t.countries[c.Country]...)
	if c.City >= 0 {
		b = append(b, t.cities[c.City]...)
	}
	if c.Referrer >= 0 {
		b = append(b, t.referrers[c.Referrer]...)
	}
	return append(b, t.agents[c.Agent]...)
}
