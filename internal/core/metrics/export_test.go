package metrics

import (
	"context"

	"github.com/footfall/footfall/internal/storage/store"
)

// Rank makes one list, with at most groups groups in one pass (0 is the default). It
// returns the list, and the maximum number of entries, names and groups that were
// held.
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
