package main

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
)

// measureAllTime measures a question about all clicks of a user: five years and 200 countries.
func measureAllTime(s *session) error {
	m := clicks.Usual(s.size(3_000_000, 300_000))
	m.Users, m.Links, m.Days = 1, 1000, 5*365
	return s.freshAndCompacted("all time by country, 5 years, 200 countries", m, 5, func(i int) string {
		return "user/countries?unit=day&units=-1&limit=1000&timezone=" + zones[i%len(zones)]
	})
}

// measurePopular measures a question about all links of a user: 100,000 that were clicked in 30 days.
func measurePopular(s *session) error {
	m := clicks.Usual(s.size(4_000_000, 400_000))
	m.Users, m.Days = 1, 30
	return s.freshAndCompacted(fmt.Sprintf("popular links, 30 days, user with %d links", m.Links), m, 50, func(i int) string {
		return fmt.Sprintf("user/popular_links?unit=day&units=30&limit=1000&timezone=%s&unit_reference_ts=%d", zones[i%len(zones)], clicks.End.Unix()-1-int64(i%7200))
	})
}

// freshAndCompacted imports clicks into a running server and asks a question right after that, and again
// after the counts were compacted. The goal is in milliseconds. question returns a different question
// for each number.
func (s *session) freshAndCompacted(work string, m clicks.Made, goal float64, question func(int) string) error {
	data, err := s.newData("long", m)
	if err != nil {
		return err
	}
	defer s.remove(data)
	for _, state := range []string{"fresh", "compacted"} {
		if err := s.askLong(data, work+", "+state, m, state == "fresh", goal, question); err != nil {
			return err
		}
		if err := s.compact(data); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) askLong(data, work string, m clicks.Made, fresh bool, goal float64, question func(int) string) (err error) {
	f, err := s.open(data, []int{0})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.p.Stop()) }()
	if fresh {
		if _, err := s.imported(data, m, nil); err != nil {
			return err
		}
	}
	n := 0
	ask := func() error {
		n++
		_, err := get(http.MethodGet, f.p.URL+"/v3/"+question(n)+"&access_token="+f.tokens[0])
		return err
	}
	row := table.Row{Work: work, Unit: "ms", By: table.Value, Goal: table.AtMost(goal), Ours: table.Side{Promise: table.Reads}}
	for range s.pairs {
		times, err := timed(s.size(20, 5), ask)
		if err != nil {
			return err
		}
		row.Ours.Values = append(row.Ours.Values, table.Median(times))
	}
	row.Ours.Peak = memory(f.p.Cmd.Process.Pid).peak
	counts, err := bytesIn(countsIn(data))
	if err != nil {
		return err
	}
	row.Ours.Disk = float64(counts)
	s.add(row)
	return nil
}
