// Package feed imports clicks that others recorded, imports links of other programs, and
// exports users, links and counts. It reads an input line by line and passes each click to the
// recorder once, even if the input is imported again after it was cut off or has grown.
//
// It refuses to count, and to guess: it rejects a line that it does not understand, with
// the line number and the reason, and continues. It writes no log: App.Import of
// package server calls it and has the log, and package cli prints the result.
//
// Where to look:
//
//	import.go, importing.go   Import; one import while it runs
//	inflow.go, decompress.go  reads an input in the background; unpacks gzip
//	lines.go, scan.go         cuts an input into lines; parses chunks of them
//	bitly.go, combined.go, jsonlog.go, ndjson.go, ndjson_link.go, ndjson_counts.go   the formats of input
//	accesslog.go, fields.go   what access logs have in common; reads values of JSON
//	describe.go, resolve.go   makes the links and users of lines; finds those of clicks
//	redirect_loops.go, deletions.go    rejects links that lead back here; and those just deleted
//	resume.go, notes.go       finds the place up to which an input is known; notes about it
//	cut_off.go, rejected.go   an input that ends inside a known part; lines rejected before
//	links_csv.go, links_csv_batch.go         ImportLinks, of CSV files; reads them
//	links_csv_plan.go, links_csv_counts.go   which links it makes; records their clicks once
//	csv.go, csv_columns.go, csv_link.go, csv_dates.go   records, columns and links of CSV files
//	export.go, export_counts.go, demo.go   writes NDJSON; writes clicks to try footfall with
package feed
