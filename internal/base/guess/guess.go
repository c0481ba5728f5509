// Package guess finds what somebody most likely meant to write. It refuses to know
// what the words are of, and to take the guess for the word.
package guess

import (
	"slices"
	"strings"
)

// Nearest is the one of the known words that a wrong one was most likely meant to
// be: at most two letters away, and less than half of them, or else one that it is
// the beginning of, or that is its beginning, up to a separator. It is empty where
// none is near.
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

// distance is how many letters must be put in, left out or changed to make one
// word of the other.
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
