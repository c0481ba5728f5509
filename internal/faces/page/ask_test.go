package page

import (
	"slices"
	"strconv"
	"testing"
)

// TestScanPoints: answers that are written as the API writes them are read, and no others.
func TestScanPoints(t *testing.T) {
	const before, after = `{"status_code": 200, "data": {"units": 2, "user_clicks": `, `, "tz_offset": 0.0, "unit": "hour"}, "status_txt": "OK"}`
	many := []point{}
	text := ""
	for i := range 100 {
		many = append(many, point{1_300_000_000 + int64(i), 1 << (i % 60)})
		text += `, {"dt": ` + strconv.Itoa(1_300_000_000+i) + `, "clicks": ` + strconv.Itoa(1<<(i%60)) + `}`
	}
	for list, want := range map[string][]point{
		`[]`: {}, `[{"dt": 1, "clicks": 23}]`: {{1, 23}}, `[{"dt": 1, "clicks": 0}, {"dt": 45, "clicks": 6}]`: {{1, 0}, {45, 6}}, `[` + text[2:] + `]`: many,
		`7`: nil, `null`: nil, `[{"dt":1,"clicks":2}]`: nil, `[{"clicks": 1, "dt": 2}]`: nil, `[{"dt": -1, "clicks": 2}]`: nil, `[{"dt": 1, "clicks": 2, "bots": 3}]`: nil,
		`[{"dt": 1, "clicks": }]`: nil, `[{"dt": 1.5, "clicks": 2}]`: nil, `[{"dt": 1, "clicks": 99999999999999999999}]`: nil, `[{"dt": 1, "shortens": 2}]`: nil,
	} {
		got, ok := scanPoints([]byte(before+list+after), "user_clicks")
		if ok != (want != nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%s is read as %v, %v, want %v", list, got, ok, want)
		}
	}
	for _, body := range []string{"", before, before + "[", before + `[{"dt": 1`, before + `[{"dt": 1, "clicks": 2}`, before + `[{"dt": 1, "clicks": 2}, `, `{"status_code": 403, "data": null, "status_txt": "RATE_LIMIT_EXCEEDED"}`} {
		if got, ok := scanPoints([]byte(body), "user_clicks"); ok {
			t.Errorf("%s is read as %v", body, got)
		}
	}
}
