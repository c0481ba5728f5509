package sql_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/sql"
	"github.com/footfall/footfall/internal/storage/store"
)

// TestNotices: a change arrives as a whole, in parts that PostgreSQL takes. If a part is
// too long, anything may have changed.
func TestNotices(t *testing.T) {
	t.Parallel()
	const most = 7999 // bytes, says PostgreSQL
	all := store.Change{Users: []click.UserID{1, 2}, Owners: []click.UserID{3}, Links: []click.LinkID{4, 5, 6}}
	for i := range 5000 {
		all.Names = append(all.Names, click.Hash(fmt.Sprint("<ü>", i)))
		all.Keywords = append(all.Keywords, store.Keyword{Domain: "j.mp", Keyword: click.Hash(fmt.Sprint(`"\`, i))})
	}
	long := all
	long.Names = append([]click.Hash{click.Hash(strings.Repeat("n", most))}, all.Names...)
	for what, c := range map[string]struct {
		change store.Change
		all    bool
	}{
		"little":   {store.Change{Links: []click.LinkID{1}, Aggregates: true}, false},
		"much":     {all, false},
		"too long": {long, true},
	} {
		var got store.Change
		texts, read := sql.Notices(t, c.change)
		for i := range texts {
			if len(texts[i]) > most {
				t.Errorf("%s: a notice has %d bytes", what, len(texts[i]))
			}
			got.Add(read[i])
		}
		if got.All != c.all || !c.all && !reflect.DeepEqual(got, c.change) {
			t.Errorf("%s: %d notices say that anything changed: %t, and %d names", what, len(texts), got.All, len(got.Names))
		}
	}
}
