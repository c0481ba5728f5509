package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
)

// mebibytes512 is 512 MiB in MB.
const mebibytes512 = 536.9

// most returns the largest number of clicks that is filled.
func (s *session) most() int {
	all := s.sizes()
	return all[len(all)-1]
}

// measureDisk compares the size of the counts with that of ClickHouse's rollup of the same scopes and facets, all parts
// merged. The journal is in neither: ClickHouse keeps no clicks here.
func measureDisk(s *session) error {
	f, err := s.fill(s.most())
	if err != nil {
		return err
	}
	before, err := f.house.size(allCells)
	if err != nil {
		return err
	}
	counted, err := f.house.query("SELECT sum(clicks) FROM " + allCells + " WHERE link = 0 AND facet = 1")
	if err != nil {
		return err
	}
	if counted = strings.TrimSpace(counted); counted != strconv.Itoa(f.made.Clicks) {
		return fmt.Errorf("ClickHouse counted %s clicks of %d", counted, f.made.Clicks)
	}
	if err := f.house.exec("OPTIMIZE TABLE " + allCells + " FINAL"); err != nil {
		return err
	}
	after, err := f.house.size(allCells)
	if err != nil {
		return err
	}
	if err := f.house.rest(); err != nil {
		return err
	}
	n := float64(f.made.Clicks)
	for _, r := range []struct {
		state        string
		ours, theirs float64
		goal         table.Goal
	}{
		{"compacted", float64(f.countsAfter), after, table.AtMost(1)},
		{"as imported", float64(f.countsBefore), before, table.Goal{}},
	} {
		s.add(table.Row{Work: "counts of " + table.Number(n) + " clicks on the disk, " + r.state, Against: "ClickHouse, rollup by quarter-hour of all scopes and facets", Unit: "bytes/click", Goal: r.goal,
			Ours:   table.Side{Values: []float64{r.ours / n}, Disk: r.ours, Promise: table.PowerCut},
			Theirs: table.Side{Values: []float64{r.theirs / n}, Disk: r.theirs, Promise: table.PowerCut}})
	}
	return nil
}

// measureMemory measures the peak of the memory while a server imports clicks, and while it answers visitors and
// questions.
func measureMemory(s *session) error {
	f, err := s.fill(s.most())
	if err != nil {
		return err
	}
	name := table.Number(float64(f.made.Clicks)) + " clicks"
	row := func(work string, peak, disk float64) {
		s.add(table.Row{Work: work, Unit: "MB", By: table.Value, Goal: table.AtMost(mebibytes512), Ours: table.Side{Values: []float64{peak}, Peak: peak, Disk: disk, Promise: table.PowerCut}})
	}
	row("memory of the server while it imports "+name, f.server, float64(f.countsBefore))
	row("memory of the import command, "+name, f.command, 0)
	peak, err := s.servePeak(f.data, f.made)
	if err != nil {
		return err
	}
	row("memory while serving visits and questions, "+name, peak, float64(f.countsAfter))
	if s.large {
		return s.manyLinks()
	}
	return nil
}

// servePeak returns the peak of the memory of a server that visitors and users use at once.
func (s *session) servePeak(data string, m clicks.Made) (peak float64, err error) {
	ours, err := s.open(data, askingUsers(m))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, ours.p.Stop()) }()
	v, err := writeVisits(s.dir, m)
	if err != nil {
		return 0, err
	}
	a, err := newAsker(m, askingUsers(m), true, 30)
	if err != nil {
		return 0, err
	}
	asked, until := make(chan error, 1), time.Now().Add(6*s.each)
	go func() {
		for time.Now().Before(until) {
			if err := ours.ask(a.next()); err != nil {
				asked <- err
				return
			}
		}
		asked <- nil
	}()
	_, err = wrk(s.ctx, ours.p.Addr, v, 256, 6*s.each)
	err = errors.Join(err, <-asked)
	return memory(ours.p.Cmd.Process.Pid).peak, err
}

// manyLinks measures memory and check with 10 million links of a million users.
func (s *session) manyLinks() error {
	m := clicks.Usual(s.size(100_000_000, 200_000))
	m.Users, m.Links = s.size(1_000_000, 1000), s.size(10_000_000, 200_000)
	data, err := s.newData("many links", m)
	if err != nil {
		return err
	}
	defer s.remove(data)
	ours, err := s.open(data, nil)
	if err != nil {
		return err
	}
	_, err = s.imported(data, m, nil)
	peak := memory(ours.p.Cmd.Process.Pid).peak
	if err := errors.Join(err, ours.p.Stop()); err != nil {
		return err
	}
	name := fmt.Sprintf("%s clicks on %s links", table.Number(float64(m.Clicks)), table.Number(float64(m.Links)))
	s.add(table.Row{Work: "memory of the server while it imports " + name, Unit: "MB", By: table.Value, Ours: table.Side{Values: []float64{peak}, Peak: peak, Promise: table.PowerCut}})
	if peak, err = s.servePeak(data, m); err != nil {
		return err
	}
	s.add(table.Row{Work: "memory while serving visits and questions, " + name, Unit: "MB", By: table.Value, Ours: table.Side{Values: []float64{peak}, Peak: peak, Promise: table.PowerCut}})
	return s.check(data, name, 1, 120)
}

// measureCheck measures how long `footfall check` takes.
func measureCheck(s *session) error {
	f, err := s.fill(s.most())
	if err != nil {
		return err
	}
	return s.check(f.data, table.Number(float64(f.made.Clicks))+" clicks", min(s.pairs, 3), 30)
}

func (s *session) check(data, name string, times int, goal float64) error {
	row := table.Row{Work: "check of " + name, Unit: "s", By: table.Value, Goal: table.AtMost(goal), Ours: table.Side{Promise: table.Reads}}
	for range times {
		r, err := s.footfall(data, "check")
		if err != nil {
			return err
		}
		row.Ours.Values, row.Ours.Peak = append(row.Ours.Values, r.took.Seconds()), max(row.Ours.Peak, r.peak)
	}
	size, err := bytesIn(data)
	row.Ours.Disk = float64(size)
	s.add(row)
	return err
}
