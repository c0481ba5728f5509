package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// bare serves the handler that footfall is compared with, until it is killed. It writes the same
// headers and records nothing. With -commit it appends each request to a file before it answers, and all
// requests of a moment share one fdatasync.
func bare(args []string) error {
	flags := flag.NewFlagSet("bare", flag.ContinueOnError)
	path := flags.String("commit", "", "file to which requests are appended before they are answered")
	if err := flags.Parse(args); err != nil {
		return err
	}
	location, cache := []string{"http://example.org/some/page/0"}, []string{"private, max-age=90"}
	length := []string{"0"}
	kept := func() error { return nil }
	if *path != "" {
		c, err := newCommits(*path)
		if err != nil {
			return err
		}
		kept = c.keep
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "msg=ready url=http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := kept(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		h := w.Header()
		h["Location"], h["Cache-Control"], h["Content-Length"] = location, cache, length
		w.WriteHeader(http.StatusMovedPermanently)
	}))
}

const (
	commitRecord = 48       // bytes, as many as about a click of footfall
	commitFile   = 64 << 20 // bytes; when they are written, the file begins again
)

// commits is a group commit and nothing else: a file that was written before, so that a sync changes
// no metadata.
type commits struct {
	file *os.File

	mu      sync.Mutex
	wake    *sync.Cond
	waiting []byte
	group   *group // of those who wait for the next sync
}

// group is the requests of one sync. done is closed after it, and err may be read then.
type group struct {
	done chan struct{}
	err  error
}

func newCommits(path string) (*commits, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	zeros := make([]byte, 1<<20)
	for range commitFile / len(zeros) {
		if _, err := f.Write(zeros); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if err := f.Sync(); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	c := &commits{file: f, group: &group{done: make(chan struct{})}}
	c.wake = sync.NewCond(&c.mu)
	go c.run()
	return c, nil
}

// keep returns after a record of the request is on the disk.
func (c *commits) keep() error {
	var record [commitRecord]byte
	c.mu.Lock()
	c.waiting = append(c.waiting, record[:]...)
	g := c.group
	if len(c.waiting) == commitRecord {
		c.wake.Signal()
	}
	c.mu.Unlock()
	<-g.done
	return g.err
}

func (c *commits) run() {
	var writing []byte
	at := int64(0)
	for {
		c.mu.Lock()
		for len(c.waiting) == 0 {
			c.wake.Wait()
		}
		writing, c.waiting = c.waiting, writing[:0]
		g := c.group
		c.group = &group{done: make(chan struct{})}
		c.mu.Unlock()
		if at+int64(len(writing)) > commitFile {
			at = 0
		}
		_, err := c.file.WriteAt(writing, at)
		at += int64(len(writing))
		g.err = errors.Join(err, unix.Fdatasync(int(c.file.Fd())))
		close(g.done)
	}
}
