package harness

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Browsers are user agents of people, on devices of different kinds.
var Browsers = [...]string{
	Browser,
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 Mobile/15E148 Safari/604.1",
	"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
	"Mozilla/5.0 (Linux; Android 13; SM-X906B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
	"Mozilla/5.0 (SMART-TV; LINUX; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) 94.0.4606.31/7.0 TV Safari/537.36",
	"curl/8.17.0",
}

// Visit returns the request of a browser for a link, as bytes of HTTP/1.1. headers are
// additional ones, each as "Name: value"; a User-Agent replaces Browser.
func Visit(host, hash string, headers ...string) []byte {
	b := fmt.Appendf(nil, "GET /%s HTTP/1.1\r\nHost: %s\r\n", hash, host)
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasPrefix(h, "User-Agent:") }) {
		b = append(b, "User-Agent: "+Browser+"\r\n"...)
	}
	for _, h := range headers {
		b = append(append(b, h...), "\r\n"...)
	}
	return append(b, "\r\n"...)
}

// Talk sends requests over one connection, each once the last was answered. It calls
// next for each request, and returns nil when the request is nil. It calls answered
// with the status of the answer.
func Talk(addr string, next func() (request []byte, answered func(status int) error)) error {
	c, err := net.DialTimeout("tcp", addr, Timeout)
	if err != nil {
		return err
	}
	defer c.Close()
	r := bufio.NewReaderSize(c, 4096)
	for {
		request, answered := next()
		if request == nil {
			return nil
		}
		if err := c.SetDeadline(time.Now().Add(Timeout)); err != nil {
			return err
		}
		if _, err := c.Write(request); err != nil {
			return err
		}
		status, err := ReadAnswer(r)
		if err != nil {
			return err
		}
		if err := answered(status); err != nil {
			return err
		}
	}
}

var contentLength = []byte("Content-Length: ")

// ReadAnswer reads one answer of HTTP/1.1 that has a length, and returns its status.
func ReadAnswer(r *bufio.Reader) (status int, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("the answer begins with %q, which is not a status line", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, fmt.Errorf("the answer begins with %q, which is not a status line", line)
	}
	length := 0
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) == 2 {
			_, err = io.CopyN(io.Discard, r, int64(length))
			return status, err
		}
		if bytes.HasPrefix(line, contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, err
			}
		}
	}
}
