package useragent

import "strings"

// row is a value, and the words by which it is recognised: in lower case, two bytes or more,
// and with ^ in front if they count only at the start of the text.
type row[T any] struct {
	value T
	words []string
}

// table finds the first row that has a word in a text, in one pass, however many words
// there are.
type table[T any] struct {
	rows  []row[T]
	heads [1 << 12]uint16 // by the first two bytes of words: 1 + the entry with which the chain begins
	words []entry
}

type entry struct {
	word    string
	row     int
	atStart bool
	next    uint16
}

func tableOf[T any](rows ...row[T]) *table[T] {
	t := &table[T]{rows: rows}
	for i, r := range rows {
		for _, word := range r.words {
			word, atStart := strings.CutPrefix(word, "^")
			head := &t.heads[headOf(word)]
			t.words = append(t.words, entry{word, i, atStart, *head})
			*head = uint16(len(t.words))
		}
	}
	return t
}

// listOf returns a table for has.
func listOf(words ...string) *table[struct{}] { return tableOf(row[struct{}]{words: words}) }

func headOf(s string) int { return int(s[0]&63)<<6 | int(s[1]&63) }

// find returns the value of the first row that has a word in s.
func (t *table[T]) find(s string) (value T, ok bool) { return t.findBefore(s, len(s)) }

// findBefore is find for the words that begin before the byte end.
func (t *table[T]) findBefore(s string, end int) (value T, ok bool) {
	first := len(t.rows)
	for i := range min(len(s)-1, end) {
		for next := t.heads[headOf(s[i:])]; next != 0; next = t.words[next-1].next {
			e := &t.words[next-1]
			if e.row < first && (i == 0 || !e.atStart) && strings.HasPrefix(s[i:], e.word) {
				first = e.row
			}
		}
	}
	if first == len(t.rows) {
		return value, false
	}
	return t.rows[first].value, true
}

// has reports whether s has a word of any row.
func (t *table[T]) has(s string) bool {
	_, ok := t.find(s)
	return ok
}
