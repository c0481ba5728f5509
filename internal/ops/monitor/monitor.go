// Package monitor measures what the server does, and answers Prometheus at
// /metrics.
//
// It refuses to decide what is alarming, and to answer the public: it has a
// listener of its own.
package monitor

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/footfall/footfall/internal/base/click"
)

// Monitor has the metrics of a process. It is safe for concurrent use.
type Monitor struct {
	registry  *prometheus.Registry
	records   prometheus.Histogram
	syncs     prometheus.Histogram
	questions *prometheus.HistogramVec
}

// durations are the bounds of histogram buckets, in seconds, from 50 µs to 13 s.
var durations = prometheus.ExponentialBuckets(50e-6, 4, 10)

// New returns a Monitor whose metrics are zero.
func New() *Monitor {
	m := &Monitor{
		registry: prometheus.NewRegistry(),
		records: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "footfall_record_seconds", Buckets: durations,
			Help: "How long visitors waited until their click was durable. Its count is the clicks answered.",
		}),
		syncs: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "footfall_journal_sync_seconds", Buckets: durations,
			Help: "How long the disk took to write and sync a group of journal records.",
		}),
		questions: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "footfall_question_seconds", Buckets: durations,
			Help: "How long the API took to answer, by method.",
		}, []string{"method"}),
	}
	m.registry.MustRegister(m.records, m.syncs, m.questions,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Build adds footfall_build_info, a gauge of 1 whose labels are the version, the
// revision of the repository (empty if it is not known) and the version of Go. It
// must be called only once.
func (m *Monitor) Build(version, revision, goVersion string) {
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "footfall_build_info", Help: "1; the labels name the build.",
		ConstLabels: prometheus.Labels{"version": version, "revision": revision, "goversion": goVersion},
	})
	info.Set(1)
	m.registry.MustRegister(info)
}

// Handler answers GET /metrics in the text format of Prometheus.
func (m *Monitor) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4}))
	return mux
}

// Recorder makes clicks durable: recorder.Recorder.
type Recorder interface {
	RecordWithin(patience time.Duration, c click.Click) error
}

// MeasureRecorder returns a Recorder that calls next and measures how long it takes.
func (m *Monitor) MeasureRecorder(next Recorder) Recorder { return measured{next, m} }

type measured struct {
	Recorder
	m *Monitor
}

// RecordWithin implements Recorder.
func (r measured) RecordWithin(patience time.Duration, c click.Click) error {
	began := time.Now()
	err := r.Recorder.RecordWithin(patience, c)
	r.m.records.Observe(time.Since(began).Seconds())
	return err
}

// Synced records how long one write and sync of the journal took.
func (m *Monitor) Synced(took time.Duration) { m.syncs.Observe(took.Seconds()) }

// Questions measures how long next takes to answer. method returns the label of a
// path; it must return only a few different ones.
func (m *Monitor) Questions(next http.Handler, method func(path string) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		next.ServeHTTP(w, r)
		m.questions.WithLabelValues(method(r.URL.Path)).Observe(time.Since(began).Seconds())
	})
}
