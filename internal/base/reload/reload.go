// Package reload keeps a value that an operator gives in files: it reads them again
// when they change, and keeps the last good value as long as it cannot.
//
// It does not interpret the files. It refuses pipes, devices and sockets, which may
// block a reader for ever.
package reload

import (
	"context"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options say where a value comes from.
type Options[T any] struct {
	// Files have the value together.
	Files []File
	// Largest bounds each file, in bytes.
	Largest int64
	// Parse makes the value of the contents, in the order of Files. It may keep them.
	Parse func(contents [][]byte) (T, error)
}

// File is a path, and the name of the file in errors.
type File struct{ Name, Path string }

// Report is called with what comes of looking at the files. Each state of the files
// is reported once.
type Report[T any] struct {
	// Changed is called with a new value, which is in use.
	Changed func(T)
	// Failed is called if the files cannot be read or parsed. The last good value
	// stays in use.
	Failed func(error)
	// Slow is called if the file system has not answered for a while.
	Slow func(waited time.Duration)
}

// Value is the last good value. It is safe for concurrent use.
type Value[T any] struct {
	o       Options[T]
	current atomic.Pointer[T]

	mu     sync.Mutex    // one Look at a time
	seen   []fs.FileInfo // of the files, when they were read last; nil if they could not be read
	failed string        // why not
}

// Open reads the files for the first time. It fails if that fails.
func Open[T any](o Options[T]) (*Value[T], error) {
	v := &Value[T]{o: o}
	var failed error
	v.Look(Report[T]{Changed: func(T) {}, Failed: func(err error) { failed = err }})
	if failed != nil {
		return nil, failed
	}
	return v, nil
}

// Get returns the last good value. It never waits for a file.
func (v *Value[T]) Get() T { return *v.current.Load() }

// Look reads the files again if one of them is another file, or has another size or
// time, than at the last look.
func (v *Value[T]) Look(r Report[T]) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value, fresh, err := v.read()
	switch {
	case err != nil:
		r.Failed(err)
	case fresh:
		v.current.Store(&value)
		r.Changed(value)
	}
}

// read returns neither a fresh value nor an error if the files are as they were.
func (v *Value[T]) read() (value T, fresh bool, err error) {
	now, contents, err := v.contents()
	if err != nil { // the next look tries again
		if v.failed == err.Error() {
			return value, false, nil
		}
		v.seen, v.failed = nil, err.Error()
		return value, false, err
	}
	if contents == nil {
		return value, false, nil
	}
	v.seen, v.failed = now, ""
	value, err = v.o.Parse(contents)
	return value, err == nil, err
}

// contents reads the files, or returns nil if they are as they were. Their infos are
// from before that, so that the next look finds a change meanwhile.
func (v *Value[T]) contents() (now []fs.FileInfo, contents [][]byte, err error) {
	files := make([]*file, len(v.o.Files))
	for i, f := range v.o.Files {
		if files[i], err = open(f.Path); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", f.Name, err)
		}
		defer files[i].Close()
		now = append(now, files[i].info)
	}
	if slices.EqualFunc(now, v.seen, func(a, b fs.FileInfo) bool { return !changed(a, b) }) {
		return now, nil, nil
	}
	for i, f := range files {
		content, err := f.content(v.o.Largest)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", v.o.Files[i].Name, err)
		}
		contents = append(contents, content)
	}
	return now, contents, nil
}

// Watch looks at every tick until ctx is done. While a file system does not answer
// it waits, and calls Slow once after the time slow.
func (v *Value[T]) Watch(ctx context.Context, ticks <-chan time.Time, slow time.Duration, r Report[T]) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
		looked := make(chan struct{})
		go func() {
			defer close(looked)
			v.Look(r)
		}()
		report := time.AfterFunc(slow, func() { r.Slow(slow) })
		select {
		case <-looked:
		case <-ctx.Done():
			report.Stop()
			return
		}
		report.Stop()
	}
}
