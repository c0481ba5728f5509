package main

import (
	"errors"
	"fmt"

	"github.com/footfall/footfall/bench/clicks"
)

// filled is a number of clicks in footfall and in ClickHouse.
type filled struct {
	made         clicks.Made
	data         string
	house        *house
	server       float64   // peak of the memory of footfall's server during the import, in MB
	command      float64   // peak of the import command, in MB
	clickhouse   float64   // peak of ClickHouse during its import, in MB
	countsBefore int64     // size of the counts before they are compacted, in bytes
	countsAfter  int64     // size of the compacted counts, in bytes
	first        []float64 // times of the first answers after the import, in ms
	fresh        []float64 // times of the answers after these and the warm-up, in ms
}

// fill returns the usual clicks in footfall and in ClickHouse. It fills them once in a session.
func (s *session) fill(n int) (*filled, error) {
	if f := s.fills[n]; f != nil {
		return f, nil
	}
	f := &filled{made: clicks.Usual(n)}
	if err := s.fillNow(f, fmt.Sprintf("clicks-%d", n)); err != nil {
		if f.house != nil {
			f.house.close()
		}
		return nil, err
	}
	if s.fills == nil {
		s.fills = map[int]*filled{}
	}
	s.fills[n] = f
	return f, nil
}

func (s *session) fillNow(f *filled, name string) (err error) {
	if f.data, err = s.newData(name, f.made); err != nil {
		return err
	}
	if f.house, err = s.house(name + "-clickhouse"); err != nil {
		return err
	}
	rollups := []string{byCountry}
	if s.disk { // it takes longer than all the rest
		rollups = append(rollups, allCells)
	}
	if err := f.house.tables(f.made, false, rollups...); err != nil {
		return err
	}
	if err := s.fillOurs(f); err != nil {
		return err
	}
	if f.countsBefore, err = bytesIn(countsIn(f.data)); err != nil {
		return err
	}
	if err := s.compact(f.data); err != nil {
		return err
	}
	f.countsAfter, err = bytesIn(countsIn(f.data))
	return err
}

// fillOurs imports the clicks into a running server, and asks questions right after that.
func (s *session) fillOurs(f *filled) (err error) {
	ours, err := s.open(f.data, askingUsers(f.made))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, ours.p.Stop()) }()
	if f.command, err = s.imported(f.data, f.made, func(file string) error { return errors.Join(f.house.insert(file), f.house.rest()) }); err != nil {
		return err
	}
	f.clickhouse, f.server = f.house.peak(), memory(ours.p.Cmd.Process.Pid).peak
	for _, countries := range []bool{false, true} {
		a, err := newAsker(f.made, askingUsers(f.made), countries, 30)
		if err != nil {
			return err
		}
		ask := func() error { return ours.ask(a.next()) }
		first, err := timed(s.warmup(), ask)
		if err != nil {
			return err
		}
		fresh, err := timed(s.size(300, 50), ask)
		if err != nil {
			return err
		}
		f.first, f.fresh = append(f.first, first[:len(fresh)]...), append(f.fresh, fresh...)
	}
	return nil
}

// askingUsers returns the users who ask: 50, busy ones and others.
func askingUsers(m clicks.Made) (users []int) {
	for i := range min(50, m.Users) {
		users = append(users, i*m.Users/min(50, m.Users))
	}
	return users
}
