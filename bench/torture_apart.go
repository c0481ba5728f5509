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
)

// apart takes parts of a data directory away, cuts them, or puts older ones in
// their place, after the server was killed or stopped. The program must refuse
// to start, with a sentence, or check must name the damage, or it must have every
// click and every link. With the parts as they were it goes on.
func apart(t *trial) error {
	a := &takingApart{killing: &killing{trial: t, data: filepath.Join(t.dir, "data")}, backups: filepath.Join(t.dir, "backups")}
	var err error
	if a.town, err = t.found(a.data, 2, 6); err != nil {
		return err
	}
	err = t.each(a.roundOf)
	t.extra = fmt.Sprintf(": %d refused to start, %d named by check, %d had everything", a.refused, a.named, a.whole)
	return err
}

type takingApart struct {
	*killing
	backups string
	older   []string // copies of the directory
	made    []*townLink

	refused, named, whole int
}

// roundOf lives a while, is killed or stopped, and is opened with other parts.
func (a *takingApart) roundOf(rng *rand.Rand) (did string, err error) {
	if a.p, err = a.start(a.data); err != nil {
		return "", err
	}
	defer func() { a.p.kill() }()
	stop := a.visit(a.p.addr, 1+rng.IntN(8), rng)
	defer stop()
	if did, err = a.live(rng); err != nil {
		return did, err
	}
	if rng.IntN(3) == 0 {
		did += ", stopped"
		err = a.p.stop()
	} else {
		did += ", killed"
		a.kills++
		a.p.kill()
	}
	stop()
	a.bury(a.p)
	if err != nil {
		return did, err
	}
	a.reported += a.p.notDurable()
	scratch := filepath.Join(a.dir, "apart")
	if err := copyData(a.data, scratch); err != nil {
		return did, err
	}
	// Without the file progress the parts remember less of each other: it is taken
	// away alone.
	const alone = "progress"
	var harms []string
	for range 1 + rng.IntN(2) {
		what, err := a.harm(rng, scratch, len(harms) == 0)
		if err != nil {
			return did, err
		}
		if harms = append(harms, what); strings.Contains(what, alone) {
			break
		}
	}
	did += ", " + strings.Join(harms, ", ")
	opened, err := a.opened(scratch)
	did += ": " + opened
	if err != nil {
		return did, err
	}
	if rng.IntN(3) == 0 { // a part of this will be an older one
		if a.older, err = a.keep(); err != nil {
			return did, err
		}
	}
	// As it was, it goes on.
	if a.p, err = a.start(a.data); err != nil {
		return did, err
	}
	a.check(a.data)
	a.balance(a.trial, a.p, a.reported)
	err = a.p.stop()
	a.bury(a.p)
	return did, err
}

// live has links be made, and backups, while visitors come.
func (a *takingApart) live(rng *rand.Rand) (did string, err error) {
	time.Sleep(somewhen(rng, 300*time.Millisecond))
	for range rng.IntN(3) {
		l := &townLink{user: rng.IntN(len(a.users)), longURL: fmt.Sprintf("http://example.org/apart/%d", rng.Uint64())}
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
	time.Sleep(somewhen(rng, 300*time.Millisecond))
	return did + "visited", nil
}

// keep copies the directory, for its parts to be older ones later.
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

// harm takes a part away, cuts it, or replaces it by an older one.
func (a *takingApart) harm(rng *rand.Rand, dir string, all bool) (did string, err error) {
	parts := []string{"journal", "clicks", "footfall.db"}
	files := []string{"journal/*", "journal/*.open", "clicks/*", "footfall.db*", "journal", "clicks"}
	if all {
		parts, files = append(parts, "progress"), append(files, "progress")
	}
	pick := func(pattern string) string {
		all, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is right
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

// opened starts the server in a directory whose parts may not belong together.
func (a *takingApart) opened(dir string) (did string, err error) {
	p, err := a.launch(dir)
	if err != nil {
		return "", err
	}
	defer p.kill()
	select {
	case <-p.ended:
		a.bury(p)
		a.refused++
		sentence := p.lastWord()
		if p.err == nil || sentence == "" {
			a.wrong("the program ended with %v and said %q", p.err, p.tail())
		}
		return fmt.Sprintf("refused: %.200s", sentence), nil
	case <-p.ready:
	case <-time.After(patience):
		return "", fmt.Errorf("the server was not ready after %v: %s", patience, p.tail())
	}
	if findings, err := a.command("check", "--data", dir); err != nil {
		a.named++
		return fmt.Sprintf("named: %.300s (%.200s)", strings.TrimSpace(findings), err), nil
	}
	a.balance(a.trial, p, a.reported)
	for _, l := range slices.Concat(a.links, a.made) {
		if to, err := p.leadsTo(l.hash); err != nil || to != l.longURL {
			a.wrong("%s leads to %q and not to %q: %v", l.hash, to, l.longURL, err)
		}
	}
	if err := p.stop(); err != nil {
		a.wrong("it stopped with %v: %s", err, p.tail())
	}
	a.bury(p)
	a.whole++
	return "it had everything", nil
}

// copyData makes dir a copy of a data directory that nobody has open.
func copyData(data, dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := removeSocket(data); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return os.CopyFS(dir, os.DirFS(data))
}

// replacePart replaces a part of a data directory by that of another copy. Where
// that has none, the part is removed.
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
