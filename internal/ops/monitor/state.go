package monitor

import (
	"maps"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// State is how the server stands.
type State struct {
	// NotDurable is how many visitors were sent on without their click being
	// known to be durable, since the start.
	NotDurable uint64
	// Counted is all clicks in the counts, of persons and bots.
	Counted uint64
	// JournalLag is how many bytes of the journal are not counted yet.
	JournalLag uint64
	// JournalSegments is how many files the journal has.
	JournalSegments int
	// CountingFailed: counting has stopped for good.
	CountingFailed bool
	// CountingStalled: counting fails at the moment, and is tried again.
	CountingStalled bool
	// DiskFree is how many bytes are free on the disk of the data directory, and
	// DiskLow is 0 where that is enough, 1 where it is less than the reserve, and 2
	// where it is less than half of it, and users make no links.
	DiskFree uint64
	DiskLow  int
	// Bytes is the size of each part of the data directory.
	Bytes map[string]int64
}

var (
	notDurable = prometheus.NewDesc("footfall_clicks_not_durable_total",
		"Visitors sent on since the start without their click being known to be durable.", nil, nil)
	counted = prometheus.NewDesc("footfall_clicks_counted_total",
		"All clicks in the counts, of persons and bots, imports included.", nil, nil)
	journalLag = prometheus.NewDesc("footfall_journal_lag_bytes",
		"Bytes of the journal that are not counted yet.", nil, nil)
	journalSegments = prometheus.NewDesc("footfall_journal_segments",
		"Files of the journal.", nil, nil)
	countingFailed = prometheus.NewDesc("footfall_counting_failed",
		"1 where counting has stopped for good; clicks are still recorded in the journal.", nil, nil)
	countingStalled = prometheus.NewDesc("footfall_counting_stalled",
		"1 where counting fails and is tried again until it can be done; clicks are safe in the journal.", nil, nil)
	diskFree = prometheus.NewDesc("footfall_disk_free_bytes",
		"Bytes that are free on the disk of the data directory.", nil, nil)
	diskLow = prometheus.NewDesc("footfall_disk_low",
		"1 where less is free than --disk-reserve, 2 below half of it, where users make no links; else 0.", nil, nil)
	storeBytes = prometheus.NewDesc("footfall_store_bytes",
		"Size of a part of the data directory.", []string{"part"}, nil)
)

// Watch asks for the state whenever Prometheus comes. It is called once.
func (m *Monitor) Watch(state func() (State, error)) { m.registry.MustRegister(collector(state)) }

// collector is a prometheus.Collector.
type collector func() (State, error)

// Describe is of prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{notDurable, counted, journalLag, journalSegments, countingFailed, countingStalled, diskFree, diskLow, storeBytes} {
		ch <- d
	}
}

// Collect is of prometheus.Collector. What cannot be told is an error of the
// scrape, so that it is seen.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s, err := c()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(counted, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(notDurable, prometheus.CounterValue, float64(s.NotDurable))
	ch <- prometheus.MustNewConstMetric(counted, prometheus.CounterValue, float64(s.Counted))
	ch <- prometheus.MustNewConstMetric(journalLag, prometheus.GaugeValue, float64(s.JournalLag))
	ch <- prometheus.MustNewConstMetric(journalSegments, prometheus.GaugeValue, float64(s.JournalSegments))
	ch <- prometheus.MustNewConstMetric(countingFailed, prometheus.GaugeValue, flag(s.CountingFailed))
	ch <- prometheus.MustNewConstMetric(countingStalled, prometheus.GaugeValue, flag(s.CountingStalled))
	ch <- prometheus.MustNewConstMetric(diskFree, prometheus.GaugeValue, float64(s.DiskFree))
	ch <- prometheus.MustNewConstMetric(diskLow, prometheus.GaugeValue, float64(s.DiskLow))
	for _, part := range slices.Sorted(maps.Keys(s.Bytes)) {
		ch <- prometheus.MustNewConstMetric(storeBytes, prometheus.GaugeValue, float64(s.Bytes[part]), part)
	}
}

// flag is a gauge that is 1 or 0.
func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
