package datadir

import (
	"context"
	"crypto/sha256"
	"errors"
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
	"github.com/footfall/footfall/internal/testkit/tracetest"
)

// erasure is a data directory with two users, and the words that would show that
// something of them is left.
type erasure struct {
	t         *testing.T
	rng       *rand.Rand
	d         *Dir
	ann, cat  []string // their words
	link      store.Link
	linkWords []string // of one of cat's links
}

// word makes a word that shares no part with any other text.
func (w *erasure) word() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 24)
	for i := range b {
		b[i] = letters[w.rng.IntN(len(letters))]
	}
	return string(b)
}

func (w *erasure) must(errs ...error) {
	w.t.Helper()
	if err := errors.Join(errs...); err != nil {
		w.t.Fatal(err)
	}
}

// user makes a user with links that are clicked and shared, and returns the words of all.
func (w *erasure) user(login string) (words []string) {
	w.t.Helper()
	ctx, a := w.t.Context(), w.d
	_, err := a.AddUser(ctx, login)
	w.must(err)
	u, err := a.DB.UserByLogin(ctx, login)
	name := w.word()
	w.must(err, a.DB.SetFullName(ctx, u.ID, name))
	words = append(words, name)
	for range 8 {
		url, title, note := w.word(), w.word(), w.word()
		l, err := a.AddLink(ctx, login, "http://example.org/"+url)
		w.must(err)
		_, err = a.DB.EditLink(ctx, l.ID, store.LinkEdit{Title: &title, Note: &note, Modified: 1})
		w.must(err)
		w.link, w.linkWords = l, append(w.share(store.Share{User: u.ID, Link: l.Hash}), url, title, note)
		for range 20 {
			referrer := w.word()
			w.must(a.Recorder.Record(ctx, click.Click{Time: a.now().UnixMilli(), User: u.ID, Link: l.ID, Referrer: click.Referrer("http://" + referrer)}))
			w.linkWords = append(w.linkWords, referrer)
		}
		words = append(words, w.linkWords...)
	}
	w.must(a.Recorder.Drain(ctx))
	tag := w.word()
	return append(append(words, tag), w.share(store.Share{User: u.ID, Tag: tag})...)
}

// share adds a share with a password, which is to be shown in frames, and returns its words.
func (w *erasure) share(s store.Share) (words []string) {
	w.t.Helper()
	s.Proof, s.Frames, s.Created = w.word(), w.word(), w.d.now().Unix()
	s.Digest = sha256.Sum256([]byte(s.Proof))
	w.must(w.d.DB.AddShare(w.t.Context(), s))
	return []string{s.Proof, s.Frames}
}

// traces counts the words that are in a file of a data directory, except in the journal.
func (w *erasure) traces(dir string, words []string) int {
	w.t.Helper()
	return tracetest.Count(w.t, dir, words)
}

func (w *erasure) open(dir string) {
	w.t.Helper()
	d, err := Open(w.t.Context(), Options{Path: dir, Create: true, NoSync: true, Now: time.Now, Log: logtest.To(w.t)})
	w.must(err)
	w.d = d
}

// newErasure has clicks in several tables, and a checkpoint.
func newErasure(t *testing.T) *erasure {
	w := &erasure{t: t, rng: seedtest.Rand(t)}
	w.open(t.TempDir())
	w.ann = w.user("ann")
	w.must(w.d.Counts.Sync(t.Context()))
	w.cat = w.user("cat")
	w.must(w.d.Counts.Sync(t.Context()), w.d.Journal.Rotate())
	k := &retainer{dir: w.d, Retention: Retention{Keep: Forever, Max: 1}}
	w.must(k.trim(t.Context(), w.d.now()))
	checkpoint := filepath.Join(w.d.path, checkpointDir)
	if w.traces(checkpoint, w.cat) == 0 || w.traces(w.d.path, w.cat) < len(w.cat) {
		t.Fatal("there is no checkpoint, or its words are not found")
	}
	return w
}

// TestNothingIsLeft: after a user or a link is deleted, no file except the journal
// has anything of theirs, and a rebuild does not bring it back.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	for what, remove := range map[string]func(w *erasure) (gone []string, r Removal, err error){
		"a user": func(w *erasure) ([]string, Removal, error) {
			r, err := w.d.DeleteUser(w.t.Context(), "cat")
			return w.cat, r, err
		},
		"a link": func(w *erasure) ([]string, Removal, error) {
			r, err := w.d.DeleteLink(w.t.Context(), w.link)
			return w.linkWords, r, err
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newErasure(t)
			gone, r, err := remove(w)
			if err != nil || r.Traces.Later || r.Traces.Failed != "" || r.Traces.Kept != nil {
				t.Fatalf("the deletion returned %+v, %v, want no traces", r, err)
			}
			if left := w.traces(w.d.path, gone); left > 0 {
				t.Errorf("%d of %d words are left", left, len(gone))
			}
			w.proven(gone)
		})
	}
}

// proven checks the open directory, rebuilds its counts, and looks for the words
// again.
func (w *erasure) proven(gone []string) {
	w.t.Helper()
	ctx, dir := w.t.Context(), w.d.path
	_, err := w.d.Check(ctx, func(finding string) { w.t.Error(finding) })
	clicks, countErr := w.d.userClicks(ctx, "ann")
	if clicks != 8*20 {
		w.t.Errorf("the other user has %d clicks", clicks)
	}
	w.must(err, countErr, w.d.Close(context.Background()))
	o := Options{Path: dir, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	w.must(Rebuild(ctx, o, "", false, func(string) {}))
	if left := w.traces(dir, gone); left > 0 {
		w.t.Errorf("after a rebuild %d of %d words are there again", left, len(gone))
	}
	w.open(dir)
	_, err = w.d.Check(ctx, func(finding string) { w.t.Error(finding) })
	w.must(err, w.d.Close(context.Background()))
}

// TestErasureIsFinished: wherever a deletion is interrupted, the next process that
// opens the directory finishes it.
func TestErasureIsFinished(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for what, begin := range map[string]func(w *erasure) error{
		"after links and users": func(w *erasure) error {
			u, err := w.d.DB.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.d.DB.DeleteUser(ctx, u.ID)
			}
			return err
		},
		"after the counts": func(w *erasure) error {
			u, err := w.d.DB.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.d.DB.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.d.finishDeletions(ctx))
		},
		"after the counts were purged": func(w *erasure) error {
			u, err := w.d.DB.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.d.DB.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.d.finishDeletions(ctx), w.d.Counts.Purge(ctx, false))
		},
		"after the checkpoint": func(w *erasure) error {
			u, err := w.d.DB.UserByLogin(ctx, "cat")
			if err == nil {
				_, err = w.d.DB.DeleteUser(ctx, u.ID)
			}
			return errors.Join(err, w.d.finishDeletions(ctx), w.d.Counts.Purge(ctx, false), w.d.renewCheckpoint(ctx))
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newErasure(t)
			w.must(begin(w))
			cut := filepath.Join(t.TempDir(), "data") // as kill -9 leaves it
			copyStill(t, w.d.path, cut)
			w.must(w.d.Close(context.Background()))
			if w.traces(cut, w.cat) == 0 {
				t.Error("no word was left to remove")
			}
			w.open(cut)
			w.d.EraseEarlier(ctx)
			if left := w.traces(cut, w.cat); left > 0 {
				t.Errorf("%d of %d words are left", left, len(w.cat))
			}
			w.proven(w.cat)
		})
	}
}

// TestErasedLater: if a server runs, a command does not wait long for an erasure,
// and the server finishes it.
func TestErasedLater(t *testing.T) {
	t.Parallel()
	w := newErasure(t)
	w.d.eraser.background.Store(true)
	w.must(w.d.trimMu.Acquire(t.Context(), 1)) // as a backup does
	waiting, cancel := context.WithCancel(t.Context())
	done := make(chan Traces)
	u, err := w.d.DB.UserByLogin(t.Context(), "cat")
	w.must(err)
	_, err = w.d.DB.DeleteUser(t.Context(), u.ID)
	w.must(err, w.d.finishDeletions(t.Context()))
	go func() { done <- w.d.eraseNow(waiting) }()
	cancel()
	if traces := <-done; !traces.Later || traces.Failed != "" {
		t.Errorf("while a backup is made: %+v", traces)
	}
	w.d.trimMu.Release(1)
	running, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.d.eraseInBackground(running)
	}()
	w.must(w.d.erase(t.Context())) // then it is done at the latest
	stop()
	<-ended
	if left := w.traces(w.d.path, w.cat); left > 0 {
		t.Errorf("%d of %d words are left", left, len(w.cat))
	}
	w.must(w.d.Close(context.Background()))
	w.open(w.d.path)
	damaged := filepath.Join(w.d.path, "clicks"+damagedSuffix)
	w.must(os.Mkdir(damaged, 0o700))
	r, err := w.d.DeleteUser(t.Context(), "ann")
	if err != nil || strings.Join(r.Traces.Kept, " ") != damaged {
		t.Errorf("a directory that was set aside is not named: %+v, %v", r, err)
	}
	w.must(w.d.Close(context.Background()))
}
