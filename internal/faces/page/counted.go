package page

import (
	"net/url"
	"slices"
)

// visitors says whose clicks a view counts: the parameter bots, with values as those of archived
// in the API.
type visitors string

const (
	withBots   visitors = "both" // people, and bots as a layer beside them; without the parameter
	peopleOnly visitors = "off"
	botsOnly   visitors = "on"
)

// parseVisitors reads the parameter bots.
func parseVisitors(q url.Values) (visitors, error) {
	switch v := visitors(q.Get("bots")); v {
	case "":
		return withBots, nil
	case withBots, peopleOnly, botsOnly:
		return v, nil
	}
	return "", invalid("BOTS")
}

// method returns the method of the API that counts the clicks of the headline over time, and
// the key of the counts in its answer.
func (v visitors) method() (method, key string) {
	if v == botsOnly {
		return "user/bot_clicks", "user_bot_clicks"
	}
	return "user/clicks", "user_clicks"
}

// refuses says why a panel cannot follow the view: bots have no countries, and people are not
// among the bots.
func (v visitors) refuses(ofBots bool) string {
	switch {
	case v == botsOnly && !ofBots:
		return "bots"
	case v == peopleOnly && ofBots:
		return "people"
	}
	return ""
}

// visitorsChoice is a value of the parameter bots that the page offers.
type visitorsChoice struct {
	Bots  visitors `json:"bots"`
	Query string   `json:"query"`
}

// choices lists the values that the page offers.
func (v visitors) choices(q url.Values) (list []visitorsChoice) {
	for _, c := range []visitors{withBots, peopleOnly, botsOnly} {
		s := without(q, "bots")
		if c != withBots {
			s.Set("bots", string(c))
		}
		list = append(list, visitorsChoice{c, encode(s)})
	}
	return list
}

// headlineClicks asks for the clicks of the headline.
func (b *builder) headlineClicks(q url.Values) (uint64, error) {
	method, key := b.counted.method()
	return b.asker.total(method, key, q)
}

// everyone is the clicks that the headline and the layer of bots have together.
func (b *builder) everyone() (uint64, error) {
	n, err := b.headlineClicks(b.in())
	if err != nil || b.counted != withBots {
		return n, err
	}
	bots, err := b.asker.total("user/bot_clicks", "user_bot_clicks", b.in())
	return n + bots, err
}

// byTime asks for the clicks of the headline over time.
func (b *builder) byTime(q url.Values) ([]point, error) {
	method, key := b.counted.method()
	return b.series(method, key, q)
}

// named reports whether a row names a value: unknown and other rows do not.
func named(r row) bool { return !slices.Contains([]string{"unknown", "other"}, r.Kind) }
