package main

import (
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// neverRead sends questions over one connection and reads no answer. When the server
// ends the connection, it opens another one.
func neverRead(addr, token string, until time.Time) {
	question := fmt.Appendf(nil, "GET /v3/user/referrers?unit=day&units=-1&limit=1000&access_token=%s HTTP/1.1\r\nHost: %s\r\n\r\n", token, shortDomain)
	hold(addr, until, func(c net.Conn) error {
		for {
			if _, err := c.Write(question); err != nil {
				return err
			}
		}
	})
}

// neverFinish sends a request byte by byte.
func neverFinish(addr string, until time.Time) {
	hold(addr, until, func(c net.Conn) error {
		for _, b := range []byte("GET /" + strings.Repeat("a", 1<<16)) {
			if _, err := c.Write([]byte{b}); err != nil {
				return err
			}
			time.Sleep(time.Second)
		}
		return nil
	})
}

// hold keeps a connection busy, and replaces it when it breaks.
func hold(addr string, until time.Time, talk func(net.Conn) error) {
	for time.Now().Before(until) {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = c.SetDeadline(until)
			err = talk(c)
			_ = c.Close()
		}
		if err != nil {
			time.Sleep(100 * time.Millisecond)
		}
	}
}

// peakOf returns the peak of the resident memory of an ended process, in MB.
func peakOf(p *os.ProcessState) float64 {
	usage, ok := p.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(usage.Maxrss) / 1000
}

// bytesIn returns the size of a file, or of all files in a directory, in bytes.
func bytesIn(path string) (sum int64, err error) {
	err = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			sum += info.Size()
		}
		return err
	})
	return sum, err
}
