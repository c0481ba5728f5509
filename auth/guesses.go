package auth

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// MaxGuesses is how many wrong passwords of a login are looked at in a row.
	MaxGuesses = 10
	// GuessEvery is how long it takes until one more is.
	GuessEvery = 5 * time.Second

	// guessesSize is how many logins are remembered. To have one forgotten
	// takes that many guesses at others, each of which costs a computation:
	// longer than the login would need to be free again.
	guessesSize = 4096
)

// guesses bounds how often each login is guessed at, whether it exists or not.
// It is safe for concurrent use.
type guesses struct {
	mu sync.Mutex
	// free says when all guesses at a login are free again. The key is a
	// digest, because a login that nobody has may be long.
	free *simplelru.LRU[[sha256.Size]byte, time.Time]
}

func newGuesses() *guesses {
	free, err := simplelru.NewLRU[[sha256.Size]byte, time.Time](guessesSize, nil)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &guesses{free: free}
}

// take uses up a guess at the login; false where none is left.
func (g *guesses) take(login string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	digest := sha256.Sum256([]byte(login))
	latest := now.Add(MaxGuesses * GuessEvery)
	free, _ := g.free.Get(digest)
	switch {
	case free.Before(now):
		free = now
	case free.After(latest): // the clock was set back
		free = latest
	}
	next := free.Add(GuessEvery)
	if next.After(latest) {
		g.free.Add(digest, free)
		return false
	}
	g.free.Add(digest, next)
	return true
}

// giveBack undoes a take.
func (g *guesses) giveBack(login string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	digest := sha256.Sum256([]byte(login))
	if free, ok := g.free.Peek(digest); ok {
		g.free.Add(digest, free.Add(-GuessEvery))
	}
}
