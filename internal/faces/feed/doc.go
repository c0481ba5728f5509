// Package feed imports clicks that others recorded, and exports what there is. It reads
// an input line by line and passes each click to the recorder once, even if the input is
// imported again after it was cut off or has grown.
//
// It refuses to count, and to guess: it rejects a line that it does not understand, with
// the line number and the reason, and continues.
//
// Where to look:
//
//	import.go, importing.go   Import, from the first line to the last
//	lines.go, inflow.go, scan.go   unpacks an input, cuts it into lines, and parses chunks of them
//	bitly.go, combined.go, ndjson.go   a format of input; fields.go reads values of JSON
//	describe.go, resolve.go, redirect_loops.go, deletions.go   what lines say about links and users
//	resume.go, prefix.go, notes.go, rejected.go   an input that was imported before
//	export.go, demo.go     writes NDJSON; writes clicks to try footfall with
package feed
