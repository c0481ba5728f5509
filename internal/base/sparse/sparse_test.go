package sparse_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/sparse"
)

// TestLine: what happens is told at once, then once a second with its number,
// and nothing is left untold.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		l := sparse.New(func(n uint64, last string) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, fmt.Sprint(n, " ", last))
		})
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
			told = nil
		}
		for i := range 100 {
			l.Note(fmt.Sprint(i))
		}
		expect("1 0")
		<-time.After(sparse.Every)
		expect("99 99")
		l.Note("a")
		expect()
		<-time.After(sparse.Every)
		expect("1 a") // also where nobody comes after
		<-time.After(2 * sparse.Every)
		l.Note("b")
		l.Note("c")
		expect("1 b")
		l.Close()
		expect("1 c")
		l.Close()
		<-time.After(2 * sparse.Every)
		expect()
	})
}

// TestLogThatHangs: one caller waits for it, and the others are counted.
func TestLogThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		var mu sync.Mutex
		var told []uint64
		l := sparse.New(func(n uint64, _ int) {
			<-hang
			mu.Lock()
			defer mu.Unlock()
			told = append(told, n)
		})
		go l.Note(0)
		synctest.Wait()
		for i := range 10 {
			l.Note(i)
		}
		close(hang)
		<-time.After(2 * sparse.Every)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(told, []uint64{1, 10}) {
			t.Errorf("told %d, want 1 and 10", told)
		}
	})
}
