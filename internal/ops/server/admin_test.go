package server

import (
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/ops/monitor"
)

// TestProblems: each state that needs somebody is named, and no other one.
func TestProblems(t *testing.T) {
	t.Parallel()
	app := &App{}
	for words, s := range map[string]monitor.State{
		"":                                   {JournalLag: 1e9, JournalRoom: 3e9, NotReplicated: 1e6, Engines: []monitor.Engine{{Name: "embedded", Up: true}}},
		"The disk is almost full":            {DiskLow: 2},
		"The disk is filling up":             {DiskLow: 1},
		"Counting has stopped":               {CountingFailed: true},
		"Counting fails and is tried again":  {CountingStalled: true},
		"postgres does not answer":           {Engines: []monitor.Engine{{Name: "embedded", Up: true}, {Name: "postgres"}}},
		"fill half of the room":              {JournalLag: 2e9, JournalRoom: 3e9},
		"1,234,567 visitors were redirected": {NotDurable: 1_234_567},
		"3 servers of ClickHouse":            {ServersLag: 3},
		"2 deleted users and links wait":     {DeletionsLag: 2},
		"200.0 MB of the journal":            {NotReplicated: 2e8},
	} {
		got := (admin{app}).problems(s)
		if words == "" && len(got) > 0 || words != "" && (len(got) != 1 || !strings.Contains(got[0], words)) {
			t.Errorf("%+v has the problems %q, want one with %q", s, got, words)
		}
	}
	app.proved.Store(&proved{1, true})
	if got := (admin{app}).problems(monitor.State{}); len(got) > 0 {
		t.Errorf("after a check that agreed there are the problems %q", got)
	}
	app.proved.Store(&proved{1, false})
	if got := (admin{app}).problems(monitor.State{}); len(got) != 1 || !strings.Contains(got[0], "does not agree") {
		t.Errorf("after a check that did not agree the problems are %q", got)
	}
}

// TestWords: sizes and times as people read them.
func TestWords(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 70_200_000_000: "70.2 GB", 1<<64 - 1: "18.4 EB",
	} {
		if got := sizeOf(n); got != want {
			t.Errorf("%d bytes are %q, want %q", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		-time.Hour: "less than a minute", 59 * time.Second: "less than a minute", time.Minute: "1 minute", 61 * time.Minute: "1 hour 1 minute",
		48*time.Hour + 3*time.Minute: "2 days 3 minutes", 25*time.Hour + 59*time.Minute: "1 day 1 hour",
	} {
		if got := spanOf(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1_002_003: "1,002,003"} {
		if got := humanCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}
