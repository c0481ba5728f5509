// Package journal makes bytes durable. It is an append-only log in segments,
// with a checksum per record and group commit: Append returns once the record
// cannot be lost by a power cut.
//
// It does not interpret the bytes. It does not lock its directory either: only one
// Journal may use it at a time.
//
// Where to look:
//
//	journal.go              Open, Append, Rotate, Close
//	within.go               Append for many calls at the same time
//	commit.go               the goroutine that writes groups and begins segments
//	ahead.go                zeros after the records, which later groups replace
//	record.go, header.go    the bytes of a record, and of the start of a segment
//	segment.go, dir.go      a file; making, renaming and removing files
//	contents.go, reader.go  what can be read; reading while records are appended
//	recover.go, scan.go     finds the end of the journal when Open is called, also after a crash
//	trim.go                 removes the oldest segments
//	damaged.go, repair.go   a journal that Open refuses
//	duplicates.go           a segment with a file under both names
//	errors.go               the errors
//
// # Positions
//
// A position counts the bytes of records, their heads included, since the
// journal was made. It never decreases. A segment is a file named after its
// base, the position of its first record, in 20 digits: ".open" while records
// are appended to it, and ".sealed" afterwards.
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
// Prev is the position at which the segment before ends; later bytes in its file
// were never acknowledged. Prev equals base unless SkipTo or Repair made a hole.
// Back is the distance from the start of the record's commit group to the
// record. The head check starts from the header's check and the place of the
// record in the segment, and the data check goes on from there. So a record is
// valid only in one place of one segment, and bytes inside a record do not pass
// for a record.
//
// A hole is a stretch of positions that is missing between two segments. A Reader
// does not pass it: it fails with an error that names it.
//
// # Recovery
//
// A group is written after the one before it has been synced to the same file.
// So a bad record is the torn tail of an unacknowledged group, and is cut,
// unless the head of a later group follows it. Then the bad record had been
// acknowledged: that is damage, and an error.
//
// A file is not written again after a failed write or sync, nor after a restart.
// Instead a new segment begins where the acknowledged records end. It is made
// durable under a temporary name first, so that a crash leaves the old state or
// the new one.
//
// Open refuses a damaged journal. Inspect reads its sound records, and Repair
// leaves out the rest, provided that it was counted.
// docs/format/journal.md has the details.
package journal
