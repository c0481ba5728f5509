package cli

import (
	"fmt"
	"time"

	"github.com/footfall/footfall/server"
)

type userCmd struct {
	Add   userAddCmd   `cmd:"" help:"Make a user and print an access token, alone on its line. It is shown only now."`
	Token userTokenCmd `cmd:"" help:"Print another access token for a user."`
	List  userListCmd  `cmd:"" help:"List users by login, with the time each was made."`
}

type userAddCmd struct {
	dataDir
	Login string `arg:"" help:"The user's name in answers: 1 to 64 bytes, no blanks."`
}

func (c *userAddCmd) Run(e *env) error {
	return c.making(e, func(o *server.Owner) error {
		token, err := o.AddUser(e.ctx, c.Login)
		return e.print(token, err)
	})
}

type userTokenCmd struct {
	dataDir
	Login string `arg:"" help:"The user's login."`
}

func (c *userTokenCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		token, err := o.AddToken(e.ctx, c.Login)
		return e.print(token, err)
	})
}

type userListCmd struct{ dataDir }

func (c *userListCmd) Run(e *env) error {
	return c.with(e, func(o *server.Owner) error {
		for after := ""; ; {
			users, err := o.ListUsers(e.ctx, after)
			if err != nil || len(users) == 0 {
				return err
			}
			for _, u := range users {
				made := time.Unix(u.Created, 0).UTC().Format(time.RFC3339)
				if err := e.print(u.Login+"\t"+made, nil); err != nil {
					return err
				}
				after = u.Login
			}
		}
	})
}

// print writes a line unless there was an error.
func (e *env) print(line string, err error) error {
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(e.stdout, line)
	return err
}
