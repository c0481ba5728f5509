package store

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Errors of Counting and Questions.
var (
	// ErrGap: the batch starts after the position that is counted.
	ErrGap = errors.New("a batch is missing before this one")
	// ErrOverlap: the batch starts before the position that is counted, and ends
	// after it.
	ErrOverlap = errors.New("part of the batch was counted already")
	// ErrResume: the engine may have lost what was counted after the durable position, and has
	// forgotten it. Counting must go on at the position that it returns now.
	ErrResume = errors.New("counting must go on from an earlier position")
	// ErrTaken: another process counts the journal. This one must stop.
	ErrTaken = errors.New("another process counts this journal")
	// ErrGrain: an edge is not a multiple of a minute; of a quarter-hour, for a facet without
	// minutes.
	ErrGrain = errors.New("edge is finer than the counts")
)

// ErrVersion: the data was written by a newer version of footfall.
var ErrVersion = errors.New("data is of a newer version of footfall")

// ErrText: a login, hash, long URL, domain or keyword cannot be kept, because
// it is empty, is not valid UTF-8, or holds a zero byte.
var ErrText = errors.New("text is empty, is not UTF-8, or holds a zero byte")

// CheckText fails with ErrText, wrapped with the name of the text. All other
// texts are kept byte for byte, whatever they hold and however long they are.
func CheckText(name, text string) error {
	if text == "" || !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return fmt.Errorf("%s: %w", name, ErrText)
	}
	return nil
}

// CorruptError: stored data cannot be read, because a file is missing or does
// not hold what was written to it.
type CorruptError struct {
	File string // empty if it is not known
	Err  error  // the cause; an engine's own text may have many lines
}

func (e *CorruptError) Error() string {
	cause, _, _ := strings.Cut(e.Err.Error(), "\n")
	if e.File == "" {
		return "the counts are damaged: " + cause
	}
	return fmt.Sprintf("%s is damaged: %s", e.File, cause)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }
