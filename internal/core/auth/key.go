package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// keyDomain separates apiKeys from other uses of the secret.
const keyDomain = "footfall apiKey 1\x00"

// APIKey returns the user's apiKey: R_ and 32 lower-case hex digits. They are the first half
// of the HMAC-SHA256 of the user's id and key version with the secret of the installation.
// So the apiKey can be shown again and is not kept. The database has the secret and the
// versions, and so all apiKeys.
func (a *Auth) APIKey(ctx context.Context, u store.User) (string, error) {
	secret, err := a.installation(ctx)
	if err != nil {
		return "", err
	}
	message := binary.BigEndian.AppendUint64([]byte(keyDomain), uint64(u.ID))
	message = binary.BigEndian.AppendUint64(message, uint64(u.KeyVersion))
	mac := hmac.New(sha256.New, secret[:])
	mac.Write(message)
	return "R_" + hex.EncodeToString(mac.Sum(nil)[:16]), nil
}

// NewKey gives the user another apiKey and returns it. The last one is no longer valid. It
// fails with click.ErrNotFound for an unknown user.
func (a *Auth) NewKey(ctx context.Context, u store.User) (string, error) {
	defer a.Forget(u.ID)
	// Random instead of the next number, so that somebody with an old copy of the secret
	// cannot compute the next apiKey.
	var bits [8]byte
	if _, err := rand.Read(bits[:]); err != nil {
		return "", fmt.Errorf("auth: new apiKey: %w", err)
	}
	u.KeyVersion = int64(binary.BigEndian.Uint64(bits[:]) >> 1)
	if err := a.users.SetKeyVersion(ctx, u.ID, u.KeyVersion); err != nil {
		return "", fmt.Errorf("auth: new apiKey: %w", err)
	}
	return a.APIKey(ctx, u)
}

// UserByKey returns the user with this login and apiKey. It fails with ErrUnknownLogin,
// ErrKey, and the errors of the store. An answer without error may be up to CacheAge old.
func (a *Auth) UserByKey(ctx context.Context, login, apiKey string) (store.User, error) {
	u, err := a.owner(digestOfKey(login, apiKey), func() (store.User, error) { return a.askByKey(ctx, login, apiKey) },
		ErrUnknownLogin, ErrKey)
	if err != nil {
		return store.User{}, fmt.Errorf("auth: user by apiKey: %w", err)
	}
	return u, nil
}

// KnownKey is Known for a login and an apiKey.
func (a *Auth) KnownKey(login, apiKey string) bool {
	return a.recent.Has(digestOfKey(login, apiKey))
}

// digestOfKey is never the digest of a token, because tokens have no zero byte.
func digestOfKey(login, apiKey string) digest {
	return sha256.Sum256([]byte(login + "\x00" + apiKey))
}

func (a *Auth) askByKey(ctx context.Context, login, apiKey string) (store.User, error) {
	u, err := a.users.UserByLogin(ctx, login)
	if errors.Is(err, click.ErrNotFound) {
		return store.User{}, ErrUnknownLogin
	}
	if err != nil {
		return store.User{}, err
	}
	key, err := a.APIKey(ctx, u)
	if err != nil {
		return store.User{}, err
	}
	if u.Disabled {
		return store.User{}, ErrKey
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(apiKey)) != 1 {
		return store.User{}, ErrKey
	}
	return u, nil
}

// installation returns the secret of the installation. It never changes, so one answer of
// the store is enough.
func (a *Auth) installation(ctx context.Context) ([32]byte, error) {
	if known := a.secret.Load(); known != nil {
		return *known, nil
	}
	var offer [32]byte
	if _, err := rand.Read(offer[:]); err != nil {
		return offer, fmt.Errorf("auth: offer a secret: %w", err)
	}
	secret, err := a.users.Secret(ctx, offer)
	if err != nil {
		return secret, fmt.Errorf("auth: secret of the installation: %w", err)
	}
	a.secret.Store(&secret)
	return secret, nil
}
