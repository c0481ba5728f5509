package auth

import (
	"context"
	"fmt"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
)

// errDisabled is for credentials of a user who is disabled. It is as if they did not exist.
var errDisabled = fmt.Errorf("the user is disabled: %w", click.ErrNotFound)

// SetAdmin lets a user manage the server, or not any more. It fails with click.ErrNotFound for an
// unknown user.
func (a *Auth) SetAdmin(ctx context.Context, u store.User, admin bool) error {
	defer a.Forget(u.ID)
	if err := a.users.SetAdmin(ctx, u.ID, admin); err != nil {
		return fmt.Errorf("auth: set admin: %w", err)
	}
	return nil
}

// SetDisabled disables a user: tokens, apiKey, password, sessions and invitations are refused at
// once, as if they did not exist. All of them are kept, and are valid again when the user is not
// disabled any more. It fails with click.ErrNotFound for an unknown user.
func (a *Auth) SetDisabled(ctx context.Context, u store.User, disabled bool) error {
	defer a.Forget(u.ID)
	if err := a.users.SetDisabled(ctx, u.ID, disabled); err != nil {
		return fmt.Errorf("auth: set disabled: %w", err)
	}
	return nil
}
