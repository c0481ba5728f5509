// Package journal makes bytes durable: an append-only log in segments, with
// checksums per record and group commit. Append returns once the record is
// safe from a power cut.
//
// It refuses to know what the bytes mean; it does not know that clicks exist.
// It does not lock its directory either: one Journal at a time owns it.
//
// # Positions
//
// A position counts the bytes of records, headers included, over the whole
// life of the journal; it never falls back. A segment is a file named after
// the position of its first record, its base, in 20 digits: ".open" while
// records are appended to it, ".sealed" from then on.
//
// # Format, version 1
//
// Numbers are big-endian, checks are CRC-32C (Castagnoli).
//
//	segment = header record... [unacknowledged bytes]
//
//	header  0        7 8         24     32     40      44      48
//	       +----------+-----------+------+------+-------+-------+
//	       | magic  |v| source id | base | prev | flags | check |
//	       +----------+-----------+------+------+-------+-------+
//
//	record  0        4      8            12           16
//	       +--------+------+------------+------------+------+
//	       | length | back | head check | data check | data |
//	       +--------+------+------------+------------+------+
//
// Prev is the position at which the segment before ends; what that file holds
// beyond was never acknowledged. It equals base unless a hole was made by
// SkipTo or Repair. Back is the distance from the first byte of the record's commit
// group. The head check begins with the header's check and the record's place
// in the segment, the data check goes on from there: a record is valid in one
// place of one segment only, and bytes inside a record do not pass for one.
//
// A hole is what the journal lacks between two segments. Nobody reads across
// one: a Reader fails there, and names it.
//
// # What recovery relies on
//
// A group is written after the one before it has been synced, to the same
// file. So a bad record is the torn tail of an unacknowledged group, and is
// cut, unless a head that belongs to a later group follows: then the bad
// record had been acknowledged, which is corruption and an error.
//
// A file is never written again after a failed write or sync, nor after a
// restart. A new segment then begins where the acknowledged records end. It is
// made durable under another name first, so that a crash at any instant
// leaves the one or the other.
//
// Open refuses what is damaged. Inspect opens it to look at, and Repair leaves out
// what cannot be read, for somebody who has counted it. docs/format/journal.md has the details.
package journal
