package sql

import "testing"

func TestUnnumbered(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		`SELECT 1`:                          `SELECT 1`,
		`a = $1`:                            `a = ?`,
		`VALUES ($1, $2), ($3, $4)`:         `VALUES (?, ?), (?, ?)`,
		`a = $2 AND b = $1`:                 `a = $2 AND b = $1`,
		`a = $1 OR b = $1`:                  `a = $1 OR b = $1`,
		`$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $1`: `$1 $2 $3 $4 $5 $6 $7 $8 $9 $10 $1`,
	} {
		if got := unnumbered(query); got != want {
			t.Errorf("%s becomes %s, want %s", query, got, want)
		}
	}
}
