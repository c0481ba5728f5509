package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/valyala/fastjson"

	"github.com/footfall/footfall/bench/table"
)

// measureFeed compares the import of lines of Bitly's click feed with a parser that only reads their values: fastjson, by
// one goroutine. The lines are real ones, again and again, each time at another second.
func measureFeed(s *session) error {
	lines, err := feedLines()
	if err != nil {
		return err
	}
	n := s.size(1_000_000, 50_000)
	file, err := s.written("feed", func(to io.Writer) error { return writeFeed(to, lines, n) })
	if err != nil {
		return err
	}
	defer s.remove(file)
	row := table.Row{Work: "import of Bitly's feed", Against: "fastjson reads the lines", Unit: "lines/s", Goal: table.AtLeast(0.6),
		Ours: table.Side{Promise: table.PowerCut}, Theirs: table.Side{Promise: table.Nothing}}
	ours := func() (float64, error) {
		data := filepath.Join(s.dir, "feed data")
		defer s.remove(data)
		r, err := s.footfall(data, "import", "--format", "bitly-feed", file)
		if err != nil {
			return 0, err
		}
		size, err := bytesIn(data)
		row.Ours.Peak, row.Ours.Disk = max(row.Ours.Peak, r.peak), float64(size)
		return float64(n) / r.took.Seconds(), err
	}
	theirs := func() (float64, error) {
		began := time.Now()
		read, err := parseFile(file)
		if err == nil && read != n {
			err = fmt.Errorf("%d lines were read, want %d", read, n)
		}
		return float64(n) / time.Since(began).Seconds(), err
	}
	if row.Ours.Values, row.Theirs.Values, err = alternate(s.pairs, ours, theirs); err != nil {
		return err
	}
	s.add(row)
	return nil
}

// feedLines returns real lines that are clicks.
func feedLines() (lines [][]byte, err error) {
	const pattern = "internal/faces/feed/testdata/*.gz"
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("%s matches no file: start bench in the root of the repository", pattern)
	}
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		unzipped, err := gzip.NewReader(f)
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		all, err := io.ReadAll(unzipped)
		if err := errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
		for line := range bytes.Lines(all) {
			if at, end := instantIn(line); at < end {
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

// instantIn returns where the second of a line is.
func instantIn(line []byte) (at, end int) {
	key := []byte(`"t": `)
	if at = bytes.Index(line, key); at < 0 {
		return 0, 0
	}
	at += len(key)
	for end = at; end < len(line) && line[end] >= '0' && line[end] <= '9'; end++ {
	}
	return at, end
}

// writeFeed writes n lines. The first repetition is a minute later than the lines, the second one two minutes.
func writeFeed(to io.Writer, lines [][]byte, n int) error {
	w := bufio.NewWriterSize(to, 1<<20)
	for i := range n {
		line := lines[i%len(lines)]
		at, end := instantIn(line)
		second, err := strconv.ParseInt(string(line[at:end]), 10, 64)
		if err != nil {
			return err
		}
		_, _ = w.Write(line[:at])
		_, _ = w.WriteString(strconv.FormatInt(second+60*int64(1+i/len(lines)), 10))
		_, _ = w.Write(line[end:])
	}
	return w.Flush()
}

// textsRead are the texts of a line that an import uses.
var textsRead = []string{"a", "c", "gr", "cy", "g", "h", "hh", "l", "r", "u"}

// parseFile parses each line of a file and takes the values out, and returns how many lines there are.
func parseFile(name string) (n int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var parser fastjson.Parser
	scanner := bufio.NewScanner(f)
	scanner.Buffer(make([]byte, 1<<20), 1<<20)
	for scanner.Scan() {
		v, err := parser.ParseBytes(scanner.Bytes())
		if err != nil {
			return n, err
		}
		for _, name := range textsRead {
			v.GetStringBytes(name) // takes the escapes out of the text
		}
		v.GetInt64("t")
		n++
	}
	return n, scanner.Err()
}
