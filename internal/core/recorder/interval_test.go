package recorder_test

import (
	"testing"
	"time"

	"github.com/footfall/footfall/internal/core/recorder"
)

// TestInterval: under load, batches come so often that a click is in the counts within a second,
// and from 10,000 clicks a second on within two.
func TestInterval(t *testing.T) {
	t.Parallel()
	for perSecond, want := range map[int]time.Duration{
		10: 400 * time.Millisecond, 2500: 400 * time.Millisecond, 9_900: 400 * time.Millisecond,
		10_000: 1200 * time.Millisecond, 40_000: 1200 * time.Millisecond,
	} {
		if got := recorder.Interval(perSecond); got != want {
			t.Errorf("with %d clicks a second a batch comes after %v, want %v", perSecond, got, want)
		}
	}
}
