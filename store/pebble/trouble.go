package pebble

import (
	"errors"
	"log/slog"
	"os"
	"sync/atomic"
)

// trouble is where those hear of it who wait for an engine that cannot go on:
// Open gets an error, later on Sync and Close do.
type trouble struct {
	opening chan error // the first, for Open
	opened  atomic.Bool
	log     *slog.Logger
	store   *Store
}

// noRoom tells of a full disk, where the engine waits.
func (t *trouble) noRoom(err error, again bool) {
	if !t.opened.Load() {
		t.refuse(err)
		return
	}
	if !again {
		t.log.Error("the click store waits for room on the disk", "error", err)
	}
	t.store.failing.report(err)
	select {
	case t.store.stuck <- err:
	default: // nobody is closing
	}
}

// fatal tells that the engine has found what it cannot go on after, and does
// not return: the journal has all that is lost by stopping.
func (t *trouble) fatal(message string) {
	if !t.opened.Load() {
		t.refuse(errors.New(message))
		select {}
	}
	t.log.Error("the click store cannot go on, and ends the program; clicks are safe in the journal: see to the disk and start it again", "error", message)
	os.Exit(1)
}

func (t *trouble) refuse(err error) {
	select {
	case t.opening <- err:
	default: // Open has heard of another
	}
}
