// Package journal makes bytes durable: an append-only log in segments, with a
// checksum per record and group commit. Append returns once the record is
// safe from a power cut.
//
// It refuses to know what the bytes mean; it does not know that clicks exist.
package journal
