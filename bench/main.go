// Command bench measures footfall, and compares it with others: one program for each
// question, named by the first argument.
//
// It asserts nothing, except that clicks are not lost (large, cluster chaos), and that
// answers are the same (cluster questions). Figures depend on the machine: quote ratios, and
// medians of several runs.
//
// Where to look:
//
//	all.go                           runs the comparisons of one server with others, and prints
//	                                 their table
//	redirect.go                      comparisons of visits; bare.go is what they are compared with
//	import.go, feed.go               comparisons of imports
//	questions.go, long.go, search.go comparisons of questions, and of redirects during searches
//	bulk.go                          disk, memory and check
//	sqlite.go                        one row of SQLite for each cell
//	data.go, filled.go, ask.go       what the comparisons fill and ask
//	clickhouse.go                    the current ClickHouse with the same clicks
//	wrk.go, paced.go                 makes visits, as fast as possible and at a fixed rate
//	answers.go                       answers of one server
//	load.go, processes.go            requests; memory and processor time of processes
//	page.go                          the page of a user with many links
//	layout*.go                       the engine of counts
//	large*.go                        years of clicks
//	siege.go                         hostile clients
//	cluster.go, cluster_chaos.go     runs many servers over ClickHouse and PostgreSQL, and
//	                                 makes them fail
//	cluster_load.go, cluster_rows.go measures these servers, and their rows
//	cluster_questions.go, cluster_fill.go
//	                                 measures answers from ClickHouse
package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
)

// shortDomain is the domain of all short links, which do not depend on the server's
// port.
const shortDomain = "sho.rt"

// programs returns the measurements. Each takes the arguments after its name.
func programs() map[string]func(args []string) error {
	programs := map[string]func(args []string) error{
		"all":     all,
		"layout":  layout,
		"bare":    bare,
		"answers": answers,
		"large":   large,
		"page":    pageTimes,
		"siege":   besiege,
		"cluster": cluster,
	}
	for _, c := range comparisons() {
		programs[c.name] = func(args []string) error { return compareWith(c.name, args) }
	}
	return programs
}

func main() {
	named := programs()
	if len(os.Args) < 2 || named[os.Args[1]] == nil {
		fmt.Fprintf(os.Stderr, "usage: bench PROGRAM [options]\nprograms: %v\n", slices.Sorted(maps.Keys(named)))
		os.Exit(2)
	}
	if err := named[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", os.Args[1], err)
		os.Exit(1)
	}
}
