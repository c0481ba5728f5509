package monitor

import (
	"maps"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// State has the values that are read when Prometheus asks.
type State struct {
	// Now is the time of this server's clock.
	Now time.Time
	// NotDurable is the number of visitors who were redirected since the start although
	// footfall does not know that their clicks are durable.
	NotDurable uint64
	// Counted is the number of clicks in the counts, of people and bots. If other servers
	// add to the counts, it is that of this server since its start.
	Counted uint64
	// Engines are those of the data.
	Engines []Engine
	// JournalLag is the number of bytes of the journal that are not counted yet.
	JournalLag uint64
	// JournalRoom is the number of bytes that may wait to be counted.
	JournalRoom uint64
	// ServersLag is the number of servers of shared counts that are away or lack rows.
	ServersLag int
	// DeletionsLag is the number of users and links that wait to be removed from them.
	DeletionsLag int
	// NotReplicated is the number of bytes of the journal that some of them may lack.
	NotReplicated uint64
	// JournalSegments is the number of files of the journal.
	JournalSegments int
	// CountingFailed says that counting has stopped until the next start.
	CountingFailed bool
	// CountingStalled says that counting fails and is tried again.
	CountingStalled bool
	// DiskFree is the number of free bytes on the disk of the data directory. DiskLow
	// is 0 if that is enough, 1 if it is less than the reserve, and 2 if it is less
	// than half of it, so that users can make no links.
	DiskFree uint64
	DiskLow  int
	// Bytes is the size of each part of the data directory: counts, journal, links.
	Bytes map[string]int64
}

// Engine is an engine that has data.
type Engine struct {
	Name string
	Up   bool // it answers
}

var (
	notDurable = prometheus.NewDesc("footfall_clicks_not_durable_total",
		"Visitors redirected since the start although their click is not known to be durable.", nil, nil)
	counted = prometheus.NewDesc("footfall_clicks_counted_total",
		"All clicks in the counts, of people and bots, with imports. With --clicks, those that this server counted since its start.", nil, nil)
	engineUp = prometheus.NewDesc("footfall_engine_up",
		"1 if the engine answered when it was asked last, otherwise 0. embedded is the data directory.", []string{"engine"}, nil)
	journalLag = prometheus.NewDesc("footfall_journal_lag_bytes",
		"Bytes of the journal that are not counted yet.", nil, nil)
	journalRoom = prometheus.NewDesc("footfall_journal_room_bytes",
		"Bytes of the journal that may wait to be counted: --journal-limit, or what the disk has room for.", nil, nil)
	serversLag = prometheus.NewDesc("footfall_counts_servers_lagging",
		"Servers of --clicks that are away or lack counts, as far as this server has noticed.", nil, nil)
	deletionsLag = prometheus.NewDesc("footfall_counts_deletions_waiting",
		"Deleted users and links whose clicks are still in the counts, because servers of --clicks are away.", nil, nil)
	notReplicated = prometheus.NewDesc("footfall_journal_not_replicated_bytes",
		"Bytes of the journal whose clicks some servers of --clicks may lack. The journal keeps them.", nil, nil)
	clock = prometheus.NewDesc("footfall_clock_seconds",
		"The time of this server, as seconds since 1970.", nil, nil)
	journalSegments = prometheus.NewDesc("footfall_journal_segments",
		"Number of files of the journal.", nil, nil)
	countingFailed = prometheus.NewDesc("footfall_counting_failed",
		"1 if counting has stopped until the next start; clicks are still recorded in the journal.", nil, nil)
	countingStalled = prometheus.NewDesc("footfall_counting_stalled",
		"1 if counting fails and is tried again; clicks are safe in the journal.", nil, nil)
	diskFree = prometheus.NewDesc("footfall_disk_free_bytes",
		"Free bytes on the disk of the data directory.", nil, nil)
	diskLow = prometheus.NewDesc("footfall_disk_low",
		"1 if less is free than --disk-reserve, 2 if less than half of it, so that users can make no links; otherwise 0.", nil, nil)
	storeBytes = prometheus.NewDesc("footfall_store_bytes",
		"Size of a part of the data directory.", []string{"part"}, nil)
)

// Watch calls state for each request of Prometheus. It must be called only once.
func (m *Monitor) Watch(state func() (State, error)) { m.registry.MustRegister(collector(state)) }

type collector func() (State, error)

// Describe implements prometheus.Collector.
func (collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{notDurable, counted, engineUp, serversLag, deletionsLag, notReplicated, clock, journalLag, journalRoom, journalSegments, countingFailed, countingStalled, diskFree, diskLow, storeBytes} {
		ch <- d
	}
}

// Collect implements prometheus.Collector. If the state cannot be read, the request
// fails with the error, so that an operator sees it.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s, err := c()
	if err != nil {
		ch <- prometheus.NewInvalidMetric(counted, err)
		return
	}
	ch <- prometheus.MustNewConstMetric(notDurable, prometheus.CounterValue, float64(s.NotDurable))
	ch <- prometheus.MustNewConstMetric(counted, prometheus.CounterValue, float64(s.Counted))
	ch <- prometheus.MustNewConstMetric(serversLag, prometheus.GaugeValue, float64(s.ServersLag))
	ch <- prometheus.MustNewConstMetric(deletionsLag, prometheus.GaugeValue, float64(s.DeletionsLag))
	ch <- prometheus.MustNewConstMetric(notReplicated, prometheus.GaugeValue, float64(s.NotReplicated))
	ch <- prometheus.MustNewConstMetric(clock, prometheus.GaugeValue, float64(s.Now.UnixMilli())/1000)
	ch <- prometheus.MustNewConstMetric(journalLag, prometheus.GaugeValue, float64(s.JournalLag))
	ch <- prometheus.MustNewConstMetric(journalRoom, prometheus.GaugeValue, float64(s.JournalRoom))
	ch <- prometheus.MustNewConstMetric(journalSegments, prometheus.GaugeValue, float64(s.JournalSegments))
	ch <- prometheus.MustNewConstMetric(countingFailed, prometheus.GaugeValue, flag(s.CountingFailed))
	ch <- prometheus.MustNewConstMetric(countingStalled, prometheus.GaugeValue, flag(s.CountingStalled))
	ch <- prometheus.MustNewConstMetric(diskFree, prometheus.GaugeValue, float64(s.DiskFree))
	ch <- prometheus.MustNewConstMetric(diskLow, prometheus.GaugeValue, float64(s.DiskLow))
	for _, e := range s.Engines {
		ch <- prometheus.MustNewConstMetric(engineUp, prometheus.GaugeValue, flag(e.Up), e.Name)
	}
	for _, part := range slices.Sorted(maps.Keys(s.Bytes)) {
		ch <- prometheus.MustNewConstMetric(storeBytes, prometheus.GaugeValue, float64(s.Bytes[part]), part)
	}
}

// flag returns 1 if set, and 0 otherwise.
func flag(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
