package reload

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestLook: each state of the files is reported once, and the last good value stays.
func TestLook(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	changes := 0
	write := func(content string) func() {
		return func() {
			if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			changes++ // clocks of file systems are coarse
			at := time.Unix(1_700_000_000+int64(changes), 0)
			if err := os.Chtimes(path, at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	write("first")()
	v, err := Open(Options[string]{Files: []File{{"the file", path}}, Largest: 10, Parse: func(contents [][]byte) (string, error) {
		if s := string(contents[0]); s != "bad" {
			return s, nil
		}
		return "", errors.New("it is bad")
	}})
	if err != nil || v.Get() != "first" {
		t.Fatalf("%v, %v", v, err)
	}
	for _, step := range []struct {
		change          func()
		value, reported string
	}{
		{func() {}, "first", ""},
		{write("second"), "second", "changed"},
		{write("second"), "second", "changed"},
		{write("bad"), "second", "it is bad"},
		{func() {}, "second", ""},
		{write("longer than it may be"), "second", "the file: " + path + " has 21 bytes"},
		{func() {}, "second", ""},
		{write("third"), "third", "changed"},
		{func() { os.Rename(path, path+".gone") }, "third", "the file: open"},
		{func() {}, "third", ""},
		{func() { os.Mkdir(path, 0o700) }, "third", "not a regular file"},
		{func() { os.Remove(path); os.Rename(path+".gone", path) }, "third", "changed"},
	} {
		step.change()
		var reported []string
		v.Look(Report[string]{
			Changed: func(string) { reported = append(reported, "changed") },
			Failed:  func(err error) { reported = append(reported, err.Error()) },
		})
		if got := strings.Join(reported, ", "); v.Get() != step.value || !strings.Contains(got, step.reported) || (got == "") != (step.reported == "") {
			t.Errorf("the value is %q, and reported is %q; want %q and %q", v.Get(), got, step.value, step.reported)
		}
	}
}

// TestSlow: no caller waits for a file system that hangs; it is reported once, and is
// looked at again after it answers.
func TestSlow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	looks, hang := make(chan struct{}, 10), make(chan struct{}, 10)
	hang <- struct{}{}
	v, err := Open(Options[string]{Files: []File{{"the file", path}}, Largest: 10, Parse: func(contents [][]byte) (string, error) {
		looks <- struct{}{}
		<-hang
		return string(contents[0]), nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	<-looks
	ctx, stop := context.WithCancel(t.Context())
	ticks, slow, changed, over := make(chan time.Time), make(chan time.Duration, 10), make(chan string, 10), make(chan struct{})
	go func() {
		defer close(over)
		v.Watch(ctx, ticks, time.Millisecond, Report[string]{
			Changed: func(s string) { changed <- s },
			Failed:  func(err error) { t.Error(err) },
			Slow:    func(waited time.Duration) { slow <- waited },
		})
	}()
	if err := os.WriteFile(path, []byte("second"), 0o600); err != nil {
		t.Fatal(err)
	}
	ticks <- time.Time{}
	<-looks
	if waited := <-slow; waited != time.Millisecond || v.Get() != "first" {
		t.Errorf("after %v the value is %q", waited, v.Get())
	}
	hang <- struct{}{}
	if s := <-changed; s != "second" || v.Get() != "second" {
		t.Errorf("the value is %q, and %q was reported", v.Get(), s)
	}
	if err := os.WriteFile(path, []byte("the third"), 0o600); err != nil {
		t.Fatal(err)
	}
	ticks <- time.Time{}
	<-looks
	stop() // also while it hangs
	<-over
	hang <- struct{}{}
}
