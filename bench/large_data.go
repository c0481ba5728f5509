package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// largeSize holds the numbers of users, links and clicks that are imported.
type largeSize struct {
	users, links, clicks int
	together             int // clicks in a line of counts: on one link in one quarter-hour; 2 or more
}

// liveLinks is the number of links of the user live. Their counts are compared with the
// answers to their visitors.
const liveLinks = 1000

// clicksPerLine is the number of clicks in a line of counts, unless it is chosen.
const clicksPerLine = 100

// write writes users, links and counts as NDJSON: 90 days of clicks until now, most of
// them on a few links.
func (s largeSize) write(to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<20)
	for u := range s.users {
		fmt.Fprintf(w, `{"type":"user","login":"user%d","created":1300000000}`+"\n", u)
	}
	for l := range s.links {
		fmt.Fprintf(w, `{"type":"link","user":"user%d","hash":%q,"long_url":"http://example.org/page/%d","created":1300000000}`+"\n", l%s.users, largeHash(l), l)
	}
	for l := range liveLinks {
		fmt.Fprintf(w, `{"type":"link","user":"live","hash":%q,"long_url":"http://example.org/live/%d","created":1300000000}`+"\n", liveHash(l), l)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(rng, 1.1, 10, uint64(s.links-1))
	lines := s.clicks / s.together
	const quarters = 90 * 96
	end := time.Now().Unix() / 900 * 900
	for i := range lines {
		ts := end - 900*int64(quarters-i*quarters/lines)
		us, other := 1+rng.IntN(max(s.together-2, 1)), "DE"
		if rng.IntN(2) == 0 {
			other = country(rng.IntN(countries)).String()
		}
		if other == "US" {
			other = "CA"
		}
		fmt.Fprintf(w, `{"type":"counts","hash":%q,"ts":%d,"clicks":%d,"countries":{"US":%d,%q:%d},"referrers":{"direct":%d,"http://example.com/%d":%d}}`+"\n",
			largeHash(int(zipf.Uint64())), ts, s.together, us, other, s.together-us, us, rng.IntN(1000), s.together-us)
	}
	return w.Flush()
}

func largeHash(l int) string { return fmt.Sprint("L", l) }
func liveHash(l int) string  { return fmt.Sprint("live", l) }

// visitTo returns the request of a visit that comes from a page.
func visitTo(hash, referrer string) []byte {
	return harness.Visit(shortDomain, hash, "Referer: "+referrer)
}
