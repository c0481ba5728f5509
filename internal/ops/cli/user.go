package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/footfall/footfall/internal/base/plain"
	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/ops/control"
	"github.com/footfall/footfall/internal/ops/server"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Add a user and print an access token, alone on its line. It is not shown again. Standard error gets an address at which the user sets a password."`
	Token    userTokenCmd    `cmd:"" help:"Print another access token for a user. It stays valid until you revoke it."`
	Revoke   userRevokeCmd   `cmd:"" help:"Revoke an access token of a user, or all of them. The password and the apiKey stay valid."`
	Password userPasswordCmd `cmd:"" help:"Set a user's password, 8 to 72 bytes. Programs exchange it for tokens at /oauth/access_token. footfall asks for it on a terminal, and otherwise reads the first line of standard input. Tokens and the apiKey stay valid."`
	Disable  userDisableCmd  `cmd:"" help:"Disable a user: tokens, apiKey, password and sessions are refused at once, on all servers. Their links lead on, and clicks are counted."`
	Enable   userEnableCmd   `cmd:"" help:"Enable a user who is disabled. What they had is valid again."`
	Admin    userAdminCmd    `cmd:"" help:"Let a user manage the server on the page, under /-/admin/: its health, and all users."`
	Invite   userInviteCmd   `cmd:"" help:"Print an address at which a user sets a password, alone on its line. It works once, for 24 hours."`
	Key      userKeyCmd      `cmd:"" help:"Print a user's apiKey. All methods except user/… take it together with the login."`
	Delete   userDeleteCmd   `cmd:"" help:"Delete a user, their links and every click counted on them. This cannot be undone."`
	List     userListCmd     `cmd:"" help:"List users by login, with the time when each was added, how many tokens each has, and whether they are an admin or disabled."`
}

type userAddCmd struct {
	dataDir
	Login string `arg:"" help:"The user's name in answers: 1 to 64 bytes, without blanks."`
	Admin bool   `help:"Let the user manage the server, as user admin does." env:"-"`
}

func (c *userAddCmd) Run(e *env) error {
	return c.making(e, func(o *server.Owner) error {
		token, err := ask(e, o, control.AddUser, c.Login)
		if err := e.print(token, err); err != nil {
			return err
		}
		if c.Admin {
			if _, err := ask(e, o, control.SetAdmin, control.Role{Login: c.Login, On: true}); err != nil {
				return err
			}
		}
		address, err := ask(e, o, control.Invite, c.Login)
		if err == nil {
			_, err = fmt.Fprintf(e.stderr, "%s sets a password for the page here, once, within 24 hours:\n  %s\n", plain.Text(c.Login), address)
		}
		return err
	})
}

type userInviteCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
}

func (c *userInviteCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		address, err := ask(e, o, control.Invite, c.Login)
		return e.print(address, err)
	})
}

type userDisableCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
}

func (c *userDisableCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		_, err := ask(e, o, control.SetDisabled, control.Role{Login: c.Login, On: true})
		return e.print(plain.Text(c.Login)+" is disabled: tokens, apiKey, password and sessions are refused; links lead on", err)
	})
}

type userEnableCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
}

func (c *userEnableCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		_, err := ask(e, o, control.SetDisabled, control.Role{Login: c.Login})
		return e.print(plain.Text(c.Login)+" is enabled", err)
	})
}

type userAdminCmd struct {
	dataDir
	Login  string `arg:"" help:"The user's login."`
	Remove bool   `help:"Take it away again." env:"-"`
}

func (c *userAdminCmd) Run(e *env) error {
	said := " is an admin: the page has Health and Users for them"
	if c.Remove {
		said = " is no admin"
	}
	return c.with(e, func(o *server.Owner) error {
		_, err := ask(e, o, control.SetAdmin, control.Role{Login: c.Login, On: !c.Remove})
		return e.print(plain.Text(c.Login)+said, err)
	})
}

type userTokenCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
	Name  string `help:"What the token is for, at most 100 bytes. The user sees it in the list of their tokens." placeholder:"NAME" env:"-"`
}

func (c *userTokenCmd) Run(e *env) error {
	if err := auth.ValidTokenName(c.Name); err != nil {
		return err
	}
	return c.with(e, func(o *server.Owner) error {
		token, err := ask(e, o, control.AddToken, control.NewToken{Login: c.Login, Name: c.Name})
		return e.print(token, err)
	})
}

type userRevokeCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
	Token string `arg:"" optional:"" help:"The token to revoke. Leave it out with --all."`
	All   bool   `help:"Revoke every token of the user." env:"-"`
}

func (c *userRevokeCmd) Run(e *env) error {
	if (c.Token != "") == c.All {
		return usage("user revoke needs a token of %s, or --all for every token", plain.Text(c.Login))
	}
	return c.with(e, func(o *server.Owner) error {
		revoked, err := 1, error(nil)
		if c.All {
			revoked, err = ask(e, o, control.RevokeAllTokens, c.Login)
		} else {
			_, err = ask(e, o, control.RevokeToken, control.TokenOf{Login: c.Login, Token: c.Token})
		}
		return e.print(fmt.Sprintf("revoked tokens of %s: %d", plain.Text(c.Login), revoked), err)
	})
}

type userPasswordCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
}

func (c *userPasswordCmd) Run(e *env) error {
	password, err := readPassword(e)
	if err != nil {
		return err
	}
	if err := auth.ValidPassword(password); err != nil {
		return err
	}
	return c.with(e, func(o *server.Owner) error {
		_, err := ask(e, o, control.SetPassword, control.PasswordOf{Login: c.Login, Password: password})
		return err
	})
}

// readPassword asks for a password on a terminal, twice and without an echo.
// Without a terminal it reads one line.
func readPassword(e *env) (string, error) {
	terminal, ok := e.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(terminal.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(e.stdin, 1<<10)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password from standard input: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(e.stderr, prompt)
		line, err := term.ReadPassword(int(terminal.Fd()))
		fmt.Fprintln(e.stderr)
		if err != nil {
			return "", fmt.Errorf("read the password: %w", err)
		}
		typed[i] = string(line)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ: run the command again")
	}
	return typed[0], nil
}

type userKeyCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
	New   bool   `help:"Make a new apiKey first. The previous one becomes invalid." env:"-"`
}

func (c *userKeyCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		read := control.APIKey
		if c.New {
			read = control.NewAPIKey
		}
		key, err := ask(e, o, read, c.Login)
		return e.print(key, err)
	})
}

type userDeleteCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
	Yes   bool   `help:"Confirm the deletion." env:"-"`
}

func (c *userDeleteCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		if !c.Yes {
			clicks, err := ask(e, o, control.CountUserClicks, c.Login)
			if err != nil {
				return err
			}
			return usage("user delete removes %s, all of their links and the %s counted on them, which cannot be undone: add --yes to do it", plain.Text(c.Login), many(clicks, "click"))
		}
		r, err := ask(e, o, control.DeleteUser, c.Login)
		if err != nil {
			return err
		}
		return e.removed(fmt.Sprintf("removed the user %s: tokens %d, links %d, aggregate links %d, keywords %d, clicks %d",
			plain.Text(c.Login), r.Tokens, r.Links, r.Aggregates, r.Keywords, r.Clicks), r.Traces)
	})
}

type userListCmd struct {
	dataDir
	JSON bool `help:"Print one JSON array." name:"json"`
}

func (c *userListCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		a := array{w: e.stdout}
		for after := ""; ; {
			users, err := ask(e, o, control.ListUsers, after)
			if err != nil {
				return err
			}
			if len(users) == 0 {
				if c.JSON {
					return a.end()
				}
				return nil
			}
			for _, u := range users {
				after = u.Login
				if c.JSON {
					a.element(struct {
						Login     string `json:"login"`
						CreatedAt int64  `json:"created_at"`
						Tokens    int    `json:"tokens"`
						Admin     bool   `json:"admin"`
						Disabled  bool   `json:"disabled"`
					}{u.Login, u.Created, u.Tokens, u.Admin, u.Disabled})
					continue
				}
				made := time.Unix(u.Created, 0).UTC().Format(time.RFC3339)
				line := fmt.Sprintf("%s\t%s\t%d", plain.Text(u.Login), made, u.Tokens)
				if u.Admin {
					line += "\tadmin"
				}
				if u.Disabled {
					line += "\tdisabled"
				}
				if err := e.print(line, nil); err != nil {
					return err
				}
			}
		}
	})
}

// print writes a line, or returns the error.
func (e *env) print(line string, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, line)
	return err
}
