package lograte_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/footfall/footfall/internal/base/lograte"
)

// TestLine: the first event is logged at once, later ones once a second with
// their number, and none is left out.
func TestLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var lines []string
		l := lograte.New(time.Second, func(n uint64, last string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, fmt.Sprint(n, " ", last))
		})
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(lines, want) {
				t.Errorf("logged %q, want %q", lines, want)
			}
			lines = nil
		}
		for i := range 100 {
			l.Note(fmt.Sprint(i))
		}
		expect("1 0")
		<-time.After(time.Second)
		expect("99 99")
		l.Note("a")
		expect()
		<-time.After(time.Second)
		expect("1 a") // although no event follows
		<-time.After(2 * time.Second)
		l.Note("b")
		l.Note("c")
		expect("1 b")
		l.Close()
		expect("1 c")
		l.Close()
		<-time.After(2 * time.Second)
		expect()
		l.Note("d")
		l.Note("e")
		expect("1 d", "1 e")
	})
}

// TestNoteAndWait: a caller waits for the line that has its event.
func TestNoteAndWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := lograte.New(time.Second, func(uint64, int) {})
		for i, want := range []time.Duration{0, time.Second, time.Second} {
			began := time.Now()
			l.NoteAndWait(i, time.Minute)
			if took := time.Since(began); took != want {
				t.Errorf("event %d was logged after %v, want %v", i, took, want)
			}
		}
		l.Close()
	})
}

// TestLogThatBlocks: one caller waits for it, or none has to; the events of the
// others are counted.
func TestLogThatBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		blocked := make(chan struct{})
		var mu sync.Mutex
		var lines []uint64
		l := lograte.New(time.Second, func(n uint64, _ int) {
			<-blocked
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, n)
		})
		go l.Note(0)
		synctest.Wait()
		for i := range 10 {
			l.Note(i)
		}
		began := time.Now()
		l.NoteAndWait(10, time.Minute)
		if took := time.Since(began); took != time.Minute {
			t.Errorf("waited %v for a log that blocks, want a minute", took)
		}
		close(blocked)
		<-time.After(2 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(lines, []uint64{1, 11}) {
			t.Errorf("logged %d, want 1 and 11", lines)
		}
	})
}
