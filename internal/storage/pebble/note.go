package pebble

import (
	"bytes"
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"
)

// SetNote is of store.Clicks.
func (s *Store) SetNote(_ context.Context, note []byte) error {
	if err := s.uses.begin(); err != nil {
		return failed("set note", err)
	}
	defer s.uses.end()
	s.write.Lock()
	defer s.write.Unlock()
	if err := s.set([]byte{keyNote}, note); err != nil {
		return failed("set note", err)
	}
	return nil
}

// Note is of store.Reader.
func (v *view) Note(context.Context) ([]byte, error) {
	if err := v.uses.begin(); err != nil {
		return nil, failed("note", err)
	}
	defer v.uses.end()
	b, closer, err := v.r.Get([]byte{keyNote})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, failed("note", err)
	}
	note := bytes.Clone(b)
	if err := closer.Close(); err != nil {
		return nil, failed("note", err)
	}
	return note, nil
}
