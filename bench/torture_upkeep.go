package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// upkeep kills what operators do, and the server beneath it, at random
// instants: backups, rebuilds, deletions, and the journal's retention.
func upkeep(t *trial) error {
	u := &keeping{killing: &killing{trial: t, data: filepath.Join(t.dir, "data")}, backups: filepath.Join(t.dir, "backups")}
	var err error
	if u.town, err = t.found(u.data, 3, 12); err != nil {
		return err
	}
	if u.p, err = t.start(u.data); err != nil {
		return err
	}
	defer func() { u.p.kill() }()
	return t.each(u.roundOf)
}

type keeping struct {
	*killing
	backups string
}

func (u *keeping) roundOf(rng *rand.Rand) (did string, err error) {
	switch way := rng.IntN(10); {
	case way < 4:
		did, err = u.backingUp(rng)
	case way < 6:
		did, err = u.rebuilding(rng)
	case way < 8:
		did, err = u.deleting(rng)
	default:
		did, err = u.trimming(rng)
	}
	if err != nil {
		return did, err
	}
	u.check(u.data)
	u.balance(u.trial, u.p, u.reported)
	return did + ", " + u.total.String(), nil
}

// again starts the server anew, if it has been killed.
func (u *keeping) again(options ...string) (err error) {
	select {
	case <-u.p.ended:
	default:
		return nil
	}
	u.bury(u.p)
	u.reported += u.p.notDurable()
	u.p, err = u.trial.start(u.data, options...)
	return err
}

// cut begins a command under load, and kills it, the server or both after a
// random time; or neither.
func (u *keeping) cut(rng *rand.Rand, args ...string) (did string, whole bool, err error) {
	stop := u.visit(u.p.addr, 1+rng.IntN(12), rng)
	defer stop()
	time.Sleep(somewhen(rng, 200*time.Millisecond))
	cmd := exec.Command(u.program, args...)
	if err := cmd.Start(); err != nil {
		return "", false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	whom := rng.IntN(4)
	if whom == 3 {
		return "under load", <-ended == nil, nil
	}
	after := somewhen(rng, 120*time.Millisecond)
	time.Sleep(after)
	if whom != 0 {
		u.p.kill()
		u.kills++
	}
	if whom != 1 {
		_ = cmd.Process.Kill()
		u.kills++
	}
	select {
	case <-ended:
	case <-time.After(patience):
		u.wrong("footfall %s did not end when its server was killed", args[0])
		_ = cmd.Process.Kill()
	}
	return fmt.Sprintf("with %s killed after %v", [...]string{"the command", "the server", "both"}[whom], after.Round(time.Millisecond)), false, nil
}

// complete is the backups that are.
func (u *keeping) complete() []string {
	all, _ := filepath.Glob(filepath.Join(u.backups, "*", "backup.json")) // the pattern is right
	return all
}

// backingUp makes a backup under load. The newest that is complete can be
// restored, and has every click that was answered before it began.
func (u *keeping) backingUp(rng *rand.Rand) (did string, err error) {
	answered := make([]uint64, len(u.links))
	for i, l := range u.links {
		answered[i] = l.answered.Load()
	}
	reported := u.reported + u.p.notDurable()
	how, whole, err := u.cut(rng, "backup", "--data", u.data, "--to", u.backups)
	if err != nil {
		return "", err
	}
	if err := u.again(); err != nil {
		return "", err
	}
	did = "a backup " + how
	if len(u.complete()) == 0 {
		return did, nil
	}
	restored := filepath.Join(u.dir, "restored")
	if err := os.RemoveAll(restored); err != nil {
		return did, err
	}
	if out, err := u.command("restore", "--from", u.backups, "--data", restored); err != nil {
		u.wrong("restore: %v\n%.2000s", err, out)
		return did, nil
	}
	p, err := u.trial.start(restored)
	if err != nil {
		return did, err
	}
	defer p.kill()
	var short uint64
	for i, l := range u.links {
		n, err := p.clicks("link/clicks?link=http://"+shortDomain+"/"+l.hash, u.users[l.user].token)
		if err != nil {
			return did, err
		}
		if n > l.sent.Load() {
			u.wrong("a backup counts %d clicks of %s, and %d were sent", n, l.hash, l.sent.Load())
		}
		if whole && n < answered[i] {
			short += answered[i] - n
		}
	}
	if short > reported {
		u.wrong("a backup lacks %d clicks that were answered before it began", short)
	}
	return did + ", restored", nil
}

// rebuilding kills the server and then rebuilds of its counts.
func (u *keeping) rebuilding(rng *rand.Rand) (did string, err error) {
	did = u.underLoad(rng)
	for range rng.IntN(3) {
		cmd := exec.Command(u.program, "rebuild", "--data", u.data, "--from", u.backups)
		if err := cmd.Start(); err != nil {
			return did, err
		}
		after := somewhen(rng, 150*time.Millisecond)
		time.Sleep(after)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		u.kills++
		did += fmt.Sprintf(", a rebuild killed after %v", after.Round(time.Millisecond))
	}
	args := []string{"rebuild", "--data", u.data}
	if len(u.complete()) > 0 {
		args = append(args, "--from", u.backups)
	}
	out, err := u.command(args...)
	switch {
	case err == nil:
		did += ", rebuilt"
	case strings.Contains(err.Error()+out, "position"):
		did += ", rebuild refused" // it names the gap, and the counts stay
	default:
		u.wrong("rebuild: %v\n%.2000s", err, out)
	}
	return did, u.again()
}

// deleting deletes a user whose clicks were imported. Begun again, it is done.
func (u *keeping) deleting(rng *rand.Rand) (did string, err error) {
	f := &foreign{login: fmt.Sprint("gone", u.round), lines: 1 + rng.IntN(20_000)}
	f.path = filepath.Join(u.dir, f.login)
	if err := f.write(); err != nil {
		return "", err
	}
	defer os.Remove(f.path)
	if out, err := u.command("import", "--format", "bitly-feed", "--data", u.data, f.path); err != nil {
		return "", fmt.Errorf("import: %w: %s", err, out)
	}
	what := []string{"user", "delete", f.login}
	if rng.IntN(2) == 0 {
		what = []string{"link", "delete", f.login + "h0"}
	}
	how, _, err := u.cut(rng, append(what, "--yes", "--data", u.data)...)
	if err != nil {
		return "", err
	}
	did = fmt.Sprintf("deletion of a %s %s", what[0], how)
	if err := u.again(); err != nil {
		return did, err
	}
	if out, err := u.command(append(what, "--yes", "--data", u.data)...); err != nil && !strings.Contains(err.Error(), "not found") {
		u.wrong("%s, again: %v\n%s", did, err, out)
	}
	token, err := u.command("user", "token", f.login, "--data", u.data)
	if what[0] == "user" {
		if err == nil {
			u.wrong("a user who was deleted is there")
		}
		return did, nil
	}
	if err != nil {
		return did, err
	}
	n, err := u.p.clicks("user/clicks?", strings.TrimSpace(token))
	if err != nil {
		return did, err
	}
	if want := uint64(f.lines - (f.lines+99)/100); n != want {
		u.wrong("%d clicks are left of %d after the deletion of a link, want %d", n, f.lines, want)
	}
	return did, nil
}

// trimming starts the server with a journal that is kept as short as can be.
func (u *keeping) trimming(rng *rand.Rand) (did string, err error) {
	did = u.underLoad(rng)
	retention := [][]string{{"FOOTFALL_JOURNAL_RETENTION=0"}, {"FOOTFALL_JOURNAL_MAX=100KB", "FOOTFALL_JOURNAL_RETENTION=1s"}}[rng.IntN(2)]
	if err := u.again(append([]string{"env"}, retention...)...); err != nil {
		return did, err
	}
	return did + ", then with " + strings.Join(retention, " ") + ": " + u.underLoad(rng), u.again()
}
