package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// rowsOf is the rows of a table, of one replica of each shard.
type rowsOf struct{ rows, bytes, parts float64 }

// rowsIn returns the rows of a table.
func rowsIn(c *clustertest.Cluster, database, table string) (sum rowsOf, err error) {
	for _, n := range c.Nodes {
		if n.Replica > 1 {
			continue
		}
		numbers, err := numbersOf(n, "SELECT sum(rows), sum(bytes_on_disk), count() FROM system.parts WHERE active AND database = '"+database+"' AND table = '"+table+"'")
		if err != nil {
			return sum, err
		}
		if len(numbers) != 3 {
			return sum, fmt.Errorf("%s: the parts of %s are %v", n.Name, table, numbers)
		}
		sum.rows, sum.bytes, sum.parts = sum.rows+numbers[0], sum.bytes+numbers[1], sum.parts+numbers[2]
	}
	return sum, nil
}

// numbersOf returns all numbers of an answer.
func numbersOf(n *clustertest.Node, statement string) (numbers []float64, err error) {
	text, err := n.Query("", statement)
	for _, field := range strings.Fields(text) {
		number, wrong := strconv.ParseFloat(field, 64)
		numbers, err = append(numbers, number), errors.Join(err, wrong)
	}
	return numbers, err
}

// inserted returns how many rows and bytes were sent to the servers since they were started.
func inserted(c *clustertest.Cluster) (rows, bytes float64, err error) {
	for _, n := range c.Nodes {
		for event, to := range map[string]*float64{"InsertedRows": &rows, "InsertedBytes": &bytes} {
			numbers, err := numbersOf(n, "SELECT value FROM system.events WHERE event = '"+event+"'")
			if err != nil {
				return 0, 0, err
			}
			for _, number := range numbers {
				*to += number
			}
		}
	}
	return rows, bytes, nil
}

// optimize merges all parts of a table on all servers, as ClickHouse does in time.
func optimize(c *clustertest.Cluster, database, table string) error {
	for _, n := range c.Nodes {
		if n.Replica > 1 {
			continue // it fetches the parts, or merges them too
		}
		if err := n.Exec(database, "OPTIMIZE TABLE "+table+" FINAL"); err != nil {
			return err
		}
	}
	return nil
}

// printRows prints the rows and bytes of a click in ClickHouse.
func (all *installation) printRows(clicks uint64) error {
	rows, bytes, err := inserted(all.clickhouse)
	if err != nil {
		return err
	}
	fmt.Printf("\n%-34s %8s %8s\n%-34s %8.1f %8.0f\n", "of a click", "rows", "bytes",
		"sent to ClickHouse", rows/float64(clicks), bytes/float64(clicks))
	for _, table := range []string{"cells", "minutes"} {
		now, err := rowsIn(all.clickhouse, databaseName, table)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := optimize(all.clickhouse, databaseName, table); err != nil {
			return err
		}
		took := time.Since(began)
		merged, err := rowsIn(all.clickhouse, databaseName, table)
		if err != nil {
			return err
		}
		for _, r := range []struct {
			what string
			rowsOf
		}{{table + ", as they are", now}, {fmt.Sprintf("%s, merged (%.0f s)", table, took.Seconds()), merged}} {
			fmt.Printf("%-34s %8.2f %8.1f  in %.0f parts\n", r.what, r.rows/float64(clicks), r.bytes/float64(clicks), r.parts)
		}
	}
	journal := int64(0)
	for _, s := range all.servers {
		n, err := bytesIn(s.data + "/journal")
		if err != nil {
			return err
		}
		journal += n
	}
	fmt.Printf("%-34s %8s %8.1f\n", "journal", "", float64(journal)/float64(clicks))
	return nil
}
