package main

import (
	"errors"
	"fmt"
	"path/filepath"
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

// sent is what was sent to the servers since they were started.
type sent struct{ inserts, rows, bytes float64 }

func sentTo(c *clustertest.Cluster) (sum sent, err error) {
	for event, to := range map[string]*float64{"InsertQuery": &sum.inserts, "InsertedRows": &sum.rows, "InsertedBytes": &sum.bytes} {
		if *to, err = events(c, event); err != nil {
			return sum, err
		}
	}
	return sum, nil
}

// events returns how often something happened on all servers since they were started.
func events(c *clustertest.Cluster, event string) (sum float64, err error) {
	for _, n := range c.Nodes {
		numbers, err := numbersOf(n, "SELECT value FROM system.events WHERE event = '"+event+"'")
		if err != nil {
			return sum, err
		}
		for _, number := range numbers { // none if it did not happen
			sum += number
		}
	}
	return sum, nil
}

// optimize merges all parts of a table on all servers, as ClickHouse does in time.
func optimize(c *clustertest.Cluster, database, table string) error {
	for _, n := range c.Nodes {
		if n.Replica > 1 {
			continue // it fetches the parts, or merges them too
		}
		partitions, err := numbersOf(n, "SELECT DISTINCT partition FROM system.parts WHERE active AND database = '"+database+"' AND table = '"+table+"'")
		if err != nil {
			return err
		}
		for _, p := range partitions {
			if err := n.Exec(database, fmt.Sprintf("OPTIMIZE TABLE %s PARTITION %.0f FINAL", table, p)); err != nil {
				return err
			}
		}
	}
	return nil
}

// rowsBefore is what ClickHouse and the journals had at a time.
type rowsBefore struct {
	clicks uint64
	sent
	zooKeeper time.Duration
	tables    map[string]rowsOf // with all parts merged
	journal   float64
}

// rows returns what ClickHouse and the journals have now. It merges all parts.
func (all *installation) rows() (now rowsBefore, err error) {
	now.tables = map[string]rowsOf{}
	if now.sent, err = sentTo(all.clickhouse); err != nil {
		return now, err
	}
	now.zooKeeper = processorTime(all.clickhouse.ZooKeeper.Pid())
	for _, table := range countTables {
		if err := optimize(all.clickhouse, databaseName, table); err != nil {
			return now, err
		}
		if now.tables[table], err = rowsIn(all.clickhouse, databaseName, table); err != nil {
			return now, err
		}
	}
	for _, s := range all.servers {
		n, err := bytesIn(filepath.Join(s.data, "journal"))
		if err != nil {
			return now, err
		}
		now.journal += float64(n)
	}
	return now, nil
}

var countTables = []string{"cells", "minutes"}

// printRows prints what a click has added since then.
func (all *installation) printRows(what string, since rowsBefore, clicks uint64) error {
	now, err := all.rows()
	if err != nil {
		return err
	}
	n := float64(clicks - since.clicks)
	fmt.Printf("\n%-34s %8s %8s\n%-34s %8.2f %8.1f\n", "of a click of "+what, "rows", "bytes", "sent to ClickHouse", (now.sent.rows-since.sent.rows)/n, (now.bytes-since.bytes)/n)
	for _, table := range countTables {
		before, after := since.tables[table], now.tables[table]
		fmt.Printf("%-34s %8.2f %8.1f\n", table+", merged", (after.rows-before.rows)/n, (after.bytes-before.bytes)/n)
	}
	fmt.Printf("%-34s %8s %8.1f\n", "journal", "", (now.journal-since.journal)/n)
	inserts := now.inserts - since.inserts
	fmt.Printf("%.0f inserts of %.0f rows; %.1f ms of ZooKeeper's processor time for each\n", inserts, (now.sent.rows-since.sent.rows)/inserts, (now.zooKeeper-since.zooKeeper).Seconds()*1000/inserts)
	return nil
}
