package pebble

import (
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
)

// Installation implements store.Identity.
func (s *Store) Installation(_ context.Context, offer [16]byte) ([16]byte, error) {
	return answer(s.calls, "installation", func() ([16]byte, error) {
		s.write.Lock()
		defer s.write.Unlock()
		b, err := get(s.db, []byte{keyInstallation})
		switch {
		case err != nil:
			return offer, err
		case b == nil:
			return offer, s.set([]byte{keyInstallation}, offer[:])
		case len(b) != len(offer):
			return offer, fmt.Errorf("%w: the installation has %d bytes, not %d", errStored, len(b), len(offer))
		}
		return [16]byte(b), nil
	})
}

// SetNote implements store.Identity.
func (s *Store) SetNote(_ context.Context, note []byte) error {
	return s.calls.run("set note", func() error {
		s.write.Lock()
		defer s.write.Unlock()
		return s.set([]byte{keyNote}, note)
	})
}

// Note implements store.Identity.
func (s *Store) Note(context.Context) ([]byte, error) {
	return answer(s.calls, "note", func() ([]byte, error) { return get(s.db, []byte{keyNote}) })
}

// get returns a copy of the value under a key; nil if there is none.
func get(r pebble.Reader, key []byte) ([]byte, error) {
	b, closer, err := r.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	value := append([]byte{}, b...)
	return value, closer.Close()
}
