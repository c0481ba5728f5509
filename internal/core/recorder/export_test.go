package recorder

import (
	"context"
	"math"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/base/rollup"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/storage/storetest"
)

// Encode and Decode are the codec of journal records.
func Encode(clicks []click.Click, mark *store.Mark) []byte { return encode(nil, clicks, mark) }

func Decode(b []byte) ([]click.Click, []store.Mark, error) {
	var r record
	err := r.decode(b, newText)
	return r.clicks, r.marks, err
}

// WithCap bounds the cap: the maximum number of different values, and the number
// of days and values after which it forgets.
func (o Options) WithCap(most uint64, room int) Options {
	o.most, o.room = most, room
	return o
}

// WithPause sets the first of the pauses between tries of counting.
func (o Options) WithPause(least time.Duration) Options {
	o.pause = least
	return o
}

// WithVerifyEvery sets how often shared counts are verified while there are no clicks.
func (o Options) WithVerifyEvery(p time.Duration) Options {
	o.verifyEvery = p
	return o
}

// WithCut ends batches where cut says so, which is called after each record.
func (o Options) WithCut(cut func() bool) Options {
	o.cut = cut
	return o
}

// WithImportTimeout sets how long an import waits for another one.
func (o Options) WithImportTimeout(p time.Duration) Options {
	o.importTimeout = p
	return o
}

// EncodeDeleted is encodeDeleted.
var EncodeDeleted = encodeDeleted

// WithCap bounds the cap of a replay.
func (r Replay) WithCap(most uint64) Replay {
	r.most, r.pause = most, time.Microsecond
	return r
}

// NewFill returns a function that makes a batch of records, and returns the number of its cells.
// byMinute makes cells of minutes too.
func NewFill(ctx context.Context) func(records [][]byte, byMinute bool) (cells int) {
	b := newBuilder(new(storetest.MemoryCounts), nil, store.JournalID{}, DailyValues, capWeight)
	return func(records [][]byte, byMinute bool) int {
		var r record
		for _, data := range records {
			if err := r.decode(data, b.texts.intern); err != nil {
				panic(err)
			}
			b.add(&r)
		}
		if err := b.prepare(ctx); err != nil {
			panic(err)
		}
		batch := store.Batch{MinutesFrom: math.MaxInt64}
		if byMinute {
			batch.MinutesFrom = 0
		}
		b.fillBatch(&batch)
		return len(batch.Cells) + len(batch.Minutes)
	}
}

// Interval returns the time from one batch to the next while a number of clicks come in each second.
func Interval(perSecond int) time.Duration {
	b := &batcher{builder: &batchBuilder{}}
	for since := time.Millisecond; ; since += time.Millisecond {
		b.builder.clicks = int(since.Milliseconds()) * perSecond / 1000
		if since >= b.every(true) {
			return since
		}
	}
}

// Sum returns the ledger of the clicks in records.
func Sum(records [][]byte) (l rollup.Ledger, err error) {
	var sums ledgerAdder
	for _, r := range records {
		if err := sums.add(r, &l); err != nil {
			return l, err
		}
	}
	return l, nil
}
