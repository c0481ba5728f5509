package server

import (
	"context"
	"io"
	"net"
	"net/http"
)

// writeBuffer is the number of bytes of an answer that net/http takes without waiting
// for the client.
const writeBuffer = 2 << 10

// trackRequests keeps account, while next answers a request, of how much memory the
// request takes and of which side waits for the other.
func (l *connLimiter) trackRequests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Context().Value(connKey{}).(*limitedConn)
		if c == nil {
			next.ServeHTTP(w, r)
			return
		}
		// The request is pending before it begins, so that its connection is not closed
		// as one that waits for its client in between.
		l.addPending(c, 1, false)
		defer l.addPending(c, -1, true)
		m := &requestMemory{bytes: estimateMemory(r)}
		if !c.beginRequest(r, m) {
			panic(http.ErrAbortHandler) // net/http recovers this and closes the connection
		}
		if r.ProtoMajor >= 2 {
			// It takes memory until the client has its answer, which may be never.
			context.AfterFunc(r.Context(), func() { c.endRequest(m) })
		} else {
			defer func() { c.unwatched.Store(false); c.endRequest(m) }()
		}
		if r.Body != nil && r.Body != http.NoBody {
			copied := *r
			copied.Body, r = trackedBody{r.Body, c, m}, &copied
		}
		next.ServeHTTP(trackedWriter{w, c}, r)
	})
}

// trackedBody is the body of a request. While the server reads it, the server waits
// for the client.
type trackedBody struct {
	io.ReadCloser
	c      *limitedConn
	memory *requestMemory
}

func (b trackedBody) Read(p []byte) (int, error) {
	n, err := b.wait(p)
	if n > 0 && !b.c.bodyRead(int64(n), b.memory) {
		return 0, net.ErrClosed
	}
	return n, err
}

func (b trackedBody) wait(p []byte) (int, error) {
	b.c.limiter.addPending(b.c, -1, false)
	defer b.c.limiter.addPending(b.c, 1, false)
	return b.ReadCloser.Read(p)
}

// trackedWriter writes an answer. While it writes more than fits into the buffer,
// the server waits for the client.
type trackedWriter struct {
	http.ResponseWriter
	c *limitedConn
}

func (w trackedWriter) Write(p []byte) (int, error) {
	if len(p) > writeBuffer {
		w.c.limiter.addPending(w.c, -1, false)
		defer w.c.limiter.addPending(w.c, 1, false)
	}
	return w.ResponseWriter.Write(p)
}

// Unwatch implements redirect.Unwatcher. During a request without a body, net/http reads one byte in the
// background, to learn whether the client leaves. For a visitor who waits for the disk that costs a system call
// and two more wake-ups, a tenth of the whole request. Until the request ends, such a read returns at once
// without a byte, which net/http takes for the end of the wait. Nobody else reads a single byte meanwhile.
func (w trackedWriter) Unwatch() { w.c.unwatched.Store(true) }

// Unwrap is for http.ResponseController.
func (w trackedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
