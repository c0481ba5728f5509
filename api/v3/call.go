package v3

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/footfall/footfall/calendar"
	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/metrics"
	"github.com/footfall/footfall/store"
)

// call is one call of a method. Its parameters are taken one after the other
// in the order of section 1.1 of the contract (docs/api.md): the first wrong
// one is the error, and what comes after it is not looked at.
type call struct {
	ctx    context.Context
	host   string
	query  query
	header http.Header
	now    time.Time
	api    *API

	err error // the first
}

// user is whose token the call carries. A token in the query wins over one in
// the Authorization header.
func (c *call) user() store.User {
	token := c.query.get("access_token")
	if token == "" {
		scheme, bearer, _ := strings.Cut(c.header.Get("Authorization"), " ")
		if strings.EqualFold(scheme, "Bearer") {
			token = strings.TrimSpace(bearer)
		}
	}
	if token == "" {
		c.fail(missing("access_token"))
		return store.User{}
	}
	u, err := c.api.User(c.ctx, token)
	if errors.Is(err, click.ErrNotFound) {
		err = statusInvalidAccessToken
	}
	c.fail(err)
	return u
}

// fail keeps the first error.
func (c *call) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// unit is the parameter, and whether it is there.
func (c *call) unit() (calendar.Unit, bool) {
	s := c.query.get("unit")
	if s == "" {
		return calendar.Day, false
	}
	u, err := calendar.ParseUnit(s)
	if err != nil {
		c.fail(invalid("unit"))
	}
	return u, true
}

// maxMinutes is how many minutes a question may be about.
const maxMinutes = 60

// units is how many units, or metrics.AllTime.
func (c *call) units(u calendar.Unit) int {
	s := c.query.get("units")
	if s == "" {
		return metrics.AllTime
	}
	n, kind := parseInt(s)
	switch {
	case kind != aNumber, n != metrics.AllTime && (n < 1 || n > math.MaxInt32), u == calendar.Minute && n > maxMinutes:
		c.fail(invalid("units"))
		return metrics.AllTime
	}
	return int(n)
}

// days is the number of days in the legacy form.
func (c *call) days() int {
	s := c.query.get("days")
	if s == "" {
		return 7
	}
	n, kind := parseInt(s)
	switch kind {
	case notANumber:
		c.fail(invalid("days"))
	case tooSmall:
		return 1
	case tooLarge:
		return 30
	}
	return int(min(max(n, 1), 30))
}

// zone is the time zone: a whole number of hours, or a name.
func (c *call) zone() *calendar.Zone {
	s := c.query.get("timezone", "tz_offset")
	if s == "" {
		s = "America/New_York"
	}
	n, kind := parseInt(s)
	switch {
	case kind == aNumber && -14 <= n && n <= 14:
		if z, err := calendar.Fixed(int(n)); err == nil {
			return z
		}
	case kind == notANumber:
		if z, err := calendar.Load(s); err == nil {
			return z
		}
	}
	c.fail(invalid("timezone"))
	return nil
}

// rollup is whether all units make one number.
func (c *call) rollup() bool {
	s := c.query.get("rollup")
	if s == "" {
		return true
	}
	v, ok := parseBool(s)
	if !ok {
		c.fail(invalid("rollup"))
	}
	return v
}

// limit is the most entries that a list may have.
func (c *call) limit() int {
	s := c.query.get("limit")
	if s == "" {
		return 100
	}
	n, kind := parseInt(s)
	if kind != aNumber || n < 1 || n > 1000 {
		c.fail(invalid("limit"))
	}
	return int(n)
}

// reference is the instant up to which the question is, a Unix second, and the
// number to echo, which is nil for now. From 100,000,000,000 on a number is
// taken for milliseconds. Minutes are of now only.
func (c *call) reference(u calendar.Unit) (t int64, echo *int64) {
	const name = "unit_reference_ts"
	s := c.query.get(name)
	if s == "" || s == "now" {
		return c.now.Unix(), nil
	}
	t, kind := parseInt(s)
	if t >= 100_000_000_000 {
		t /= 1000
	}
	if kind != aNumber || t < click.Earliest.Unix() || t >= click.Latest.Unix() || u == calendar.Minute {
		c.fail(invalid(name))
		return c.now.Unix(), nil
	}
	return t, &t
}

// end looks at format and callback, the last parameters, and returns the first
// error of all. hasText is whether the answer has one value to show as text.
func (c *call) end(hasText bool) error {
	switch c.query.get("format") {
	case "", "json":
		if cb := c.query.get("callback"); cb != "" && !isCallback(cb) {
			c.fail(invalid("callback"))
		}
	case "xml":
	case "txt":
		if !hasText {
			c.fail(invalid("format"))
		}
	default:
		c.fail(invalid("format"))
	}
	return c.err
}
