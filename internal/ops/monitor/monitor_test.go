package monitor_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/ops/monitor"
)

func scrape(t *testing.T, m *monitor.Monitor) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Code, w.Body.String()
}

// failing fails to record clicks on link 2.
type failing struct{ err error }

func (f failing) RecordWithin(_ time.Duration, c click.Click) error {
	if c.Link == 2 {
		return f.err
	}
	return nil
}

func TestMetrics(t *testing.T) {
	m := monitor.New()
	fails := errors.New("disk full")
	recorder := m.MeasureRecorder(failing{fails})
	for link := range click.LinkID(3) {
		if err := recorder.RecordWithin(time.Second, click.Click{Link: link}); (link == 2) != errors.Is(err, fails) {
			t.Errorf("recording a click on link %d returned %v", link, err)
		}
	}
	m.Synced(1e6)
	m.Build("v1.2.3", "abc", "go1.26.0")
	h := m.Questions(http.NotFoundHandler(), func(path string) string { return strings.TrimPrefix(path, "/v3/") })
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v3/user/clicks", nil))
	state := monitor.State{
		NotDurable: 1, Counted: 22108, JournalLag: 77, JournalRoom: 88, JournalSegments: 3, ServersLag: 2, DeletionsLag: 4, NotReplicated: 99, Now: time.UnixMilli(1795669200500),
		Engines: []monitor.Engine{{Name: "clickhouse"}, {Name: "postgresql", Up: true}}, CountingFailed: true, CountingStalled: true, Bytes: map[string]int64{"journal": 5, "counts": 6},
	}
	var err error
	m.Watch(func() (monitor.State, error) { return state, err })
	code, body := scrape(t, m)
	for _, want := range []string{
		`footfall_build_info{goversion="go1.26.0",revision="abc",version="v1.2.3"} 1`,
		"footfall_record_seconds_count 3", "footfall_journal_sync_seconds_count 1",
		`footfall_question_seconds_count{method="user/clicks"} 1`, "footfall_clicks_not_durable_total 1",
		"footfall_clicks_counted_total 22108", "footfall_journal_lag_bytes 77", "footfall_journal_segments 3", "footfall_journal_room_bytes 88",
		"footfall_counts_servers_lagging 2", "footfall_counts_deletions_waiting 4", "footfall_journal_not_replicated_bytes 99", "footfall_clock_seconds 1.7956692005e+09",
		`footfall_engine_up{engine="clickhouse"} 0`, `footfall_engine_up{engine="postgresql"} 1`, "footfall_counting_failed 1", "footfall_counting_stalled 1",
		`footfall_store_bytes{part="counts"} 6`, `footfall_store_bytes{part="journal"} 5`, "go_goroutines",
	} {
		if code != 200 || !strings.Contains(body, "\n"+want) {
			t.Errorf("/metrics answers with the status %d, want 200 and the line %s in\n%s", code, want, body)
		}
	}
	err = errors.New("cannot be read")
	if code, body := scrape(t, m); code != 500 || !strings.Contains(body, "cannot be read") {
		t.Errorf("if the state cannot be read, /metrics answers %d %s, want 500 with the error", code, body)
	}
}
