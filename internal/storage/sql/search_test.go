package sql_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestSearchesOfManyLinks: a search lists the links of a page newest first, and knows how many
// there are, whether it finds few links or many more than it lists.
func TestSearchesOfManyLinks(t *testing.T) {
	t.Parallel()
	db := open(t, filepath.Join(t.TempDir(), "links.db"))
	const links = 2200
	var all []store.ForeignLink
	for i := range links {
		word := "rare"
		if i%100 > 0 {
			word = "Common"
		}
		all = append(all, store.ForeignLink{Login: "ann", Hash: click.Hash(fmt.Sprintf("h%d", i)), LongURL: fmt.Sprintf("http://a.example/%s/%d", word, i), Created: int64(1000 + i)})
	}
	if _, err := db.ImportLinks(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	ann, err := db.UserByLogin(t.Context(), "ann")
	if err != nil {
		t.Fatal(err)
	}
	for query, finds := range map[string]func(i int) bool{
		"COMMON":    func(i int) bool { return i%100 > 0 },
		"rare":      func(i int) bool { return i%100 == 0 },
		"a.example": func(int) bool { return true },
		"nothing":   func(int) bool { return false },
	} {
		var want []string
		for i := links - 1; i >= 0; i-- {
			if finds(i) {
				want = append(want, all[i].LongURL)
			}
		}
		for _, limit := range []int{0, 8, 200, links} { // 2,200 are as many as 2,000 and a list of 200
			for _, offset := range []int{0, 1, 21, 150, links - 1, links, links + 9} {
				got, n, err := db.ListLinks(t.Context(), store.LinkFilter{User: ann.ID, Words: store.Words{Query: query}, Offset: offset, Limit: limit})
				if err != nil || n != len(want) {
					t.Fatalf("%s finds %d links, want %d: %v", query, n, len(want), err)
				}
				listed := want[min(offset, len(want)):min(offset+limit, len(want))]
				if len(got) != len(listed) {
					t.Fatalf("%s from %d on lists %d links, want %d", query, offset, len(got), len(listed))
				}
				for i, l := range got {
					if l.LongURL != listed[i] {
						t.Fatalf("%s from %d on lists %s as link %d, want %s", query, offset, l.LongURL, i, listed[i])
					}
				}
			}
		}
	}
}
