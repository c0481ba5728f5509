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

// CSVColumn is a column of CSV files of links, as the documentation lists it.
type CSVColumn struct {
	What  string
	Names []string
}

// CSVColumns lists the columns.
func CSVColumns() (all []CSVColumn) {
	for _, c := range csvNames {
		all = append(all, CSVColumn{c.what, c.names})
	}
	return all
}
