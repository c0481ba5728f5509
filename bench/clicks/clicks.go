// Package clicks makes realistic clicks from a seed, always the same: popularity follows
// Zipf's law, days have busy and quiet hours, and most visits come from few countries,
// referrers and devices.
//
//	clicks.go      which clicks
//	ndjson.go      as lines that footfall imports
//	request.go     parts of the requests of visits
package clicks

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// End is the end of the last day that has clicks: 00:00 UTC. It does not depend on the day of the
// measurement, so that the same seed makes the same bytes.
var End = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// exponent is that of Zipf's law.
const exponent = 1.1

// Made says which clicks are made.
type Made struct {
	Seed      uint64
	Clicks    int
	Users     int // link N belongs to user N modulo Users
	Links     int
	Countries int // at most 676
	Referrers int // a third of the clicks has none
	Agents    int // at most 640
	Cities    int // of each country; a fifth of the clicks has none
	Days      int // until End
}

// Usual returns clicks of the sizes that most measurements use: 1,000 users, 100,000 links,
// 200 countries, 1,000 referrers and 100 agents in 90 days.
func Usual(clicks int) Made {
	return Made{Seed: 1, Clicks: clicks, Users: 1000, Links: 100_000, Countries: 200, Referrers: 1000, Agents: 100, Cities: 100, Days: 90}
}

// Start is the start of the first day that has clicks.
func (m Made) Start() time.Time { return End.AddDate(0, 0, -m.Days) }

// Click is one click. The numbers count from 0. Referrer and City are -1 if there is none.
type Click struct {
	Time                                 int64 // Unix milliseconds
	Link, Country, Referrer, Agent, City int
}

// User returns the number of the user who owns a link.
func (m Made) User(link int) int { return link % m.Users }

// Login returns the login of a user.
func Login(user int) string { return fmt.Sprintf("user%d", user) }

// Hash returns the hash of a link.
func Hash(link int) string { return fmt.Sprintf("L%d", link) }

// LongURL returns where a link leads.
func LongURL(link int) string { return fmt.Sprintf("http://example.org/some/page/%d", link) }

// Country returns the two letters of a country.
func Country(n int) string { return string([]byte{byte('A' + n/26), byte('A' + n%26)}) }

// Referrer returns the URL of a page.
func Referrer(n int) string {
	return fmt.Sprintf("https://www.example%d.com/some/page/%d", n%97, n)
}

// quarters is the number of quarter-hours in a day.
const quarters = 96

// busy is the part of a day's clicks that came until the end of each quarter-hour. The busiest hour has
// four times as many as the quietest one.
var busy = func() (until [quarters]float64) {
	sum := 0.0
	for i := range until {
		sum += 1 - 0.6*math.Cos(2*math.Pi*(float64(i)/quarters-4./24))
		until[i] = sum
	}
	for i := range until {
		until[i] /= sum
	}
	return until
}()

// source draws the clicks of a Made.
type source struct {
	made                                      Made
	rng                                       *rand.Rand
	links, countries, referrers, agents, city *rand.Zipf
}

func (m Made) source() *source {
	s := &source{made: m, rng: rand.New(rand.NewPCG(m.Seed, 2))}
	zipf := func(n int) *rand.Zipf { return rand.NewZipf(s.rng, exponent, 1, uint64(max(n, 1)-1)) }
	s.links, s.countries, s.referrers, s.agents, s.city = zipf(m.Links), zipf(m.Countries), zipf(m.Referrers), zipf(m.Agents), zipf(m.Cities)
	return s
}

// draw returns a click without a time.
func (s *source) draw() Click {
	c := Click{Link: int(s.links.Uint64()), Country: int(s.countries.Uint64()), Agent: int(s.agents.Uint64()), Referrer: -1, City: -1}
	if s.rng.IntN(3) > 0 {
		c.Referrer = int(s.referrers.Uint64())
	}
	if s.rng.IntN(5) > 0 && s.made.Cities > 0 {
		c.City = int(s.city.Uint64())
	}
	return c
}

// Each calls f with the clicks, oldest first, until f returns an error.
func (m Made) Each(f func(Click) error) error {
	s, made := m.source(), 0
	start := m.Start().UnixMilli()
	for slot := range m.Days * quarters {
		day := slot / quarters
		// The number of clicks until the end of the slot does not depend on chance.
		until := int((float64(day) + busy[slot%quarters]) / float64(m.Days) * float64(m.Clicks))
		if slot == m.Days*quarters-1 {
			until = m.Clicks
		}
		n := until - made
		for i := range n {
			c := s.draw()
			c.Time = start + int64(slot)*900_000 + int64((float64(i)+s.rng.Float64())/float64(n)*900_000)
			if err := f(c); err != nil {
				return err
			}
		}
		made = until
	}
	return nil
}
