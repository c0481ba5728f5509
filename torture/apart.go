package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/footfall/footfall/internal/testkit/harness"
)

// apart removes, truncates or replaces parts of a data directory after the server was
// killed or stopped. The program must refuse to start and say why, or check must name
// the damage, or every click and link must be there. The unchanged directory must work
// as before.
func apart(t *trial) error {
	a := &takingApart{killing: &killing{trial: t, data: filepath.Join(t.dir, "data")}, backups: filepath.Join(t.dir, "backups")}
	var err error
	if a.workload, err = t.newWorkload(a.data, 2, 6); err != nil {
		return err
	}
	err = t.each(a.runRound)
	t.extra = fmt.Sprintf(": %d refused to start, %d named by check, %d complete", a.refused, a.named, a.complete)
	return err
}

type takingApart struct {
	*killing
	backups string
	older   []string // earlier copies of the directory
	made    []*link

	refused, named, complete int
}

// runRound runs a server for a while, ends it, and opens a damaged copy of its
// directory.
func (a *takingApart) runRound(rng *rand.Rand) (did string, err error) {
	if a.p, err = a.start(a.data); err != nil {
		return "", err
	}
	defer func() { a.p.Kill() }()
	stop := a.visit(a.p.Addr, 1+rng.IntN(8), rng)
	defer stop()
	if did, err = a.use(rng); err != nil {
		return did, err
	}
	if rng.IntN(3) == 0 {
		did += ", stopped"
		err = a.p.Stop()
	} else {
		did += ", killed"
		a.kills++
		a.p.Kill()
	}
	stop()
	a.checkLog(a.p)
	if err != nil {
		return did, err
	}
	a.reported += notDurable(a.p)
	scratch := filepath.Join(a.dir, "apart")
	if err := copyData(a.data, scratch); err != nil {
		return did, err
	}
	// Without the file progress, the loss of another part may not be detectable.
	// So nothing else is damaged then.
	var damages []string
	for range 1 + rng.IntN(2) {
		damage, err := a.damage(rng, scratch, len(damages) == 0)
		if err != nil {
			return did, err
		}
		if damages = append(damages, damage); strings.Contains(damage, "progress") {
			break
		}
	}
	did += ", " + strings.Join(damages, ", ")
	opened, err := a.open(scratch)
	did += ": " + opened
	if err != nil {
		return did, err
	}
	if rng.IntN(3) == 0 { // parts of this copy will replace newer ones
		if a.older, err = a.keep(); err != nil {
			return did, err
		}
	}
	// The directory itself still works.
	if a.p, err = a.start(a.data); err != nil {
		return did, err
	}
	a.check(a.data)
	a.balance(a.trial, a.p, a.reported)
	err = a.p.Stop()
	a.checkLog(a.p)
	return did, err
}

// use makes links and backups while visitors come.
func (a *takingApart) use(rng *rand.Rand) (did string, err error) {
	time.Sleep(upTo(rng, 300*time.Millisecond))
	for range rng.IntN(3) {
		l := &link{user: rng.IntN(len(a.users)), longURL: fmt.Sprintf("http://example.org/apart/%d", rng.Uint64())}
		if l.hash, err = shorten(a.p, a.users[l.user].token, l.longURL); err != nil {
			return "", err
		}
		a.made = append(a.made, l)
	}
	if rng.IntN(3) == 0 {
		did = "backed up, "
		if _, err := a.command("backup", "--data", a.data, "--to", a.backups); err != nil {
			return did, err
		}
	}
	time.Sleep(upTo(rng, 300*time.Millisecond))
	return did + "visited", nil
}

// keep makes one more copy of the directory, and returns all copies.
func (a *takingApart) keep() ([]string, error) {
	to := filepath.Join(a.dir, fmt.Sprint("older", len(a.older)%3))
	if err := copyData(a.data, to); err != nil {
		return nil, err
	}
	if slices.Contains(a.older, to) {
		return a.older, nil
	}
	return append(a.older, to), nil
}

// damage removes a part, truncates it, or replaces it by an older one. first says
// that nothing else was damaged before.
func (a *takingApart) damage(rng *rand.Rand, dir string, first bool) (did string, err error) {
	parts := []string{"journal", "clicks", "footfall.db"}
	files := []string{"journal/*", "journal/*.open", "clicks/*", "footfall.db*", "journal", "clicks"}
	if first {
		parts, files = append(parts, "progress"), append(files, "progress")
	}
	pick := func(pattern string) string {
		all, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is well-formed
		if len(all) == 0 {
			return ""
		}
		return all[rng.IntN(len(all))]
	}
	if rng.IntN(3) == 0 {
		older := append([]string(nil), a.older...)
		backups, _ := filepath.Glob(filepath.Join(a.backups, "*"))
		if older = append(older, backups...); len(older) > 0 {
			from := older[rng.IntN(len(older))]
			part := parts[rng.IntN(len(parts))]
			return "an older " + part, replacePart(from, dir, part)
		}
	}
	var path string
	for path == "" {
		path = pick(files[rng.IntN(len(files))])
	}
	name, err := filepath.Rel(dir, path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() || rng.IntN(2) == 0 || info.Size() == 0 {
		return "without " + name, os.RemoveAll(path)
	}
	size := rng.Int64N(info.Size())
	return fmt.Sprintf("%s cut to %d of %d bytes", name, size, info.Size()), os.Truncate(path, size)
}

// open starts the server in a directory whose parts may not belong together.
func (a *takingApart) open(dir string) (did string, err error) {
	p, err := a.launch(dir)
	if err != nil {
		return "", err
	}
	defer p.Kill()
	select {
	case <-p.Ended():
		a.refused++
		return fmt.Sprintf("refused: %.200s", a.checkRefusal("a damaged directory", p)), nil
	case <-p.Ready():
	case <-time.After(harness.Timeout):
		return "", fmt.Errorf("the server was not ready after %v: %s", harness.Timeout, harness.Tail(p.Log.String()))
	}
	if findings, err := a.command("check", "--data", dir); err != nil {
		a.named++
		return fmt.Sprintf("named: %.300s (%.200s)", strings.TrimSpace(findings), err), nil
	}
	a.balance(a.trial, p, a.reported)
	for _, l := range slices.Concat(a.links, a.made) {
		a.checkLink(p, l.hash, l.longURL)
	}
	if err := p.Stop(); err != nil {
		a.wrong("the server did not stop cleanly, it ended with %v: %s", err, harness.Tail(p.Log.String()))
	}
	a.checkLog(p)
	a.complete++
	return "complete", nil
}

// copyData makes dir a copy of a data directory that no process has open.
func copyData(data, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Remove(harness.Socket(data)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // it cannot be copied
	}
	return os.CopyFS(dir, os.DirFS(data))
}

// replacePart replaces a part of a data directory by that of another copy. If the copy
// does not have the part, replacePart removes it.
func replacePart(from, dir, part string) error {
	all, err := filepath.Glob(filepath.Join(dir, part+"*"))
	if err != nil {
		return err
	}
	for _, path := range all {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	if all, err = filepath.Glob(filepath.Join(from, part+"*")); err != nil {
		return err
	}
	for _, path := range all {
		to := filepath.Join(dir, strings.TrimPrefix(path, from))
		info, err := os.Stat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return err
		case info.IsDir():
			err = os.CopyFS(to, os.DirFS(path))
		default:
			var b []byte
			if b, err = os.ReadFile(path); err == nil {
				err = os.WriteFile(to, b, 0o600)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
