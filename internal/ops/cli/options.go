package cli

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/dustin/go-humanize"

	"github.com/footfall/footfall/internal/ops/datadir"
)

// word takes the next word of the command line as it is, so that -1 is a wrong
// number and not an option.
func word(c *kong.DecodeContext) (string, error) {
	if s, ok := c.Scan.Peek().Value.(string); ok && !strings.HasPrefix(s, "--") {
		c.Scan.Pop()
		return s, nil
	}
	t, err := c.Scan.PopValue("option")
	return fmt.Sprint(t.Value), err
}

// number is a whole number between the option's tags least and most.
type number int

// Decode reads an option's value.
func (n *number) Decode(c *kong.DecodeContext) error {
	s, err := word(c)
	if err != nil {
		return err
	}
	least, err := strconv.Atoi(c.Value.Tag.Get("least"))
	if err != nil {
		return err
	}
	most, err := strconv.Atoi(c.Value.Tag.Get("most"))
	if err != nil {
		return err
	}
	v, err := strconv.Atoi(s)
	if err != nil || v < least || v > most {
		return fmt.Errorf("%q is not a whole number from %d to %d", s, least, most)
	}
	*n = number(v)
	return nil
}

// seconds is a span of time, given as whole seconds or as a Go duration.
type seconds time.Duration

// Decode reads an option's value.
func (s *seconds) Decode(c *kong.DecodeContext) error {
	text, err := word(c)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		*s = seconds(time.Duration(n) * time.Second)
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is neither whole seconds nor a duration such as 5m", text)
	}
	*s = seconds(d)
	return nil
}

// retention is a span of time: a Go duration, whole days such as 30d, or
// forever.
type retention time.Duration

// Decode reads an option's value.
func (r *retention) Decode(c *kong.DecodeContext) error {
	s, err := word(c)
	if err != nil {
		return err
	}
	if s == "forever" {
		*r = retention(datadir.Forever)
		return nil
	}
	days, whole := strings.CutSuffix(s, "d")
	if n, err := strconv.ParseUint(days, 10, 16); err == nil && (whole || n == 0) {
		*r = retention(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return fmt.Errorf("%q is not a span of time: use 30d, 12h, 0 or forever", s)
	}
	*r = retention(d)
	return nil
}

// String returns the span in a form that Decode reads.
func (r retention) String() string {
	switch d := time.Duration(r); {
	case d == datadir.Forever:
		return "forever"
	case d > 0 && d%(24*time.Hour) == 0:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	default:
		return d.String()
	}
}

// bytesSize is a number of bytes, such as 20GB or 512MiB.
type bytesSize int64

// Decode reads an option's value.
func (b *bytesSize) Decode(c *kong.DecodeContext) error {
	s, err := word(c)
	if err != nil {
		return err
	}
	n, err := humanize.ParseBytes(s)
	if err != nil || n > math.MaxInt64 {
		return fmt.Errorf("%q is not a number of bytes: use 20GB, 512MiB or 0", s)
	}
	*b = bytesSize(n)
	return nil
}

// scheme is the scheme of short URLs.
type scheme string

// UnmarshalText reads an option's value.
func (s *scheme) UnmarshalText(text []byte) error {
	switch *s = scheme(text); *s {
	case "http", "https":
		return nil
	}
	return fmt.Errorf("%q is not a scheme of short URLs: use http or https", text)
}

// engineURL is the address of an engine, which may hold a password.
type engineURL string

// String returns the address for the log: without user, password and parameters.
func (u engineURL) String() string {
	scheme, rest, ok := strings.Cut(string(u), "://")
	if !ok {
		return "(no URL)"
	}
	place, query, _ := strings.Cut(rest, "?")
	at := strings.LastIndexByte(place, '@')
	if at < 0 && strings.Contains(query, "@") { // the question mark may be in the password
		return scheme + "://…"
	}
	return scheme + "://" + place[at+1:]
}

// level is the lowest level that is logged.
type level slog.Level

// UnmarshalText reads an option's value.
func (l *level) UnmarshalText(text []byte) error {
	if (*slog.Level)(l).UnmarshalText(text) != nil {
		return fmt.Errorf("%q is not a log level: use debug, info, warn or error", text)
	}
	return nil
}
