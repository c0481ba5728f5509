package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/footfall/footfall/bench/table"
)

// sizes returns the numbers of clicks of the questions, smallest first.
func (s *session) sizes() []int {
	sizes := []int{1_000_000, 10_000_000, 100_000_000}
	if s.short {
		sizes = []int{20_000, 200_000}
	}
	if s.clicks > 0 {
		sizes = append(slices.DeleteFunc(sizes, func(n int) bool { return n >= s.clicks }), s.clicks)
	}
	return sizes
}

// measureQuestions compares answers about 30 days with ClickHouse's, from its rollup of the same clicks, of random
// users, zones and references: each question is another one.
func measureQuestions(s *session) error {
	var first, last []float64
	for _, n := range s.sizes() {
		f, err := s.fill(n)
		if err != nil {
			return err
		}
		cold, err := s.askCold(f)
		if err != nil {
			return err
		}
		warm, share, err := s.askWarm(f)
		if err != nil {
			return err
		}
		name := table.Number(float64(n)) + " clicks"
		s.add(table.Row{Work: "answers about 30 days, p99, warm, " + name, Unit: "ms", By: table.Value,
			Ours: table.Side{Values: []float64{table.Quantile(warm, 0.99)}, Promise: table.Reads}})
		s.add(table.Row{Work: fmt.Sprintf("answers about 30 days, warm, %s, within %v ms in the server", name, fast), Unit: "%", By: table.Value, Goal: table.AtLeast(99),
			Ours: table.Side{Values: []float64{100 * share}, Promise: table.Reads}})
		s.add(table.Row{Work: "answers about 30 days, p99, cold, " + name, Unit: "ms", By: table.Value,
			Ours: table.Side{Values: []float64{table.Quantile(cold, 0.99)}, Promise: table.Reads}})
		s.add(table.Row{Work: "answers about 30 days, median, the first ones after the import, " + name, Unit: "ms", By: table.Value,
			Ours: table.Side{Values: []float64{table.Median(f.first)}, Promise: table.Reads}})
		s.add(table.Row{Work: "answers about 30 days, median, right after the import, warm, " + name, Against: "compacted, warm", Unit: "ms", Goal: table.AtMost(2),
			Ours:   table.Side{Values: []float64{table.Median(f.fresh)}, Promise: table.Reads},
			Theirs: table.Side{Values: []float64{table.Median(warm)}, Promise: table.Reads}})
		if first == nil {
			first = warm
		}
		last = warm
		if err := f.house.rest(); err != nil {
			return err
		}
	}
	all := s.sizes()
	s.add(table.Row{Work: fmt.Sprintf("answers about 30 days, median, %s clicks", table.Number(float64(all[len(all)-1]))),
		Against: table.Number(float64(all[0])) + " clicks", Unit: "ms", Goal: table.AtMost(1.5),
		Ours:   table.Side{Values: []float64{table.Median(last)}, Promise: table.Reads},
		Theirs: table.Side{Values: []float64{table.Median(first)}, Promise: table.Reads}})
	return nil
}

// warmup is the number of questions of a kind that are asked before answers are measured.
func (s *session) warmup() int { return s.size(2000, 200) }

// askCold asks each user's questions once, after a start with nothing in the memory of the system.
func (s *session) askCold(f *filled) (times []float64, err error) {
	if err := forget(f.data); err != nil {
		return nil, err
	}
	ours, err := s.open(f.data, askingUsers(f.made))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ours.p.Stop()) }()
	for _, countries := range []bool{false, true} {
		a, err := newAsker(f.made, askingUsers(f.made), countries, 30)
		if err != nil {
			return nil, err
		}
		for _, u := range askingUsers(f.made) {
			q := a.next()
			q.user = u
			one, err := timed(1, func() error { return ours.ask(q) })
			if err != nil {
				return nil, err
			}
			times = append(times, one...)
		}
	}
	return times, nil
}

// askWarm checks that both sides have the same clicks, and warms footfall up. Then it measures both. It returns the time
// of each of footfall's answers for the client, in ms, and the share, 0 to 1, that the server answered within fast.
func (s *session) askWarm(f *filled) (all []float64, share float64, err error) {
	var measured inServer
	ours, err := s.open(f.data, askingUsers(f.made))
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, ours.p.Stop()) }()
	if err := f.house.exec("OPTIMIZE TABLE " + byCountry + " FINAL"); err != nil {
		return nil, 0, err
	}
	for _, kind := range []struct {
		work      string
		countries bool
	}{{"user/clicks", false}, {"user/countries", true}} {
		a, err := newAsker(f.made, askingUsers(f.made), kind.countries, 30)
		if err != nil {
			return nil, 0, err
		}
		for range 20 {
			q := a.next()
			o, e1 := ours.sum(q)
			t, e2 := f.house.sum(q)
			if err := errors.Join(e1, e2); err != nil {
				return nil, 0, err
			}
			if o != t {
				return nil, 0, fmt.Errorf("%s of user %d until %d in %v: footfall has %d clicks, and ClickHouse %d", kind.work, q.user, q.reference, q.zone, o, t)
			}
		}
		if _, err := timed(s.warmup(), func() error { return ours.ask(a.next()) }); err != nil {
			return nil, 0, err
		}
		before, err := ours.answered()
		if err != nil {
			return nil, 0, err
		}
		row := table.Row{Work: fmt.Sprintf("%s, 30 days, %s clicks", kind.work, table.Number(float64(f.made.Clicks))), Against: "ClickHouse, rollup by quarter-hour",
			Unit: "ms", By: table.Speedup, Goal: table.AtLeast(20), Ours: table.Side{Promise: table.Reads}, Theirs: table.Side{Promise: table.Reads}}
		row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs,
			func() (float64, error) {
				times, err := timed(s.size(2000, 200), func() error { return ours.ask(a.next()) })
				all = append(all, times...)
				return table.Median(times), err
			},
			func() (float64, error) {
				times, err := timed(s.size(200, 30), func() error { return f.house.ask(a.next()) })
				return table.Median(times), err
			})
		if err != nil {
			return nil, 0, err
		}
		after, err := ours.answered()
		if err != nil {
			return nil, 0, err
		}
		measured.fast += after.fast - before.fast
		measured.all += after.all - before.all
		row.Ours.Peak, row.Theirs.Peak = memory(ours.p.Cmd.Process.Pid).peak, f.house.peak()
		s.add(row)
	}
	return all, measured.fast / measured.all, nil
}
