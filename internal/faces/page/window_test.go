package page

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/calendar"
)

// windows lists queries with the time that they cover and the words of the API for it, with
// the windows before and after, and the comparison. All are of 2013-03-14 15:20 in the zone,
// a Thursday; weeks begin on Monday.
const windows = `
# query                                          | from .. to                          | asked                                        | earlier                                   | later                   | compared
unit=day&units=30                                | 2013-02-13T00:00..2013-03-15T00:00  | unit=day&units=30                            | unit=day&unit_reference_ts=1360731599&units=30 |                    | 2013-01-14T00:00..2013-02-12T15:15
                                                 | 2013-02-13T00:00..2013-03-15T00:00  | unit=day&units=30                            | unit=day&unit_reference_ts=1360731599&units=30 |                    | 2013-01-14T00:00..2013-02-12T15:15
unit=day&units=30&unit_reference_ts=1360731599   | 2013-01-14T00:00..2013-02-13T00:00  | unit=day&unit_reference_ts=1360731599&units=30 | unit=day&unit_reference_ts=1358139599&units=30 | unit=day&units=30  | 2012-12-15T00:00..2013-01-14T00:00
unit=hour&units=24                               | 2013-03-13T16:00..2013-03-14T16:00  | unit=hour&units=24                           | unit=hour&unit_reference_ts=1363204799&units=24 |                   | 2013-03-12T16:00..2013-03-13T15:15
unit=minute&units=60                             | 2013-03-14T14:21..2013-03-14T15:21  | unit=minute&units=60                         |                                           |                         | none
unit=minute&units=90                             | INVALID_ARG_UNITS
range=today                                      | 2013-03-14T00:00..2013-03-15T00:00  | from=2013-03-14&to=2013-03-14&unit=hour      | from=2013-03-13&to=2013-03-13             |                         | 2013-03-13T00:00..2013-03-13T15:15
range=yesterday                                  | 2013-03-13T00:00..2013-03-14T00:00  | from=2013-03-13&to=2013-03-13&unit=hour      | from=2013-03-12&to=2013-03-12             | from=2013-03-14&to=2013-03-14 | 2013-03-12T00:00..2013-03-13T00:00
range=week                                       | 2013-03-11T00:00..2013-03-15T00:00  | from=2013-03-11&to=2013-03-14&unit=day       | from=2013-03-04&to=2013-03-10             |                         | 2013-03-04T00:00..2013-03-07T15:15
range=last-week                                  | 2013-03-04T00:00..2013-03-11T00:00  | from=2013-03-04&to=2013-03-10&unit=day       | from=2013-02-25&to=2013-03-03             | from=2013-03-11&to=2013-03-14 | 2013-02-25T00:00..2013-03-04T00:00
range=month                                      | 2013-03-01T00:00..2013-03-15T00:00  | from=2013-03-01&to=2013-03-14&unit=day       | from=2013-02-01&to=2013-02-28             |                         | 2013-02-01T00:00..2013-02-14T15:15
range=last-month                                 | 2013-02-01T00:00..2013-03-01T00:00  | from=2013-02-01&to=2013-02-28&unit=day       | from=2013-01-01&to=2013-01-31             | from=2013-03-01&to=2013-03-14 | 2013-01-01T00:00..2013-02-01T00:00
range=quarter                                    | 2013-01-01T00:00..2013-03-15T00:00  | from=2013-01-01&to=2013-03-14&unit=day       | from=2012-10-01&to=2012-12-31             |                         | 2012-10-01T00:00..2012-12-14T15:15
range=year                                       | 2013-01-01T00:00..2013-03-15T00:00  | from=2013-01-01&to=2013-03-14&unit=day       | from=2012-01-01&to=2012-12-31             |                         | 2012-01-01T00:00..2012-03-14T15:15
range=year&compare=year                          | 2013-01-01T00:00..2013-03-15T00:00  | from=2013-01-01&to=2013-03-14&unit=day       | compare=year&from=2012-01-01&to=2012-12-31 |                        | 2012-01-01T00:00..2012-03-14T15:15
range=month&compare=year-weekday                 | 2013-03-01T00:00..2013-03-15T00:00  | from=2013-03-01&to=2013-03-14&unit=day       | compare=year-weekday&from=2013-02-01&to=2013-02-28 |                | 2012-03-02T00:00..2012-03-15T15:15
range=month&compare=previous-weekday             | 2013-03-01T00:00..2013-03-15T00:00  | from=2013-03-01&to=2013-03-14&unit=day       | compare=previous-weekday&from=2013-02-01&to=2013-02-28 |            | 2013-02-15T00:00..2013-02-28T15:15
range=month&compare=none                         | 2013-03-01T00:00..2013-03-15T00:00  | from=2013-03-01&to=2013-03-14&unit=day       | compare=none&from=2013-02-01&to=2013-02-28 |                        | none
from=2013-02-10&to=2013-02-12                    | 2013-02-10T00:00..2013-02-13T00:00  | from=2013-02-10&to=2013-02-12&unit=day       | from=2013-02-07&to=2013-02-09             | from=2013-02-13&to=2013-02-15 | 2013-02-07T00:00..2013-02-10T00:00
from=2013-02-10&to=2013-02-12&compare=2012-12-24 | 2013-02-10T00:00..2013-02-13T00:00  | from=2013-02-10&to=2013-02-12&unit=day       | compare=2012-12-24&from=2013-02-07&to=2013-02-09 | compare=2012-12-24&from=2013-02-13&to=2013-02-15 | 2012-12-24T00:00..2012-12-27T00:00
from=2013-03-09&to=2013-03-10                    | 2013-03-09T00:00..2013-03-11T00:00  | from=2013-03-09&to=2013-03-10&unit=hour      | from=2013-03-07&to=2013-03-08             | from=2013-03-11&to=2013-03-12 | 2013-03-07T00:00..2013-03-09T00:00
from=2013-03-10&to=2013-03-10                    | 2013-03-10T00:00..2013-03-11T00:00  | from=2013-03-10&to=2013-03-10&unit=hour      | from=2013-03-09&to=2013-03-09             | from=2013-03-11&to=2013-03-11 | 2013-03-09T00:00..2013-03-10T00:00
from=2013-02-10T10:00&to=2013-02-10T12:30        | 2013-02-10T10:00..2013-02-10T12:30  | from=1360508400&to=1360517400&unit=hour      | from=1360499400&to=1360508400             | from=1360517400&to=1360526400 | 2013-02-10T07:30..2013-02-10T10:00
from=2012-01-01&to=2012-12-31                    | 2012-01-01T00:00..2013-01-01T00:00  | from=2012-01-01&to=2012-12-31&unit=mweek     | from=2011-01-01&to=2011-12-31             | from=2013-01-01&to=2013-03-14 | 2011-01-01T00:00..2012-01-01T00:00
from=2010-01-01&unit=hour                        | 2010-01-01T00:00..2013-03-15T00:00  | from=2010-01-01&to=2013-03-14&unit=mweek     | from=2006-10-01&to=2009-12-31&unit=hour   |                         | 2006-10-01T00:00..2009-12-14T15:15
from=2013-02-30                                  | INVALID_ARG_FROM
from=2013-03-12&to=2013-03-10                    | INVALID_ARG_FROM
from=2013-02-10T10:01&to=2013-02-11              | INVALID_ARG_FROM
to=tomorrow                                      | INVALID_ARG_TO
range=fortnight                                  | INVALID_ARG_RANGE
unit=year                                        | INVALID_ARG_UNIT
unit=minute&range=today                          | INVALID_ARG_UNIT
units=0                                          | INVALID_ARG_UNITS
unit_reference_ts=0                              | INVALID_ARG_UNIT_REFERENCE_TS
timezone=Mars/Olympus                            | INVALID_ARG_TIMEZONE
range=today&compare=soon                         | INVALID_ARG_COMPARE
`

func TestWindows(t *testing.T) {
	zone, err := calendar.Load("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(zone.When(time.Date(2013, 3, 14, 15, 20, 0, 0, time.UTC).Unix()), 0)
	for line := range strings.Lines(windows) {
		fields := strings.Split(strings.TrimSpace(line), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		if len(fields) < 2 || strings.HasPrefix(line, "#") {
			continue
		}
		q, err := url.ParseQuery(fields[0])
		if err != nil {
			t.Fatal(err)
		}
		w, err := parseWindow(q, "America/New_York", calendar.MWeek, now)
		var c comparison
		if err == nil {
			c, err = w.compared(q)
		}
		if err != nil || len(fields) == 2 {
			if err == nil || err.Error() != fields[1] {
				t.Errorf("%s: %v, want %s", fields[0], err, fields[1])
			}
			continue
		}
		asked := w.asked()
		asked.Del("timezone")
		compared := "none"
		if c.kind != "none" {
			compared = w.local(c.start) + ".." + w.local(c.cut)
		}
		got := []string{
			w.local(w.start) + ".." + w.local(w.end), asked.Encode(), strings.TrimPrefix(w.shifted(canonical(q), -1), "?"),
			strings.TrimPrefix(w.shifted(canonical(q), 1), "?"), compared,
		}
		for i, what := range []string{"the time", "the question", "the time before", "the time after", "the comparison"} {
			if got[i] != fields[i+1] {
				t.Errorf("%s: %s is\n%s, want\n%s", fields[0], what, got[i], fields[i+1])
			}
		}
	}
}
