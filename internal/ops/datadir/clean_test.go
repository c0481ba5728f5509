package datadir

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/footfall/footfall/internal/base/click"
	"github.com/footfall/footfall/internal/storage/store"
	"github.com/footfall/footfall/internal/testkit/logtest"
	"github.com/footfall/footfall/internal/testkit/seedtest"
)

// told is a data directory with two users, and the words that tell on them.
type told struct {
	t         *testing.T
	rng       *rand.Rand
	app       *Dir
	ann, cat  []string // what is theirs
	link      store.Link
	linkWords []string // of one of cat's links
}

// word is what nothing else has a part of.
func (w *told) word() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 24)
	for i := range b {
		b[i] = letters[w.rng.IntN(len(letters))]
	}
	return string(b)
}

func (w *told) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user with links that are clicked.
func (w *told) user(login string) (words []string) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.app
	_, err := a.AddUser(ctx, login)
	w.must(err)
	u, err := a.Links.UserByLogin(ctx, login)
	name := w.word()
	w.must(err, a.Links.SetFullName(ctx, u.ID, name))
	words = append(words, name)
	for range 8 {
		url, title, note := w.word(), w.word(), w.word()
		l, err := a.AddLink(ctx, login, "http://example.org/"+url)
		w.must(err)
		_, err = a.Links.EditLink(ctx, l.ID, store.LinkEdit{Title: &title, Note: &note, Modified: 1})
		w.must(err)
		w.link, w.linkWords = l, []string{url, title, note}
		for range 20 {
			referrer := w.word()
			w.must(a.Recorder.Record(ctx, click.Click{Time: a.now().UnixMilli(), User: u.ID, Link: l.ID, Referrer: click.Referrer("http://" + referrer)}))
			w.linkWords = append(w.linkWords, referrer)
		}
		words = append(words, w.linkWords...)
	}
	w.must(a.Recorder.Drain(ctx))
	return words
}

// traces counts the words of which a part is found in the files of a data
// directory other than the journal. Tables are compressed, so a part is enough.
func (w *told) traces(dir string, words []string) (found int) {
	w.t.Helper()
	const part = 8
	there := map[string]bool{}
	w.must(filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() && e.Name() == journalDir:
			return fs.SkipDir
		case !e.Type().IsRegular():
			return nil
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the engine may merge files
			return nil
		}
		for i := range len(b) - part + 1 {
			there[string(b[i:i+part])] = true
		}
		return err
	}))
words:
	for _, word := range words {
		for i := range len(word) - part + 1 {
			if there[word[i:i+part]] {
				found++
				continue words
			}
		}
	}
	return found
}

func (w *told) open(dir string) {
	w.t.Helper()
	app, err := Open(w.t.Context(), Options{Path: dir, Create: true, NoSync: true, Now: time.Now, Log: logtest.To(w.t)})
	w.must(err)
	w.app = app
}

// newTold has clicks in tables of several ages, and a checkpoint.
func newTold(t *testing.T) *told {
	w := &told{t: t, rng: seedtest.Rand(t)}
	w.open(t.TempDir())
	w.ann = w.user("ann")
	w.must(w.app.Counts.Sync(t.Context()))
	w.cat = w.user("cat")
	w.must(w.app.Counts.Sync(t.Context()), w.app.Journal.Rotate())
	k := &retainer{dir: w.app, Retention: Retention{Keep: Forever, Max: 1}}
	w.must(k.pass(t.Context(), w.app.now()))
	checkpoint := filepath.Join(w.app.path, checkpointDir)
	if w.traces(checkpoint, w.cat) == 0 || w.traces(w.app.path, w.cat) < len(w.cat) {
		t.Fatal("there is no checkpoint, or the words are not found where they are")
	}
	return w
}

// TestNothingIsLeft: once a user or a link is deleted, nothing that was theirs is
// in any file but the journal, and a rebuild brings none of it back.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for what, remove := range map[string]func(w *told) (gone []string, r Removal, err error){
		"a user": func(w *told) ([]string, Removal, error) {
			r, err := w.app.DeleteUser(w.t.Context(), "cat")
			return w.cat, r, err
		},
		"a link": func(w *told) ([]string, Removal, error) {
			r, err := w.app.DeleteLink(w.t.Context(), w.link)
			return w.linkWords, r, err
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newTold(t)
			gone, r, err := remove(w)
			if err != nil || r.Traces.Later || r.Traces.Failed != "" || r.Traces.Kept != nil {
				t.Fatalf("%+v, %v", r, err)
			}
			if left := w.traces(w.app.path, gone); left > 0 {
				t.Errorf("%d of %d words are left", left, len(gone))
			}
			w.proven(gone)
		})
	}
}

// proven checks the open directory, rebuilds its counts, and looks again.
func (w *told) proven(gone []string) {
	w.t.Helper()
	ctx, dir := w.t.Context(), w.app.path
	_, err := w.app.Check(ctx, func(finding string) { w.t.Error(finding) })
	clicks, countErr := w.app.userClicks(ctx, "ann")
	if clicks != 8*20 {
		w.t.Errorf("the other user has %d clicks", clicks)
	}
	w.must(err, countErr, w.app.Close(context.Background()))
	o := Options{Path: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	w.must(Rebuild(ctx, o, "", false, func(string) {}))
	if left := w.traces(dir, gone); left > 0 {
		w.t.Errorf("%d of %d words came back with a rebuild", left, len(gone))
	}
	w.open(dir)
	_, err = w.app.Check(ctx, func(finding string) { w.t.Error(finding) })
	w.must(err, w.app.Close(context.Background()))
}

// TestCleaningIsFinished: wherever a deletion is cut short, the next process that
// opens the directory removes what is left of it.
func TestCleaningIsFinished(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for what, begin := range map[string]func(w *told) error{
		"after links and users": func(w *told) error {
			u, err := w.app.Links.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.app.Links.DeleteUser(ctx, u.ID)
			}
			return err
		},
		"after the counts": func(w *told) error {
			u, err := w.app.Links.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.app.Links.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.app.finishDeletions(ctx))
		},
		"after the counts were purged": func(w *told) error {
			u, err := w.app.Links.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.app.Links.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.app.finishDeletions(ctx), w.app.Counts.Purge(ctx, false))
		},
		"after the checkpoint": func(w *told) error {
			u, err := w.app.Links.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.app.Links.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.app.finishDeletions(ctx), w.app.Counts.Purge(ctx, false), w.app.renewCheckpoint(ctx))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newTold(t)
			w.must(begin(w))
			cut := filepath.Join(t.TempDir(), "data") // as kill -9 leaves it
			copyStill(t, w.app.path, cut)
			w.must(w.app.Close(context.Background()))
			if w.traces(cut, w.cat) == 0 {
				t.Error("nothing was left to remove")
			}
			w.open(cut)
			w.app.CleanEarlier(ctx)
			if left := w.traces(cut, w.cat); left > 0 {
				t.Errorf("%d of %d words are left", left, len(w.cat))
			}
			w.proven(w.cat)
		})
	}
}

// TestCleanedLater: beside a server a command does not wait for what takes long,
// and the server goes on with it.
func TestCleanedLater(t *testing.T) {
	t.Parallel()
	w := newTold(t)
	w.app.cleaner.tended.Store(true)
	w.must(w.app.keeping.lock(t.Context())) // as a backup does
	cut, cancel := context.WithCancel(t.Context())
	done := make(chan Traces)
	u, err := w.app.Links.UserByLogin(t.Context(), "cat")
	w.must(err)
	_, err = w.app.Links.DeleteUser(t.Context(), u.ID)
	w.must(err, w.app.finishDeletions(t.Context()))
	go func() { done <- w.app.cleaned(cut) }()
	cancel()
	if traces := <-done; !traces.Later || traces.Failed != "" {
		t.Errorf("beside a backup: %+v", traces)
	}
	w.app.keeping.unlock()
	keeping, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.app.keepClean(keeping)
	}()
	w.must(w.app.clean(t.Context())) // at the latest then it is done
	stop()
	<-ended
	if left := w.traces(w.app.path, w.cat); left > 0 {
		t.Errorf("%d of %d words are left", left, len(w.cat))
	}
	w.must(w.app.Close(context.Background()))
	w.open(w.app.path)
	damaged := filepath.Join(w.app.path, "clicks"+damagedSuffix)
	w.must(os.Mkdir(damaged, 0o700))
	r, err := w.app.DeleteUser(t.Context(), "ann")
	if err != nil || strings.Join(r.Traces.Kept, " ") != damaged {
		t.Errorf("what was set aside is not named: %+v, %v", r, err)
	}
	w.must(w.app.Close(context.Background()))
}
