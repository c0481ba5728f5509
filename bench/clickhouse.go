package main

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/footfall/footfall/bench/clicks"
	"github.com/footfall/footfall/internal/testkit/clustertest"
)

// house is the current ClickHouse, which has the clicks that footfall has. Its tables are tuned as its manual
// says: sums in SummingMergeTree that a materialized view fills, the order of the questions, and codecs for
// times and numbers.
type house struct {
	cluster *clustertest.Cluster
	node    *clustertest.Node
	frozen  bool
}

func (s *session) house(name string) (*house, error) {
	c, err := clustertest.Launch(clustertest.Options{Dir: filepath.Join(s.dir, name), Current: true, Password: databaseName})
	if err != nil {
		return nil, err
	}
	return &house{cluster: c, node: c.Nodes[0]}, nil
}

func (h *house) close() { h.cluster.Close() }

// peak returns the peak of the resident memory since the start, in MB.
func (h *house) peak() float64 { return memory(h.node.Pid()).peak }

// rest freezes the process until the next statement, so that its merges take no time from footfall.
func (h *house) rest() error {
	h.frozen = true
	return h.node.Freeze()
}

// query executes a statement. It may take long.
func (h *house) query(statement string) (string, error) {
	if h.frozen {
		h.frozen = false
		if err := h.node.Thaw(); err != nil {
			return "", err
		}
	}
	v := url.Values{"user": {clustertest.User}, "password": {databaseName}, "query": {statement}}
	answer, err := get(http.MethodPost, "http://"+h.node.Addr+"/?"+v.Encode())
	if err != nil {
		return "", fmt.Errorf("ClickHouse: %.100s: %w", statement, err)
	}
	return answer, nil
}

func (h *house) exec(statements ...string) error {
	for _, one := range statements {
		if _, err := h.query(one); err != nil {
			return err
		}
	}
	return nil
}

// Tables that views fill from raw clicks.
const (
	byCountry = "by_country" // of each user: what the questions of days and countries need
	allCells  = "all_cells"  // every scope and facet that footfall counts
)

// tables makes the tables again, empty: raw with the clicks, or with nothing if it is not kept, and some of
// those that views fill. Inserts are synced, as footfall's imports are.
func (h *house) tables(m clicks.Made, kept bool, filled ...string) error {
	const synced = " SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
	for _, t := range []string{"to_" + byCountry, "to_" + allCells, byCountry, allCells, "raw"} {
		// A dropped table keeps its files for some minutes; the library never ends DROP … SYNC.
		if !strings.HasPrefix(t, "to_") {
			if err := h.exec("TRUNCATE TABLE IF EXISTS " + t); err != nil {
				return err
			}
		}
		if err := h.exec("DROP TABLE IF EXISTS " + t); err != nil {
			return err
		}
	}
	engine := " ENGINE = Null"
	if kept {
		engine = " ENGINE = MergeTree ORDER BY (hash, ts)" + synced
	}
	low := "LowCardinality(String)"
	err := h.exec("CREATE TABLE raw (hash String CODEC(ZSTD), ts Decimal(18, 3) CODEC(Delta(8), ZSTD), country " + low + ", region " + low + ", city " + low +
		", referrer " + low + ", device " + low + ", browser " + low + ", system " + low + ", source " + low + ")" + engine)
	if err != nil {
		return err
	}
	slot := "toDateTime(intDiv(toUInt32(ts), 900) * 900, 'UTC') AS slot"
	link, user := "toUInt32(substring(hash, 2))", fmt.Sprintf("toUInt32(toUInt32(substring(hash, 2)) %% %d)", m.Users)
	for _, t := range filled {
		switch t {
		case byCountry:
			err = h.exec(
				"CREATE TABLE by_country (user UInt32, slot DateTime('UTC') CODEC(Delta, ZSTD), country "+low+", clicks UInt64 CODEC(T64, ZSTD))"+
					" ENGINE = SummingMergeTree ORDER BY (user, slot, country)"+synced,
				"CREATE MATERIALIZED VIEW to_by_country TO by_country AS SELECT "+user+" AS user, "+slot+", country, count() AS clicks FROM raw GROUP BY user, slot, country")
		case allCells:
			err = h.exec(
				"CREATE TABLE all_cells (user UInt32 CODEC(ZSTD), link UInt32 CODEC(ZSTD), facet UInt8 CODEC(ZSTD), value "+low+" CODEC(ZSTD), slot DateTime('UTC') CODEC(Delta, ZSTD), clicks UInt64 CODEC(T64, ZSTD))"+
					" ENGINE = SummingMergeTree ORDER BY (user, link, facet, value, slot)"+synced,
				`CREATE MATERIALIZED VIEW to_all_cells TO all_cells AS
WITH concat(device, '/', browser, '/', system, '/', source) AS agent, concat(country, '/', region, '/', city) AS place, `+link+` + 1 AS of, `+user+` AS by,
arrayJoin(arrayFilter(k -> k.2 != 7 OR city != '', [
(0, 1, ''), (0, 2, toString(country)), (0, 3, toString(referrer)), (0, 4, toString(of)), (0, 6, agent), (0, 7, place),
(of, 1, ''), (of, 2, toString(country)), (of, 3, toString(referrer)), (of, 6, agent), (of, 7, place)])) AS cell
SELECT by AS user, toUInt32(cell.1) AS link, toUInt8(cell.2) AS facet, cell.3 AS value, `+slot+`, count() AS clicks
FROM raw GROUP BY user, link, facet, value, slot`)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// insert inserts a file of clicks. The function file reads it with all cores; INFILE does not.
func (h *house) insert(file string) error {
	columns := []string{"hash String", "ts Decimal(18, 3)"}
	for _, name := range []string{"country", "region", "city", "referrer", "device", "browser", "system", "source"} {
		columns = append(columns, name+" LowCardinality(String)")
	}
	return h.exec(fmt.Sprintf("INSERT INTO raw SELECT * FROM file('%s', 'JSONEachRow', '%s') SETTINGS max_insert_threads = 2, parallel_view_processing = 1",
		file, strings.Join(columns, ", ")))
}

// size returns the bytes of the active parts of a table.
func (h *house) size(table string) (float64, error) {
	answer, err := h.query("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = '" + table + "'")
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(strings.TrimSpace(answer), 64)
}

// ask answers a question from by_country.
func (h *house) ask(a asked) error {
	_, err := h.query(a.statement())
	return err
}

func (a asked) statement() string {
	from, to := a.window()
	where := fmt.Sprintf(" FROM by_country WHERE user = %d AND slot >= toDateTime(%d, 'UTC') AND slot < toDateTime(%d, 'UTC')", a.user, from.Unix(), to.Unix())
	if a.countries {
		return "SELECT country, sum(clicks) AS n" + where + " GROUP BY country ORDER BY n DESC"
	}
	return fmt.Sprintf("SELECT toStartOfDay(slot, '%s') AS day, sum(clicks) AS n%s GROUP BY day ORDER BY day DESC", a.zone, where)
}

// sum returns the sum of the clicks in the answer.
func (h *house) sum(a asked) (uint64, error) {
	answer, err := h.query("SELECT sum(n) FROM (" + a.statement() + ")")
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(answer), 10, 64)
}
