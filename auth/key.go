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

	"github.com/footfall/footfall/click"
	"github.com/footfall/footfall/store"
)

// keyDomain keeps apiKeys apart from whatever else the secret may serve.
const keyDomain = "footfall apiKey 1\x00"

// APIKey is the user's apiKey: R_ and 32 lower-case hex digits. They are the
// first half of the HMAC-SHA256 of the user's id and key version under the
// secret of the installation, so that it can be shown again and is kept nowhere.
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

// UserByKey finds the user of a login, who is proven by his apiKey. The errors
// are ErrUnknownLogin, ErrKey and those of the store.
func (a *Auth) UserByKey(ctx context.Context, login, apiKey string) (store.User, error) {
	u, err := a.users.UserByLogin(ctx, login)
	if errors.Is(err, click.ErrNotFound) {
		return store.User{}, fmt.Errorf("auth: user by apiKey: %w", ErrUnknownLogin)
	}
	if err != nil {
		return store.User{}, fmt.Errorf("auth: user by apiKey: %w", err)
	}
	key, err := a.APIKey(ctx, u)
	if err != nil {
		return store.User{}, err
	}
	if subtle.ConstantTimeCompare([]byte(key), []byte(apiKey)) != 1 {
		return store.User{}, fmt.Errorf("auth: user by apiKey: %w", ErrKey)
	}
	return u, nil
}

// installation is the secret of the installation. It never changes, so the
// store is asked until it has answered once.
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
