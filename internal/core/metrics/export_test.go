package metrics

import (
	"context"

	"github.com/footfall/footfall/internal/storage/store"
)

// Rank is how one list is made, of at most so many groups at once or, where that
// is 0, as ever, and the most
// entries, names and groups that were held after a count.
func (r Ranking) Rank(ctx context.Context, groups int, each func(f func(store.Count) error) error) (list []Value, most int, err error) {
	tops, sums := []top{{limit: r.Limit}}, newGroupSums(groups)
	watched := func(f func(store.Count) error) error {
		return each(func(c store.Count) error {
			err := f(c)
			most = max(most, len(tops[0].list), len(tops[0].names), len(sums.of))
			return err
		})
	}
	if r.Group != nil && groups > 0 {
		err = r.grouped(tops, watched, sums)
	} else {
		err = r.fill(ctx, tops, watched)
	}
	return tops[0].sorted(), most, err
}
