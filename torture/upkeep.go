package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// upkeep kills the commands of operators and the server at random moments, during
// backups, rebuilds, deletions and the trimming of the journal.
func upkeep(t *trial) error {
	u := &operating{killing: &killing{trial: t, data: filepath.Join(t.dir, "data")}, backups: filepath.Join(t.dir, "backups")}
	var err error
	if u.workload, err = t.newWorkload(u.data, 3, 12); err != nil {
		return err
	}
	if u.p, err = t.start(u.data); err != nil {
		return err
	}
	defer func() { u.p.Kill() }()
	return t.each(u.runRound)
}

type operating struct {
	*killing
	backups string
}

func (u *operating) runRound(rng *rand.Rand) (did string, err error) {
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

// restart starts the server again if it was killed.
func (u *operating) restart(options ...string) (err error) {
	select {
	case <-u.p.Ended():
	default:
		return nil
	}
	u.checkLog(u.p)
	u.reported += notDurable(u.p)
	u.p, err = u.trial.start(u.data, options...)
	return err
}

// interrupt starts a command under load. After a random time it kills the command,
// the server, both, or neither. complete says that the command succeeded.
func (u *operating) interrupt(rng *rand.Rand, args ...string) (did string, complete bool, err error) {
	stop := u.visit(u.p.Addr, 1+rng.IntN(12), rng)
	defer stop()
	time.Sleep(upTo(rng, 200*time.Millisecond))
	cmd := u.program.Command(context.Background(), args...)
	if err := cmd.Start(); err != nil {
		return "", false, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	victim := rng.IntN(4)
	if victim == 3 {
		return "under load", <-ended == nil, nil
	}
	after := upTo(rng, 120*time.Millisecond)
	time.Sleep(after)
	if victim != 0 {
		u.p.Kill()
		u.kills++
	}
	if victim != 1 {
		_ = cmd.Process.Kill()
		u.kills++
	}
	select {
	case <-ended:
	case <-time.After(harness.Timeout):
		u.wrong("footfall %s did not end when its server was killed", args[0])
		_ = cmd.Process.Kill()
	}
	return fmt.Sprintf("with %s killed after %v", [...]string{"the command", "the server", "both"}[victim], after.Round(time.Millisecond)), false, nil
}

// completeBackups returns the manifests of all backups that have one. Others were
// interrupted.
func (u *operating) completeBackups() []string {
	all, _ := filepath.Glob(filepath.Join(u.backups, "*", "backup.json")) // the pattern is well-formed
	return all
}

// backingUp makes a backup under load. The newest complete backup must restore, and
// must have every click that was answered before it was started.
func (u *operating) backingUp(rng *rand.Rand) (did string, err error) {
	answered := make([]uint64, len(u.links))
	for i, l := range u.links {
		answered[i] = l.answered.Load()
	}
	reported := u.reported + notDurable(u.p)
	how, complete, err := u.interrupt(rng, "backup", "--data", u.data, "--to", u.backups)
	if err != nil {
		return "", err
	}
	if err := u.restart(); err != nil {
		return "", err
	}
	did = "a backup " + how
	if len(u.completeBackups()) == 0 {
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
	defer p.Kill()
	var missing uint64
	for i, l := range u.links {
		n, err := u.linkClicks(p, l)
		if err != nil {
			return did, err
		}
		if n > l.sent.Load() {
			u.wrong("in a backup, link %s has %d clicks, but only %d were sent", l.hash, n, l.sent.Load())
		}
		if complete && n < answered[i] {
			missing += answered[i] - n
		}
	}
	if missing > reported {
		u.wrong("a backup lacks %d clicks that were answered before it was started", missing)
	}
	return did + ", restored", nil
}

// rebuilding kills the server, and then kills rebuilds of its counts.
func (u *operating) rebuilding(rng *rand.Rand) (did string, err error) {
	did = u.underLoad(rng)
	for range rng.IntN(3) {
		cmd := u.program.Command(context.Background(), "rebuild", "--data", u.data, "--from", u.backups)
		if err := cmd.Start(); err != nil {
			return did, err
		}
		after := upTo(rng, 150*time.Millisecond)
		time.Sleep(after)
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		u.kills++
		did += fmt.Sprintf(", a rebuild killed after %v", after.Round(time.Millisecond))
	}
	args := []string{"rebuild", "--data", u.data}
	if len(u.completeBackups()) > 0 {
		args = append(args, "--from", u.backups)
	}
	out, err := u.command(args...)
	switch {
	case err == nil:
		did += ", rebuilt"
	case strings.Contains(err.Error()+out, "position"):
		did += ", rebuild refused" // its error names what is missing; the counts are unchanged
	default:
		u.wrong("rebuild: %v\n%.2000s", err, out)
	}
	return did, u.restart()
}

// gone is the error of a command that names a user or a link which does not exist.
const gone = "exit status 3"

// deleting deletes a user or a link with imported clicks. A second run must complete
// what the first one left.
func (u *operating) deleting(rng *rand.Rand) (did string, err error) {
	f := &importFile{login: fmt.Sprint("gone", u.round), lines: 1 + rng.IntN(20_000)}
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
	how, _, err := u.interrupt(rng, append(what, "--yes", "--data", u.data)...)
	if err != nil {
		return "", err
	}
	did = fmt.Sprintf("deletion of a %s %s", what[0], how)
	if err := u.restart(); err != nil {
		return did, err
	}
	if out, err := u.command(append(what, "--yes", "--data", u.data)...); err != nil && !strings.Contains(err.Error(), gone) {
		u.wrong("after a %s, the second deletion failed: %v\n%s", did, err, out)
	}
	token, err := u.command("user", "token", f.login, "--data", u.data)
	if what[0] == "user" {
		if err == nil {
			u.wrong("after a %s, the user still exists", did)
		}
		return did, nil
	}
	if err != nil {
		return did, err
	}
	n, err := u.p.Clicks("user/clicks?", strings.TrimSpace(token))
	if err != nil {
		return did, err
	}
	if want := uint64(f.lines - (f.lines+99)/100); n != want {
		u.wrong("after a %s, %d of %d clicks are left, want %d", did, n, f.lines, want)
	}
	return did, nil
}

// trimming starts the server with the shortest journal that it can keep.
func (u *operating) trimming(rng *rand.Rand) (did string, err error) {
	did = u.underLoad(rng)
	retention := [][]string{{"FOOTFALL_JOURNAL_RETENTION=0"}, {"FOOTFALL_JOURNAL_MAX=100KB", "FOOTFALL_JOURNAL_RETENTION=1s"}}[rng.IntN(2)]
	if err := u.restart(append([]string{"env"}, retention...)...); err != nil {
		return did, err
	}
	return did + ", then with " + strings.Join(retention, " ") + ": " + u.underLoad(rng), u.restart()
}
