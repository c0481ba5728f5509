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

	"github.com/footfall/footfall/internal/testkit/harness"
)

// bitflip flips one bit in the files of a stopped server. The program must refuse to
// start, or check must name the damage, or every answer must be as before.
func bitflip(t *trial) error {
	original := filepath.Join(t.dir, "original")
	w, err := t.newWorkload(original, 2, 12)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(t.seed, 0))
	for range 3 { // each run seals a journal segment and leaves a table of counts
		p, err := t.start(original)
		if err != nil {
			return err
		}
		stop := w.visit(p.Addr, 4, rng)
		enough := wait(func() bool { return w.links[0].answered.Load() >= 500 })
		stop()
		if !enough {
			return errors.New("the server does not answer visitors")
		}
		if err := p.Stop(); err != nil {
			return err
		}
		for _, l := range w.links {
			l.answered.Store(0)
		}
	}
	before, err := t.answersAt(w, original)
	if err != nil {
		return err
	}
	if err := os.Remove(harness.Socket(original)); err != nil {
		return err
	}
	var refused, named, unused int
	err = t.each(func(rng *rand.Rand) (string, error) {
		data := filepath.Join(t.dir, "flipped")
		if err := os.RemoveAll(data); err != nil {
			return "", err
		}
		if err := os.CopyFS(data, os.DirFS(original)); err != nil {
			return "", err
		}
		what, err := flip(data, rng)
		if err != nil {
			return "", err
		}
		p, err := t.launch(data)
		if err != nil {
			return "", err
		}
		defer p.Kill()
		select {
		case <-p.Ended():
			refused++
			return fmt.Sprintf("%s: refused: %.300s", what, t.checkRefusal(what, p)), nil
		case <-p.Ready():
		}
		findings, err := t.command("check", "--data", data)
		after, askErr := answersOf(w, p)
		stopErr := p.Stop()
		t.checkLog(p)
		switch {
		case err != nil:
			named++
			return fmt.Sprintf("%s: named: %.300s (%.100s)", what, strings.TrimSpace(findings), err), nil
		case askErr != nil:
			t.wrong("%s: check finds nothing, but a question fails: %v", what, askErr)
		case stopErr != nil:
			t.wrong("%s: check finds nothing, but the server does not stop cleanly: %v", what, stopErr)
		case !slices.Equal(before, after):
			t.wrong("%s: check finds nothing, but %s", what, difference(before, after))
		default:
			unused++
		}
		return what + ": not in use", nil
	})
	t.extra = fmt.Sprintf(": %d refused to start, %d named by check, %d not in use", refused, named, unused)
	return err
}

// flip flips a bit in a file of a random kind.
func flip(data string, rng *rand.Rand) (what string, err error) {
	kinds := map[string][]string{}
	err = filepath.WalkDir(data, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if err != nil || info.Size() == 0 {
			return err // nothing to flip
		}
		name, _ := filepath.Rel(data, path)
		kind := filepath.Dir(name) + filepath.Ext(name)
		if strings.HasPrefix(e.Name(), "MANIFEST") {
			kind = "MANIFEST"
		}
		kinds[kind] = append(kinds[kind], path)
		return nil
	})
	if err != nil {
		return "", err
	}
	var names []string // kinds of files with clicks and links are in it several times, to be drawn more often
	for kind := range kinds {
		names = append(names, kind)
		if kind == "MANIFEST" || strings.Contains("journal.sealed clicks.sst ..db", kind) {
			names = append(names, kind, kind, kind)
		}
	}
	slices.Sort(names)
	files := kinds[names[rng.IntN(len(names))]]
	path := files[rng.IntN(len(files))]
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	at, bit := rng.IntN(len(b)), rng.IntN(8)
	for range rng.IntN(100) { // most of a database is zeros that are never read
		if b[at] == 0 {
			at = rng.IntN(len(b))
		}
	}
	b[at] ^= 1 << bit
	name, _ := filepath.Rel(data, path)
	return fmt.Sprintf("%s byte %d of %d bit %d", name, at, len(b), bit), os.WriteFile(path, b, 0o600)
}

// answersAt starts the server in a data directory and asks it everything.
func (t *trial) answersAt(w *workload, data string) ([]string, error) {
	p, err := t.start(data)
	if err != nil {
		return nil, err
	}
	defer p.Kill()
	answers, err := answersOf(w, p)
	if err != nil {
		return nil, err
	}
	return answers, p.Stop()
}

// answersOf returns the answers of a server to many questions.
func answersOf(w *workload, p *harness.Process) (answers []string, err error) {
	ask := func(question, token string) error {
		body, err := p.Ask(question + "&access_token=" + token)
		answers = append(answers, question+" → "+body)
		return err
	}
	const all = "&unit=day&units=-1&rollup=false&limit=1000"
	for _, u := range w.users {
		for _, q := range []string{"user/clicks?", "user/countries?", "user/referrers?", "user/referring_domains?", "user/popular_links?", "user/shorten_counts?"} {
			if err := ask(q+all, u.token); err != nil {
				return nil, err
			}
		}
		for _, q := range []string{"user/link_history?limit=100", "user/info?"} {
			if err := ask(q, u.token); err != nil {
				return nil, err
			}
		}
	}
	for _, l := range w.links {
		for _, q := range []string{"link/clicks?", "link/countries?", "link/info?", "link/encoders_by_count?"} {
			if err := ask(q+all+"&link=http://"+shortDomain+"/"+l.hash, w.users[l.user].token); err != nil {
				return nil, err
			}
		}
		where, err := p.LeadsTo(shortDomain, l.hash)
		if err != nil {
			return nil, err
		}
		answers = append(answers, l.hash+" → "+where)
	}
	return answers, nil
}

// difference describes the first answer that differs.
func difference(before, after []string) string {
	for i := range min(len(before), len(after)) {
		if before[i] != after[i] {
			return fmt.Sprintf("an answer changed from\n%.1000s\nto\n%.1000s", before[i], after[i])
		}
	}
	return "answers are missing"
}
