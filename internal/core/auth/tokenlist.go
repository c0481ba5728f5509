package auth

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// MaxTokenName is the length of the name of a token, in bytes.
const MaxTokenName = 100

// ErrTokenName is for a text that cannot be the name of a token.
var ErrTokenName = errors.New("the name of a token must be at most 100 bytes of UTF-8 without control characters")

// ValidTokenName fails with ErrTokenName for a text that cannot be the name of a token. An empty
// text is no name, and valid.
func ValidTokenName(name string) error {
	if len(name) > MaxTokenName || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
		return ErrTokenName
	}
	return nil
}

// maxTokens is the number of tokens that are listed.
const maxTokens = 500

// Token is a token as its user sees it in a list.
type Token struct {
	// ID names the token for its user. It is not secret.
	ID string
	// Name is empty if the token has none.
	Name string
	// Session says that a program got it for the password: see MaxSessionTokens.
	Session bool
	// Created and Used are Unix seconds. Used is the last use, or a time up to UsesEvery before it
	// if other servers were asked; 0 if there is none that was kept.
	Created, Used int64
}

func tokenID(d store.TokenDigest) string { return hex.EncodeToString(d[:8]) }

// Tokens lists the newest tokens of a user, session tokens after the others, and returns how many
// there are in all.
func (a *Auth) Tokens(ctx context.Context, u store.User) (list []Token, all int, err error) {
	kept, err := a.users.ListTokens(ctx, u.ID, maxTokens)
	if err == nil {
		if all = len(kept); all == maxTokens {
			all, err = a.users.CountTokens(ctx, u.ID)
		}
	}
	if err != nil {
		return nil, 0, fmt.Errorf("auth: tokens: %w", err)
	}
	for _, t := range kept {
		list = append(list, Token{tokenID(t.Digest), t.Name, t.Session, t.Created, max(t.Used, a.uses.of(t.Digest))})
	}
	return list, all, nil
}

// RevokeID makes the token of the user with an id invalid. It fails with click.ErrNotFound if there
// is none.
func (a *Auth) RevokeID(ctx context.Context, u store.User, id string) error {
	defer a.Forget(u.ID)
	kept, err := a.users.ListTokens(ctx, u.ID, math.MaxInt32)
	if err != nil {
		return fmt.Errorf("auth: revoke token: %w", err)
	}
	for _, t := range kept {
		if tokenID(t.Digest) == id {
			if err := a.users.RemoveToken(ctx, u.ID, t.Digest); err != nil {
				return fmt.Errorf("auth: revoke token: %w", err)
			}
			return nil
		}
	}
	return fmt.Errorf("auth: revoke token: %w", click.ErrNotFound)
}

const (
	// UsesEvery is how often WriteUses should be called: so often is the last use of a token
	// written at most.
	UsesEvery = 5 * time.Minute
	// maxUses is the number of tokens whose last use is noted between two calls, and usesAtOnce
	// the number that one transaction writes.
	maxUses, usesAtOnce = 1 << 14, 500
)

// uses are the last uses of tokens that are not written yet, as Unix seconds.
type uses struct {
	mu   sync.Mutex
	last map[store.TokenDigest]int64
}

func (u *uses) note(d store.TokenDigest, at int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.last == nil {
		u.last = map[store.TokenDigest]int64{}
	}
	if before, known := u.last[d]; at > before && (known || len(u.last) < maxUses) {
		u.last[d] = at
	}
}

func (u *uses) of(d store.TokenDigest) int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last[d]
}

func (u *uses) all() map[store.TokenDigest]int64 {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.last)
}

// written forgets those that were written, unless the token was used again.
func (u *uses) written(some map[store.TokenDigest]int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	maps.DeleteFunc(u.last, func(d store.TokenDigest, at int64) bool { return at <= some[d] })
}

// WriteUses writes when tokens were used last. What it could not write is written by the next
// call.
func (a *Auth) WriteUses(ctx context.Context) error {
	some := map[store.TokenDigest]int64{}
	write := func() error {
		if len(some) == 0 {
			return nil
		}
		if err := a.users.TouchTokens(ctx, some); err != nil {
			return fmt.Errorf("auth: write the last uses of tokens: %w", err)
		}
		a.uses.written(some)
		clear(some)
		return nil
	}
	for d, at := range a.uses.all() {
		if some[d] = at; len(some) == usesAtOnce {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return write()
}
