// Package guess finds the known word that is most similar to a misspelt one. The
// words mean nothing to it, and it never uses the guess instead of the word.
package guess

import (
	"slices"
	"strings"
)

// Nearest is the known word that was most likely meant by a wrong one: it differs in at most
// two letters, and in less than half of them; or one of the two is the other one up to a
// separator. It is empty if no word is similar.
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
