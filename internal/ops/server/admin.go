package server

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/core/auth"
	"github.com/footfall/footfall/internal/faces/page"
	"github.com/footfall/footfall/internal/ops/monitor"
	"github.com/footfall/footfall/internal/storage/store"
)

// admin is page.Operator. What it does to users is what the commands do.
type admin struct{ *App }

// MakeUser makes a user without a token.
func (a admin) MakeUser(ctx context.Context, login string) (store.User, error) {
	if err := auth.ValidLogin(login); err != nil {
		return store.User{}, err
	}
	return a.data.DB.AddUser(ctx, login, a.now().Unix())
}

// UserOf returns one user.
func (a admin) UserOf(ctx context.Context, login string) (page.ListedUser, error) {
	u, err := a.data.DB.UserByLogin(ctx, login)
	if err != nil {
		return page.ListedUser{}, err
	}
	tokens, err := a.data.DB.CountTokens(ctx, u.ID)
	return page.ListedUser{User: u, Tokens: tokens}, err
}

// FindUsers searches the users in the order of their logins.
func (a admin) FindUsers(ctx context.Context, text, after string, limit int) (list []page.ListedUser, more bool, err error) {
	text = strings.ToLower(text)
	for {
		users, err := a.data.DB.ListUsers(ctx, after, pageOfUsers)
		if err != nil || len(users) == 0 {
			return list, false, err
		}
		for _, u := range users {
			after = u.Login
			if !strings.Contains(strings.ToLower(u.Login), text) && !strings.Contains(strings.ToLower(u.FullName), text) {
				continue
			}
			if len(list) == limit {
				return list, true, nil
			}
			tokens, err := a.data.DB.CountTokens(ctx, u.ID)
			if err != nil {
				return nil, false, err
			}
			list = append(list, page.ListedUser{User: u, Tokens: tokens})
		}
	}
}

// InviteUser returns the secret of an invitation.
func (a admin) InviteUser(ctx context.Context, login string) (string, error) {
	u, err := a.data.DB.UserByLogin(ctx, login)
	if err != nil {
		return "", err
	}
	return a.auth.Invite(ctx, u)
}

// RemoveUser deletes a user, and says what was deleted.
func (a admin) RemoveUser(ctx context.Context, login string) (string, error) {
	r, err := a.App.DeleteUser(ctx, login)
	if err != nil {
		return "", err
	}
	said := fmt.Sprintf("%s is deleted: tokens %d, links %d, keywords %d, clicks %d.", login, r.Tokens, r.Links, r.Keywords, r.Clicks)
	switch t := r.Traces; {
	case t.Failed != "" || t.Later:
		said += " The server still overwrites the data on the disk."
	case len(t.Kept) > 0:
		said += " Damaged files that were set aside in the data directory may still have some of it."
	}
	return said, nil
}

// Health says how the server is, as /healthz and the metrics do.
func (a admin) Health(context.Context) page.Health {
	s, err := a.state()
	at := func(unix int64) string { return time.Unix(unix, 0).UTC().Format("2 January 2006, 15:04 MST") }
	h := page.Health{Problems: a.problems(s)}
	if err != nil {
		h.Problems = append(h.Problems, "Some numbers cannot be read at the moment.")
	}
	proof := "not since the start of the server: run footfall check"
	if checked, ok := a.lastProof(); checked != 0 {
		proof = at(checked) + ": all counts agree with the journal"
		if !ok {
			proof = at(checked) + ": something does not agree"
		}
	}
	h.Groups = []page.HealthGroup{
		{Name: "Clicks", Facts: []page.HealthFact{
			{Name: "Counted", Value: humanCount(s.Counted)},
			{Name: "Waiting to be counted", Value: sizeOf(s.JournalLag)},
			{Name: "Journal", Value: sizeOf(uint64(s.Bytes["journal"])) + " in " + number(s.JournalSegments, "file")},
			{Name: "Not known to be durable", Value: humanCount(s.NotDurable) + " since the start"},
			{Name: "Last check", Value: proof},
		}},
		{Name: "Disk", Facts: []page.HealthFact{
			{Name: "Free", Value: sizeOf(s.DiskFree)},
			{Name: "Counts", Value: sizeOf(uint64(s.Bytes["counts"]))},
			{Name: "Links and users", Value: sizeOf(uint64(s.Bytes["links"]))},
		}},
		{Name: "Engines"},
		{Name: "Server", Facts: []page.HealthFact{
			{Name: "Version", Value: strings.TrimSpace(a.build.Version + " " + a.build.Revision)},
			{Name: "Go", Value: strings.TrimSpace(a.build.Go + " " + a.build.Platform)},
			{Name: "Started", Value: at(a.started.Unix())},
			{Name: "Running for", Value: spanOf(a.now().Sub(a.started))},
		}},
	}
	for _, e := range s.Engines {
		value := "answers"
		if !e.Up {
			value = "does not answer"
		}
		h.Groups[2].Facts = append(h.Groups[2].Facts, page.HealthFact{Name: e.Name, Value: value})
	}
	return h
}

// problems says what an operator should look at: what /healthz says, and what the alerts of
// contrib/prometheus are about as far as one look can see it.
func (a admin) problems(s monitor.State) (all []string) {
	add := func(is bool, format string, values ...any) {
		if is {
			all = append(all, fmt.Sprintf(format, values...))
		}
	}
	add(s.DiskLow == 2, "The disk is almost full: users can make no links. Make room.")
	add(s.CountingFailed, "Counting has stopped. Clicks are recorded, and counted after the next start: look at the log.")
	add(s.CountingStalled, "Counting fails and is tried again. Clicks are safe in the journal: look at the log.")
	for _, e := range s.Engines {
		add(!e.Up, "%s does not answer. Look at it, and at the network.", e.Name)
	}
	add(s.JournalLag > 64e6 && s.JournalLag > s.JournalRoom/2, "The clicks that wait to be counted fill half of the room for them. Find out why they are not counted, or raise --journal-limit.")
	checked, ok := a.lastProof()
	add(checked != 0 && !ok, "The last check found something that does not agree. footfall check says what, and what to do.")
	add(s.NotDurable > 0, "%s visitors were redirected since the start although their clicks may be lost. Look at the disk and the log.", humanCount(s.NotDurable))
	add(s.DiskLow == 1, "The disk is filling up. Make room, or shorten --journal-retention.")
	add(s.ServersLag > 0, "%d servers of ClickHouse are away or lack counts.", s.ServersLag)
	add(s.DeletionsLag > 0, "%d deleted users and links wait to be removed from the counts.", s.DeletionsLag)
	add(s.NotReplicated > 100e6, "%s of the journal may be missing on a server of ClickHouse.", sizeOf(s.NotReplicated))
	return all
}

// sizeOf writes a number of bytes with a unit.
func sizeOf(bytes uint64) string {
	const units = "kMGTPE"
	if bytes < 1000 {
		return fmt.Sprintf("%d bytes", bytes)
	}
	value, unit := float64(bytes)/1000, 0
	for ; value >= 999.95; unit++ {
		value /= 1000
	}
	return fmt.Sprintf("%.1f %cB", value, units[unit])
}

// humanCount writes a number with a comma every three digits.
func humanCount(n uint64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", humanCount(n/1000), n%1000)
}

// number writes a number of things.
func number(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

// spanOf writes a time with its two largest units.
func spanOf(d time.Duration) string {
	minutes := int64(max(d, 0).Minutes())
	parts := []string{}
	for _, unit := range []struct {
		name    string
		minutes int64
	}{{"day", 24 * 60}, {"hour", 60}, {"minute", 1}} {
		if n := minutes / unit.minutes; n > 0 && len(parts) < 2 {
			minutes -= n * unit.minutes
			parts = append(parts, number(int(n), unit.name))
		}
	}
	if len(parts) == 0 {
		return "less than a minute"
	}
	return strings.Join(parts, " ")
}
