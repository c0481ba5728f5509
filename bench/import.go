package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/bench/table"
	"github.com/footfall/footfall/internal/testkit/harness"
)

// remove removes what was made in the session's directory.
func (s *session) remove(path string) {
	if err := os.RemoveAll(path); err != nil {
		note("remove %s: %v", path, err)
	}
}

// copied copies a data directory that no process has open.
func (s *session) copied(data, name string) (string, error) {
	to := filepath.Join(s.dir, name)
	if err := os.Remove(harness.Socket(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return to, os.CopyFS(to, os.DirFS(data))
}

// measureLinks measures imports of links, from a file until all are durable.
func measureLinks(s *session) error {
	m := clicks.Usual(0)
	m.Users, m.Links = 1, s.size(300_000, 20_000)
	none := m
	none.Links = 0
	empty, err := s.newData("no links", none)
	if err != nil {
		return err
	}
	defer s.remove(empty)
	csv, e1 := s.written("links.csv", m.WriteCSV)
	ndjson, e2 := s.written("links.ndjson", m.WriteUsers)
	if err := errors.Join(e1, e2); err != nil {
		return err
	}
	for _, of := range []struct {
		work string
		args []string
	}{
		{"import of links, CSV", []string{"--format", "links-csv", "--as", clicks.Login(0), csv}},
		{"import of links, NDJSON", []string{"--format", "ndjson", ndjson}},
	} {
		row := table.Row{Work: of.work, Against: "SQLite, which copies the same rows in one statement", Unit: "links/s",
			Ours: table.Side{Promise: table.PowerCut}, Theirs: table.Side{Promise: table.PowerCut}}
		for range s.pairs { // ours comes first, because its rows are copied
			data, err := s.copied(empty, "links")
			if err != nil {
				return err
			}
			r, err := s.footfall(data, "import", of.args...)
			if err != nil {
				return err
			}
			size, err := bytesIn(data)
			if err != nil {
				return err
			}
			row.Ours.Values = append(row.Ours.Values, float64(m.Links)/r.took.Seconds())
			row.Ours.Peak, row.Ours.Disk = max(row.Ours.Peak, r.peak), float64(size)
			copied, err := s.copied(empty, "links-copied")
			if err != nil {
				return err
			}
			began := time.Now()
			if err := copyRows(s.ctx, filepath.Join(data, "footfall.db"), filepath.Join(copied, "footfall.db")); err != nil {
				return err
			}
			row.Theirs.Values = append(row.Theirs.Values, float64(m.Links)/time.Since(began).Seconds())
			s.remove(data)
			s.remove(copied)
		}
		s.add(row)
		s.add(table.Row{Work: of.work, Unit: "links/s", By: table.Value, Goal: table.AtLeast(100_000), Ours: row.Ours})
	}
	return nil
}

// measureImport compares imports of clicks with those of ClickHouse, from a file until all are counted and
// durable. ClickHouse keeps the clicks and counts them by a materialized view: once what the questions of days
// and countries need, once all that footfall counts.
func measureImport(s *session) error {
	m := clicks.Usual(s.size(5_000_000, 50_000))
	empty, err := s.newData("import", m)
	if err != nil {
		return err
	}
	defer s.remove(empty)
	file, err := s.written("import.ndjson", m.WriteClicks)
	if err != nil {
		return err
	}
	defer s.remove(file)
	for _, of := range []struct {
		against, rollup string
		goal            table.Goal
	}{
		{"ClickHouse, raw and rollup by quarter-hour of countries", byCountry, table.AtLeast(1)},
		{"ClickHouse, raw and rollup by quarter-hour of all scopes and facets", allCells, table.Goal{}},
	} {
		if err := s.compareImports(m, empty, file, of.against, of.rollup, of.goal); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) compareImports(m clicks.Made, empty, file, against, rollup string, goal table.Goal) error {
	row := table.Row{Work: "import of clicks, NDJSON", Against: against, Unit: "clicks/s", Goal: goal,
		Ours: table.Side{Promise: table.PowerCut}, Theirs: table.Side{Promise: table.PowerCut}}
	h, err := s.house("import-" + rollup)
	if err != nil {
		return err
	}
	defer h.close()
	ours := func() (float64, error) {
		data, err := s.copied(empty, "imported")
		if err != nil {
			return 0, err
		}
		defer s.remove(data)
		r, err := s.footfall(data, "import", "--format", "ndjson", file)
		if err != nil {
			return 0, err
		}
		counts, e1 := bytesIn(countsIn(data))
		journal, e2 := bytesIn(filepath.Join(data, "journal"))
		row.Ours.Peak, row.Ours.Disk = max(row.Ours.Peak, r.peak), float64(counts+journal)
		return float64(m.Clicks) / r.took.Seconds(), errors.Join(e1, e2)
	}
	theirs := func() (float64, error) {
		if err := h.tables(m, true, rollup); err != nil {
			return 0, err
		}
		began := time.Now()
		if err := h.insert(file); err != nil {
			return 0, err
		}
		perSecond := float64(m.Clicks) / time.Since(began).Seconds()
		raw, e1 := h.size("raw")
		sums, e2 := h.size(rollup)
		row.Theirs.Peak, row.Theirs.Disk = h.peak(), raw+sums
		return perSecond, errors.Join(e1, e2)
	}
	if row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs, ours, theirs); err != nil {
		return err
	}
	s.add(row)
	return nil
}
