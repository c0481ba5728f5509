// Package pebble keeps click counts in an embedded log-structured store: the
// engine of an installation on one machine.
//
// Counts are vectors of slots, merged where they meet, so recording never
// reads. There is no log of its own: the journal above has made the clicks
// safe. Cells, marks, ledgers and the position share one write, and writes
// reach the disk in their order; so after a crash the store stands where it
// stood after some batch, and says after which.
//
// It refuses to know journals, zones and wire formats, and to guess: bytes it
// cannot read are an error, data of a newer version is store.ErrVersion.
//
// The format is described in docs/format/pebble.md. In short:
//
//	q user link facet day   value → clicks by quarter-hour
//	d user link facet month value → clicks by day, sums of q
//	m hour user link facet  value → clicks by minute
//	e source epoch · k import offset digest · l · n · o · p source · v
package pebble
