package clicks

import (
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/phuslu/iploc"
)

// platforms and products are the parts of user agents.
var (
	platforms = []string{
		"Linux; Android 10; K", "iPhone; CPU iPhone OS 18_5 like Mac OS X", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7",
		"X11; Linux x86_64", "iPad; CPU OS 17_4 like Mac OS X", "X11; CrOS x86_64 14541.0.0", "Linux; Android 13; SM-X906B", "SMART-TV; LINUX; Tizen 7.0", "Windows NT 6.1",
	}
	products = []string{
		"Chrome/142.0.0.0 Mobile Safari/537.36", "Version/18.5 Mobile/15E148 Safari/604.1", "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Chrome/141.0.0.0 Safari/537.36",
		"SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Chrome/142.0.0.0 Safari/537.36 OPR/118.0.0.0", "Version/17.4 Safari/605.1.15",
		"Chrome/140.0.0.0 Safari/537.36 Vivaldi/7.6", "Chrome/142.0.0.0 YaBrowser/25.10 Safari/537.36", "Chrome/139.0.0.0 Safari/537.36",
	}
)

// UserAgent returns the header of one of 100 user agents of people.
func UserAgent(n int) string {
	return fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) %s", platforms[n/len(products)%len(platforms)], products[n%len(products)])
}

// Addresses returns an address in each of a number of countries, or in as many as there are, always
// the same.
func Addresses(countries int) (all []netip.Addr) {
	rng, found := rand.New(rand.NewPCG(7, 8)), map[string]bool{}
	for tries := 0; len(all) < countries && tries < 4_000_000; tries++ {
		n := rng.Uint32()
		a := netip.AddrFrom4([4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		if country := iploc.IPCountry(a); country != "" && country != "ZZ" && !found[country] {
			found[country] = true
			all = append(all, a)
		}
	}
	return all
}

// Visitors returns headers of visits, each with its line ends: user agent, referrer and address. Each follows
// Zipf's law over the user agents, Referrers and Countries of the Made, of which there are n.
func (m Made) Visitors(n int) []string {
	s, addresses := m.source(), Addresses(m.Countries)
	all := make([]string, n)
	for i := range all {
		c := s.draw()
		all[i] = "User-Agent: " + UserAgent(c.Agent) + "\r\nX-Forwarded-For: " + addresses[c.Country%len(addresses)].String() + "\r\n"
		if c.Referrer >= 0 {
			all[i] += "Referer: " + Referrer(c.Referrer) + "\r\n"
		}
	}
	return all
}

// Visited returns the numbers of n links that are visited, by Zipf's law.
func (m Made) Visited(n int) []int {
	s, all := m.source(), make([]int, n)
	for i := range all {
		all[i] = int(s.links.Uint64())
	}
	return all
}
