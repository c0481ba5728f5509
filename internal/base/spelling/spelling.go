// Package spelling finds the known word that is most similar to a misspelt one. The
// words mean nothing to it, and it never uses the guess instead of the word.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the known word that differs from wrong in the fewest letters: at most two,
// and less than half of them. If there is no such word, it returns one that continues wrong
// after a separator, or the longest one that wrong continues. Otherwise it returns "".
func Nearest(wrong string, known []string, separator string) string {
	best, least := "", min(3, (len(wrong)+1)/2)
	slices.Sort(known)
	for _, k := range known {
		if d := distance(wrong, k); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best
	}
	for _, k := range known {
		if wrong != "" && strings.HasPrefix(k, wrong+separator) {
			return k
		}
		if len(k) > len(best) && strings.HasPrefix(wrong, k+separator) {
			best = k
		}
	}
	return best
}

// distance is the number of letters to insert, delete or change to turn one word into the
// other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
