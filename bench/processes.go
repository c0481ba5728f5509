package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// rss is the resident memory of a process in MB. It is 0 if it is unknown.
type rss struct{ now, peak float64 }

// memory returns the resident memory of a process.
func memory(pid int) (m rss) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return m
	}
	for line := range strings.Lines(string(text)) {
		name, rest, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
		switch name {
		case "VmRSS":
			m.now = kb / 1000
		case "VmHWM":
			m.peak = kb / 1000
		}
	}
	return m
}

// tick is the unit of processor time in /proc on Linux.
const tick = 10 * time.Millisecond

// processorTime returns the processor time of a process and of its children, also of those that
// have ended.
func processorTime(pid int) (sum time.Duration) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended
		}
		// The name of the program, in parentheses, may contain spaces.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		own, parent := filepath.Base(filepath.Dir(name)) == strconv.Itoa(pid), fields[1] == strconv.Itoa(pid)
		if !own && !parent {
			continue
		}
		for i := 11; i < 15; i++ { // utime, stime, and those of children that have ended
			if ticks, err := strconv.ParseInt(fields[i], 10, 64); err == nil && (own || i < 13) {
				sum += time.Duration(ticks) * tick
			}
		}
	}
	return sum
}
