package cache_test

import (
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/cache"
)

var start = time.Unix(1_700_000_000, 0)

func newAnswers(entries, bytes int) *cache.Answers[string, string] {
	return cache.New(cache.Options[string, string]{
		Entries: entries, Age: time.Minute, Bytes: bytes,
		Size: func(k string, v *string) int { return len(k) + len(*v) },
	})
}

func TestAge(t *testing.T) {
	t.Parallel()
	a := newAnswers(10, 100)
	_, _, g := a.Get("k", start)
	a.Add("k", "v", start, g)
	for age, want := range map[time.Duration]bool{0: true, time.Minute - 1: true, time.Minute: false, -1: false} {
		if v, fresh, _ := a.Get("k", start.Add(age)); v != "v" || fresh != want {
			t.Errorf("after %v the answer is %q, fresh: %t", age, v, fresh)
		}
	}
	if v, fresh, _ := a.Get("other", time.Time{}); v != "" || fresh || a.Has("other") || !a.Has("k") {
		t.Errorf("an answer that was never added is %q, fresh: %t", v, fresh)
	}
}

// TestChangeWhileAsking: an answer from before a change is not remembered.
func TestChangeWhileAsking(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*cache.Answers[string, string]){
		"Forget":            func(a *cache.Answers[string, string]) { a.Forget("k") },
		"Forget another":    func(a *cache.Answers[string, string]) { a.Forget("other") },
		"Forget no key":     func(a *cache.Answers[string, string]) { a.Forget() },
		"Expire":            func(a *cache.Answers[string, string]) { a.Expire() },
		"ForgetIf, no such": func(a *cache.Answers[string, string]) { a.ForgetIf(func(string, *string) bool { return false }) },
	} {
		a := newAnswers(10, 100)
		_, _, g := a.Get("k", start)
		change(a)
		if a.Add("k", "old", start, g); a.Has("k") {
			t.Errorf("%s: an answer from before it is remembered", name)
		}
		_, _, g = a.Get("k", start)
		if a.Add("k", "new", start, g); !a.Has("k") {
			t.Errorf("%s: an answer from after it is not remembered", name)
		}
	}
	a := newAnswers(10, 100)
	_, _, g := a.Get("k", start)
	a.Drop("k")
	if a.Add("k", "v", start, g); !a.Has("k") {
		t.Error("Drop affects a call that is in progress")
	}
	a.Add("other", "w", start, g)
	a.ForgetIf(func(_ string, v *string) bool { return *v == "v" })
	if a.Has("k") || !a.Has("other") {
		t.Error("ForgetIf removed another answer, or none")
	}
}

// TestExpire: old answers stay, and new ones are fresh.
func TestExpire(t *testing.T) {
	t.Parallel()
	a := newAnswers(10, 100)
	_, _, g := a.Get("k", start)
	a.Add("k", "old", start, g)
	a.Expire()
	v, fresh, g := a.Get("k", start)
	if v != "old" || fresh {
		t.Errorf("an expired answer is %q, fresh: %t", v, fresh)
	}
	a.Add("k", "new", start, g)
	if v, fresh, _ := a.Get("k", start); v != "new" || !fresh {
		t.Errorf("a new answer is %q, fresh: %t", v, fresh)
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	a := newAnswers(3, 10)
	_, _, g := a.Get("", start)
	for _, c := range []struct {
		k, v           string
		entries, bytes int
	}{
		{"a", "1", 1, 2}, {"b", "1", 2, 4}, {"c", "1", 3, 6}, {"d", "1", 3, 6}, // by entries
		{"d", "22", 3, 7},                  // in place of the old one
		{"e", "12345", 2, 9},               // by bytes
		{"f", "longer than all", 1, 16},    // alone
		{"g", "1", 1, 2}, {"h", "1", 2, 4}, // f is the oldest
	} {
		a.Add(c.k, c.v, start, g)
		if entries, bytes := a.Len(); entries != c.entries || bytes != c.bytes {
			t.Errorf("after %s, %d answers of %d bytes are remembered, want %d of %d", c.k, entries, bytes, c.entries, c.bytes)
		}
	}
	a.Drop("g")
	a.Forget("h", "nothing")
	if entries, bytes := a.Len(); entries != 0 || bytes != 0 {
		t.Errorf("%d answers of %d bytes are left", entries, bytes)
	}
}
