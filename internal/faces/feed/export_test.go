package feed

// Notes encodes notes.
func Notes(users, links, lines, clicks uint64, waiting []uint64) string {
	n := notes{users: users, links: links, taken: tally{lines: lines, clicks: clicks}, waiting: waiting}
	return n.encode()
}

// ParseNotes decodes notes, and encodes them again.
func ParseNotes(s string) (waiting []uint64, again string, err error) {
	n, err := parseNotes(s)
	return n.waiting, n.encode(), err
}
