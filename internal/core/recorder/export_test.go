package recorder

import (
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
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
