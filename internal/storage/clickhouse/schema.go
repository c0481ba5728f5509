package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/footfall/footfall/internal/storage/store"
)

// Version is the version of the tables. A footfall of an older version refuses newer tables.
const Version = 1

// table is one table of each server.
type table struct {
	name    string
	columns []string
	key     string // rows with the same key replace each other; rows are sorted by it
	parts   string // PARTITION BY; may be empty
	version string // the column whose greatest value stays
}

// The columns of cells and minutes. A row is the clicks of one cell that one epoch of one
// journal (source) has counted so far in one life, or that a deletion has taken from the cell:
// then deletion is its number, and source, epoch and life are 0.
var cellColumns = []string{
	"user UInt64", "link UInt64", "facet UInt8", "slot UInt32", "value String",
	"source FixedString(16)", "epoch UInt64", "life UInt64", "deletion UInt64", "clicks UInt64",
}

const cellKey = "user, link, facet, slot, value, source, epoch, life, deletion"

// Slots of a partition: quarter-hours of 31 days, and minutes of an hour.
const monthSlots, hourSlots = 2976, 60

var (
	cellsTable   = &table{"cells", cellColumns, cellKey, "intDiv(slot, " + strconv.Itoa(monthSlots) + ")", "clicks"}
	minutesTable = &table{"minutes", cellColumns, cellKey, "intDiv(slot, " + strconv.Itoa(hourSlots) + ")", "clicks"}
	// epochsTable has a row for each epoch that has ended. The version is four times its end, plus
	// its epochState.
	epochsTable = &table{"epochs", []string{
		"source FixedString(16)", "epoch UInt64", "life UInt64", "base UInt64", "version UInt64",
		"user UInt64", "link UInt64", "ledger String", "journaled String", "late String", "sums String", "deleted String",
	}, "source, epoch, life", "", "version"}
	livesTable = &table{"lives", []string{"source FixedString(16)", "life UInt64", "process FixedString(16)", "begin UInt64", "version UInt64", "closed UInt8"},
		"source, life, process", "", "version"}
	// deletionsTable has a row for each deletion. The state is 0 until all that it takes is in
	// cells and minutes.
	deletionsTable = &table{"deletions", []string{
		"number UInt64", "state UInt8", "scopes String", "cutoff String", "removed String", "sums String",
	}, "number", "", "state"}
	deletedTable = &table{"deleted", []string{"user UInt64", "link UInt64", "deletion UInt64", "version UInt64"}, "user, link, deletion", "", "version"}
	// marksTable keeps the marks that others have replaced: snapshots show them.
	marksTable = &table{"marks", []string{"input FixedString(32)", "offset UInt64", "digest FixedString(32)", "version UInt64", "mark String"},
		"input, offset, digest, version", "", "version"}
	metaTable = &table{"meta", []string{"name String", "version UInt64", "value String"}, "name", "", "version"}
)

// Each shard has tables. Only the first shard has metaTables.
var (
	tables     = []*table{cellsTable, minutesTable}
	metaTables = []*table{epochsTable, livesTable, deletionsTable, deletedTable, marksTable, metaTable}
)

// create is the statement that makes the table on a server, with replicas in a cluster.
func (t *table) create(database string, n *node) string {
	columns := ""
	for i, c := range t.columns {
		if i > 0 {
			columns += ", "
		}
		columns += c
	}
	engine := "ReplacingMergeTree(" + t.version + ")"
	settings := ""
	if n.replicated {
		engine = fmt.Sprintf("ReplicatedReplacingMergeTree('/footfall/%s/%s/%d/%s', '{replica}', %s)", n.cluster, database, n.shard, t.name, t.version)
		// Otherwise ClickHouse drops rows that were sent before, although they may be lost.
		settings = " SETTINGS replicated_deduplication_window = 0"
	}
	partition := ""
	if t.parts != "" {
		partition = " PARTITION BY " + t.parts
	}
	return "CREATE TABLE IF NOT EXISTS " + t.name + " (" + columns + ") ENGINE = " + engine + partition + " ORDER BY (" + t.key + ")" + settings
}

// block returns an empty block of rows for the table.
func (t *table) block() *block { return newBlock(t.columns...) }

// tables returns the tables that the server has.
func (n *node) tables() []*table {
	if n.shard == 1 {
		return slices.Concat(tables, metaTables)
	}
	return tables
}

// newTablesSync is how long prepare waits for what new tables fetch from other replicas.
const newTablesSync = 2 * time.Second

// prepare makes the tables of a server.
func (n *node) prepare(ctx context.Context) error {
	var found uint64
	err := n.query(ctx, "SELECT count() FROM system.tables WHERE database = '"+n.database+"' AND name = '"+cellsTable.name+"'", func(a *answer) error {
		for i := range a.rows {
			found += a.numbers[0][i]
		}
		return nil
	})
	if err != nil {
		return err
	}
	if n.replicated {
		behind, err := n.isBehind(ctx)
		if err != nil {
			return err
		}
		if behind {
			waiting, cancel := context.WithTimeout(ctx, behindPatience)
			behind = n.syncReplica(waiting, n.tables()...) != nil
			cancel()
		}
		if behind {
			n.lacks.set(false)
		}
	}
	for _, t := range n.tables() {
		if err := n.exec(ctx, t.create(n.database, n)); err != nil {
			return err
		}
	}
	if err := n.exec(ctx, createStarts); err != nil {
		return err
	}
	if err := n.leaveMark(ctx); err != nil {
		return err
	}
	if found == 0 && n.replicated {
		// Usually all tables are new, and there is nothing to fetch.
		syncing, cancel := context.WithTimeout(ctx, newTablesSync)
		defer cancel()
		if n.fetch(syncing) != nil {
			n.lacks.set(true)
		}
	}
	return nil
}

// checkVersion checks the version of the tables of a server. New tables get one. Only the first shard has it.
func (n *node) checkVersion(ctx context.Context) error {
	if n.shard > 1 {
		return nil
	}
	version := ""
	err := n.query(ctx, "SELECT argMax(value, version) FROM meta WHERE name = 'schema' GROUP BY name", func(a *answer) error {
		if a.rows > 0 {
			version = a.texts[0][0]
		}
		return nil
	})
	if err != nil {
		return err
	}
	if version == "" {
		b := metaTable.block()
		b.add("schema", uint64(Version), strconv.Itoa(Version))
		return n.insert(ctx, metaTable.name, b)
	}
	if v, err := strconv.Atoi(version); err != nil || v > Version {
		return errors.Join(fmt.Errorf("the tables of ClickHouse at %s have version %q, and this footfall has version %d: %w", n.base.Host, version, Version, store.ErrVersion), err)
	}
	return nil
}

// behindPatience is how long a replica may take to fetch rows before others are preferred. A few
// rows are always on their way.
const behindPatience = 2 * time.Second

// isBehind reports whether a replica fetches rows that it lacks, or cannot find out because it has
// lost ZooKeeper.
func (n *node) isBehind(ctx context.Context) (behind bool, err error) {
	err = n.query(ctx, "SELECT count() FROM system.replicas WHERE database = '"+n.database+"' AND (is_readonly OR inserts_in_queue > 0)", func(a *answer) error {
		for i := range a.rows {
			behind = behind || a.numbers[0][i] > 0
		}
		return nil
	})
	return behind, err
}

// insertSettings are settings of inserts, if the server has them. ClickHouse must carry out every
// insert, also if the same rows were inserted before, and answer after that.
var insertSettings = map[string]string{"async_insert": "0", "insert_deduplicate": "0", "deduplicate_insert": "disable", "max_partitions_per_insert_block": "0"}

// questionSettings are settings of questions, if the server has them. Rows of one key are in one partition.
var questionSettings = map[string]string{"do_not_merge_across_partitions_select_final": "1", "max_query_size": "67108864", "max_ast_elements": "1000000", "max_expanded_ast_elements": "10000000"}
