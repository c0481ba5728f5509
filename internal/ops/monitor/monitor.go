// Package monitor is the face of the operator's watch: what the server does,
// as Prometheus reads it.
//
// It refuses to decide what is alarming, and to be asked by the public: it has
// a listener of its own.
package monitor

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/footfall/footfall/internal/base/click"
)

// Monitor holds what is measured. It is safe for concurrent use.
type Monitor struct {
	registry  *prometheus.Registry
	records   prometheus.Histogram
	syncs     prometheus.Histogram
	questions *prometheus.HistogramVec
}

// fast are bounds of times, in seconds, from 50 µs to 13 s.
var fast = prometheus.ExponentialBuckets(50e-6, 4, 10)

// New measures nothing yet.
func New() *Monitor {
	m := &Monitor{
		registry: prometheus.NewRegistry(),
		records: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "footfall_record_seconds", Buckets: fast,
			Help: "How long visitors waited until their click was durable. Its count is the clicks answered.",
		}),
		syncs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "footfall_journal_sync_seconds", Buckets: fast,
			Help: "How long the disk took to write and sync a group of journal records.",
		}),
		questions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "footfall_question_seconds", Buckets: fast,
			Help: "How long the API took to answer, by method.",
		}, []string{"method"}),
	}
	m.registry.MustRegister(m.records, m.syncs, m.questions,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Build shows which program runs: a gauge that is 1, with the version, the
// revision of the repository (empty where it is not known) and the version of Go.
// It is called once.
func (m *Monitor) Build(version, revision, goVersion string) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "footfall_build_info", Help: "1; the labels say which program runs.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion},
	})
	info.Set(1)
	m.registry.MustRegister(info)
}

// Handler answers GET /metrics.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}

// Recorder makes clicks durable: recorder.Recorder.
type Recorder interface {
	Record(context.Context, click.Click) error
}

// Recorder is a Recorder that measures how long another one takes.
func (m *Monitor) Recorder(of Recorder) Recorder { return measured{of, m} }

type measured struct {
	Recorder
	m *Monitor
}

// Record implements Recorder.
func (r measured) Record(ctx context.Context, c click.Click) error {
	began := time.Now()
	err := r.Recorder.Record(ctx, c)
	r.m.records.Observe(time.Since(began).Seconds())
	return err
}

// Synced takes how long the journal's disk took once.
func (m *Monitor) Synced(took time.Duration) { m.syncs.Observe(took.Seconds()) }

// Questions measures how long next takes to answer. method names what was
// asked by its path, with one of a few words.
func (m *Monitor) Questions(next http.Handler, method func(path string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		next.ServeHTTP(w, r)
		m.questions.WithLabelValues(method(r.URL.Path)).Observe(time.Since(began).Seconds())
	})
}
